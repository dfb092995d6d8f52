"""A ledger's open file: transactions, and what is left beside it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Self

from dialer.store.ledger.connection import Connected
from dialer.store.sqlite.opening import ledger_errors, open_for_reading, tidy_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.models import Attempt


class LedgerFile(Connected):
    """A ledger in a file; one thread at a time may use it.

    Args:
        path: the SQLite file.
        connection: an open connection to it.
        reading: it only reads; then closing it leaves the file and its `-wal` alone.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, reading: bool = False) -> None:
        self.path = path
        self._db: sqlite3.Connection = connection
        self._reading = reading

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the ledger for reading only; works while a run is going on.

        Raises:
            UsageError: there is none yet.
            LedgerError: it cannot be read.
        """
        return cls(path, open_for_reading(path, tidily=True), reading=True)

    def close(self) -> None:
        """Close it; after a writer's close the one file is whole."""
        if not self._reading:
            self.checkpoint()
        self._db.close()
        if self._reading:
            tidy_up(self.path)

    def checkpoint(self) -> None:
        """Bring what lies in the `-wal` into the file, as far as readers let it."""
        # A full disk leaves the `-wal` behind, and nothing is lost.
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def together(self) -> contextlib.AbstractContextManager[object]:
        """Do everything inside in one transaction, whose commit they share."""
        return self.transaction()

    def may_send(self, attempt: Attempt) -> bool:  # noqa: ARG002 - as a database has it
        """Return True: the kernel's lock on it is held as long as this process lives."""
        return True

    def beat(self) -> bool:
        """Return True: as `may_send`."""
        return True

    def come_back(self) -> bool:
        """Return False: a file that failed may lack what was written."""
        return False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside, or nothing of it; joins a transaction that is open already."""
        with ledger_errors(self.path):
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
                self._committed()
            except BaseException:
                # A full disk rolls back by itself.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._rolled_back()
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read everything inside from one snapshot, even while a run writes."""
        with ledger_errors(self.path):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        """Turn SQLite's errors into a LedgerError that says what to do."""
        return ledger_errors(self.path)

    def _committed(self) -> None:
        """Do what has to follow each commit at once."""

    def _rolled_back(self) -> None:
        """Forget what was to follow a commit."""
