"""A store that one run at a time works on: nobody else brings the list, and nobody is waited for."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from dialer.store.joining import Others, Turn
from dialer.store.ledger.connection import Connected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PROGRESS, _WORK = "live_progress", "work"


class Alone(Connected):
    """The part of a ledger in a file that knows of no other run."""

    def turn(self) -> Turn:
        """Return that this run brings the list."""
        return Turn.PREPARE

    def brings_list(self) -> None:
        """Return nothing: no other run works on the batch."""

    def prepared(self) -> None:
        """Do nothing: the lock keeps others out."""

    def others(self) -> Others:
        """Return that there are none."""
        return Others()

    def rest(self) -> None:
        """Do nothing: nobody is claimed."""

    def leave(self) -> None:
        """Do nothing: the lock says when this run is over."""

    def without_line(self) -> Collection[int]:
        """Return nobody: a run that shares lines with other ledgers counts them itself."""
        return ()

    def halt(self, why: str) -> None:
        """Do nothing: a run that ends stops itself."""

    def halted(self) -> str:
        """Return that nothing stops this run but itself."""
        return ""

    def note_progress(self, figures: Mapping[str, float | None]) -> None:
        """Keep how far this run is."""
        self.set_note(_PROGRESS, json.dumps({"run": self.note(_WORK), **figures}))

    def progress(self) -> list[dict[str, Any]]:
        """Return what the work that began last has kept of how far it is."""
        with contextlib.suppress(ValueError, TypeError, KeyError):
            kept = json.loads(self.note(_PROGRESS) or "")
            return [kept] if kept.pop("run") == self.note(_WORK) else []
        return []
