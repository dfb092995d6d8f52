"""A number is found again however many came in between, in as much memory as it takes itself."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np

from dialer.intake.seen_numbers import Seen

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS, AT_ONCE = 600_000, 20_000


def _found(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Return the first row of each number, and the most bytes that were taken meanwhile."""
    seen, firsts = Seen(), np.empty(len(numbers), dtype=np.int32)
    positions = np.arange(len(numbers), dtype=np.int32)
    tracemalloc.start()
    try:
        for start in range(0, len(numbers), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            firsts[some], _ = seen.firsts(numbers[some], positions[some], positions[some])
        return firsts, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_each_number_is_found_at_its_first_row_in_a_long_list() -> None:
    numbers = np.random.default_rng(1).integers(0, ROWS, ROWS)
    _, first, back = np.unique(numbers, return_index=True, return_inverse=True)
    assert np.array_equal(_found(numbers)[0], first[back])


def test_a_long_list_is_remembered_in_little_more_than_16_bytes_a_number() -> None:
    numbers = np.random.default_rng(1).permutation(np.arange(ROWS, dtype=np.int64))
    assert _found(numbers)[1] < 16 * ROWS + 4_000_000
