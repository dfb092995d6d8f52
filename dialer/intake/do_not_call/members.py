"""The numbers of a list, 12 bytes each, and where each of them stands."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dialer import numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """The numbers of a list.

    Attributes:
        numbers: of each number the spelling by which lines are compared, ascending, each once.
        lines: the physical line of the file on which each stands.
    """

    numbers: NDArray[np.int64]
    lines: NDArray[np.int32]

    @classmethod
    def of(cls, digits: NDArray[np.int64], lines: NDArray[np.int32]) -> Members:
        """Return the members of a list whose numbers stand on these lines."""
        unique, first = np.unique(numbers.lines(digits), return_index=True)
        return cls(unique, lines[first])

    def line_of(self, number: int) -> int | None:
        """Return on which line a number stands, spelled as `numbers.line` does; None: on none."""
        at = bisect_left(self.numbers, number)
        return int(self.lines[at]) if at < len(self.numbers) and self.numbers[at] == number else None

    def hits(self, lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of many numbers are members."""
        if not len(self.numbers):
            return np.zeros(len(lines), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.numbers, lines), len(self.numbers) - 1)
        return np.asarray(self.numbers[at] == lines)

    def joined(self, before: Members) -> Members:
        """Return these, with those of before that are no longer among them."""
        gone = ~self.hits(before.numbers)
        if not gone.any():
            return self
        digits = np.concatenate((self.numbers, before.numbers[gone]))
        order = np.argsort(digits, kind="stable")
        return Members(digits[order], np.concatenate((self.lines, before.lines[gone]))[order])
