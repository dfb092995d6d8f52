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
    is_first = db.execute(reading.ANY_ROW).fetchone() is None
    db.execute(changing.DROP_POSITIONS)
    if is_first:
        # Built when all rows are there, an index takes a third of the time.
        db.execute(changing.DROP_KEYS)
    else:
        db.execute(changing.DROP_ROWS_OF_NOBODY)
        db.execute(changing.UNLIST)
    for rows in chunks:
        _put(db, rows, layout, is_first=is_first)
    if is_first:
        db.execute(changing.CREATE_KEYS)
    db.execute(changing.CREATE_POSITIONS)


def _put(db: sqlite3.Connection, rows: Sequence[InputRow], layout: int, *, is_first: bool) -> None:
    callable_ = [
        (row.key, row.number, row.position, as_json(row.cells), layout, *_located(row.whereabouts), *row.own)
        for row in rows
        if row.problem is None
    ]
    db.executemany(changing.ADD_RECIPIENT if is_first else changing.ADD_OR_RENEW_RECIPIENT, callable_)
    if not is_first:
        db.executemany(changing.LIST_CALLED, (row[:5] for row in callable_))
    db.executemany(
        changing.ADD_ROW_OF_NOBODY,
        [
            (row.key, row.number, row.position, as_json(row.cells), layout, row.status, problem.code, problem.reason)
            for row in rows
            if (problem := row.problem) is not None
        ],
    )


def _located(where: Whereabouts) -> tuple[str, str, str]:
    # Without a calling window all rows have this one: a million joins of nothing less.
    return _UNLOCATED if where is NOWHERE else (",".join(where.zones), where.source, where.country)
