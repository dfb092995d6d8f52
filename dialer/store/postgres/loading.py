"""A judged list on its way into the database: copied in one stream, then put in the place of the former one."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from dialer.models import NOTHING_OWN, NOWHERE
from dialer.store.ledger.cells import each_kept
from dialer.store.ledger.queries import changing, reading
from dialer.store.postgres.queries import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dialer.input_rows import InputRows
    from dialer.models import Whereabouts
    from dialer.store.postgres.session import Session


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "�"})
"""https://www.postgresql.org/docs/current/sql-copy.html, Text Format; a text has no zero characters there."""
_SPECIAL = frozenset(map(chr, _ESCAPES))
_NULL = "\\N"
_CALLABLE = f"{_NULL}\t\tpending\t"
"""Status, code, state and reason of who can be called."""


def is_empty(db: Session) -> bool:
    """Tell whether a batch has no rows yet."""
    return db.execute(reading.ANY_ROW).fetchone() is None


def copy_first(db: Session, chunks: Iterable[InputRows], *, layout: int) -> None:
    """Put judged rows into a batch that has none, within a transaction."""
    db.copy_text(statements.COPY_INTO.format(table="dialer.recipient"), _texts(chunks, f"{layout}\t{db.batch}"))


def copy_aside(db: Session, chunks: Iterable[InputRows], *, layout: int) -> None:
    """Load judged rows beside a batch's former ones, within a transaction: no other process is blocked by it."""
    db.execute(statements.STAGE)
    db.copy_text(statements.COPY_INTO.format(table="staged"), _texts(chunks, f"{layout}\t{db.batch}"))


def take_the_place(db: Session) -> None:
    """Put the rows beside in the place of the former ones."""
    for step in (
        statements.WHOLE_LISTS,
        changing.DROP_ROWS_OF_NOBODY,
        statements.UNLIST,
        statements.RENEW,
        statements.LIST_CALLED,
        statements.ADD_NEW_ROWS,
    ):
        db.execute(step)


def _texts(chunks: Iterable[InputRows], same: str) -> Iterator[str]:
    """Yield the lines of rows in the text format of COPY, many at a time; `same` ends each of them."""
    return ("".join(_lines(rows, same)) for rows in chunks)


def _lines(rows: InputRows, same: str) -> Iterator[str]:
    cells, keys = _escaped(each_kept(rows.cells)), _escaped(rows.keys)
    judged = [_CALLABLE] * len(rows)
    for at, problem in rows.problems.items():
        judged[at] = _joined((rows.statuses[at].value, problem.code, None, problem.reason))
    numbers = [number or _NULL for number in rows.numbers]
    each = zip(keys, range(rows.first, rows.first + len(rows)), numbers, cells, judged, _more(rows), strict=False)
    return (f"{key}\t{at}\t{number}\t{kept}\t{why}\t{more}\t{same}\n" for key, at, number, kept, why, more in each)


def _more(rows: InputRows) -> Iterable[str]:
    """Return the rest of what each row has, joined."""
    if not (rows.own or rows.whereabouts):
        return repeat(_joined((*_located(NOWHERE), *NOTHING_OWN)))
    own = rows.own or repeat(NOTHING_OWN)
    where = map(_located, rows.whereabouts or repeat(NOWHERE))
    return (_joined((*here, *mine)) for here, mine in zip(where, own, strict=False))


def _joined(texts: Sequence[str | None]) -> str:
    return "\t".join(_NULL if text is None else text.translate(_ESCAPES) for text in texts)


def _escaped(texts: Sequence[str | None]) -> Sequence[str | None]:
    """Return texts as COPY reads them; None: NULL."""
    if None in texts or any(map("".join(filter(None, texts)).__contains__, _SPECIAL)):
        return [_NULL if text is None else text.translate(_ESCAPES) for text in texts]
    return texts


def _located(where: Whereabouts) -> tuple[str, str, str]:
    return ",".join(where.zones), where.source, where.country
