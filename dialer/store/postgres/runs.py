"""Who works on a batch: each process has a row, and a lease that it renews; whoever is silent is declared over.

Across hosts nothing tells who is dead. So a run that was silent for longer than its lease may be declared over by any
other one: then it begins no call any more, what it was sending is `unknown`, and whom it had claimed are free. The
process itself counts from before it sent its last beat, by a clock that goes on while the machine sleeps, so that it
stops before anybody may declare it over. No host's wall clock matters: the server's tells when it last heard of whom.
"""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime
from uuid import uuid4

from dialer.errors import LockedError
from dialer.messages import database as say
from dialer.store.ledger.gaps import MADE, SEARCHED, START, Gaps
from dialer.store.ledger.queries import reading
from dialer.store.postgres import queries
from dialer.store.postgres.connection import BatchSession

LEASE = 10.0
"""Seconds of silence after which a run may be declared over."""
MARGIN = 1.0
"""Seconds before that at which it stops by itself."""
_WORK, _BEGUN = "work", "work_begun"


def elapsed() -> float:
    """Return seconds that go on while the machine sleeps, and that nobody sets."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Runs(BatchSession, Gaps):
    """The part of the ledger that knows who works on it."""

    lease = LEASE
    _until = 0.0

    def begin_work(self, *, former: str | None = None, joins: bool = False) -> str:
        """Begin a piece of work and return its id; what a dead run left is `unknown`.

        Args:
            former: of no use here: no version 0.1 had a database.
            joins: others may work on the batch at the same time.

        Raises:
            LockedError: another run works on the batch.
        """
        del former
        self.declare_over()
        began, work, now = elapsed(), uuid4().hex, time.time()
        with self.transaction() as db:
            live = db.execute(queries.LIVE_RUN).fetchone()
            if live is not None and not joins:
                host, process, since = live
                moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
                raise LockedError(
                    say.batch_held(host=host, process=process, since=moment), pid=process, host=host, since=moment
                )
            db.execute(queries.BEGIN_RUN, (work, socket.gethostname(), os.getpid(), self.lease))
            self._note_start(work, now)
        self._session.run, self._until = work, began + self.lease - MARGIN
        return work

    def _note_start(self, work: str, now: float) -> None:
        if self.note(START) is None and self._first_moment() is None:
            # Nothing was placed with a batch that is made now.
            self.set_note(SEARCHED, str(now))
        self.set_note(START, str(int(self.note(START) or 0) + 1))
        for name, value in ((MADE, self.note(MADE) or now), (_WORK, work), (_BEGUN, now)):
            self.set_note(name, str(value))

    def beat(self) -> bool:
        """Renew the lease of this run; return whether it still holds."""
        began = elapsed()
        with self._errors():
            row = self._db.execute(queries.BEAT, (self._session.run,)).fetchone()
        if row is None or not row[0]:
            self._until = 0.0
            return False
        self._until = began + self.lease - MARGIN
        return True

    def may_send(self) -> bool:
        """Tell whether this run surely was not declared over; to be asked right before each request leaves."""
        return elapsed() < self._until

    def declare_over(self) -> int:
        """Declare over whoever was silent for too long; return of how many people it is `unknown` what came of it."""
        with self._errors():
            self._db.execute(queries.END_SILENT_RUNS)
            return int(self._db.execute(queries.RECOVER).fetchone()[0])

    def end_work(self) -> None:
        """End this run: whom it has claimed are free, and what it has left open is `unknown`."""
        if not self._session.run:
            return
        with self._errors():
            self._db.execute(queries.END_RUN, (self._session.run,))
            self._db.execute(queries.RECOVER)
        self._session.run, self._until = "", 0.0

    def work(self) -> str | None:
        """Return which work began last; None where none did."""
        return self.note(_WORK)

    def last_moment(self) -> float | None:
        """Return when something was last begun or recorded (Unix seconds); None where nothing ever was."""
        with self._errors():
            moments = [*self._db.execute(reading.LAST_MOMENTS).fetchone(), self.note(_BEGUN)]
        return max((float(moment) for moment in moments if moment is not None), default=None)
