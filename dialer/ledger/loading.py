"""A judged list on its way into the ledger's tables, in few steps for each row: there may be a million."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.ledger.connection import as_json
from dialer.ledger.opening import CACHE
from dialer.ledger.permissions import PERMITTED
from dialer.models import NOWHERE, InputRow, Whereabouts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

_CACHE = 16_384
"""KiB of the file that are held in memory while a list is loaded."""

_ADD = """
    INSERT INTO recipient (key, number, state, payload, cells, layout, zones, zone_source, country)
    VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?)
"""
# Whoever may have been called under one number is not called again under another: it would be forgotten.
_ADD_OR_RENEW = f"""
    {_ADD}
    ON CONFLICT (key) DO UPDATE SET number = excluded.number, payload = excluded.payload, cells = excluded.cells,
    layout = excluded.layout, zones = excluded.zones, zone_source = excluded.zone_source, country = excluded.country
    WHERE state = 'pending' OR {PERMITTED.format(recipient="recipient.id")}
    AND (state = 'error' OR number = excluded.number)
"""
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
    db.execute("DELETE FROM input_row")
    # Built when all rows are there, an index takes a third of the time.
    db.execute("DROP INDEX IF EXISTS input_row_key")
    if db.execute("SELECT 1 FROM recipient LIMIT 1").fetchone() is None:
        db.execute("DROP INDEX recipient_key")
        for rows in chunks:
            _put(db, rows, layout, _ADD)
        db.execute("CREATE UNIQUE INDEX recipient_key ON recipient (key)")
    else:
        # Who was taken over from a torn line of the results has no cells yet.
        torn = {key for (key,) in db.execute("SELECT key FROM recipient WHERE cells = '[]'")}
        for rows in chunks:
            _put(db, rows, layout, _ADD_OR_RENEW)
            db.executemany(
                "UPDATE recipient SET cells = ?, layout = ? WHERE key = ? AND cells = '[]'",
                ((as_json(row.cells), layout, row.key) for row in rows if row.key in torn),
            )
    db.execute("CREATE INDEX input_row_key ON input_row (key)")


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
        """
        INSERT INTO input_row (position, line, key, owner, status, code, reason, number)
        VALUES (?, ?, ?, 1, 'pending', '', '', ?)
        """,
        [(row.position, row.line, row.key, row.number) for row in callable_],
    )
    db.executemany(
        "INSERT INTO input_row VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?)",
        [
            (row.position, row.line, row.key, row.status, problem.code, problem.reason, row.number, as_json(row.cells))
            for row in rows
            if (problem := row.problem) is not None
        ],
    )


def _located(where: Whereabouts) -> tuple[str, str, str]:
    # Without a calling window all rows have this one: a million joins of nothing less.
    return _UNLOCATED if where is NOWHERE else (",".join(where.zones), where.source, where.country)
