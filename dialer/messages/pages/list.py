"""The batches of a workspace, in columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import added, command_text
from dialer.messages.pages.last_run import why_stopped
from dialer.messages.pages.redials import planned
from dialer.messages.pages.status import ago
from dialer.messages.words import first_line, many
from dialer.moments import to_the_minute
from dialer.operations.batch_state import State
from dialer.operations.paused import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.operations import Listing
    from dialer.operations.entries import Entry

_HEAD = ("BATCH", "STATE", "SENT", "REACHED", "LEFT", "LAST")
_NUMBERS = frozenset({2, 3, 4})
_OPEN = "calls still open"
"""The state of a batch whose people were all called, while some of these calls are open."""
_SHORTEST = 12
"""Letters that are left of a name at least."""


def listing_text(listing: Listing, *, width: int | None) -> str:
    """Return the batches of a workspace, a line each, and below it what has to be said of one.

    Args:
        listing: the workspace's.
        width: of the terminal; None: as wide as it gets.
    """
    lines = [f"{listing.workspace}: {many(len(listing.batches), 'batch', 'batches')}"]
    if listing.batches:
        rows = [_HEAD, *map(_row, listing.batches)]
        head, *each = _columns(rows, width)
        lines.append(head)
        for row, one in zip(each, listing.batches, strict=True):
            lines += [row, *(f"    {text}" for text in details(one))]
    if listing.has_trials:
        lines.append(f"Trials are not shown: {added('--sandbox')} to see them.")
    return "\n".join([*lines, *to_do(listing)])


def _row(one: Entry) -> tuple[str, ...]:
    if one.state in {State.MISSING, State.UNREADABLE}:
        return (on_one_line(one.batch), f"{one.state}{' (forgotten)' if one.is_forgotten else ''}", "", "", "", "")
    reached = "-" if one.reached is None else f"{one.reached:,}"
    started = (f"{one.sent:,}", reached, f"{one.left:,}") if one.ledger else ("", "", "")
    state = _OPEN if one.open and one.state is State.DONE else str(one.state)
    return (on_one_line(one.batch), state, *started, "" if one.last is None else ago(one.last))


def _columns(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Yield rows in columns; where they do not fit, names are shortened in the middle."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    others = sum(widths[1:]) + 2 * (len(widths) - 1)
    if width is not None:
        widths[0] = max(_SHORTEST, min(widths[0], width - 1 - others))
    for row in rows:
        cells = [_shortened(row[0], widths[0]), *row[1:]]
        parts = (
            cell.rjust(wide) if index in _NUMBERS else cell.ljust(wide)
            for index, (cell, wide) in enumerate(zip(cells, widths, strict=True))
        )
        yield "  ".join(parts).rstrip()


def _shortened(name: str, wide: int) -> str:
    if len(name) <= wide:
        return name
    front = (wide - 1) // 2
    return f"{name[:front]}…{name[len(name) - (wide - 1 - front) :]}"


def details(one: Entry) -> list[str]:
    """Return what has to be said of a batch besides its figures."""
    if one.trouble:
        what, why = one.ledger or one.campaign, first_line(one.trouble)
        return [on_one_line(why if what in why else f"{what}: {why}")]
    lines = [on_one_line(first_line(one.campaign_trouble))] if one.campaign_trouble else []
    lines += [f"{words_of(pause)}." for pause in one.pauses]
    if one.running:
        lines.append(f"{one.running} is working on it.")
    if one.state is State.STOPPED and one.ended is not None:
        lines.append(f"Stopped: {why_stopped(one.ended)}.")
    if one.opens is not None:
        lines.append(f"Next opening: {to_the_minute(one.opens)}.")
    if one.open and one.state is State.DONE:
        lines.append(f"{many(one.open, 'call')} still open.")
    # While a run goes on, or none may, open calls are no news.
    redials = one.redials if one.state is State.LEFT else replace(one.redials, open=0)
    return [*lines, *(f"{text}." for text in planned(redials))]


def to_do(listing: Listing) -> list[str]:
    """Return what a person has to do about a workspace."""
    lines = []
    if listing.is_list_lost:
        rebuild = command_text("list", "--rebuild", "--in", listing.workspace)
        now, before = many(listing.lists, "ledger"), f"{listing.listed:,}"
        lines.append(
            f"Warning: {listing.registry} names {now}, and named {before} before: it was deleted, or replaced by an "
            f"older copy. Bring it back. Or make it again: {rebuild}"
        )
    if any(one.ledger and one.trouble and not one.is_forgotten for one in listing.batches):
        forget = command_text("list", "--forget", "LEDGER")
        lines.append(f"Bring back what is missing or damaged. If its batch made no calls lately: {forget}")
    return lines
