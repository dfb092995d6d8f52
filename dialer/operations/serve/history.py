"""What people would rather look at than read: when the last calls were placed, and why calls were refused."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from dialer.store.engines import read_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.store.engines import InDatabase

_CALLS = 10_000
"""So many of the last calls are counted, so that a look costs the same whatever there was before."""
_COLUMNS = 60
_STEPS = (60, 5 * 60, 15 * 60, 3600, 4 * 3600, 86_400)
_REASONS = 10


@dataclass(frozen=True, slots=True)
class History:
    """What became of a batch's last calls.

    Attributes:
        step: seconds that a column stands for.
        columns: when each begins (Unix seconds) and how many calls were placed in it, none left out in between.
        refusals: why rows were refused, and how many: the most frequent reasons.
    """

    step: int
    columns: tuple[tuple[int, int], ...]
    refusals: tuple[tuple[str, int], ...]


def history(place: Path | InDatabase) -> History:
    """Return what became of a batch's last calls.

    Raises:
        DialerError: its ledger cannot be read.
    """
    with contextlib.closing(read_ledger(place)) as store:
        moments, refusals = store.recent_requests(most=_CALLS), tuple(islice(store.refusals(), _REASONS))
    step = next((one for one in _STEPS if _columns(moments, one) <= _COLUMNS), _STEPS[-1])
    return History(step, tuple(_counted(moments, step)), refusals)


def _columns(moments: Sequence[float], step: int) -> int:
    return int(max(moments) // step - min(moments) // step) + 1 if moments else 0


def _counted(moments: Sequence[float], step: int) -> list[tuple[int, int]]:
    counts = Counter(int(at // step) for at in moments)
    last = max(counts, default=0)
    first = max(min(counts, default=1), last - _COLUMNS + 1)
    return [(at * step, counts[at]) for at in range(first, last + 1)]
