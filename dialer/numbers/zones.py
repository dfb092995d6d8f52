"""The time zones in which a number may be: those of the place where it was assigned. It fails closed.

A number has every zone that the tz database gives its regions, unless its first digits surely name fewer: zones.toml.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from dialer import clocks
from dialer.numbers.patterns import REMEMBERED
from dialer.numbers.plans import Origin, origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLACED: Final = frozenset({"fixed_line", "fixed_line_or_mobile", "mobile"})
"""Types whose first digits can name a place; toll-free and internet numbers have none."""
_KNOWN: Final[dict[tuple[Origin, str], tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True)
class _Atlas:
    """What is known of places.

    Attributes:
        regions: all zones of a region, by its ISO code.
        places: the zones of the region's numbers that begin like this, by region and first digits.
        longest: the most first digits that name a place, by calling code's first digit.
    """

    regions: Mapping[str, tuple[str, ...]]
    places: Mapping[str, Mapping[str, tuple[str, ...]]]
    longest: Mapping[str, int]

    def zones(self, region: str, first: str) -> tuple[str, ...]:
        """Return the zones of a region's numbers that begin like this."""
        places = self.places.get(region, {})
        named = (places.get(first[:length]) for length in range(len(first), 0, -1))
        return next(filter(None, named), self.regions.get(region, ()))


def zones(number: int) -> tuple[str, ...]:
    """Name the time zones in which a number may be, each clock once.

    Args:
        number: E.164 digits.

    Returns:
        IANA names; none when the number belongs to no country.
    """
    assigned, digits = origin(number), str(number)
    if assigned is None:
        return ()
    first = digits[: _atlas().longest.get(digits[0], 0)] if assigned.kind in _PLACED else ""
    known = _KNOWN.get((assigned, first))
    if known is None:
        if len(_KNOWN) >= REMEMBERED:
            _KNOWN.clear()
        every = (zone for region in assigned.regions for zone in _atlas().zones(region, first))
        known = _KNOWN[assigned, first] = clocks.distinct(every)
    return known


@cache
def edition() -> str:
    """Name the edition of all that zones depend on: the places, and the zone database."""
    return f"{blake2b(_places(), digest_size=8).hexdigest()} {clocks.RELEASE}"


def _places() -> bytes:
    return (files("dialer.numbers") / "zones.toml").read_bytes()


@cache
def _atlas() -> _Atlas:
    content = tomllib.loads(_places().decode())
    places = {
        region: {prefix: tuple(place["zones"]) for place in entry["places"] for prefix in place["prefixes"].split()}
        for region, entry in content["regions"].items()
    }
    longest: dict[str, int] = {}
    for prefix in (prefix for named in places.values() for prefix in named):
        longest[prefix[0]] = max(longest.get(prefix[0], 0), len(prefix))
    return _Atlas(_regions(content["left_out"]) | _tuples(content["added"]), places, longest)


def _regions(left_out: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Read the tz database's own table of zones by country."""
    zones_of: dict[str, list[str]] = {}
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            region, _, zone, *_ = line.split("\t")
            zones_of.setdefault(region, []).append(zone)
    return _tuples({region: [zone for zone in zones if zone not in left_out] for region, zones in zones_of.items()})


def _tuples(lists: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in lists.items()}
