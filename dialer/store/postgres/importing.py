"""A batch that a file has kept is taken into the database: all of it or nothing, and never twice."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dialer.errors import LockedError, UsageError
from dialer.messages import database as say
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.database import check_version
from dialer.store.postgres.pauses import DatabasePauses
from dialer.store.postgres.queries import statements
from dialer.store.postgres.queries.schema import VIEWS
from dialer.store.postgres.session import Session, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dialer.store.shared import Pause

_OF_RUNS: Final = {"run", "claimed_by"}
"""A table and columns that tell which host is calling: a file has one at most, which is over."""
_TABLES: Final = {
    table: ", ".join(name for name in columns.split(", ") if name not in _OF_RUNS or table == "permission")
    for table, columns in VIEWS.items()
    if table not in _OF_RUNS
}
"""Table → its columns, in the order in which they are filled: the triggers of attempts look at people and notes."""
_NUMBERED: Final = tuple(table for table, columns in _TABLES.items() if columns.startswith("id, "))


def take_over(
    url: str,
    *,
    name: str,
    campaign: str,
    identity: str,
    rows: Callable[[str, str], Iterable[tuple[Any, ...]]],
    notes: Mapping[str, str],
    window: float,
) -> bool:
    """Import a batch into the database; return whether it was not there yet.

    Args:
        url: of the database.
        name: unique name of the batch in that database.
        campaign: unique name of its campaign in that database.
        identity: unique id of the ledger that had it.
        rows: returns some columns of a table, in the order of the first one.
        notes: replace the rows' notes of the same names.
        window: seconds for which a call counts for the organisation's rate.

    Raises:
        UsageError: another batch has that name there.
        LockedError: a run works on it.
        LedgerError: the database cannot be used.
    """
    with database_errors():
        session = Session(url)
    with contextlib.closing(session):
        check_version(session)
        with database_errors(), session.transaction(alone=False) as db:
            # One at a time: the numbers that come next are set.
            db.execute(statements.IMPORTING)
            # Under any name: a copy of a folder names the same ledger otherwise.
            if db.one(statements.IDENTITY_IS_THERE, (identity,))[0]:
                return False
            db.execute(statements.ADD_BATCH, (name, campaign))
            (batch,) = db.one(statements.BATCH_NAMED, (name,))
            _refuse_while_somebody_works(db, batch)
            _make_empty(db, batch, name=name)
            for table, columns in _TABLES.items():
                db.copy(statements.COPY_TABLE.format(table=table, columns=columns), _of(batch, rows(table, columns)))
            db.executemany(statements.REPLACE_NOTE, [(batch, *note) for note in notes.items()])
            db.execute(statements.REST, (batch, window))
            for table in _NUMBERED:
                db.execute(statements.GO_ON_FROM.format(table=table), (batch,))
    return True


def _refuse_while_somebody_works(db: Session, batch: int) -> None:
    """Refuse a batch whose run may be bringing its own list: a person who is in both would have two rows."""
    db.execute(statements.NOBODY_JOINS, (batch,))
    db.execute(statements.END_SILENT_RUNS_OF, (batch,))
    found = db.execute(statements.WORKS_ON, (batch,)).fetchone()
    if found is not None:
        host, process, began, does = found
        since = datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds")
        words = say.batch_held(host=host, process=process, since=since, does=does, may_join=False)
        raise LockedError(words, pid=process, host=host, since=since, does=does)


def _make_empty(db: Session, batch: int, *, name: str) -> None:
    if db.one(statements.HAS_PEOPLE, (batch,))[0]:
        raise UsageError(say.another_batch(name))
    # A run that came to nothing has begun it.
    for statement in (statements.FORGET_NOTES, statements.FORGET_LAYOUTS):
        db.execute(statement, (batch,))


def _of(batch: int, rows: Iterable[tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
    for row in rows:
        has_zero = any(isinstance(value, str) and "\0" in value for value in row)
        yield (batch, *(map(plain, row) if has_zero else row))


def put_pauses(url: str, pauses: Iterable[Pause]) -> None:
    """Pause some batches, campaigns, or everything; each pause is written whole or not at all.

    Raises:
        LedgerError: the database cannot be used.
    """
    with contextlib.closing(DatabasePauses(url)) as held:
        for pause in pauses:
            held.put(pause)
