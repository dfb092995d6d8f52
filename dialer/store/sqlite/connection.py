"""A ledger's open connection: transactions, and notes kept by name."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from functools import cached_property
from typing import TYPE_CHECKING, Self

from dialer.reference import digest
from dialer.store.sqlite.cells import as_json
from dialer.store.sqlite.opening import ledger_errors, open_for_reading, tidy_up
from dialer.store.sqlite.queries import changing, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Connected:
    """What every part of the ledger stands on; one thread at a time may use it.

    Args:
        path: the SQLite file.
        connection: an open connection to it.
        reading: it only reads; then closing it leaves the file and its `-wal` alone.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, reading: bool = False) -> None:
        self.path = path
        self._db = connection
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

    def _committed(self) -> None:
        """Do what has to follow each commit at once."""

    def _rolled_back(self) -> None:
        """Forget what was to follow a commit."""

    def note(self, name: str) -> str | None:
        """Return a named note, or None."""
        with ledger_errors(self.path):
            row = self._db.execute(reading.NOTE, (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, name: str, value: str) -> None:
        """Keep a named note."""
        with self.transaction() as db:
            db.execute(changing.SET_NOTE, (name, value))

    def phones(self) -> tuple[str, ...]:
        """Return the columns that the numbers of the current input are in, in the order in which they count."""
        # Ledgers of older versions know one.
        several, one = self.note("phones"), self.note("phone")
        return tuple(json.loads(several)) if several else (one,) if one else ()

    def shared_reference(self, key: str) -> str:
        """Return the part of the reference that all attempts at a recipient share."""
        batch, agent = self._bound
        return digest(batch=batch, agent=agent, key=key)

    @cached_property
    def _bound(self) -> tuple[str, str]:
        return self.note("batch") or "", self.note("agent") or ""

    def _layout(self, header: Sequence[str]) -> int:
        """Return the id under which a header is kept."""
        text = as_json(header)
        self._db.execute(changing.ADD_LAYOUT, (text,))
        return int(self._db.execute(reading.LAYOUT, (text,)).fetchone()[0])

    def _claim_row(self, key: str) -> None:
        """Let a row of the input stand for somebody who turns out to have been called, where none does yet."""
        self._db.execute(changing.CLAIM_ROW, (key,))
        self._db.execute(changing.DROP_CLAIMED_ROW, (key,))
