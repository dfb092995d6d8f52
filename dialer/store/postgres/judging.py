"""Runs that were silent for longer than their lease are declared over, by any other run of their batch."""

from __future__ import annotations

from dialer.store.ledger.gaps import Gaps
from dialer.store.postgres.connection import BatchSession
from dialer.store.postgres.queries import statements


class Judging(BatchSession, Gaps):
    """What a connection to a batch can say of its runs."""

    def declare_over(self) -> int:
        """Declare over the runs that were silent for too long; return how many people became `unknown`."""
        with self._errors():
            silent = self._db.execute(statements.END_SILENT_RUNS).fetchall()
            for since in (beat for beat, is_known in silent if not is_known):
                # It died with its server: the last calls that it placed may be missing on this one.
                self._note_lost(since)
            return int(self._db.execute(statements.RECOVER).fetchone()[0])

    def _note_lost(self, since: float) -> None:
        """Record that calls may be missing since a heartbeat that the server knows; later runs read this."""
        with self.transaction():
            self.note_gap(since, self._session.one(statements.CLOCK)[0])
