"""Rows of the recipients' list, judged: many of them in columns, or one by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from dialer.models import NOTHING_OWN, NOWHERE, Own, Problem, Status, Whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class InputRow:
    """One data row of the recipients CSV, judged.

    Attributes:
        position: data row of the input, from 1 (the header does not count).
        line: physical line of the file on which the row begins, from 1.
        cells: the raw cells in header order, exactly as they stand.
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


def column_of(cells: Sequence[Sequence[str]], index: int) -> list[str]:
    """Return one cell of each row."""
    return list(map(itemgetter(index), cells))
