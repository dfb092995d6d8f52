"""A ledger whose batch was moved into a database: it is kept unchanged, and no run may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialer.errors import LedgerError
from dialer.messages import store as say
from dialer.store.sqlite.connection import LedgerFile
from dialer.store.sqlite.queries.moving import WHOLE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOVED = "moved_to"
"""Under this name a ledger notes the database that has its batch now."""


class Moved(LedgerFile):
    """The part of the ledger that records whether its batch was moved."""

    def moved_to(self) -> tuple[str, str] | None:
        """Return the database that has its batch now: its identity, and as a person knows it; None: it is here."""
        noted = self.note(_MOVED)
        return None if noted is None else (noted.partition(" ")[0], noted.partition(" ")[2])

    def note_moved(self, *, identity: str, shown: str) -> None:
        """Mark the ledger as moved, so that no run may use it any more."""
        self.set_note(_MOVED, f"{identity} {shown}")

    def refuse_moved(self) -> None:
        """Refuse to begin work on it where its batch is elsewhere.

        Raises:
            LedgerError: it is.
        """
        if to := self.moved_to():
            raise LedgerError(say.moved(self.path, to=to[1]))

    def rows_for(self, identity: str, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield all rows of a table for the database that it was moved to, but for the note that it was.

        Raises:
            LedgerError: it was moved to another one, which may know of more calls.
        """
        to = self.moved_to()
        if to is not None and to[0] != identity:
            self.refuse_moved()
        with self._errors():
            rows = self._db.execute(WHOLE_TABLE.format(table=table, columns=columns))
            yield from (row for row in rows if row[0] != _MOVED)
