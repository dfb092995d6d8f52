"""A judged list on its way into the database: copied in one stream, then put in the place of the former one."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

from dialer.models import NOTHING_OWN
from dialer.store.ledger.cells import each_kept
from dialer.store.ledger.queries import changing, reading
from dialer.store.postgres.queries import statements
from dialer.store.postgres.session import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dialer.input_rows import InputRows
    from dialer.models import Whereabouts
    from dialer.store.postgres.session import Session


_CALLABLE = (None, "", "pending", "")
"""Status, code, state and reason of who can be called."""


def is_empty(db: Session) -> bool:
    """Tell whether a batch has no rows yet."""
    return db.execute(reading.ANY_ROW).fetchone() is None


def copy_first(db: Session, chunks: Iterable[InputRows], *, layout: int) -> None:
    """Put judged rows into a batch that has none, within a transaction."""
    db.copy(statements.COPY_INTO.format(table="dialer.recipient"), _rows(chunks, db.batch, layout))


def copy_aside(db: Session, chunks: Iterable[InputRows], *, layout: int) -> None:
    """Load judged rows beside a batch's former ones, within a transaction: no other process is blocked by it."""
    db.execute(statements.STAGE)
    db.copy(statements.COPY_INTO.format(table="staged"), _rows(chunks, db.batch, layout))


def take_the_place(db: Session) -> None:
    """Put the rows beside in the place of the former ones."""
    for step in (
        changing.DROP_ROWS_OF_NOBODY,
        changing.UNLIST,
        statements.ADD_OR_RENEW,
        statements.LIST_CALLED,
        statements.ADD_ROWS_OF_NOBODY,
    ):
        db.execute(step)


def _rows(chunks: Iterable[InputRows], batch: int, layout: int) -> Iterator[Sequence[Any]]:
    for rows in chunks:
        own = rows.own or repeat(NOTHING_OWN)
        located = map(_located, rows.whereabouts) if rows.whereabouts else repeat(("", "", ""))
        cells = each_kept(rows.cells)
        for at, (key, number, kept, where, mine) in enumerate(
            zip(rows.keys, rows.numbers, cells, located, own, strict=False)
        ):
            problem = rows.problems.get(at)
            judged = _CALLABLE if problem is None else (rows.statuses[at].value, problem.code, None, problem.reason)
            row = (batch, rows.first + at, number or None, key, *judged, kept, layout, *where, *mine)
            yield row if problem is None and "\0" not in (key or "") else tuple(map(plain, row))


def _located(where: Whereabouts) -> tuple[str, str, str]:
    return ",".join(where.zones), where.source, where.country
