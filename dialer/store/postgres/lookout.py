"""A connection on which something is looked at again and again while calls are placed."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from typing import TYPE_CHECKING

from dialer.errors import UnreachableError
from dialer.messages import database as say
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.owner import checked
from dialer.store.postgres.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.store.postgres.owner import Check

_PATIENCE = 2.0
"""Seconds after which an answer counts as lost."""
_AGAIN = 1.0
"""Seconds after which a lost connection is made anew."""


class Lookout:
    """Keeps a connection as long as it is used, and makes a lost one anew, not more often than once a second.

    Args:
        url: of the database.
        batch: its number there; 0: of none.
        check: raises where it is not the database of the workspace.
    """

    def __init__(self, url: str, *, batch: int = 0, check: Check = None) -> None:
        with database_errors():
            self._session = Session(url)
        self._session.batch, self._session.patience = batch, _PATIENCE
        checked(self._session, check)
        self._lost_at = 0.0
        self._one_at_a_time = threading.RLock()
        weakref.finalize(self, self._session.close)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Yield the connection.

        Raises:
            UnreachableError: the database does not answer.
            LedgerError: it refuses what it is asked.
        """
        with self._one_at_a_time, database_errors():
            if self._session.is_lost:
                if time.monotonic() - self._lost_at < _AGAIN:
                    raise UnreachableError(say.unreachable(why=say.LOST))
                self._lost_at = time.monotonic()
                self._session.reconnect()
            yield self._session

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()
