"""How many numbers belong to countries that none of the campaign's rules is for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dialer.config.campaign import Campaign
    from dialer.operations.timing import Place


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Numbers of countries that no rule is for, where the campaign has no hours of its own.

    Attributes:
        countries: how many by country, in English, most first.
        called: the campaign has them called, at any hour; otherwise they are invalid.
    """

    countries: Mapping[str, int]
    called: bool


def uncovered(campaign: Campaign, *, places: Iterable[Place], refused: Mapping[str | None, int]) -> Uncovered | None:
    """Return how many numbers no rule is for; None if there are none.

    Args:
        campaign: the campaign.
        places: the places of the people to be called.
        refused: how many rows are invalid for that reason, by ISO code; None for numbers of no single country.
    """
    window = campaign.window
    if window is None:
        return None
    counts: Counter[str | None] = Counter(refused)
    if window.calls_uncovered:
        for place in places:
            # A number of no single country falls under every pack.
            if place.where.country and not window.covers([place.where.country]):
                counts[place.where.country] += place.count
    named = {numbers.country_name(code) if code else "no single country": count for code, count in counts.most_common()}
    return Uncovered(named, window.calls_uncovered) if named else None
