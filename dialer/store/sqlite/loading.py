"""A judged list on its way into the ledger's tables, in few steps for each row: there may be a million."""

from __future__ import annotations

import contextlib
from itertools import repeat
from typing import TYPE_CHECKING, TypeVar

from dialer.store.ledger.cells import each_kept
from dialer.store.ledger.queries import changing, reading
from dialer.store.sqlite.opening import CACHE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from dialer.input_rows import InputRows
    from dialer.models import Whereabouts

_CACHE = 16_384
"""KiB of page cache while a list replaces another."""

_Value = TypeVar("_Value")


@contextlib.contextmanager
def room_for_keys(db: sqlite3.Connection) -> Iterator[None]:
    """Use a larger page cache while a list is loaded that is not the first.

    Its keys come in no order: with a smaller cache, pages of their index are read and written over and over. The index
    of the first list is sorted after all rows are there, which takes the same amount of memory again.
    """
    if _is_empty(db):
        yield
        return
    db.execute(f"PRAGMA cache_size = -{_CACHE}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA cache_size = -{CACHE}")
        db.execute("PRAGMA shrink_memory")


def replace_input(db: sqlite3.Connection, chunks: Iterable[InputRows], *, layout: int) -> None:
    """Replace the ledger's rows by judged rows, in input order, within an open transaction."""
    is_first = _is_empty(db)
    for drop in (changing.DROP_PENDING, changing.DROP_DONE, changing.CHANGE_ALL_RESULTS):
        db.execute(drop)
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
    db.execute(changing.CREATE_PENDING)
    db.execute(changing.CREATE_DONE)


def _is_empty(db: sqlite3.Connection) -> bool:
    return db.execute(reading.ANY_ROW).fetchone() is None


def _put(db: sqlite3.Connection, rows: InputRows, layout: int, *, is_first: bool) -> None:
    cells = each_kept(rows.cells)
    _put_callable(db, rows, cells, layout, is_first=is_first)
    db.executemany(
        changing.ADD_ROW_OF_NOBODY,
        [
            (rows.keys[at], rows.numbers[at] or None, rows.first + at, cells[at], layout, rows.statuses[at], *why)
            for at, problem in sorted(rows.problems.items())
            for why in [(problem.code, problem.reason)]
        ],
    )


def _put_callable(
    db: sqlite3.Connection, rows: InputRows, cells: Sequence[str], layout: int, *, is_first: bool
) -> None:
    places = rows.callable()
    positions = range(rows.first, rows.first + len(rows))
    each = [*(_at(places, values) for values in (rows.keys, rows.numbers, positions, cells)), repeat(layout)]
    add = changing.add_recipient if is_first else changing.add_or_renew_recipient
    located = list(zip(*map(_located, _at(places, rows.whereabouts)), strict=True))
    own = list(zip(*_at(places, rows.own), strict=True))
    more = (*(changing.LOCATED if located else ()), *(changing.OWN if own else ()))
    # Made by zip, and not by Python row by row.
    db.executemany(add(*more), zip(*each, *located, *own, strict=False))
    if not is_first:
        db.executemany(changing.LIST_CALLED, zip(*each, strict=False))


def _at(places: Sequence[int], values: Sequence[_Value]) -> Sequence[_Value]:
    """Return the values at some places; nothing where there are none."""
    return [values[at] for at in places] if values and len(places) < len(values) else values


def _located(where: Whereabouts) -> tuple[str, str, str]:
    return ",".join(where.zones), where.source, where.country
