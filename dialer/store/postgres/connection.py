"""A batch in a database: its session, and what is said when the database cannot be used."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg

from dialer.errors import LedgerError, OtherServerError, RunOverError, UnreachableError
from dialer.messages import database as say
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import changing
from dialer.store.postgres.queries import statements
from dialer.store.postgres.queries.functions import IS_ANOTHER, IS_OVER, IS_UNTOLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.store.postgres.session import Session


_PASSING = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
"""Errors that pass: a server takes no writes while it is a replica, or while its host protects a full disk."""


class UntoldError(LedgerError):
    """Another run has yet to send its attempts again to a server that may have lost them."""


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Turn the database's errors into a LedgerError that says what to do."""
    try:
        yield
    except _PASSING as error:
        raise UnreachableError(say.unreachable(why=_first_line(error))) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise LedgerError(say.not_allowed(why=_first_line(error))) from error
    except psycopg.Error as error:
        if error.sqlstate == IS_OVER:
            raise RunOverError(say.run_over()) from error
        if error.sqlstate == IS_ANOTHER:
            raise OtherServerError(say.another_server()) from error
        if error.sqlstate == IS_UNTOLD:
            raise UntoldError(say.another_server()) from error
        raise LedgerError(say.not_usable(why=_first_line(error))) from error


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().partition("\n")[0]


class BatchSession(Connected):
    """A batch as one process sees it; one thread at a time may use it.

    Args:
        session: to the database, of this batch.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._db: Any = session

    @contextlib.contextmanager
    def transaction(self, *, alone: bool = True) -> Iterator[Session]:
        """Commit what is done inside, or nothing of it; joins a transaction that is open already.

        Args:
            alone: other writers of the batch wait; readers do not.
        """
        with database_errors():
            if self._session.in_transaction:
                yield self._session
                return
            with self._session.transaction(alone=alone):
                yield self._session

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read everything inside from one snapshot, even while a run writes."""
        with database_errors(), self._session.transaction(statements.ONE_MOMENT, alone=False):
            yield

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Do what was asked for at once: each is a statement, and no lock is held while a client is waited for."""
        yield

    def set_note(self, name: str, value: str) -> None:
        """Keep a named note: one statement, for which no other host has to wait."""
        with database_errors():
            self._session.execute(changing.SET_NOTE, (name, value))

    def checkpoint(self) -> None:
        """Do nothing: the server brings everything to its disk by itself, and a copy is made by its own means."""

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return database_errors()
