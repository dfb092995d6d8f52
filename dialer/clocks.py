"""The clocks of the time zones: by the newest zone database there is, and which zones show the same time.

Countries change their clocks at short notice, and a machine's own zone database is often years old. Python takes the
machine's; importing this module makes it take the installed tzdata package's where that one is newer.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tzdata

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARK: Final = "# version "
"""How the machine's database begins, as the tz project ships it (`tzdata.zi`): `# version 2025b`."""
_PAST, _AHEAD = timedelta(days=400), timedelta(days=1100)
"""From a year ago (a ledger may be as old) to three years ahead, further than any call."""
_STEP: Final = 3 * 86_400
"""Two changes of a clock have never been less than three days apart (Freetown, 1939)."""


def _machine_release() -> str:
    """Return the release of the machine's database, like `2025b`; empty where it has none or does not say."""
    for folder in zoneinfo.TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="utf-8") as file:
                first = file.readline()
        except OSError:
            continue
        return first.removeprefix(_MARK).strip() if first.startswith(_MARK) else ""
    return ""


def _newest() -> str:
    """Have Python read the newer database, and return its release."""
    ours: str = tzdata.IANA_VERSION
    machine = _machine_release()
    if machine > ours:
        return machine
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    return ours


RELEASE: Final = _newest()
"""The release of the zone database in use."""


def distinct(zones: Iterable[str]) -> tuple[str, ...]:
    """Return the first of all zones that show the same time, in their order."""
    names = tuple(dict.fromkeys(zones))
    if len(names) == 1:
        return names
    first: dict[tuple[tuple[int, int], ...], str] = {}
    for name in names:
        first.setdefault(_changes(name), name)
    return tuple(first.values())


@cache
def _changes(zone: str) -> tuple[tuple[int, int], ...]:
    """Return what a zone's clock shows in the years that matter: from when on (Unix seconds), seconds east of UTC."""
    start, end = _years()
    marks = [(mark, offset(zone, mark)) for mark in range(start, end, _STEP)]
    changes = [(change(zone, a, b), new) for (a, old), (b, new) in pairwise(marks) if old != new]
    return ((start, marks[0][1]), *changes)


@cache
def _years() -> tuple[int, int]:
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((now - _PAST).timestamp()), round((now + _AHEAD).timestamp())


def change(zone: str, after: int, until: int) -> int:
    """Find the second in (after, until] at which a zone's clock changes (Unix seconds)."""
    old = offset(zone, after)
    seconds = range(after + 1, until + 1)
    return seconds[bisect_left(seconds, True, key=lambda at: offset(zone, at) != old)]


def offset(zone: str, at: int) -> int:
    """Return how many seconds a zone's clock is ahead of UTC at a moment (Unix seconds)."""
    ahead = datetime.fromtimestamp(at, clock(zone)).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds())


def clock(zone: str) -> zoneinfo.ZoneInfo:
    """Return the clock of a zone by its name."""
    return zoneinfo.ZoneInfo(zone)


def is_zone(name: str) -> bool:
    """Tell whether there is a zone of this name."""
    try:
        clock(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
