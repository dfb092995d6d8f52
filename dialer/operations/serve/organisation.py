"""What all batches of a workspace share: the rate, the lines, who works, what is paused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.operations.paused import by_clock, pauses_of_every_batch

if TYPE_CHECKING:
    from dialer.operations.entries import Entry
    from dialer.operations.serve.blocked import Blocked
    from dialer.operations.serve.board import Board
    from dialer.store.shared import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What all batches of a workspace share.

    Attributes:
        folder: of the workspace.
        rate: calls that all runs together may place; None: any number.
        lines: calls of all runs that may be live at once; None where `dialer.toml` does not say.
        everything: what holds every campaign.
        entries: the batches.
        blocked: the do-not-call list.
    """

    folder: str
    rate: str | None
    lines: int | None
    everything: tuple[Pause, ...]
    entries: tuple[Entry, ...]
    blocked: Blocked


def organisation(board: Board) -> Organisation:
    """Return what all batches share.

    Raises:
        DialerError: `dialer.toml` or the list of ledgers cannot be read.
    """
    workspace = workspace_of(board.folder)
    rate = workspace.rate_at(loopback=board.sandbox)
    return Organisation(
        folder=str(workspace.folder),
        rate=None if rate is None else str(rate),
        lines=workspace.lines,
        everything=pauses_of_all(board),
        entries=board.listing().batches,
        blocked=board.blocked(),
    )


def pauses_of_all(board: Board) -> tuple[Pause, ...]:
    """Return what holds every campaign of the workspace."""
    return tuple(by_clock(pause, None) for pause in pauses_of_every_batch(board.folder, sandbox=board.sandbox))
