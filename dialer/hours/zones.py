"""Which names are time zones of a place, and where a recipient's come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import available_timezones

from dialer.hours.zone_hints import meant
from dialer.messages import hours as say
from dialer.models import Problem

_UTC = re.compile(r"(Etc/)?(UTC|UCT|GMT[+-]?0?|Greenwich|Universal|Zulu)")
"""What a program writes that knows of no place: a campaign may mean it, a row never does."""
_OFFSETS = re.compile(r"EST|MST|HST|Factory|localtime|Etc/(?!UTC$).*")
"""Names in the database that are not places: fixed offsets that look like zones with daylight saving time."""


class ZoneSource(StrEnum):
    """Where the time zones of a recipient come from."""

    COLUMN = "timezone column"
    DEFAULT = "campaign default"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """The zones in which a recipient may be, by name, and where they come from."""

    zones: tuple[str, ...]
    source: ZoneSource


def zone_problem(name: str) -> Problem | None:
    """Tell why a name is not the time zone of a place, with the nearest known one; None where it is one."""
    known = _zone_names()
    if name in known.values():
        return None
    return _no_place(name)


def row_zone_problem(name: str) -> Problem | None:
    """Tell why a cell does not say where a recipient is: like `zone_problem`, and UTC is not a place either."""
    return _no_place(name) if _UTC.fullmatch(name) else zone_problem(name)


@lru_cache(maxsize=1_000)
def _no_place(name: str) -> Problem:
    # Cached: a list may have "IST" in each of a million rows.
    known = _zone_names()
    if zones := meant(name, known):
        return Problem("zone_unknown", say.may_be_zones(name, zones))
    places = [key for key in known if "/" in key and not key.startswith("etc/")]
    near = get_close_matches(name.strip().casefold().replace(" ", "_"), places, n=1)
    example = known[near[0]] if near else "America/New_York"
    return Problem("zone_unknown", say.not_a_place(name, example=example))


@cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones()) if not _OFFSETS.fullmatch(name)}
