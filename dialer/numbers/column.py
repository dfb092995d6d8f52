"""A whole column of phone cells, judged at once: clean numbers that begin alike are one question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np

from dialer.models import Problem
from dialer.numbers.number import SPECIAL, judge
from dialer.numbers.plans import LONGEST, foresee, foresee_national

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_ROUNDS: Final = (5, 7)
"""First digits by which numbers are taken together: few settle most, more settle what is left."""

_LESS: Final = 2
"""Digits of most country codes."""

_REGIONS: Final = 260
"""More than there are."""

_REMEMBERED: Final = 200_000
"""Groups that are remembered before it starts anew, 5 MB."""

_END, _PLUS, _ZERO, _NINE = b"\n+09"


@dataclass(frozen=True, slots=True)
class Column:
    """The phone cells of many rows, parsed.

    Attributes:
        numbers: E.164 digits without the plus; 0 if the row has no number.
        problems: by row from 0, why it has none.
        repaired: by row from 0, what was repaired, in words.
        newer: rows from 0 whose number is not in any numbering plan known here.
    """

    numbers: NDArray[np.int64]
    problems: dict[int, Problem]
    repaired: dict[int, str]
    newer: set[int]


def judge_column(
    texts: Sequence[str], *, region: str | None = None, plus_lost: bool = False, allow: frozenset[str] = frozenset()
) -> Column:
    """Judge many cells, each exactly as `judge` does.

    Args:
        texts: the raw cells.
        region: as in `judge`.
        plus_lost: as in `judge`.
        allow: as in `judge`.
    """
    cells = _Cells.of(texts)
    column = Column(np.zeros(len(texts), dtype=np.int64), {}, {}, set())
    home = None if region is None or plus_lost else region.upper()
    left = np.flatnonzero(cells.lengths)
    for digits in _ROUNDS:
        found = _foreseen(cells.some(left), home, digits, allow)
        column.numbers[left] = found
        left = left[found == 0]
    for at in np.flatnonzero(column.numbers == 0).tolist():
        verdict = judge(texts[at], region=region, plus_lost=plus_lost, allow=allow)
        if isinstance(verdict, Problem):
            column.problems[at] = verdict
            continue
        column.numbers[at] = verdict.digits
        if verdict.repaired:
            column.repaired[at] = verdict.repaired
        if verdict.is_newer:
            column.newer.add(at)
    return column


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells that are digits, or a plus and digits.

    Attributes:
        numbers: the digits.
        lengths: how many digits; 0 for any other cell.
        marked: whether there is a plus.
    """

    numbers: NDArray[np.int64]
    lengths: NDArray[np.int64]
    marked: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Cells:
        """Read cells as they stand."""
        # One text of all of them, a line each, is looked at byte by byte at once.
        lines = "\n".join([*texts, ""])
        if lines.count("\n") != len(texts):
            lines = "\n".join([*("" if "\n" in text else text for text in texts), ""])
        chars = np.frombuffer(lines.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        ends = np.flatnonzero(chars == _END)
        starts = np.append(0, ends + 1)[: len(texts)]
        marked = chars[starts] == _PLUS
        # Below 0 becomes a large number.
        strange = (chars - _ZERO > _NINE - _ZERO).astype(np.int64)
        strange = np.add.reduceat(strange, starts) if len(texts) else strange
        lengths = ends - starts - marked
        clean = (strange == 1 + marked) & (lengths > 0) & (lengths <= LONGEST)
        numbers = np.zeros(len(texts), dtype=np.int64)
        numbers[clean] = np.fromiter(map(int, compress(texts, clean.tolist())), dtype=np.int64)
        return cls(numbers, np.where(clean, lengths, 0), marked)

    def some(self, places: NDArray[np.intp]) -> _Cells:
        """Return some of them."""
        return _Cells(self.numbers[places], self.lengths[places], self.marked[places])


def _foreseen(cells: _Cells, home: str | None, digits: int, allow: frozenset[str]) -> NDArray[np.int64]:
    """Return the numbers that are settled by their first digits, and let through; 0 for the others.

    Args:
        cells: all with digits.
        home: ISO code of the country whose numbers come without a plus.
        digits: so many first digits are looked at; of a number without a plus fewer, for it has no country code.
        allow: as in `judge`.
    """
    looked = np.where(cells.marked, digits, digits - _LESS)
    firsts = cells.numbers // 10 ** np.maximum(cells.lengths - looked, 0)
    codes, kept = _groups(digits, home, allow).find((firsts * (LONGEST + 1) + cells.lengths) * 2 + cells.marked)
    return np.where(kept, cells.numbers % 10**kept + codes * 10**kept, 0)


@lru_cache(maxsize=2 * _REGIONS)
def _groups(digits: int, home: str | None, allow: frozenset[str]) -> _Groups:
    return _Groups(digits, home, allow)


class _Groups:
    """What is known of cells that begin alike and are equally long; what is not is asked once for all of them.

    Args:
        digits: as of `_foreseen`.
        home: as of `_foreseen`.
        allow: as of `judge`.
    """

    def __init__(self, digits: int, home: str | None, allow: frozenset[str]) -> None:
        self._digits = digits
        self._home = home
        self._allow = allow
        # No cell is of group 0.
        self._groups = np.zeros(1, dtype=np.int64)
        self._codes = self._kept = self._groups

    def find(self, groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what stands before the digits that are kept of each, and how many those are.

        No digits are kept where `judge` has to be asked about each cell.
        """
        new = np.unique(groups[self._groups[self._places(groups)] != groups])
        if len(self._groups) + len(new) > _REMEMBERED:
            self._groups, self._codes, self._kept = self._groups[:1], self._codes[:1], self._kept[:1]
            new = np.unique(groups)
        if len(new):
            self._learn(new)
        places = self._places(groups)
        return self._codes[places], self._kept[places]

    def _learn(self, new: NDArray[np.int64]) -> None:
        codes, kept = zip(*map(self._judge, new.tolist()), strict=True)
        at = np.searchsorted(self._groups, new)
        self._groups = np.insert(self._groups, at, new)
        self._codes = np.insert(self._codes, at, codes)
        self._kept = np.insert(self._kept, at, kept)

    def _places(self, groups: NDArray[np.int64]) -> NDArray[np.intp]:
        return np.minimum(np.searchsorted(self._groups, groups), len(self._groups) - 1)

    def _judge(self, group: int) -> tuple[int, int]:
        rest, marked = divmod(group, 2)
        number, length = divmod(rest, LONGEST + 1)
        first = str(number).zfill(min(length, self._digits if marked else self._digits - _LESS))
        if marked:
            judged, code, kept = foresee(first, length), 0, length
        elif self._home is not None:
            judged, code, kept = foresee_national(first, length, self._home)
        else:
            return 0, 0
        if judged is None or judged.kind is None or (judged.kind in SPECIAL and judged.kind not in self._allow):
            return 0, 0
        return code, kept
