"""Which calls of another batch may be live, as far as its ledger tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dialer.store.records import Call
from dialer.store.shared import LiveCalls
from dialer.store.sqlite.queries import neighbours

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

_DOUBT = 600.0
"""Seconds for which an attempt counts that may have placed a call."""
_OLD = 86_400.0
"""Seconds after which a call is surely not live any more."""


class LiveRows:
    """The attempts of a ledger whose call may be live; read repeatedly while a run writes to the ledger.

    Args:
        path: the ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[tuple[int, str, str | None, float, float, str]] = []
        self._counts_until: dict[int, float] = {}
        self.begin(agent="")

    def begin(self, *, agent: str) -> None:
        """Begin with a ledger that was opened (again)."""
        self._agent = agent
        self._after = 0

    def read(self, db: sqlite3.Connection, version: int, *, now: float) -> None:
        """Read those that are there at this moment."""
        # Before the others: what is settled keeps its number, an intent that is withheld leaves its own to the next.
        settled = db.execute(neighbours.LAST_SETTLED).fetchone()
        query = neighbours.may_be_live(version)
        self._rows = db.execute(query, {"after": self._after, "since": now - _OLD}).fetchall()
        self._after = self._rows[0][0] - 1 if self._rows else max(self._after, settled[0] if settled else 0)

    def found(self, *, now: float, is_held: Callable[[], bool]) -> LiveCalls:
        """Return what was read, as far as it counts still.

        Args:
            now: Unix seconds.
            is_held: whether a run has the ledger: it may be about to send what has no outcome yet.
        """
        calls = [
            Call(
                attempt=attempt,
                recipient=0,
                number=0,
                execution_id=execution_id,
                body="",
                at=at,
                until=until,
                status=status,
            )
            for attempt, execution_id, outcome, at, until, status in self._rows
            if outcome == "queued"
        ]
        doubts = [(row[0], row[4], row[2]) for row in self._rows if row[2] != "queued"]
        sending = bool([1 for *_, outcome in doubts if outcome is None]) and is_held()
        counted = [
            attempt
            for attempt, at, outcome in doubts
            if (outcome is None and sending) or self._is_recent(attempt, at, now)
        ]
        self._counts_until = {key: self._counts_until[key] for key in counted if key in self._counts_until}
        return LiveCalls(str(self._path), self._agent, [call for call in calls if call.state.is_live], len(counted))

    def _is_recent(self, attempt: int, at: float, now: float) -> bool:
        """Tell whether a doubt counts still: by its age when it was first seen, and by no wall clock from then on."""
        left = min(_DOUBT, _DOUBT - (now - at))
        return time.monotonic() < self._counts_until.setdefault(attempt, time.monotonic() + left)
