"""What is to be expected of a run, before it is started and when it is only checked."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dialer import moments, provider
from dialer.engine.simulation import Reason
from dialer.escaping import on_one_line
from dialer.messages.operations.run import LATER
from dialer.messages.toml import key, quoted
from dialer.messages.values import CURRENCY_NOT_SET, amount, duration, plain
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dialer.engine.forecast import Later
    from dialer.intake.do_not_call import Listed
    from dialer.operations.coverage import Uncovered
    from dialer.operations.forecast import Outlook


def outlook_lines(view: Outlook, *, rate: str) -> list[str]:
    """Return all that is to be expected of a run, and what is doubtful; `rate` is in words."""
    lines = [*course(view, rate=rate), *later(view), *cost(view), *overnight(view), *account(view)]
    lines += [*filter(None, [first_words(view)]), *warning_lines(view.warnings), *_mapping(view)]
    if view.unused:
        lines.append(f"The prompt never asks for: {names(view.unused)}.")
    return [*lines, *note_lines(view.notes)]


def first_words(view: Outlook) -> str:
    """Return what the first one hears; empty where that is not known."""
    return f"The first one will hear: {view.welcome[0]!r}" if view.welcome else ""


def warning_lines(warnings: Iterable[str]) -> list[str]:
    return [f"Warning: {text}." for text in warnings]


def note_lines(notes: Iterable[str]) -> list[str]:
    return [f"Note: {on_one_line(note)}." for note in notes]


def _mapping(view: Outlook) -> list[str]:
    """Return the lines for the campaign file that give the agent what its prompt asks for."""
    if not view.mapping:
        return []
    others = " With this table nothing else is sent:" if view.is_whole else ""
    return [
        f"To give the agent what it asks for, write into the campaign file.{others}",
        "  [user_data]",
        *(
            f"  {key(name)} = {quoted(match.column)}{'' if match.is_sure else '   # is it this column?'}"
            for name, match in view.mapping.items()
        ),
    ]


def overnight(view: Outlook) -> list[str]:
    """Return which calling hours go on after midnight."""
    hours = ", ".join(view.overnight)
    return [f"Calling hours past midnight: {hours}, until the next day."] if hours else []


def account(view: Outlook) -> list[str]:
    """Return whose account is used, and what is on it."""
    if view.account is None:
        return []
    name, wallet = provider.VENDOR.names.name, view.account.wallet
    left = "" if wallet is None else f"wallet {wallet:,.15g} (in the unit of {name}'s dashboard)"
    return [f"Account: {', '.join(filter(None, (view.account.email or view.account.name, left)))}."]


def outlook_value(view: Outlook) -> dict[str, Any]:
    """Return what is to be expected of a run, as JSON has it."""
    return {field.name: plain(getattr(view, field.name)) for field in fields(view) if field.name != "course"}


def over_line(ended: datetime) -> str:
    """Return that the schedule is over."""
    return f"The schedule ended at {moments.to_the_minute(ended)}: no one is called any more."


def course(view: Outlook, *, rate: str) -> list[str]:
    """Return when the sending begins and ends, and when the last call has ended."""
    found = view.then or view.forecast
    if found.begins is None or found.sent_by is None:
        return []
    live = "" if found.live is None else f", at most {many(found.live, 'live call')} at once"
    # Moments of one zone are subtracted by its clock, which may be changed between them.
    seconds = duration(found.sent_by.timestamp() - found.begins.timestamp())
    if found.begins <= view.course.now:
        start = "Sending takes"
    elif view.then is not None:
        start = f"From {moments.to_the_minute(found.begins)}, sending takes"
    else:
        start = f"Sending begins at {moments.to_the_minute(found.begins)} ({_why_not_now(view)}) and takes"
    lines = [f"{start} about {seconds}, until {moments.to_the_minute(found.sent_by)} ({rate}{live})."]
    if found.ends_at is not None:
        is_like_them = view.talk.is_enough and found.average == view.talk.average(0.0)
        like = f" like the last {view.talk.calls:,}" if is_like_them else ""
        on = "" if found.at_once is None else f"{many(found.at_once, 'line')}, "
        each = f"{on}{duration(found.average)} a call{like}"
        lines.append(f"The last call ends at about {moments.to_the_minute(found.ends_at)} ({each}).")
    return lines


def _why_not_now(view: Outlook) -> str:
    if view.forecast.begins == view.begins:
        return "the schedule's start"
    is_open = any(opens <= 0 < closes for group in view.course.groups for opens, closes in group.spans)
    return "all lines are taken until then" if is_open else "calling hours are closed until then"


def later(view: Outlook) -> list[str]:
    """Return who stays for a later run, why, and from when they can be called."""
    waiting = view.forecast.later
    reasons = dict.fromkeys(one.reason for one in waiting)
    each = [_reason([one for one in waiting if one.reason is reason], hours=view.hours) for reason in reasons]
    total = sum(one.count for one in waiting)
    stay = f"{many(total, 'stays', 'stay')} for a later run"
    if len(each) > 1:
        return [f"{stay}: {'; '.join(f'{count:,} {words}' for count, words in each)}."]
    return [f"{stay}: {words}." for _, words in each]


def _reason(later: Sequence[Later], *, hours: str) -> tuple[int, str]:
    """Return how many stay for one reason, and the reason."""
    since = sorted({one.since for one in later if one.since is not None})
    words = LATER[later[0].reason]
    if hours and later[0].reason is Reason.CLOSED:
        words = f"{words} ({hours})"
    if since:
        first = "" if len(since) == 1 and later[0].reason is not Reason.ELSEWHERE else "the first "
        words = f"{words}, {first}from {moments.to_the_minute(since[0])}"
    elif later[0].reason is Reason.CLOSED:
        words = f"{words} for the next two weeks"
    return sum(one.count for one in later), words


def cost(view: Outlook) -> list[str]:
    """Return what the calls cost, where the campaign names a price."""
    if view.cost is None:
        return []
    # The campaign's price is in the currency's unit; without a currency the number stays as it came.
    unit = view.currency or f"({CURRENCY_NOT_SET} in dialer.toml)"
    costs = f"{amount(view.cost if view.currency is None else 100 * view.cost, view.currency)} {unit}"
    share = view.talk.answered / view.talk.calls if view.talk.is_enough else 0.0
    how = f"if {share:.0%} answer, as of the last {view.talk.calls:,}" if view.talk.is_enough else "if all answer"
    return [f"The calls cost about {costs} {how}."]


def uncovered_lines(found: Uncovered | None) -> list[str]:
    """Return how many numbers none of the campaign's rules is for, by country."""
    if found is None:
        return []
    total = sum(found.countries.values())
    each = ", ".join(f"{name} {count:,}" for name, count in found.countries.items())
    are = many(total, "number is", "numbers are")
    if found.called:
        return [f"Warning: {are} in countries that no rule of [window] is for, and can be called at any hour: {each}."]
    advice = 'Set hours in [window] to call them within those, or uncovered = "allow" to call them at any hour.'
    return [f"{are} in countries that no rule of [window] is for, and not called: {each}. {advice}"]


def list_lines(lists: Sequence[Listed]) -> list[str]:
    """Return the sizes of the do-not-call lists, and the campaign's own lists that match no recipient."""
    lines = []
    for one in lists:
        entries, numbers = many(one.entries, "entry", "entries"), many(one.numbers, "number")
        recipients = f"{many(one.recipients, 'recipient is', 'recipients are')} on it"
        what = "Do-not-call list of the workspace" if one.is_shared else "Do-not-call list"
        lines.append(f"{what} {one.path}: {entries}, {numbers}; {recipients}.")
        lines += list_notes([one])
    return lines


def list_notes(lists: Sequence[Listed]) -> list[str]:
    """Return what is odd about the do-not-call lists."""
    lines = []
    for one in lists:
        if one.unended:
            lines.append(f"Note: line {one.unended:,} of {one.path} has no line end. If it was cut short, complete it.")
        if not one.recipients and not one.is_shared:
            lines.append(f"Note: no recipient is on {one.path}. Is it the right list?")
    return lines


def names(columns: Iterable[str]) -> str:
    """Return names of columns; one that goes over two lines must not begin a line of ours."""
    return ", ".join(map(on_one_line, columns))
