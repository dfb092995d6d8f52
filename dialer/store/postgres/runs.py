"""The runs that work on a batch: each process has a row and renews its lease; a silent run is declared over.

Across hosts there is no way to tell whether a process is dead. So any run may declare another over that was silent for
longer than its lease: that run begins no further call, what it was sending is `unknown`, and the recipients it had
claimed are free. The process itself counts from before it sent its last heartbeat, by a clock that continues while the
machine sleeps, so it stops before another may declare it over. No host's wall clock matters: the heartbeats have the
server's time.
"""

from __future__ import annotations

import math
import os
import socket
import time
from abc import abstractmethod
from datetime import UTC, datetime
from uuid import uuid4

from dialer.errors import LockedError
from dialer.messages import database as say
from dialer.messages.store import RUN_ENDED
from dialer.store.ledger.gaps import MADE, SEARCHED, START, Gaps
from dialer.store.ledger.queries import changing, reading
from dialer.store.postgres.connection import BatchSession
from dialer.store.postgres.database import check_version
from dialer.store.postgres.queries import statements
from dialer.store.shared import Holder

LEASE = 10.0
"""Seconds of silence after which a run may be declared over."""
PATIENCE = 5.0
"""Seconds after which a message without an answer counts as lost."""
_WORK, _BEGUN = "work", "work_begun"


def elapsed() -> float:
    """Return the seconds of a clock that continues while the machine sleeps and cannot be set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Runs(BatchSession, Gaps):
    """The part of the ledger that knows who works on it."""

    lease = LEASE
    patience = PATIENCE
    _until = 0.0
    _since = math.inf
    """Since when it is connected without a break."""
    _line = 0
    """How often it has connected again."""

    def begin_work(
        self,
        *,
        former: str | None = None,  # noqa: ARG002 - see below
        does: str = "run",
        joins: bool = False,
    ) -> str:
        """Begin a piece of work and return its id; what a dead run left is `unknown`.

        Args:
            former: of no use here: no version 0.1 had a database.
            does: which command this is.
            joins: others may work on the batch at the same time.

        Raises:
            LockedError: another run works on the batch.
        """
        if not joins:
            self.declare_over()
        began, work, now = elapsed(), uuid4().hex, time.time()
        with self.transaction() as db:
            live = db.execute(statements.LIVE_RUN).fetchone()
            if live is not None and not joins:
                host, process, since = live
                moment = _iso(since)
                raise LockedError(
                    say.batch_held(host=host, process=process, since=moment), pid=process, host=host, since=moment
                )
            # From here on no one changes the tables before this run is recorded.
            check_version(self._session)
            before = db.execute(statements.FORMER_SERVER).fetchone()
            if before is not None:
                # No earlier process has sent this server again what it may have lost.
                self._note_lost(before[0])
            db.execute(statements.BEGIN_RUN, (work, socket.gethostname(), os.getpid(), self.lease, does))
            self._note_start(work, now)
        self._session.run, self._session.patience = work, self.patience
        self._until, self._since, self._line = self._from(began), began, 0
        return work

    def _from(self, began: float) -> float:
        return began + 0.9 * self.lease

    def _note_start(self, work: str, now: float) -> None:
        if self.note(START) is None and self._first_moment() is None:
            # Nothing was placed with a batch that is made now.
            self.set_note(SEARCHED, str(now))
        self.set_note(START, str(int(self.note(START) or 0) + 1))
        for name, value in ((MADE, self.note(MADE) or now), (_WORK, work), (_BEGUN, now)):
            self.set_note(name, str(value))

    def live_runs(self) -> list[Holder]:
        """Return who works on it at this moment, who began first first."""
        with self._errors():
            rows = self._db.execute(statements.LIVE_RUNS).fetchall()
        return [Holder(pid, host, _iso(began), does) for pid, host, began, does in rows]

    def ask_to_stop(self) -> None:
        """Ask the processes that work on it now to stop."""
        with self.transaction() as db:
            db.execute(changing.ASK_TO_STOP, ("stop_asked", _WORK))

    def beat(self) -> bool:
        """Renew the lease of this run; return whether it still holds."""
        began = elapsed()
        with self._errors():
            row = self._db.execute(statements.BEAT, (self._session.run,)).fetchone()
        if row is not None and not row[0]:
            self.tell_again()
        elif row is None:
            self._until = 0.0
            return False
        self._until = self._from(began)
        return True

    def is_alive(self) -> bool:
        """Tell whether this run surely was not declared over."""
        return elapsed() < self._until

    def judge(self) -> None:
        """Declare over the runs that were silent for too long, once this run is connected for longer than a lease."""
        if elapsed() - self._since > self.lease:
            self.declare_over()

    @abstractmethod
    def tell_again(self) -> None:
        """Record once more what this run has sent lately: the server may have lost it."""

    @abstractmethod
    def _known_attempts(self) -> tuple[list[str], float]:
        """Return the references of all attempts that this run knows of, and since when (Unix seconds) they are all."""

    def come_back(self) -> bool:
        """Connect again after the connection was lost; return whether this run goes on.

        The answer to an intent may be lost: recipients with an intent that this run does not know of were surely not
        called. All that the run knows stays, also what it has recorded: the server may have lost the outcome but not
        the intent.

        Raises:
            LedgerError: the database cannot be reached.
        """
        with self._errors():
            self._session.reconnect()
            began = elapsed()
            line, goes_on = self._session.one(statements.NEXT_CONNECTION, (self._session.run,)) or (0, False)
            # After that statement, which has waited for those in progress.
            known, since = self._known_attempts()
            self._db.execute(statements.WITHHOLD_ALL_BUT, (self._session.run, known, RUN_ENDED, since))
        self._line, self._since = line, began
        if not goes_on:
            self._until = 0.0
        return bool(goes_on)

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
        self.note_gap(since, self._session.one(statements.CLOCK)[0])

    def end_work(self) -> None:
        """End this run: the recipients that it has claimed are free, and its open attempts are `unknown`."""
        if not self._session.run or self._session.is_lost:
            return
        # Record on another server again what this run has sent, while the run still can.
        self.beat()
        with self._errors():
            self._db.execute(statements.END_RUN, (self._session.run,))
            self._db.execute(statements.RECOVER)
        self._session.run, self._until = "", 0.0

    def work(self) -> str | None:
        """Return which work began last; None where none did."""
        return self.note(_WORK)

    def last_moment(self) -> float | None:
        """Return when something was last begun or recorded (Unix seconds); None where nothing ever was."""
        with self._errors():
            moments = [*self._db.execute(reading.LAST_MOMENTS).fetchone(), self.note(_BEGUN)]
        return max((float(moment) for moment in moments if moment is not None), default=None)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
