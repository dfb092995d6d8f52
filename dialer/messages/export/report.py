"""What a report says of its figures: to people who do not type commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer.messages.export.figures import DASH, moment, share, time
from dialer.messages.words import many
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dialer.messages.names import ProviderNames

# -- words ------------------------------------------------------------------------------------------------------------

NOT_KNOWN = "not known yet"
OTHER_ANSWERS = "other answers"
NO_COUNTRY = "no country"
OTHERS = "others"
REACHED, NOT_REACHED_YET, IN_DOUBT = "reached", "not reached", "not known yet"
STILL = "still open"
LISTEN_LINK = "recording"
WHY, LAST_CALL = "Why", "Last call"
_STANDS: Final[Mapping[str, str]] = {
    Status.INVALID: "cannot be called",
    Status.DUPLICATE: "duplicate",
    Status.SUPPRESSED: "left out",
    Status.ERROR: "refused",
    Status.UNKNOWN: "unknown",
    Status.QUEUED: "next call refused",
}


def outcome(state: str) -> str:
    """Return how a call ended, without the dashes of a code."""
    return state.replace("-", " ") or NOT_KNOWN


def stands(kind: str) -> str:
    """Return how a row stands, or how its call ended."""
    return _STANDS.get(kind) or outcome(kind)


# -- the head ----------------------------------------------------------------------------------------------------------

HOW_THEY_WENT = "How the calls went"
AS_TABLE = "The figures as a table"


def title(batch: str) -> str:
    return f"{batch}: how the calls went"


def unit(currency: str | None, names: ProviderNames) -> str:
    return currency or f"as {names.name} gives it, currency not set"


# -- the headline ------------------------------------------------------------------------------------------------------

IN_LIST, CALLABLE, SENT, ACCEPTED = "In the list", "Can be called", "Called", "Accepted"
REACHED_, WANTED, TALKED, COST, OPEN = "Reached", "Answered as wanted", "Talked", "Cost", "Still open"
CALLS = "calls"


def of_list(callable_: int, in_file: int) -> str:
    return f"{share(callable_, in_file)} of the list"


def of_callable(callable_: int, *, sent: int, accepted: int, names: ProviderNames) -> str:
    words = f"of {callable_:,} who can be called"
    return words if sent == accepted else f"{words}; {names.name} accepted {accepted:,}"


def of_accepted(reached: int, accepted: int, *, is_final: bool) -> str:
    return f"{share(reached, accepted)} of {accepted:,} accepted{_so_far(is_final=is_final)}"


def of_reached(wanted: int, reached: int) -> str:
    return f"{share(wanted, reached)} of those reached"


def half_of_the_calls(seconds: float) -> str:
    return f"half of the calls up to {time(seconds)}"


WITH_NOBODY = "with nobody"


def each_reached(unit_: str, amount: str) -> str:
    return f"{unit_}; {amount} for each person reached" if amount else unit_


def waiting(people: int) -> str:
    """Return what is said beside how many calls are still open."""
    return f"calls; {many(people, 'person is', 'people are')} not done" if people else CALLS


# -- from the list to a person -----------------------------------------------------------------------------------------

FUNNEL = "From the list to a person"
STEP, ROWS, OF_LIST, STEP_BEFORE = "Step", "Rows", "Of the list", "Of the step before"


def way(in_file: int, callable_: int) -> str:
    """Return the way of a list's rows, up to the calls; what is known of those comes behind it."""
    return f"Of {many(in_file, 'row')}, {callable_:,} can be called."


def accepted(count: int, names: ProviderNames) -> str:
    return f"{names.name} accepted a call to {many(count, 'person', 'people')}"


def were_reached(count: int, *, is_final: bool) -> str:
    return f"; {many(count, 'was', 'were')} reached{_so_far(is_final=is_final)}"


def no_longer_in_file(count: int) -> str:
    return f"{count:,} more {'was called and is' if count == 1 else 'were called and are'} no longer in the list."


def _so_far(*, is_final: bool) -> str:
    return "" if is_final else " so far"


def lost(counts: Mapping[Status, int], names: ProviderNames) -> str:
    """Return why rows got no call; empty where all got one."""
    words = {
        Status.INVALID: "{} not callable as they stand",
        Status.DUPLICATE: "{} in the list already",
        Status.SUPPRESSED: "{} on a do-not-call list or left out by a cell of the row",
        Status.ERROR: f"{{}} refused by {names.name}",
        Status.UNKNOWN: "{} unknown",
        Status.SENDING: "{} being called",
        Status.PENDING: "{} still to be called",
    }
    found = [text.format(f"{counts[status]:,}") for status, text in words.items() if counts.get(status)]
    return f"Not called: {', '.join(found)}." if found else ""


# -- against the batch before ------------------------------------------------------------------------------------------

AGAINST = "Against the batch before"
FIGURE, THIS, BEFORE, FIRST_CALL = "Figure", "This batch", "The one before", "First call"
PER_REACHED = "Cost for each reached"


def against(batch: str, now: float | None, before: float | None) -> str:
    """Return how many were reached, held against the batch before; None: not known."""
    if now is None or before is None:
        return f"The batch before was {batch}."
    points = round(100 * now, 1) - round(100 * before, 1)
    more = f"{abs(points):.1f} points {'more' if points > 0 else 'fewer'}" if round(points, 1) else "as many"
    return f"{now:.1%} of those with an accepted call were reached, {before:.1%} in the batch before, {batch}: {more}."


# -- how the calls ended -----------------------------------------------------------------------------------------------

OUTCOME, PEOPLE, PEOPLE_CALLS, SHARE, LENGTH = "Outcome", "People", "Calls", "Share", "Length"
COUNTRY, HOUR, DAY, ANSWER = "Country", "Hour", "Day", "Answer"
NONE_IN_FILE = "None of the people called is in the list any more."


def outcomes(called: int) -> str:
    """Return the title of the outcomes: of how many people they are."""
    return f"How the calls went, of {many(called, 'person', 'people')}"


def named(state: str, *, final: bool, given_up: bool) -> str:
    """Return how calls stand, and whether they are still open."""
    if final or not state:
        return outcome(state)
    return f"{outcome(state)} ({'given up' if given_up else STILL})"


def endings(called: int, *, reached: int, machines: int) -> str:
    people = f"each of {called:,} people" if called > 1 else "one person"
    return (
        f"How the last call to {people} ended: {share(reached, called)} were reached, {share(machines, called)} had a "
        "machine answer."
    )


def silent(count: int) -> str:
    return f"{many(count, 'completed call')} lasted 0 seconds and reached no one."


# -- length of the calls -----------------------------------------------------------------------------------------------

LENGTHS = "Length of the calls"


def seconds_of_talk(names: ProviderNames) -> str:
    return f"Seconds of conversation, as {names.name} measured them."


def few_lengths(calls: int, *, longest: float) -> str:
    return f"{many(calls, 'call')} reached somebody; the longest took {time(longest)}."


def lengths(calls: int, *, median: float, ninth: float, longest: float) -> str:
    return (
        f"Half of the {calls:,} calls that reached somebody took up to {time(median)}, nine of ten up to "
        f"{time(ninth)}; the longest took {time(longest)}."
    )


# -- countries, days and the time of day -------------------------------------------------------------------------------

COUNTRIES, HOURS, DAYS = "Countries", "Time of day", "Days"
BY_COUNTRY_CODE = "By the number's country code; the share is that of people reached."


def country(name: str, *, people: int, reached: int, called: int) -> str:
    return (
        f"{share(people, called)} of the people have a number of {name}; {share(reached, people)} of them were reached."
    )


def busiest(when: str, calls: int) -> str:
    return f"Most calls were placed {when}: {calls:,}."


def best(when: str, *, reached: int, calls: int) -> str:
    return f" The best was {when}: {share(reached, calls)} of its calls reached somebody."


def on_day(day: str) -> str:
    return f"on {day}"


def at_hour(hour: str) -> str:
    return f"at {hour}"


def in_hour(hour: int) -> str:
    return f"{hour:02}:00{DASH}{hour:02}:59"


def hours_in(zone: str, names: ProviderNames) -> str:
    return (
        f"Hours in {zone}, of all days together. A call counts in the hour in which {names.name} took it; it rings "
        "once a line is free."
    )


def days_in(zone: str, *, earlier: int) -> str:
    calls = many(earlier, "call on an earlier day is", "calls on earlier days are")
    return f"Days in {zone}.{f' {calls} left out.' if earlier else ''}"


# -- cost --------------------------------------------------------------------------------------------------------------

EACH_CALL, EACH_MINUTE = "For each call", "For each minute"


def cost(total: str, *, each: str) -> str:
    return f"{total} in all, {each} for each call"


def for_machines(machines: float, total: float) -> str:
    return f"; {share(machines, total)} of it for talking to machines"


def cost_unit(currency: str | None, names: ProviderNames) -> str:
    if currency is None:
        return f"As {names.name} gives it, without a currency."
    return f"In {currency}; {names.name} gives hundredths of it."


# -- calls, pauses, errors ---------------------------------------------------------------------------------------------

TRIES, REQUESTS, AGAIN = "Attempts for each person", "Attempts", "attempt"


def requests(count: int, *, people: int, again: int) -> str:
    return f"{many(count, 'attempt')} for {many(people, 'person', 'people')}; {again:,} needed more than one."


def put_off_counts(names: ProviderNames) -> str:
    return f"An attempt that {names.name} put off and that was made again counts."


SLOW, LASTED = "When sending stood still", "Lasted"


def began(zone: str) -> str:
    return f"Began ({zone})"


def stood_still(times: int, *, seconds: float) -> str:
    return f"All sending stood still {'once' if times == 1 else f'{times:,} times'}, {time(seconds)} in all."


def too_many(count: int, names: ProviderNames) -> str:
    return f"{names.name} put off {many(count, 'attempt')} as too many."


def made_again(count: int) -> str:
    return f"{many(count, 'attempt')} did not get through and were made again."


LONGEST = "The longest of them."
ERRORS, STATUS, REASON, WHICH = "Why people were not called", "Status", "Reason", "Which rows"
NO_REASON = "no reason was given"
WHERE_REASONS_STAND = "Rows are those of the list, from 1 without its header; the results have the reason of each."


def not_called(rows: int, *, with_other_reasons: int) -> str:
    more = "1 more row has" if with_other_reasons == 1 else f"{with_other_reasons:,} more rows have"
    others = f" {more} other reasons." if with_other_reasons else ""
    return f"{many(rows, 'row')}: not called, or the call failed.{others}"


# -- what is left ------------------------------------------------------------------------------------------------------

LEFT, THEY = "Left to do", "They"


def not_finished(running_at: datetime | None) -> str:
    running = "" if running_at is None else f" A run was going on at {moment(running_at)}."
    return f"What is not finished.{running}"


CAN_BE_CALLED = "can be called, and were not yet"
WERE_BEING_CALLED = "were being called when the run ended"
OPEN_CALLS = "have a call that is still open"
MAY_HAVE_BEEN_CALLED = "are unknown: they may have been called"
NOT_REACHED = "were called and not reached, and can be called once more"
INVALID = "cannot be called until their row is fixed"
CALLED_BY_THE_RUN = "are called by the run that goes on"
ARE_BEING_CALLED = "are being called"


def refused(names: ProviderNames) -> str:
    return f"were refused by {names.name}, and can be called once the reason is fixed"


# -- what the words mean -----------------------------------------------------------------------------------------------

GLOSSARY = "What the words mean"
HIDDEN = "Of each number only the last three digits are shown."
