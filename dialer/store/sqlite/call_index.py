"""The numbers that a ledger has called, kept in memory while no process writes to the ledger."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, init=False)
class CallIndex:
    """The calls that count of a ledger without a writer: 16 bytes per number, sorted."""

    numbers: array[int]
    moments: array[float]
    open: frozenset[int]

    def __init__(self, rows: Sequence[tuple[int, float, int]]) -> None:
        object.__setattr__(self, "numbers", array("q", (number for number, _, _ in rows)))
        object.__setattr__(self, "moments", array("d", (at for _, at, _ in rows)))
        object.__setattr__(self, "open", frozenset(index for index, row in enumerate(rows) if row[2]))

    def of(self, numbers: Sequence[int], *, since: float) -> list[tuple[int, float, int]]:
        """Return the calls to some numbers: number, time, and whether the call is about to be placed."""
        found: list[tuple[int, float, int]] = []
        for number in numbers:
            at = bisect_left(self.numbers, number)
            while at < len(self.numbers) and self.numbers[at] == number:
                row = (number, self.moments[at], at in self.open)
                found += [row] if row[1] >= since or row[2] else []
                at += 1
        return found

    def rows(self) -> Iterator[tuple[int, float, int]]:
        """Yield the same of all calls."""
        for index, (number, at) in enumerate(zip(self.numbers, self.moments, strict=True)):
            yield number, at, index in self.open
