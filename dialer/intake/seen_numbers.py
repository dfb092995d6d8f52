"""Which numbers came before, in 16 bytes each: sorted runs that are merged while they are short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNSEEN: Final = -1
"""The position of the first row of a number that none has."""

_LONGEST: Final = 1 << 17
"""Numbers of a run: while two are merged they are there twice, so that with one run a long list would take double."""

_T = TypeVar("_T", np.int64, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Numbers in ascending order, each with the row of its first and a digest of that row."""

    numbers: NDArray[np.int64]
    positions: NDArray[np.int32]
    digests: NDArray[np.int32]


class Seen:
    """The first row of every number."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def firsts(
        self, numbers: NDArray[np.int64], positions: NDArray[np.int32], digests: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Find the first row of each number, these rows included, and remember the new ones.

        Args:
            numbers: E.164 digits in the order of their rows.
            positions: of the rows, ascending.
            digests: of the rows, to compare rows by.

        Returns:
            Position and digest of the first row of each number.
        """
        unique, first, back = np.unique(numbers, return_index=True, return_inverse=True)
        known, known_marks = self.find(unique)
        new = known == UNSEEN
        first_rows = np.where(new, positions[first], known)
        marks = np.where(new, digests[first], known_marks)
        if new.any():
            self._add(_Run(unique[new], first_rows[new], marks[new]))
        return first_rows[back], marks[back]

    def find(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return position and digest of the first row of each number, `UNSEEN` where there was none."""
        positions = np.full(len(numbers), UNSEEN, dtype=np.int32)
        digests = np.zeros(len(numbers), dtype=np.int32)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run.numbers, numbers), len(run.numbers) - 1)
            known = run.numbers[at] == numbers
            positions = np.where(known, run.positions[at], positions)
            digests = np.where(known, run.digests[at], digests)
        return positions, digests

    def _add(self, run: _Run) -> None:
        # As in a log-structured merge tree: each number is moved log2 times, and there are few runs to look through.
        while self._runs and len(self._runs[-1].numbers) <= min(2 * len(run.numbers), _LONGEST - len(run.numbers)):
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)


def _merged(one: _Run, other: _Run) -> _Run:
    """Weave two runs into one: both are in order, so nothing is sorted, which would take more memory than they do."""
    places = np.searchsorted(one.numbers, other.numbers) + np.arange(len(other.numbers))
    kept = np.ones(len(one.numbers) + len(other.numbers), dtype=np.bool_)
    kept[places] = False
    return _Run(
        _woven(one.numbers, other.numbers, kept),
        _woven(one.positions, other.positions, kept),
        _woven(one.digests, other.digests, kept),
    )


def _woven(one: NDArray[_T], other: NDArray[_T], kept: NDArray[np.bool_]) -> NDArray[_T]:
    """Put the values of one where `kept` says so and those of the other into the gaps."""
    woven = np.empty(len(kept), dtype=one.dtype)
    woven[kept], woven[~kept] = one, other
    return woven
