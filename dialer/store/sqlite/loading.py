"""A judged list on its way into the ledger's tables, in few steps for each row: there may be a million."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.models import NOWHERE, InputRow, Whereabouts
from dialer.store.sqlite.connection import as_json
from dialer.store.sqlite.opening import CACHE
from dialer.store.sqlite.queries import changing, reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

_CACHE = 16_384
"""KiB of the file that are held in memory while a list is loaded."""

_UNLOCATED = ("", "", "")


@contextlib.contextmanager
def room_for_keys(db: sqlite3.Connection) -> Iterator[None]:
    """Hold more of the file in memory while a list is loaded.

    Its keys come in no order: with less, their index is read and written over and over.
    """
    db.execute(f"PRAGMA cache_size = -{_CACHE}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA cache_size = -{CACHE}")
        db.execute("PRAGMA shrink_memory")


def replace_input(db: sqlite3.Connection, chunks: Iterable[Sequence[InputRow]], *, layout: int) -> None:
    """Put judged rows, in input order, in the place of those that the ledger has, within an open transaction."""
    db.execute(changing.CLEAR_INPUT)
    # Built when all rows are there, an index takes a third of the time.
    db.execute(changing.DROP_ROW_KEY)
    if db.execute(reading.ANYBODY).fetchone() is None:
        db.execute(changing.DROP_RECIPIENT_KEY)
        for rows in chunks:
            _put(db, rows, layout, changing.ADD_RECIPIENT)
        db.execute(changing.CREATE_RECIPIENT_KEY)
    else:
        # Who was taken over from a torn line of the results has no cells yet.
        torn = {key for (key,) in db.execute(reading.TORN)}
        for rows in chunks:
            _put(db, rows, layout, changing.ADD_OR_RENEW_RECIPIENT)
            db.executemany(
                changing.COMPLETE_TORN,
                ((as_json(row.cells), layout, row.key) for row in rows if row.key in torn),
            )
    db.execute(changing.CREATE_ROW_KEY)


def _put(db: sqlite3.Connection, rows: Sequence[InputRow], layout: int, add: str) -> None:
    callable_ = [row for row in rows if row.problem is None]
    db.executemany(
        add,
        [
            (row.key, row.number, row.payload, as_json(row.cells), layout, *_located(row.whereabouts))
            for row in callable_
        ],
    )
    # Nearly all rows are alike in most columns, and each value that is handed over costs.
    db.executemany(
        changing.ADD_ROW,
        [(row.position, row.line, row.key, row.number) for row in callable_],
    )
    db.executemany(
        changing.ADD_REFUSED_ROW,
        [
            (row.position, row.line, row.key, row.status, problem.code, problem.reason, row.number, as_json(row.cells))
            for row in rows
            if (problem := row.problem) is not None
        ],
    )


def _located(where: Whereabouts) -> tuple[str, str, str]:
    # Without a calling window all rows have this one: a million joins of nothing less.
    return _UNLOCATED if where is NOWHERE else (",".join(where.zones), where.source, where.country)
