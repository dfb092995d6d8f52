"""What time it is now where the recipients are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.messages import local_times as say
from dialer.moments import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dialer.config.campaign import Campaign

AT_ONCE: Final = 100
"""So many numbers from each part of a list tell where its people are."""
PARTS: Final = 10
"""Parts of a list of which some numbers are looked at."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What the clocks of a country's recipients show.

    Attributes:
        country: in English.
        share: of all recipients, from 0 to 1.
        earliest: by the clock furthest behind of those zones in which they may be.
        latest: by the clock furthest ahead.
    """

    country: str
    share: float
    earliest: datetime
    latest: datetime


def local_times(recipients: Iterable[int], *, now: datetime) -> tuple[LocalTime, ...]:
    """Return what time it is where recipients are, the most frequent country first.

    Args:
        recipients: numbers, E.164 digits; those of no country are left out.
        now: the moment (aware).
    """
    counts: Counter[str] = Counter()
    zones: dict[str, set[str]] = {}
    for number in recipients:
        found, country = numbers.zones(number), numbers.country(number)
        if found and country:
            place = numbers.country_name(country)
            counts[place] += 1
            zones.setdefault(place, set()).update(found)
    times = {place: [shown(now, zone) for zone in sorted(zones[place])] for place in counts}
    return tuple(
        LocalTime(
            place,
            count / counts.total(),
            min(times[place], key=_wall_clock),
            max(times[place], key=_wall_clock),
        )
        for place, count in counts.most_common()
    )


def _wall_clock(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def no_hours(campaign: Campaign, recipients: Sequence[int]) -> tuple[str, ...]:
    """Return a note on what time it is for people whom a campaign without hours calls; none where it has hours.

    Args:
        campaign: the campaign.
        recipients: some of the numbers that are to be called, from all over the list.
    """
    if campaign.window is not None or campaign.sandbox or not recipients:
        return ()
    places = local_times(recipients, now=datetime.now(UTC))
    return (say.no_hours([(one.country, one.earliest, one.latest) for one in places]),) if places else ()
