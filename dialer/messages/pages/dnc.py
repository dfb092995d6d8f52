"""The workspace's do-not-call list, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider
from dialer.escaping import on_one_line
from dialer.messages.pages.screens import DoNotCallView, ListedNumber
from dialer.messages.words import many
from dialer.moments import by_clock, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.operations.accepted_calls import Accepted
    from dialer.operations.dnc import Added, Change, Entry
    from dialer.operations.serve.blocked import Blocked

_SHOWN = 10
"""Numbers, or ledgers, that are named one by one."""


def added_text(added: Added) -> str:
    """Return what was put on the list."""
    lines = [f"{added.path}: {many(len(added.added), 'number')} added{_named(added.added)}."]
    if added.known:
        lines.append(f"{many(len(added.known), 'number was', 'numbers were')} on it already{_named(added.known)}.")
    them = "it" if len(added.added) + len(added.known) == 1 else "them"
    lines.append(f"From now on, no run of this workspace begins a call to {them}.")
    lines += map(_may_ring, added.accepted)
    if added.is_alone:
        lines.append(
            "Note: there is no dialer.toml here or above, so this list is only for campaigns whose results are in this "
            "folder. With a dialer.toml it is for all campaigns below it; an empty file will do."
        )
    return "\n".join(lines)


def _may_ring(accepted: Accepted) -> str:
    calls, by = len(accepted.numbers), provider.VENDOR.names.name
    which = f"{many(calls, 'call was', 'calls were')} accepted by {by} before{_named(accepted.numbers)}"
    them = "it" if calls == 1 else "them"
    if accepted.selection is None:
        return f"{which} and may still ring: cancel the batch of {accepted.ledger}."
    return f"{which} and may still ring. To cancel {them}, and all other waiting calls of the batch: " + (
        accepted.selection.command("cancel")
    )


def _named(numbers: Sequence[str]) -> str:
    more = ", ..." if len(numbers) > _SHOWN else ""
    return f" ({', '.join(numbers[:_SHOWN])}{more})" if numbers else ""


def entries_text(entries: Sequence[Entry]) -> str:
    """Return the entries that are in force, a line each, and how many are not any more."""
    in_force = [entry for entry in entries if entry.is_in_force]
    lines = [f"{entry.number}  {entry_text(entry)}" for entry in in_force]
    ended = len(entries) - len(in_force)
    numbers = len({entry.number for entry in in_force})
    more = f"; {many(ended, 'entry', 'entries')} ended" if ended else ""
    return "\n".join([*lines, f"{many(numbers, 'number')} on the do-not-call list{more}"])


def entry_text(entry: Entry) -> str:
    """Return since when a number is on the list, who put it there, and whether that has ended."""
    since = f"since {by_clock(on_one_line(entry.since))}" if entry.since else "since an unknown time"
    source = f", from {on_one_line(entry.source)}" if entry.source else ""
    if entry.is_in_force:
        return f"{since}{source}"
    why = on_one_line(entry.reason) or "no reason given"
    return f"{since}{source}, until {by_clock(on_one_line(entry.ended))} ({why})"


def removed_text(entry: Entry, others: Sequence[Entry]) -> str:
    """Return what was ended, and what still blocks the number.

    Args:
        entry: the one that was ended.
        others: those of the number that are in force.
    """
    if not others:
        return f"{entry.number} is off the do-not-call list: it was on it {entry_text(entry)}."
    lines = [f"{entry.number}: this entry has ended: {entry_text(entry)}.", "The number is still on the list:"]
    return "\n".join([*lines, *(f"  {entry_text(other)}" for other in others)])


def change_text(change: Change) -> str:
    """Return what is accepted."""
    lines = [f"{change.path} has {many(change.lines, 'line')} now."]
    for lost in change.lost[:_SHOWN]:
        fewer = lost.lines - change.lines
        missing = f": {many(fewer, 'line')} fewer now" if fewer > 0 else ""
        seen = f"another list with {many(lost.lines, 'line')} at {to_the_minute(lost.at)}"
        lines.append(f"  {lost.ledger} saw {seen}{missing}")
    if len(change.lost) > _SHOWN:
        lines.append(f"  and {many(len(change.lost) - _SHOWN, 'ledger')} more")
    if not change.lost:
        lines.append("  No ledger of this workspace has seen another list.")
    else:
        lines.append("Numbers that are missing in it will be called again.")
    return "\n".join(lines)


def do_not_call_view(blocked: Blocked) -> DoNotCallView:
    """Return the list as the page shows it."""
    return DoNotCallView(
        numbers=blocked.numbers,
        last=tuple(
            ListedNumber(number=one.number, since=by_clock(one.since), source=one.source) for one in blocked.last
        ),
        trouble=blocked.trouble,
    )
