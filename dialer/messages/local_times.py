"""What time it is now where the recipients are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_SHOWN = 4
"""So many countries are named."""
_MORNING, _NIGHT = 8, 21
"""Hours outside which hardly anybody wants a call."""


def times(places: Sequence[tuple[str, datetime, datetime]]) -> str:
    """Say what the clocks of the recipients' countries show.

    Args:
        places: country, and the time by its clock furthest behind and furthest ahead.
    """
    shown = ", ".join(f"{_span(earliest, latest)} in {country}" for country, earliest, latest in places[:_SHOWN])
    return f"{shown}{', …' if len(places) > _SHOWN else ''}"


def no_hours(places: Sequence[tuple[str, datetime, datetime]]) -> str:
    """Say that people are called at any time of the day, and what time it is for them; arguments as of `times`."""
    odd = any(not _MORNING <= moment.hour < _NIGHT for _, *clocks in places for moment in clocks)
    outside = f", which is outside {_MORNING:02}:00 to {_NIGHT}:00 for some of them" if odd else ""
    return f"the campaign has no hours, so people are called at any time of the day. It is now {times(places)}{outside}"


def _span(earliest: datetime, latest: datetime) -> str:
    first, last = f"{earliest:%H:%M}", f"{latest:%H:%M}"
    return first if first == last else f"{first} to {last}"
