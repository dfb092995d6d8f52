"""Numbers that lost their plus on the way through a spreadsheet: no row can tell by itself, a whole file can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer import phone
from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.phone.column import Column

SHARE: Final = 0.9
ROWS: Final = 3
SAMPLE: Final = 100
"""When so many of the numbers without a plus (and at least so many) would be valid with one, the plus was lost.

A tenth of good national numbers are valid with a plus in front by chance. It is judged by so many rows or a few more,
spread over each chunk.
"""

_LOST = Problem(
    "number_plus_lost",
    "it is a number of the region, but nearly all numbers without a + in this file are international ones that lost "
    "it; write the +, or set plus_lost = true in [csv]",
)


def refuse_lost(texts: Sequence[str], column: Column) -> None:
    """Refuse numbers of the region where the file shows that they are international ones without their plus.

    Args:
        texts: the cells as they stand.
        column: what they were judged to be with a region; rows are taken out of it.
    """
    unmarked = [at for at, text in enumerate(texts) if text and not phone.marked(text)]
    if not _is_lost(texts, column, unmarked[:: max(1, len(unmarked) // SAMPLE)]):
        return
    for at in unmarked:
        reading = phone.with_plus(texts[at])
        if reading is not None and column.numbers[at] not in (0, reading):
            column.numbers[at] = 0
            column.problems[at] = _LOST
            column.repaired.pop(at, None)


def _is_lost(texts: Sequence[str], column: Column, sample: Sequence[int]) -> bool:
    readings = [phone.with_plus(texts[at]) for at in sample]
    lost = sum(reading is not None for reading in readings)
    valid = sum(reading is not None or bool(column.numbers[at]) for at, reading in zip(sample, readings, strict=True))
    return bool(lost >= max(ROWS, SHARE * valid))
