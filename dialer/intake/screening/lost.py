"""Numbers that lost their plus on the way through a spreadsheet: no row can tell by itself, a whole file can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.messages.intake import screening as say
from dialer.models import Problem
from dialer.numbers.column import judge_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.numbers.column import Column

SHARE: Final = 0.9
"""When so many of the numbers without a plus would be valid with one, the plus was lost.

A tenth of good national numbers are valid with a plus in front by chance; of an area code whose digits are those of a
country all are (Brazil's 51 and Peru). So where as many are surely of the region, what the campaign file says stands.
"""
LONG: Final = 11
"""Digits of nearly every number with its country code: a shorter one that the region has is of the region."""
CHANCE: Final = 0.15
"""Where fewer digits than this share are numbers of the region, being one is not an accident.

Of the regions with numbers as long as `LONG` only the fixed lines of Germany, Luxembourg, Indonesia, Serbia and Austria
(0.24 to 0.8) are above it; the next ones are mobiles of Indonesia (0.1) and Brazil (0.08).
"""


def is_lost(texts: Sequence[str], *, region: str, allow: frozenset[str]) -> bool:
    """Tell whether the numbers of a file are international ones without their plus.

    Args:
        texts: phone cells from all over the file.
        region: ISO code of the country whose numbers may come without a plus.
        allow: types of numbers that may be called.
    """
    unmarked = [text for text in texts if text and not numbers.marked(text)]
    readings = [numbers.with_plus(text) for text in unmarked]
    pairs = list(zip(readings, judge_column(unmarked, region=region, allow=allow).numbers.tolist(), strict=True))
    lost = sum(reading is not None and (not own or len(str(reading)) >= LONG) for reading, own in pairs)
    sure = sum(bool(own) and numbers.chance(own, region) < CHANCE for _, own in pairs)
    valid = sum(reading is not None or bool(own) for reading, own in pairs)
    return valid > 0 and lost >= SHARE * valid > sure


def refuse_lost(texts: Sequence[str], column: Column, *, region: str) -> None:
    """Refuse numbers without a plus, of the region or not, where the file shows that they have lost it.

    Args:
        texts: the raw cells.
        column: what they were judged to be with a region; rows are taken out of it.
        region: its ISO code.
    """
    for at, text in enumerate(texts):
        reading = numbers.with_plus(text) if text and not numbers.marked(text) else None
        unread = at in column.problems and column.problems[at].code != "number_plus_lost"
        if reading is not None and column.numbers[at] != reading and not unread:
            column.problems[at] = _lost(reading, int(column.numbers[at]), region)
            column.numbers[at] = 0
            column.repaired.pop(at, None)
            column.newer.discard(at)


def _lost(reading: int, own: int, region: str) -> Problem:
    country = numbers.country_name(region) if own else ""
    return Problem(
        "number_plus_lost", say.all_lost_plus(reading, place=numbers.place(reading), own=own, country=country)
    )
