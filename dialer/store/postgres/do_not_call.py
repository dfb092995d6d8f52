"""The do-not-call list in the database: rows are only ever added, each with a digest of all up to it."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from dialer.errors import DoNotCallError, LedgerError, UnreachableError
from dialer.messages import database
from dialer.messages import do_not_call as say
from dialer.store.do_not_call import NOTHING, Acceptance, Extent, Row, Stamp
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.lookout import Lookout
from dialer.store.postgres.queries import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.store.postgres.owner import Check
    from dialer.store.postgres.session import Session


@dataclass(frozen=True, slots=True)
class DatabasePart:
    """The rows from some place on.

    Attributes:
        extent: how far they go; a length is a number of rows here.
        unended: 0: a row is there whole or not at all.
    """

    extent: Extent
    found: Sequence[Row]
    unended: int = 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows; `Part.rows`."""
        yield from self.found


class DatabaseAdding:
    """Adds rows in a transaction that excludes other writers of the list.

    Args:
        session: to the database, in that transaction.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none; durable when the list is let go of."""
        last = self._session.execute(statements.LAST_LISTED).fetchone()
        line, digest = last or (0, NOTHING.digest)
        listed = []
        for line, row in enumerate(rows, line + 1):  # noqa: B020 - from the last one on
            digest = _digest(digest, row)
            listed.append((line, *row[:5], digest))
        self._session.executemany(statements.ADD_LISTED, listed)


class DatabaseDoNotCall:
    """The list that all batches in a database share.

    Args:
        url: of the database.
        check: see `Lookout`.
    """

    def __init__(self, url: str, *, check: Check = None) -> None:
        with _errors():
            # A long list is read beside the calls, which are not held up by that.
            self._looks, self._reads = Lookout(url, check=check), Lookout(url)
        self._stamp: Stamp = (0, 0, 0)

    @property
    def path(self) -> Path:
        """What it is called, for people."""
        return Path(database.DO_NOT_CALL)

    @property
    def files(self) -> Sequence[Path]:
        """None: it is saved with the database."""
        return ()

    def close(self) -> None:
        """Let go of the database."""
        self._looks.close()
        self._reads.close()

    @contextlib.contextmanager
    def _asked(self) -> Iterator[Session]:
        with _errors(), self._reads.session() as session:
            yield session

    def stamp(self) -> Stamp:
        """Return what changes whenever a row is added."""
        # While the database does not answer, no call is placed: each intent checks the list itself.
        with contextlib.suppress(UnreachableError), self._looks.session() as session:
            self._stamp = (_last_line(session), 0, 0)
        return self._stamp

    def read(self, *, after: Extent = NOTHING, expected: Extent = NOTHING) -> DatabasePart:
        """Return the content of the list, or what was added since; see `DoNotCall.read`."""
        expected = max(expected, after, key=lambda extent: extent.length)
        if not self.begins_with(expected):
            with self._asked() as session:
                now, at = _last_line(session), expected.at
            if not now:
                raise DoNotCallError(say.missing(self.path, lines=expected.lines, at=at))
            raise DoNotCallError(say.changed(self.path, lines=expected.lines, at=at, now=now))
        with self._asked() as session:
            found = session.execute(statements.LISTED_SINCE, (after.length,)).fetchall()
        rows = [
            Row(number, since, source, ended, reason, line) for line, number, since, source, ended, reason, _ in found
        ]
        line, *_, digest = found[-1] if found else (after.length, after.digest)
        return DatabasePart(Extent(line, digest, line, time.time()), rows)

    def begins_with(self, extent: Extent) -> bool:
        """Tell whether it still begins with what was read once."""
        if not extent.length:
            return True
        with self._asked() as session:
            return session.execute(statements.DIGEST_AT, (extent.length,)).fetchone() == (extent.digest,)

    @contextlib.contextmanager
    def adding(self) -> Iterator[DatabaseAdding]:
        """Have it alone, to look and to add; what was added is durable at the end."""
        # The lock is the one of batch 0, which does not exist.
        with self._asked() as session, session.transaction():
            yield DatabaseAdding(session)

    def accepted(self) -> Acceptance | None:
        """Return what a person accepted last."""
        with self._asked() as session:
            row = session.execute(statements.ACCEPTED).fetchone()
        return None if row is None else Acceptance(row[0], Extent(*row[1:]))

    def accept(self, extent: Extent) -> None:
        """Note that a person accepts the list as it is."""
        accepted = (uuid4().hex, extent.length, extent.digest, extent.lines, time.time())
        with self._asked() as session:
            session.execute(statements.ACCEPT, accepted)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        with database_errors():
            yield
    except UnreachableError:
        raise
    except LedgerError as error:
        raise DoNotCallError(str(error)) from error


def _last_line(session: Session) -> int:
    last = session.execute(statements.LAST_LISTED).fetchone()
    return 0 if last is None else int(last[0])


def _digest(before: str, row: Row) -> str:
    return blake2b(f"{before}{json.dumps(row[:5])}".encode(), digest_size=16).hexdigest()
