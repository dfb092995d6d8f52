"""A whole column of phone cells, judged at once: clean numbers that begin alike are one question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from dialer.models import Problem
from dialer.numbers.number import SPECIAL, judge
from dialer.numbers.plans import LONGEST, foresee

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_ROUNDS: Final = (5, 7)
"""First digits by which numbers are taken together: few settle most, more settle what is left."""

_WIDTH: Final = LONGEST + 3
_PLUS, _ZERO, _ONE, _NINE = (ord(char) for char in "+019")


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of many rows, judged.

    Attributes:
        numbers: E.164 digits without the plus; 0 where there is no number.
        problems: by row from 0, why there is none.
        repaired: by row from 0, what was repaired, in words.
        newer: rows from 0 whose number is in no numbering plan known here.
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
        texts: the cells as they stand.
        region: as in `judge`.
        plus_lost: as in `judge`.
        allow: as in `judge`.
    """
    clean, lengths = _clean(texts)
    column = Column(np.zeros(len(texts), dtype=np.int64), {}, {}, set())
    left = np.flatnonzero(clean)
    for digits in _ROUNDS:
        good = _foreseen(clean[left], lengths[left], digits, allow)
        column.numbers[left[good]] = clean[left[good]]
        left = left[~good]
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


def _clean(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read cells that are a plus and digits; the others are 0. Returns the numbers and how many digits they have."""
    # One column a character; a longer cell is cut and has no end within the width.
    chars = np.array(texts, dtype=f"U{_WIDTH}").view(np.uint32).reshape(len(texts), _WIDTH)
    lengths = (chars != 0).argmin(axis=1).astype(np.int64) - 1
    numbers = np.zeros(len(texts), dtype=np.int64)
    good = (chars[:, 0] == _PLUS) & (chars[:, 1] >= _ONE) & (lengths > 0)
    for at in range(1, _WIDTH - 1):
        inside = lengths >= at
        digit = chars[:, at].astype(np.int64) - _ZERO
        good &= ~inside | ((digit >= 0) & (digit <= _NINE - _ZERO))
        numbers = np.where(inside, numbers * 10 + digit, numbers)
    return np.where(good & (lengths <= LONGEST), numbers, 0), lengths


def _foreseen(
    numbers: NDArray[np.int64], lengths: NDArray[np.int64], digits: int, allow: frozenset[str]
) -> NDArray[np.bool_]:
    """Tell which numbers are settled by their first digits, and let through."""
    cut = np.maximum(lengths - digits, 0)
    firsts = numbers // 10**cut
    groups, back = np.unique(firsts * (LONGEST + 1) + lengths, return_inverse=True)
    known = [_through(group, allow) for group in groups.tolist()]
    return np.array(known, dtype=np.bool_)[back]


@lru_cache(maxsize=100_000)
def _through(group: int, allow: frozenset[str]) -> bool:
    """Tell whether every number of a group is one that `judge` lets through."""
    judged = foresee(str(group // (LONGEST + 1)), group % (LONGEST + 1))
    return judged is not None and judged.kind is not None and (judged.kind not in SPECIAL or judged.kind in allow)
