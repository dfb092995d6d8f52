"""Asking whoever works on a ledger to stop: from another process, through the ledger itself.

Each piece of work on a ledger has a name of its own, which is noted when it begins; a request to stop names the work
it is meant for. So a request that nobody saw, since that process was killed, stops no later one, and nothing has to
be cleared.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from dialer.ledger.connection import Connected
from dialer.ledger.opening import check_current, told

if TYPE_CHECKING:
    from pathlib import Path

_WORK, _BEGUN, _STOP = "work", "work_begun", "stop_asked"


class Requests(Connected):
    """The part of the ledger that hears what another process asks for."""

    def begin(self, work: str, *, now: float) -> None:
        """Note which work begins now (Unix seconds); there is one at a time, since it holds the lock."""
        self.set_note(_WORK, work)
        self.set_note(_BEGUN, str(now))

    def work(self) -> str | None:
        """Return which work began last; None where none did."""
        return self.note(_WORK)

    def first_moment(self) -> float | None:
        """Return when the first attempt was begun (Unix seconds); None where there is none."""
        with told(self.path):
            row = self._db.execute("SELECT at FROM attempt ORDER BY id LIMIT 1").fetchone()
        return None if row is None else float(row[0])

    def last_moment(self) -> float | None:
        """Return when something was last begun or recorded (Unix seconds); None where nothing ever was."""
        query = "SELECT max(at), max(answered_at), (SELECT max(asked_at) FROM call) FROM attempt"
        with told(self.path):
            moments = [*self._db.execute(query).fetchone(), self.note(_BEGUN)]
        return max((float(moment) for moment in moments if moment is not None), default=None)

    def is_asked_to_stop(self, work: str) -> bool:
        """Tell whether another process asked this work to stop."""
        return self.note(_STOP) == work


def ask_to_stop(path: Path) -> None:
    """Ask whoever works on a ledger at this moment to stop; whoever comes after them is not asked.

    Raises:
        LedgerError: it cannot be written (just now: a list may be on its way into it).
    """
    with told(path):
        other = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=10.0)
        with contextlib.closing(other):
            check_current(path, other)
            # One statement, so that the work named is the one that is noted when the request is.
            other.execute(
                """
                INSERT INTO meta SELECT ?, value FROM meta WHERE name = ?
                ON CONFLICT (name) DO UPDATE SET value = excluded.value
                """,
                (_STOP, _WORK),
            )
