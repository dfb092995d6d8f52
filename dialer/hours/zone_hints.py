"""Which time zones a text may mean that is not the name of one: a hint for a person, never taken for granted."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_LONGEST = 100
"""No name has more characters, and what is sought in a long text takes long."""
_COUNTRIES = re.compile(r"\((utc|gmt)[^)]*\)|\(us[^)]*\)")
_WORDS = re.compile(r"\b(time|standard|daylight|summer|zone)\b")
_PLACE = re.compile(r"[a-z]+(/[a-z_-]+)+")
_OFFSET = re.compile(r"\(?(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d\d))?\)?")


def meant(text: str, known: dict[str, str]) -> tuple[str, ...]:
    """Return the zones that a text may mean, the likeliest first; nothing where that is not known.

    Args:
        text: as it was written, such as "Pacific Standard Time", "IST" or "UTC+5:30".
        known: the names of zones there are, by the same in small letters.
    """
    if len(text) > _LONGEST:
        return ()
    folded = " ".join(text.casefold().split())
    for spelling in (folded, folded.replace(" ", "_")):
        place = _PLACE.search(spelling)
        if place is not None and place[0] in known and not place[0].startswith("etc/"):
            # As in "(GMT-05:00) Eastern Standard Time (America/New_York)".
            return (known[place[0]],)
    offset = _OFFSET.fullmatch(folded)
    if offset is not None:
        return _at_offset(offset)
    bare = " ".join(_WORDS.sub(" ", _COUNTRIES.sub(" ", folded)).split())
    return _table().get(bare) or _city(bare, known)


def _city(name: str, known: dict[str, str]) -> tuple[str, ...]:
    ending = "/" + name.replace(" ", "_")
    return tuple(known[zone] for zone in known if name and zone.endswith(ending) and not zone.startswith("etc/"))


def _at_offset(offset: re.Match[str]) -> tuple[str, ...]:
    """Return zones of the table whose clocks are as far from UTC as that in winter, or in summer."""
    size = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    wanted = -size if offset[1] == "-" else size
    days = [datetime(datetime.now(UTC).year, month, 1, tzinfo=UTC) for month in (1, 7)]
    zones = dict.fromkeys(zone for meaning in _table().values() for zone in meaning)
    fitting = (zone for zone in zones if wanted in {day.astimezone(ZoneInfo(zone)).utcoffset() for day in days})
    return tuple(fitting)


@cache
def _table() -> dict[str, tuple[str, ...]]:
    text = (files("dialer.hours") / "zone_names.toml").read_text(encoding="utf-8")
    return {
        name: tuple(zones)
        for part in tomllib.loads(text).values()
        for names, zones in part.items()
        for name in names.split("; ")
    }
