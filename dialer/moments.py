"""Dates and times as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from dialer.clocks import clock

_TIME = re.compile(r"2\d{3}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE)


def moment_in(text: str) -> datetime | None:
    """Return the date and time that a text says (ISO 8601, `Z` is understood), or None; aware where it has an offset.

    A date alone is none: it would be midnight.
    """
    try:
        return datetime.fromisoformat(text.upper()) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def in_zone(moment: datetime, zone: str) -> datetime | None:
    """Return a wall-clock time of a zone as a moment; None where daylight saving time skips it.

    A time that comes twice when the clocks go back is the first of the two.

    Args:
        moment: without an offset.
        zone: a name of the time zone database.
    """
    local = moment.replace(tzinfo=clock(zone))
    # A wall-clock time that daylight saving skips comes back changed from UTC.
    skipped = local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != moment
    return None if skipped else local


def to_the_minute(moment: datetime) -> str:
    """Return a moment as messages write it, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def to_the_second(moment: datetime) -> str:
    """Return a moment as what happened is listed, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
