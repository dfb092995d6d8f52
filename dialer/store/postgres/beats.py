"""The heartbeats of one run, by a connection and a thread of their own: nothing that the run does holds them up.

Across hosts there is no way to tell whether a process is dead. So any run may declare another over that was silent for
longer than its lease (`judging`); but not while its own heartbeats are held up, nor for a lease after that: then those
of all others may have been, as in an outage of the database. The process itself counts from before it sent its last
heartbeat, by a clock that continues while the machine sleeps, so it stops before another may declare it over. No
host's wall clock matters: the heartbeats have the server's time.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from dialer.errors import LedgerError
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.judging import Judging
from dialer.store.postgres.queries import statements
from dialer.store.postgres.session import Session

if TYPE_CHECKING:
    from typing import Self

_EACH = 4
"""So many heartbeats in a lease."""
_LATE = 1 - 1 / _EACH
"""Own heartbeats that are further apart than this part of a lease were held up by what may have held up another one for
a whole lease, whose last one had come a turn before."""
_AGAIN = 20
"""A lost connection is made again after this part of a lease."""


def elapsed() -> float:
    """Return the seconds of a clock that continues while the machine sleeps and cannot be set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Beats(Judging):
    """Renews the lease of a run, and declares silent ones over.

    Args:
        session: a connection of its own, of the run's batch.
        run: its id.
        lease: seconds.

    Attributes:
        until: by `elapsed`: until then this run surely was not declared over.
        is_over: it was declared over, or has ended.
        is_forgotten: the server knows the run by another server or not at all: it may lack what the run has sent.
    """

    def __init__(self, session: Session, *, run: str, lease: float) -> None:
        super().__init__(session)
        self.until, self.is_over, self.is_forgotten = -math.inf, False, False
        self._run, self._lease = run, lease
        self._beat_at: float | None = None
        self._held_up = -math.inf
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="heartbeats", daemon=True)

    @classmethod
    def begin(cls, url: str, *, batch: int, run: str, lease: float, patience: float) -> Self:
        """Begin the heartbeats of a run; see `Runs` for the other arguments.

        Raises:
            LedgerError: the database cannot be reached.
        """
        with database_errors():
            session = Session(url)
        session.batch, session.patience = batch, patience
        made = cls(session, run=run, lease=lease)
        try:
            made.beat()
        except BaseException:
            session.close()
            raise
        made._thread.start()
        return made

    def beat(self) -> None:
        """Renew the lease."""
        began = elapsed()
        with self._errors():
            row = self._db.execute(statements.BEAT, (self._run,)).fetchone()
        works, is_known, at = row or (True, False, 0.0)
        self.is_forgotten = bool(works) and not is_known
        if not works:
            self.end()
        elif row is not None:
            self.until = began + 0.9 * self._lease
            self._note_time(at)

    def _note_time(self, at: float) -> None:
        """Note when a heartbeat was heard, by the server's clock, and whether it comes late."""
        # A run that begins has judged the others just before (`Runs.begin_work`).
        before = at if self._beat_at is None else self._beat_at
        if not 0 <= at - before <= self._lease * _LATE:
            self._held_up = at
        self._beat_at = at

    def end(self) -> None:
        """Beat no more: the run is over."""
        self.until, self.is_over = -math.inf, True
        self._ended.set()

    def close(self) -> None:
        """End the heartbeats; one that is on its way is not waited for long."""
        self.end()
        self._thread.join(self._lease / _EACH)
        if not self._thread.is_alive():
            self._session.close()

    def judge(self) -> None:
        """Declare silent runs over, unless this one was held up within the last lease: others may have been, too."""
        if self._beat_at is not None and self._beat_at - self._held_up > self._lease:
            self.declare_over()

    def turn(self) -> bool:
        """Renew the lease, and judge others; return whether the database took it."""
        try:
            self._reconnect()
            self.beat()
            self.judge()
        except LedgerError:
            self._beat_at = -math.inf
            return False
        return True

    # -- in the thread -------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        wait = self._lease / _EACH
        while not self._ended.wait(wait):
            wait = self._lease / (_EACH if self.turn() else _AGAIN)
        # Here, since no other thread may while it is in use.
        self._session.close()

    def _reconnect(self) -> None:
        if self._session.is_lost:
            with self._errors():
                self._session.reconnect()
            # However short it was away: others may take longer to come back.
            self._beat_at = -math.inf
