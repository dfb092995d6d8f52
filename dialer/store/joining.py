"""What a store does about several runs of one batch: who brings the list, who is still calling, and what stops all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dialer.store.shared import Holder

HALTED = "halted"
"""Name of the note of an answer that stops all runs of a batch; empty where there is none."""


class Turn(Enum):
    """What a run that has begun does next."""

    PREPARE = "prepare"
    """It brings the list: no other run works on the batch, or it waits for this one."""
    WAIT = "wait"
    """Another run is bringing the list."""
    JOIN = "join"
    """The list is there, and stays as it is as long as this run works."""


@dataclass(frozen=True, slots=True)
class Others:
    """The other runs of a batch.

    Attributes:
        calling: how many may still call somebody, or give somebody back.
        working: how many of them, and of those that wait for them, have not ended their calling.
        over: how many have ended their calling or are over; the recipients whom they left can be called by others.
    """

    calling: int = 0
    working: int = 0
    over: int = 0


class Joining(Protocol):
    """What a run needs to work beside others."""

    def turn(self) -> Turn:
        """Return what this run does next; asked again while it has to wait."""

    def brings_list(self) -> Holder | None:
        """Return which run is bringing the list at this moment; None: none is."""

    def prepared(self) -> None:
        """Let others join: the list is there. What had stopped all runs counts no longer."""

    def others(self) -> Others:
        """Return how many other runs work on the batch."""

    def rest(self) -> None:
        """Give back the recipients whom this run has claimed; the next page ends the rest."""

    def leave(self) -> None:
        """End the calling of this run: it claims nobody and has nothing open any more."""

    def without_line(self) -> Collection[int]:
        """Return whom (integer keys) the last `intend` left out since all lines were taken; they have to wait."""

    def halt(self, why: str) -> None:
        """Stop all runs of the batch at their next intent, for a reason; the next run that prepares it is not."""

    def halted(self) -> str:
        """Return what `halt` was given by the runs that work now; empty where nothing stops them."""

    def note_progress(self, figures: Mapping[str, float | None]) -> None:
        """Keep how far this run is."""

    def progress(self) -> list[dict[str, Any]]:
        """Return what the runs that work now have kept of how far they are, in the order in which they began."""
