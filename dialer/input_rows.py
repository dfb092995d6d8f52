"""Rows of the recipients' list, judged: many of them in columns, or one by itself."""

from __future__ import annotations

import string
import unicodedata
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from dialer.models import NOTHING_OWN, NOWHERE, Own, Problem, Status, Whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INVISIBLE: Final = (
    string.whitespace
    + "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(map(chr, (*range(0x2000, 0x2010), 0x2060, 0xFEFF)))
)
"""White space, and characters of no width."""
_NO_NUMBER: Final = frozenset(
    {"n/a", "n.a.", "n.a", "na", "none", "null", "nil", "nan", "<na>", "\\n", "undefined", "unknown", "not available"}
    | {"not provided", "not given", "no phone", "no number", "no mobile", "tbd", "(blank)", "(none)", "blank", "empty"}
)
"""What people and programs write into a phone cell instead of a number, in lower case."""
_STROKES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212._/?0 "
"""A cell of nothing but these stands for no number as well: -, --, ?, 0, 000."""
_DIGITS: Final = frozenset("123456789")


@dataclass(frozen=True, slots=True)
class InputRow:
    """One data row of the recipients CSV, judged.

    Attributes:
        position: data row of the input, from 1 (the header does not count).
        line: physical line of the file on which the row begins, from 1.
        cells: the raw cells in header order, unchanged.
        key: the recipient's identity (id cell or E.164 text); None where the row has none.
        number: E.164 digits as an integer, without the plus; None where the number is not valid.
        status: PENDING (callable), INVALID, DUPLICATE or SUPPRESSED.
        problem: why it is not callable; None when PENDING.
        own: what the call has of its own; only of use where PENDING.
        whereabouts: in which time zones the recipient may be; NOWHERE without a calling window.
    """

    position: int
    line: int
    cells: tuple[str, ...]
    key: str | None
    number: int | None
    status: Status
    problem: Problem | None
    own: Own = NOTHING_OWN
    whereabouts: Whereabouts = NOWHERE


@dataclass(frozen=True, slots=True)
class InputRows:
    """Data rows that follow each other, column by column: a list may have a million, and an object each costs too much.

    A place is that of a row among these, from 0.

    Attributes:
        first: position of the first row.
        lines: physical line of each row.
        cells: the raw cells of each row.
        keys: as of one row.
        numbers: as of one row, but 0 where the number is not valid.
        problems: by place, why a row cannot be called.
        statuses: by place, the status of each of these rows.
        own: as of one row; empty where no call has anything of its own.
        whereabouts: as of one row; empty without a calling window.
    """

    first: int
    lines: Sequence[int]
    cells: Sequence[Sequence[str]]
    keys: Sequence[str | None]
    numbers: Sequence[int]
    problems: Mapping[int, Problem] = field(default_factory=dict)
    statuses: Mapping[int, Status] = field(default_factory=dict)
    own: Sequence[Own] = ()
    whereabouts: Sequence[Whereabouts] = ()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.cells)

    def __iter__(self) -> Iterator[InputRow]:
        """Yield each row by itself."""
        return map(self.row, range(len(self)))

    def row(self, place: int) -> InputRow:
        """Return the row at a place by itself."""
        return InputRow(
            position=self.first + place,
            line=self.lines[place],
            cells=tuple(self.cells[place]),
            key=self.keys[place],
            number=self.numbers[place] or None,
            status=self.statuses.get(place, Status.PENDING),
            problem=self.problems.get(place),
            own=self.own[place] if self.own else NOTHING_OWN,
            whereabouts=self.whereabouts[place] if self.whereabouts else NOWHERE,
        )

    def callable(self) -> Sequence[int]:
        """Return the places of the rows that can be called."""
        places = range(len(self))
        return [place for place in places if place not in self.problems] if self.problems else places


def column_name(text: str) -> str:
    """Return the name of a column, so that those which look the same are the same, wherever they are written.

    Without characters of no width and blanks around it; any blank is a plain one, accents are part of their letters.
    """
    if text.isascii():
        return text.strip()
    kinds = ((char, unicodedata.category(char)) for char in unicodedata.normalize("NFC", text))
    return "".join(" " if kind == "Zs" else char for char, kind in kinds if kind != "Cf").strip()


class Cells(list[list[str]]):
    """The cells of rows, and the same of each column: while rows are read it costs little to have both.

    Args:
        width: how many columns there are.
    """

    __slots__ = ("columns",)

    def __init__(self, width: int) -> None:
        super().__init__()
        self.columns: list[list[str]] = [[] for _ in range(width)]

    def add(self, rows: Sequence[list[str]]) -> None:
        """Add a few rows that were just read: later they are out of the processor's cache."""
        self.extend(rows)
        # One list of all cells, cut for each column: twice as fast as to take one cell of each row.
        cells = list(chain.from_iterable(rows))
        for index, column in enumerate(self.columns):
            column.extend(cells[index :: len(self.columns)])

    def at(self, places: Sequence[int]) -> Cells:
        """Return the cells of some of the rows."""
        some = Cells(0)
        some.extend(self[place] for place in places)
        some.columns = [[column[place] for place in places] for column in self.columns]
        return some


def cells_at(cells: Sequence[Sequence[str]], places: Sequence[int]) -> Sequence[Sequence[str]]:
    """Return the cells of some of the rows."""
    if len(places) == len(cells):
        return cells
    return cells.at(places) if isinstance(cells, Cells) else [cells[place] for place in places]


def column_of(cells: Sequence[Sequence[str]], index: int) -> Sequence[str]:
    """Return one cell of each row."""
    return cells.columns[index] if isinstance(cells, Cells) else list(map(itemgetter(index), cells))


def has_entry(cell: str) -> bool:
    """Tell whether somebody wrote something into a phone cell that is meant for a number: `N/A` and `-` are not."""
    # Nearly every cell ends in a digit that is not 0.
    if cell[-1:] in _DIGITS:
        return True
    text = cell.strip(INVISIBLE)
    return bool(text.strip(_STROKES)) and text.casefold() not in _NO_NUMBER


def phone_place(cells: Sequence[str]) -> int:
    """Return which of a row's phone cells counts, from 0: the first that holds an entry.

    Where none does it is the first that shows anything, so that a message can name it.
    """
    entered = (at for at, cell in enumerate(cells) if has_entry(cell))
    shown = (at for at, cell in enumerate(cells) if cell.strip(INVISIBLE))
    return next(entered, next(shown, 0))


def phone_cell(cells: Sequence[str]) -> str:
    """Return the one of a row's phone cells that counts; empty if there are none."""
    return cells[phone_place(cells)] if cells else ""
