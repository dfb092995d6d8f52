"""Dates and times as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import overload
from zoneinfo import ZoneInfo

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


@overload
def shown(moment: datetime | float, zone: str | None) -> datetime: ...
@overload
def shown(moment: datetime | float | None, zone: str | None) -> datetime | None: ...
def shown(moment: datetime | float | None, zone: str | None) -> datetime | None:
    """Return a moment by the clock that a person reads it by: its zone goes with it to whatever writes it.

    Args:
        moment: aware, or Unix seconds; None: there is none.
        zone: a name of the time zone database, as it was written; None: the machine's.
    """
    if moment is None:
        return None
    aware = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return aware.astimezone(clock(zone) if zone else None)


def zone_name(moment: datetime) -> str:
    """Return the name of a moment's zone, or its offset where it has none: `Asia/Kolkata`, `UTC+05:30`."""
    if isinstance(moment.tzinfo, ZoneInfo):
        return moment.tzinfo.key
    # The machine's abbreviations mean several zones: IST is India's, Israel's and Ireland's.
    return str(timezone(moment.utcoffset() or timedelta()))


def to_the_minute(moment: datetime) -> str:
    """Return a moment as messages write it, by its own clock, with its zone."""
    return f"{moment:%Y-%m-%d %H:%M} {zone_name(moment)}"


def by_clock(text: str) -> str:
    """Return a written moment by this machine's clock, to the minute; a text that is none as it is."""
    moment = moment_in(text)
    return text if moment is None or moment.tzinfo is None else to_the_minute(shown(moment, None))


def to_the_second(moment: datetime) -> str:
    """Return a moment as what happened is listed, by its own clock, with its zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S} {zone_name(moment)}"


def iso(moment: datetime) -> str:
    """Return a moment for programs: ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
