"""Weekly hours laid onto Unix time, zone by zone, and what several of them have in common."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from dialer.clocks import change, offset
from dialer.hours.hours import DAY, HOUR, Span, WeeklyHours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BLOCK = 7 * DAY
"""One computation serves every moment of a week of Unix time ..."""
SPAN = BLOCK + 15 * DAY
"""... and looks at least 15 days ahead from each."""
_STEP = DAY
"""Two changes of a zone's offset have never been less than three days apart (Freetown, 1939)."""
_MOST_KEPT = 4096
"""Stretches kept; a campaign over the whole world needs some hundreds."""


@lru_cache(maxsize=_MOST_KEPT)
def _stretches(zone: str, block: int) -> tuple[tuple[int, int, int], ...]:
    """Cut a block into (start, end, offset) of constant offset to UTC."""
    start, end = block * BLOCK, block * BLOCK + SPAN
    marks = [(mark, offset(zone, mark)) for mark in range(start, end + 1, _STEP)]
    changes = [change(zone, a, b) for (a, old), (b, new) in pairwise(marks) if old != new]
    return tuple((a, b, offset(zone, a)) for a, b in pairwise([start, *changes, end]) if a < b)


def _spans(zone: str, hours: WeeklyHours, block: int) -> list[Span]:
    """Lay weekly hours onto a block: sorted, apart from one another."""
    spans = [
        (max(start, opens - offset), min(end, closes - offset))
        for start, end, offset in _stretches(zone, block)
        for day in range((start + offset) // DAY - 1, (end + offset) // DAY + 1)
        for opens, closes in hours.spans(day)
    ]
    return _merged(span for span in spans if span[0] < span[1])


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def agreed(zones: Iterable[str], rules: Sequence[WeeklyHours], block: int) -> list[Span]:
    """Intersect the openings of all zones and rules over a block."""
    agreed = [(block * BLOCK, block * BLOCK + SPAN)]
    for zone in zones:
        for hours in rules:
            agreed = _common(agreed, _spans(zone, hours, block))
        if not agreed:
            break
    return agreed


def daily(rules: Sequence[WeeklyHours]) -> str:
    """Return what several rules leave of each day, such as 09:00-19:00; empty where the days differ."""
    spans = agreed(("UTC",), rules, 0)
    # A day at either end of the block may be cut off.
    each = {(opens % DAY, closes - opens) for opens, closes in spans[1:-1]}
    if len(each) != 1 or len(spans) < SPAN // DAY:
        return ""
    ((opens, length),) = each
    closes = opens + length
    return f"{_clock(opens)}-{_clock(closes if closes == DAY else closes % DAY)}"


def _clock(seconds: int) -> str:
    return f"{seconds // HOUR:02}:{seconds % HOUR // 60:02}"


def _common(left: list[Span], right: list[Span]) -> list[Span]:
    both = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return [(start, end) for start, end in both if start < end]
