"""The base of every part of a ledger, the same for every engine: statements, transactions, and named notes."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from dialer.reference import digest
from dialer.store.ledger.cells import as_json
from dialer.store.ledger.queries import changing, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

_STOP = "stop_asked"


class Rows(Protocol):
    """What a statement returns."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:  # noqa: ANN401 - a row's columns are of any type
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""


class Database(Protocol):
    """Takes statements as SQLite reads them."""

    def execute(self, sql: str, values: Any = ..., /) -> Rows:  # noqa: ANN401 - by place or by name
        """Do one statement."""

    def executemany(self, sql: str, rows: Iterable[Any], /) -> object:
        """Do one statement for each of many rows."""


class Connected(ABC):
    """The base of every part of the ledger; only one thread at a time may use it."""

    _db: Database
    """Where statements go."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Database]:
        """Commit what is done inside, or nothing of it; joins a transaction that is open already."""

    def list_transaction(self) -> AbstractContextManager[Database]:
        """As `transaction`, for a load and what goes with it."""
        return self.transaction()

    @abstractmethod
    def _errors(self) -> AbstractContextManager[None]:
        """Turn the engine's errors into a LedgerError that says what to do."""

    def note(self, name: str) -> str | None:
        """Return a named note, or None."""
        with self._errors():
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

    def is_asked_to_stop(self, work: str) -> bool:
        """Tell whether another process asked this work to stop.

        A request names the work it is meant for: one that was not read does not stop later work; nothing is cleared.
        """
        return work in (self.note(_STOP) or "").split()

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
        """Link a row of the input to a recipient who turns out to have been called, if they have no row yet."""
        self._db.execute(changing.CLAIM_ROW, (key,))
        self._db.execute(changing.DROP_CLAIMED_ROW, (key,))
