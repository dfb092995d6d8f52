"""The runs that work on a batch: each process has a row in the database, and shows there that it lives (`beats`).

A run that is declared over (`judging`) begins no further call, what it was sending is `unknown`, and the recipients it
had claimed are free.
"""

from __future__ import annotations

import os
import socket
import time
from abc import abstractmethod
from datetime import UTC, datetime
from uuid import uuid4

from dialer.errors import LockedError
from dialer.messages import database as say
from dialer.messages.store import RUN_ENDED
from dialer.store.ledger.gaps import MADE, SEARCHED, START
from dialer.store.ledger.queries import reading
from dialer.store.postgres.beats import Beats, elapsed
from dialer.store.postgres.database import check_version
from dialer.store.postgres.judging import Judging
from dialer.store.postgres.queries import statements
from dialer.store.shared import Holder

LEASE = 10.0
"""Seconds of silence after which a run may be declared over."""
PATIENCE = 5.0
"""Seconds after which a message without an answer counts as lost."""
_WORK, _BEGUN = "work", "work_begun"


class Runs(Judging):
    """The part of the ledger that knows who works on it."""

    lease = LEASE
    patience = PATIENCE
    _beats: Beats | None = None
    """Of the run that works; None: there is none."""
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
            joins: it works beside the runs that work on the batch.

        Raises:
            LockedError: a run works on the batch, and this one does not join it; or another command does.
        """
        self._end_beats()
        self.declare_over()
        work, now = uuid4().hex, time.time()
        with self.transaction() as db:
            live = db.execute(statements.LIVE_RUN, (joins,)).fetchone()
            if live is not None:
                host, process, since, what = live
                moment = _iso(since)
                raise LockedError(
                    say.batch_held(host=host, process=process, since=moment, does=what, may_join=does == "run"),
                    pid=process,
                    host=host,
                    since=moment,
                    does=what,
                )
            # From here on no one changes the tables before this run is recorded.
            check_version(self._session)
            before = db.execute(statements.FORMER_SERVER).fetchone()
            if before is not None:
                # No earlier process has sent this server again what it may have lost.
                self._note_lost(before[0])
            stage = "joins" if joins else "prepares"
            db.execute(statements.BEGIN_RUN, (work, socket.gethostname(), os.getpid(), self.lease, does, joins, stage))
            self._note_start(work, now)
        self._session.run, self._session.patience, self._line = work, self.patience, 0
        self._beats = Beats.begin(
            self._session.url, batch=self._session.batch, run=work, lease=self.lease, patience=self.patience
        )
        return work

    def _note_start(self, work: str, now: float) -> None:
        if self.note(START) is None and self._first_moment() is None:
            # Nothing was placed with a batch that is made now.
            self.set_note(SEARCHED, str(now))
        self.set_note(START, str(int(self.note(START) or 0) + 1))
        for name, value in ((MADE, self.note(MADE) or now), (_WORK, work), (_BEGUN, now)):
            self.set_note(name, str(value))

    def live_runs(self) -> dict[str, Holder]:
        """Return who works on it at this moment, by the id of the work; who began first comes first."""
        with self._errors():
            rows = self._db.execute(statements.LIVE_RUNS).fetchall()
        return {
            work: Holder(pid, host, _iso(began), does, joins=bool(joins))
            for work, pid, host, began, does, joins in rows
        }

    def ask_to_stop(self) -> None:
        """Ask the processes that work on it now to stop."""
        with self._errors():
            self._db.execute(statements.ASK_ALL_TO_STOP)

    def beat(self) -> bool:
        """Do what the heartbeats have found to be done; return whether this run goes on."""
        beats = self._beats
        if beats is None or beats.is_over:
            return False
        if beats.is_forgotten:
            self.tell_again()
            beats.is_forgotten = False
        return True

    def is_alive(self) -> bool:
        """Tell whether this run surely was not declared over."""
        return self._beats is not None and elapsed() < self._beats.until

    def _end_beats(self) -> None:
        if self._beats is not None:
            self._beats.close()
            self._beats = None

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
            if self._session.one(statements.IS_KNOWN, (self._session.run,))[0] is None:
                # The server has lost even that this run began.
                self.tell_again()
            line, goes_on = self._session.one(statements.NEXT_CONNECTION, (self._session.run,)) or (0, False)
            # After that statement, which has waited for those in progress.
            known, since = self._known_attempts()
            self._db.execute(statements.WITHHOLD_ALL_BUT, (self._session.run, known, RUN_ENDED, since))
        self._line = line
        if not goes_on and self._beats is not None:
            self._beats.end()
        return bool(goes_on)

    def end_work(self) -> None:
        """End this run: the recipients that it has claimed are free, and its open attempts are `unknown`."""
        if not self._session.run or self._session.is_lost:
            return
        with self._errors():
            if not self._session.one(statements.IS_KNOWN, (self._session.run,))[0]:
                # Another server learns what this run has sent while the run can still say it.
                self.tell_again()
            self._db.execute(statements.END_RUN, (self._session.run,))
            self._db.execute(statements.RECOVER)
        self._session.run = ""

    def this_work(self) -> str:
        """Return the id of the work that was begun by this store; empty where none was."""
        return self._session.run

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
