"""What a report says of its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.export.figures import moment, share, time
from dialer.messages.words import many

if TYPE_CHECKING:
    from datetime import datetime

    from dialer.messages.names import ProviderNames

# -- the head ----------------------------------------------------------------------------------------------------------


def made(at: datetime, *, zone: str, recipients: str) -> str:
    return f"Made {moment(at)} {zone} of the list {recipients}."


def rehearsal(names: ProviderNames) -> str:
    return f"A rehearsal against the stand-in for {names.name}: no phone rang."


RUNNING = "A run was going on: the figures are of that moment."
NOBODY_CALLED = "nobody was called yet"


def waiting(people: int) -> str:
    """Return what is said beside how many calls are still open."""
    return f"calls; {many(people, 'person is', 'people are')} not done, see at the end" if people else "calls"


def not_asked(names: ProviderNames) -> str:
    return f"{names.name} was not asked yet"


def of_callable(callable_: int) -> str:
    return f"of {callable_:,} who can be called"


def of_called(reached: int, called: int, *, is_final: bool) -> str:
    return f"{share(reached, called)} of those called{_so_far(is_final=is_final)}"


def half_of_the_calls(seconds: float) -> str:
    return f"half of the calls up to {time(seconds)}"


def for_each_reached(amount: str) -> str:
    return f"; {amount} for each person reached"


# -- from the file to a person -----------------------------------------------------------------------------------------

FUNNEL = "From the file to a person"
STEP_BEFORE = "Of the step before"


def way(in_file: int, callable_: int, accepted: int, names: ProviderNames) -> str:
    """Return the way of a list's rows, up to the calls; what is known of those comes behind it."""
    return (
        f"Of {many(in_file, 'row')}, {callable_:,} can be called. {names.name} accepted a call to {accepted:,} of them"
    )


def were_reached(count: int, *, is_final: bool) -> str:
    return f"; {count:,} were reached{_so_far(is_final=is_final)}"


def no_longer_in_file(count: int) -> str:
    return f"{count:,} more were called and are no longer in the file."


def _so_far(*, is_final: bool) -> str:
    return "" if is_final else " so far"


# -- how the calls ended -----------------------------------------------------------------------------------------------

OUTCOMES = "How the calls ended"
NONE_IN_FILE = "Nobody who was called is in the file any more."


def endings_not_asked(names: ProviderNames) -> str:
    return f"{names.name} was not asked yet how the calls ended; the command for it stands at the end."


def endings(called: int, *, reached: int, machines: int) -> str:
    people = f"each of {called:,} people" if called > 1 else "one person"
    return (
        f"How the last call to {people} ended: {share(reached, called)} were reached, {share(machines, called)} had a "
        "machine answer."
    )


def silent(count: int) -> str:
    return f"{count:,} completed calls lasted 0 seconds: nobody was reached by them."


# -- length of the calls -----------------------------------------------------------------------------------------------

LENGTHS = "Length of the calls"
NOBODY_REACHED = "Nobody was reached yet."


def seconds_of_talk(names: ProviderNames) -> str:
    return f"Seconds of conversation, as {names.name} measured them."


def few_lengths(calls: int, *, longest: float) -> str:
    return f"{many(calls, 'call')} reached somebody; the longest took {time(longest)}."


def lengths(calls: int, *, median: float, ninth: float, longest: float) -> str:
    return (
        f"Half of the {calls:,} calls that reached somebody took up to {time(median)}, nine of ten up to "
        f"{time(ninth)}; the longest took {time(longest)}."
    )


# -- countries, and the time of day ------------------------------------------------------------------------------------

BY_COUNTRY_CODE = "By the number's country code; the share is that of people reached."


def country(name: str, *, people: int, reached: int, called: int) -> str:
    return (
        f"{share(people, called)} of those called have a number of {name}; {share(reached, people)} of them were "
        "reached."
    )


def busiest_hour(hour: str, calls: int) -> str:
    return f"Most calls were placed in the hour {hour}: {calls:,}."


def best_hour(hour: str, *, reached: int, calls: int) -> str:
    return f" The best one was {hour}: {share(reached, calls)} of its calls reached somebody."


def hours_in(zone: str, names: ProviderNames) -> str:
    return (
        f"Hours in {zone}, of all days together. A call stands in the hour in which {names.name} took it; it rings "
        "once a line is free."
    )


# -- cost --------------------------------------------------------------------------------------------------------------


def no_cost(names: ProviderNames) -> str:
    return f"{names.name} tells no cost of these calls yet."


def cost(total: str, *, each: str) -> str:
    return f"{total} in all, {each} for each call"


def for_machines(machines: float, total: float) -> str:
    return f"; {share(machines, total)} of it for talking to machines"


def cost_unit(currency: str | None, names: ProviderNames) -> str:
    if currency is None:
        return f'As {names.name} gives it. To name its currency, write in dialer.toml: [organisation] currency = "USD"'
    return f"{currency}, a hundredth of what {names.name} gives, since it gives cents."


# -- requests, pauses, errors ------------------------------------------------------------------------------------------

TRIES = "Attempts for each person"


def requests(count: int, *, people: int, again: int) -> str:
    return (
        f"{many(count, 'request')} for {many(people, 'person', 'people')}; {f'{again:,}' if again else 'nobody'} "
        "needed more than one."
    )


def put_off_counts(names: ProviderNames) -> str:
    return f"A request that {names.name} put off and that was made again counts."


def never_slow(names: ProviderNames) -> str:
    return f"Sending never stood still, and {names.name} put off no request."


def stood_still(times: int, *, seconds: float) -> str:
    return f"All sending stood still {'once' if times == 1 else f'{times:,} times'}, {time(seconds)} in all."


def too_many(count: int, names: ProviderNames) -> str:
    return f"{names.name} put off {many(count, 'request')} as too many."


def made_again(count: int) -> str:
    return f"{many(count, 'request')} did not get through and were made again."


LONGEST = "The longest of them."
NO_ERRORS = "Every row could be called, and no call failed."
NO_REASON = "no reason was given"
WHERE_REASONS_STAND = "Rows are data rows of the file, from 1; each one's reason stands in the results CSV."


def not_called(rows: int, *, with_other_reasons: int) -> str:
    others = f" {with_other_reasons:,} more rows have other reasons." if with_other_reasons else ""
    return f"{many(rows, 'row')}: not called, or the call failed.{others}"


# -- what is left ----------------------------------------------------------------------------------------------------

NOTHING_TO_DO = "Nothing: everybody is done."


def not_finished(running_at: datetime | None) -> str:
    running = "" if running_at is None else f" A run was going on at {moment(running_at)}."
    return f"What is not finished, and the command that goes on with it.{running}"


CAN_BE_CALLED = "can be called, and were not yet"
WERE_BEING_CALLED = "were being called when the run ended"
NOT_FINAL = "were called, and how it went is not known for good"
MAY_HAVE_BEEN_CALLED = "may have been called"
NOT_REACHED = "were called and not reached; to call them once more"
INVALID = "cannot be called as their row stands; once it is fixed"
CALLED_BY_THE_RUN = "are called by the run that goes on"
ARE_BEING_CALLED = "are being called"


def refused(names: ProviderNames) -> str:
    return f"were refused by {names.name}; once the reason is fixed"
