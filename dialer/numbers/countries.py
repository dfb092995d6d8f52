"""Countries by their names, as people write them into tables."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from dialer.numbers.names import names_of_all
from dialer.numbers.plans import known_region

_SHORT: Final = {
    **dict.fromkeys(("usa", "united states of america", "america"), "US"),
    **dict.fromkeys(("uk", "great britain", "england", "scotland", "wales", "northern ireland"), "GB"),
    **dict.fromkeys(("uae", "emirates"), "AE"),
    **dict.fromkeys(("ksa", "saudi"), "SA"),
    "czech republic": "CZ",
    "holland": "NL",
    "korea": "KR",
    "turkey": "TR",
    "viet nam": "VN",
}
"""Names in common use that the table of names lacks, and abbreviations that are no ISO code."""


@lru_cache(maxsize=10_000)
def region_named(name: str) -> str | None:
    """Return the ISO code of a country; None where it is not known, or may be several.

    Args:
        name: its ISO code, or its name in English or another language.
    """
    if known_region(name):
        return name.upper()
    folded = _folded(name)
    return _SHORT.get(folded) or _names().get(folded)


@cache
def _names() -> dict[str, str]:
    regions_of: dict[str, set[str]] = {}
    for region, names in names_of_all().items():
        # "*en" points to the name in English.
        for name in (name for name in names.values() if not name.startswith("*") and known_region(region)):
            regions_of.setdefault(_folded(name), set()).add(region)
    return {name: min(regions) for name, regions in regions_of.items() if len(regions) == 1}


def _folded(name: str) -> str:
    return " ".join(name.replace(".", "").casefold().split()).removeprefix("the ")
