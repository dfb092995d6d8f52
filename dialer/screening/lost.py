"""Numbers that lost their plus on the way through a spreadsheet: no row can tell by itself, a whole file can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer import phone
from dialer.models import Problem
from dialer.phone.column import judge_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.phone.column import Column

SHARE: Final = 0.9
ROWS: Final = 3
"""When so many of the numbers without a plus (and at least so many) would be valid with one, the plus was lost.

A tenth of good national numbers are valid with a plus in front by chance.
"""
LONG: Final = 11
"""Digits of nearly every number with its country code: a shorter one that the region has is of the region."""

_LOST = Problem(
    "number_plus_lost",
    "it is a number of the region, but nearly all numbers without a + in this file are international ones that lost "
    "it; write the +, or set plus_lost = true in [csv]",
)


def is_lost(texts: Sequence[str], *, region: str, allow: frozenset[str]) -> bool:
    """Tell whether the numbers of a file are international ones without their plus.

    Args:
        texts: phone cells from all over the file.
        region: ISO code of the country whose numbers may come without a plus.
        allow: types of numbers that may be called.
    """
    unmarked = [text for text in texts if text and not phone.marked(text)]
    readings = [phone.with_plus(text) for text in unmarked]
    pairs = list(zip(readings, judge_column(unmarked, region=region, allow=allow).numbers.tolist(), strict=True))
    lost = sum(reading is not None and (not own or len(str(reading)) >= LONG) for reading, own in pairs)
    valid = sum(reading is not None or bool(own) for reading, own in pairs)
    return lost >= max(ROWS, SHARE * valid)


def refuse_lost(texts: Sequence[str], column: Column) -> None:
    """Refuse numbers of the region where the file shows that they are international ones without their plus.

    Args:
        texts: the cells as they stand.
        column: what they were judged to be with a region; rows are taken out of it.
    """
    for at, text in enumerate(texts):
        reading = phone.with_plus(text) if text and not phone.marked(text) else None
        if reading is not None and column.numbers[at] not in (0, reading):
            column.numbers[at] = 0
            column.problems[at] = _LOST
            column.repaired.pop(at, None)
