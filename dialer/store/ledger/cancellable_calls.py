"""Calls that are taken back before they ring."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dialer.store.ledger.calls import Calls
from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.queries.parts import STOPPED
from dialer.store.records import Call, Stoppable

if TYPE_CHECKING:
    from dialer.provider.interface import Execution

_PAGE = 500
"""Calls that are returned at a time."""


class Stops(Calls):
    """The part of the ledger that takes calls back."""

    def count_open(self) -> int:
        """Return how many accepted calls may still ring, as far as the ledger knows."""
        with self._errors():
            return int(self._db.execute(reading.COUNT_OPEN).fetchone()[0])

    def stoppable(self, *, before: Stoppable | None = None) -> list[Stoppable]:
        """Return calls that may still ring, the last to ring first, from beyond one of them.

        The provider dials what is queued in the order in which it came, so the last placed has the longest to wait.
        Those that could not be stopped before are among them: a call that rang then may wait for its retry now.
        """
        bound = (float("inf"), 0) if before is None else (before.rings_at, before.call.attempt)
        with self._errors():
            rows = self._db.execute(reading.STOPPABLE, (*bound, _PAGE)).fetchall()
        return [Stoppable(rings_at, Call(*columns)) for rings_at, *columns in rows]

    def note_stopped(self, attempt: int) -> None:
        """Keep that the provider has stopped a call: it will not ring."""
        with self.transaction() as db:
            db.execute(changing.NOTE_STOPPED, (attempt, STOPPED, time.time()))

    def note_not_stopped(self, attempt: int, *, words: str, found: Execution | None) -> None:
        """Record that the provider did not stop a call, its message, and the call's status (None: it knows none)."""
        with self.transaction() as db:
            if found is None:
                self.note_missing([attempt])
            else:
                self.note_calls([(attempt, found)])
            db.execute(changing.NOTE_NOT_STOPPED, (words, attempt, STOPPED))
