"""What is to be expected of a run, before it is started and when it is only checked."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dialer import moments, provider
from dialer.engine.simulation import Reason
from dialer.escaping import on_one_line
from dialer.messages.toml import key, quoted
from dialer.messages.values import duration, money, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dialer.engine.forecast import Later
    from dialer.intake.do_not_call import Listed
    from dialer.operations.coverage import Uncovered
    from dialer.operations.forecast import Outlook

_WHY = {
    Reason.CLOSED: "outside their calling hours",
    Reason.NO_LINE: "no line is free before their calling hours end",
    Reason.TOO_LATE: "their scheduled_at comes too soon",
    Reason.SCHEDULE: "the schedule ends before their turn",
    Reason.ELSEWHERE: "called by another batch lately",
    Reason.LIMIT: "beyond --limit",
}
"""Why people stay for a later run."""


def outlook_lines(view: Outlook, *, rate: str) -> list[str]:
    """Return all that is to be expected of a run, and what is doubtful; `rate` is in words."""
    lines = [*_course(view, rate=rate), *_later(view.forecast.later), *_cost(view), *_overnight(view), *_account(view)]
    lines += [
        f"{who} will hear: {text!r}"
        for who, text in zip(("The first", "The second", "The third"), view.welcome, strict=False)
    ]
    lines += _warnings(view)
    if view.unused:
        lines.append(f"The prompt never asks for: {names(view.unused)}.")
    return [*lines, *(f"Note: {on_one_line(note)}." for note in view.notes)]


def brief_lines(view: Outlook, *, rate: str, sandbox: bool, more: Sequence[str]) -> list[str]:
    """Return what a person should know of a run before it calls anybody, in few lines; `check` has all of it.

    Args:
        view: of the run.
        rate: in words.
        sandbox: nobody is really called.
        more: what else is worth knowing, after what the run will do.
    """
    money_lines = [*_cost(view), *(["This is the sandbox: no phone rings."] if sandbox else _account(view))]
    lines = [*_course(view, rate=rate), *_later(view.forecast.later), *filter(None, [" ".join(money_lines)])]
    lines += [*more, *_overnight(view)]
    if view.welcome:
        lines.append(f"The first will hear: {view.welcome[0]!r}")
    lines += _warnings(view)
    return [*lines, *(f"Note: {on_one_line(note)}." for note in view.notes)]


def _warnings(view: Outlook) -> list[str]:
    """Return what is doubtful, and the lines for the campaign file that settle it."""
    lines = [f"Warning: {text}." for text in view.warnings]
    if view.mapping:
        others = " With this table nothing else is sent:" if view.is_whole else ""
        lines += [f"To give the agent what it asks for, write into the campaign file.{others}", "  [user_data]"]
        lines += [
            f"  {key(name)} = {quoted(match.column)}{'' if match.is_sure else '   # is it this column?'}"
            for name, match in view.mapping.items()
        ]
    return lines


def _overnight(view: Outlook) -> list[str]:
    hours = ", ".join(view.overnight)
    return [f"Calling hours past midnight: {hours}, until the next day."] if hours else []


def _account(view: Outlook) -> list[str]:
    if view.account is None:
        return []
    wallet = "" if view.account.wallet is None else f"wallet {view.account.wallet:g}"
    owner = view.account.email or view.account.name
    as_given = f"as {provider.VENDOR.names.name} gives it; the unit is not documented"
    return [f"Account: {', '.join(filter(None, (owner, wallet)))} ({as_given})."]


def outlook_value(view: Outlook) -> dict[str, Any]:
    """Return what is to be expected of a run, as JSON has it."""
    return {field.name: plain(getattr(view, field.name)) for field in fields(view) if field.name != "course"}


def over_line(ended: datetime) -> str:
    """Return that the schedule is over."""
    return f"The schedule ended at {moments.to_the_minute(ended)}: nobody is called any more."


def _course(view: Outlook, *, rate: str) -> list[str]:
    """Return when the sending begins and ends, and when the last call has ended."""
    found = view.forecast
    if found.begins is None or found.sent_by is None:
        return []
    live = "" if found.live is None else f", at most {found.live:,} calls live at once"
    # Moments of one zone are subtracted by its clock, which may be changed between them.
    seconds = duration(found.sent_by.timestamp() - found.begins.timestamp())
    if found.begins <= view.course.now:
        start = "Sending takes"
    else:
        start = f"Sending begins at {moments.to_the_minute(found.begins)} ({_why_not_now(view)}) and takes"
    lines = [f"{start} about {seconds}, until {moments.to_the_minute(found.sent_by)} ({rate}{live})."]
    if found.ends_at is not None:
        is_like_them = view.talk.is_enough and found.average == view.talk.average(0.0)
        like = f" like the last {view.talk.calls:,}" if is_like_them else ""
        on = "" if found.at_once is None else f"{found.at_once:,} {'line' if found.at_once == 1 else 'lines'}, "
        each = f"{on}{duration(found.average)} a call{like}"
        lines.append(f"The last call ends at about {moments.to_the_minute(found.ends_at)} ({each}).")
    return lines


def _why_not_now(view: Outlook) -> str:
    if view.forecast.begins == view.begins:
        return "the schedule's start"
    is_open = any(opens <= 0 < closes for group in view.course.groups for opens, closes in group.spans)
    return "all lines are taken until then" if is_open else "calling hours are closed until then"


def _later(later: Sequence[Later]) -> list[str]:
    """Return who stays for a later run, why, and from when they can be called."""
    each = [
        _reason([one for one in later if one.reason is reason]) for reason in dict.fromkeys(x.reason for x in later)
    ]
    total = sum(one.count for one in later)
    stay = f"{total:,} {'stays' if total == 1 else 'stay'} for a later run"
    if len(each) == 1:
        ((_, words),) = each
        return [f"{stay}: {words}."]
    return [f"{stay}:", *(f"  {count:,}: {words}" for count, words in each)] if each else []


def _reason(later: Sequence[Later]) -> tuple[int, str]:
    """Return how many stay for one reason, and the reason."""
    since = sorted({one.since for one in later if one.since is not None})
    words = _WHY[later[0].reason]
    if since:
        first = "" if len(since) == 1 and later[0].reason is not Reason.ELSEWHERE else "the first "
        words = f"{words}, {first}from {moments.to_the_minute(since[0])}"
    elif later[0].reason is Reason.CLOSED:
        words = f"{words} for the next two weeks"
    return sum(one.count for one in later), words


def _cost(view: Outlook) -> list[str]:
    if view.cost is None:
        return []
    # The campaign's price is in the currency's unit; without a currency the number stays as it came.
    amount = money(view.cost if view.currency is None else 100 * view.cost, view.currency)
    share = view.talk.answered / view.talk.calls if view.talk.is_enough else 0.0
    how = f"if {share:.0%} answer, as of the last {view.talk.calls:,}" if view.talk.is_enough else "if all answer"
    return [f"They cost about {amount} {how}."]


def uncovered_lines(found: Uncovered | None) -> list[str]:
    """Return how many numbers none of the campaign's rules is for, by country."""
    if found is None:
        return []
    total = sum(found.countries.values())
    each = ", ".join(f"{name} {count:,}" for name, count in found.countries.items())
    are = f"{total:,} number is" if total == 1 else f"{total:,} numbers are"
    if found.called:
        return [f"Warning: {are} in countries that no rule of [window] is for, and can be called at any hour: {each}."]
    advice = 'Set hours in [window] to call them within those, or uncovered = "allow" to call them at any hour.'
    return [f"{are} in countries that no rule of [window] is for, and not called: {each}. {advice}"]


def list_lines(lists: Sequence[Listed]) -> list[str]:
    """Return what the suppression lists hold, and which of a campaign's own nobody in the input is on."""
    lines = []
    for one in lists:
        entries = f"{one.entries:,} {'entry' if one.entries == 1 else 'entries'}"
        numbers = f"{one.numbers:,} {'number' if one.numbers == 1 else 'numbers'}"
        recipients = f"{one.recipients:,} recipient{' is' if one.recipients == 1 else 's are'} on it"
        what = "Do-not-call list of the workspace" if one.is_shared else "Suppression list"
        lines.append(f"{what} {one.path}: {entries}, {numbers}; {recipients}.")
        if one.unended:
            lines.append(f"Note: line {one.unended:,} of {one.path} has no line end. If it was cut short, complete it.")
        if not one.recipients and not one.is_shared:
            lines.append(f"Note: no recipient is on {one.path}. Is it the right list?")
    return lines


def names(columns: Iterable[str]) -> str:
    """Return names of columns; one that goes over two lines must not begin a line of ours."""
    return ", ".join(map(on_one_line, columns))
