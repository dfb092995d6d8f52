"""What is to be expected of a run, before it is started and when it is only checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import moments, provider
from dialer.escaping import on_one_line
from dialer.messages.values import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dialer.intake.do_not_call import Listed
    from dialer.operations.coverage import Uncovered
    from dialer.operations.forecast import Outlook
    from dialer.operations.timing import Timing


_MOMENTS = 5
"""So many openings are told one by one."""


def outlook_lines(view: Outlook, *, rate: str, sandbox: bool = False) -> list[str]:
    """Return what is to be expected of a run, and what is doubtful."""
    foretold = view.forecast
    live = "" if foretold.live is None else f", at most {foretold.live:,} of the calls being live at once"
    lines = [f"Sending takes about {duration(foretold.sending)} at {rate}{live}."] if foretold.calls else []
    if foretold.calls and foretold.calling is not None:
        like = f" like the last {view.talk.calls:,}" if view.talk.is_enough else ""
        each = f"{foretold.at_once:,} lines, {duration(foretold.average)} a call{like}"
        lines.append(
            f"The calls take about {duration(foretold.calling)} ({each}), until {foretold.ends_at:%Y-%m-%d %H:%M} UTC."
        )
    lines += [] if view.timing is None else timing_lines(view.timing, rate=rate)
    if foretold.cost is not None:
        amount = f"{foretold.cost:,.2f}{'' if view.currency is None else f' {view.currency}'}"
        lines.append(f"They cost about {amount} at the campaign's cost_per_minute.")
    if sandbox:
        lines.append("This is the sandbox: no phone rings.")
    elif view.account is not None:
        wallet = "" if view.account.wallet is None else f"wallet {view.account.wallet:g}"
        owner = view.account.email or view.account.name
        as_given = f"as {provider.VENDOR.names.name} gives it; the unit is not documented"
        lines.append(f"Account: {', '.join(filter(None, (owner, wallet)))} ({as_given}).")
    lines += [
        f"{who} will hear: {text!r}"
        for who, text in zip(("The first", "The second", "The third"), view.welcome, strict=False)
    ]
    lines += [f"Warning: {text}." for text in view.warnings]
    if view.unused:
        lines.append(f"The prompt never asks for: {names(view.unused)}.")
    return [*lines, *(f"Note: {on_one_line(note)}." for note in view.notes)]


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


def timing_lines(timing: Timing, *, rate: str) -> list[str]:
    """Return when people can be called, and who will be cut off."""
    lines = []
    if timing.is_over and timing.ends is not None:
        return [f"The schedule ended at {moments.to_the_minute(timing.ends)}: nobody is called any more."]
    if timing.begins is not None:
        lines.append(f"The schedule begins at {moments.to_the_minute(timing.begins)}; nobody is called before.")
    when = "then" if timing.begins is not None else "now"
    rest = "waited for" if timing.waits else "left for a later run"
    if timing.later or timing.closed:
        outside = sum(count for _, count in timing.later) + timing.closed
        are = "is" if outside == 1 else "are"
        lines.append(f"{timing.now:,} can be called {when}; {outside:,} {are} outside their calling hours and {rest}:")
        lines += [f"  {count:,} from {moments.to_the_minute(at)}" for at, count in timing.later[:_MOMENTS]]
        later = sum(count for _, count in timing.later[_MOMENTS:])
        lines += [f"  {later:,} later"] if later else []
        end = "before the schedule ends" if timing.ends is not None else "within the next two weeks"
        lines += [f"  {timing.closed:,} not {end}"] if timing.closed else []
    if timing.overnight:
        lines.append(f"Calling hours past midnight: {', '.join(timing.overnight)}, until the next day.")
    if timing.elsewhere:
        lines.append(f"{timing.elsewhere:,} were called by another batch lately and are left out for now.")
    end = f" or {moments.to_the_minute(timing.ends)}" if timing.ends is not None else ""
    if timing.too_many:
        lines.append(f"About {timing.too_many:,} will not fit before the end of their hours{end}, at {rate}.")
    elif timing.too_many_on_lines:
        lines.append(
            f"About {timing.too_many_on_lines:,} phones will ring after the end of their hours{end}: the account has "
            f"too few lines for this rate."
        )
    return lines


def names(columns: Iterable[str]) -> str:
    """Return names of columns; one that goes over two lines must not begin a line of ours."""
    return ", ".join(map(on_one_line, columns))
