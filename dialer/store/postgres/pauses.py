"""Who has paused a batch, its campaign, or all: rows that each intent looks at, on whatever host."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.queries import statements
from dialer.store.shared import Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.store.postgres.session import Session


class DatabasePauses:
    """The pauses that hold one batch.

    Args:
        session: to the database, of this batch.
        now: Unix seconds, by which a pause is over; each intent goes by the server's.
    """

    def __init__(self, session: Session, *, now: Callable[[], float] = time.time) -> None:
        self._session, self._now = session, now

    def in_force(self) -> Sequence[Pause]:
        """Return what holds the batch at this moment."""
        with database_errors():
            rows = self._session.execute(statements.PAUSES, (self._now(),)).fetchall()
        return [
            Pause(of, name, by=by, since=_moment(since), until=_moment(until), why=why)
            for of, name, by, since, until, why in rows
        ]

    def put(self, pause: Pause) -> None:
        """Have nobody called from now on; what was begun before may still leave within half a second."""
        since, until = (None if at is None else at.timestamp() for at in (pause.since, pause.until))
        with database_errors():
            self._session.execute(statements.PUT_PAUSE, (pause.of, pause.place, pause.by, since, until, pause.why))

    def lift(self, of: str, name: str) -> bool:
        """End a pause; return whether there was one."""
        with database_errors():
            return self._session.execute(statements.LIFT_PAUSE, (of, name)).rowcount > 0


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
