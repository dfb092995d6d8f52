"""When those who are to be called can be: groups of the same calling hours, and when a run sends."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from dialer import provider
from dialer.engine.simulation import Group, When
from dialer.hours import Open
from dialer.numbers import line
from dialer.operations.eligibility import CLOSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dialer.config.campaign import Campaign
    from dialer.hours import CallingWindow
    from dialer.models import Whereabouts
    from dialer.operations.list_order import ListOrder
    from dialer.store import Store
    from dialer.store.shared import LineSharers, OtherBatches

_AHEAD = timedelta(days=14)
"""So far ahead openings are foreseen."""
_MOST = 200
"""Most times that are kept separate; if there are more, times within a minute or longer are merged."""

_LAST = 1000
"""So many attempts of earlier runs are looked at whose calls may be live."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where so many of those who are to be called may be.

    Attributes:
        where: in which time zones.
        count: how many.
        scheduled_at: when the provider is to dial, ISO 8601 with an offset; None: at once.
        again_at: time until which a call of another batch counts (Unix seconds); None if there is none.
        stretch: the part of the list that they are in: see `ListOrder`.
    """

    where: Whereabouts
    count: int
    scheduled_at: str | None = None
    again_at: float | None = None
    stretch: int = 0


def places_of(order: ListOrder) -> tuple[Place, ...]:
    """Return the places of the people to be called, in the order of their list."""
    return tuple(
        Place(kind.where, count, kind.scheduled_at, kind.again_at, stretch)
        for stretch, counts in enumerate(order.stretches())
        for kind, count in counts.items()
    )


def groups_of(campaign: Campaign, places: Sequence[Place], *, now: datetime) -> list[Group]:
    """Return who can be called at the same times.

    Args:
        campaign: the campaign.
        places: the places of the people to be called.
        now: the moment (aware).
    """
    counts: Counter[Group] = Counter()
    rings_at = _in_seconds((place.scheduled_at for place in places), lambda text: _seconds(text, now), math.floor)
    free_at = _in_seconds((place.again_at for place in places), lambda at: max(0.0, at - now.timestamp()), math.ceil)
    spans = {where: tuple(_spans(campaign.window, where, now)) for where in {place.where for place in places}}
    for place in places:
        free = 0.0 if place.again_at is None else free_at[place.again_at]
        open_at, rings = spans[place.where], None
        if place.scheduled_at is not None:
            # Judged by the moment at which it rings, when the list is read; it may leave until shortly before.
            rings = rings_at[place.scheduled_at]
            open_at = ((0.0, rings - provider.VENDOR.limits.soonest.total_seconds()),)
        counts[Group(0, open_at, rings, free, place.stretch)] += place.count
    return [replace(group, count=count) for group, count in counts.items()]


def _in_seconds(
    moments: Iterable[T | None], seconds: Callable[[T], float], to_whole: Callable[[float], int]
) -> dict[T, float]:
    """Return moments in seconds from now; where they are many, those of a few minutes are one."""
    found = {moment: seconds(moment) for moment in moments if moment is not None}
    if len(set(found.values())) <= _MOST:
        return found
    step = max(60, 60 * math.ceil((max(found.values()) - min(found.values())) / _MOST / 60))
    return {moment: float(to_whole(at / step) * step) for moment, at in found.items()}


def _seconds(text: str, now: datetime) -> float:
    return (datetime.fromisoformat(text) - now).total_seconds()


def placed_last(ledger: Store) -> list[float]:
    """Return when the last calls of a batch were placed that may be live (Unix seconds)."""
    return [call.until for call in ledger.open_calls(after=ledger.last_attempt() - _LAST) if call.state.is_live]


def placed_elsewhere(sharers: LineSharers | None) -> list[float]:
    """Return when other batches that share the lines placed the calls that may be live (Unix seconds).

    Raises:
        LedgerError: another ledger cannot be read.
    """
    found = [] if sharers is None else sharers.live()
    return [call.until for one in found for call in one.calls] + [
        time.time() for one in found for _ in range(one.doubts)
    ]


def again_at(campaign: Campaign, others: OtherBatches) -> dict[int, float]:
    """Return the lines (`numbers.line`) that other batches called lately, and when they may be called again.

    Raises:
        LedgerError: another ledger cannot be read.
    """
    found: dict[int, float] = {}
    for number, at in chain.from_iterable(others.recent(now=time.time())):
        found[line(number)] = max(found.get(line(number), 0.0), at)
    return {one: at + campaign.screening.called_elsewhere_within for one, at in found.items()}


def when_of(campaign: Campaign, *, now: datetime, limit: int | None) -> When:
    """Return from when and until when a run of a campaign sends that starts now."""
    schedule = campaign.schedule
    return When(
        begins=0.0 if schedule.begins is None else max(0.0, (schedule.begins - now).total_seconds()),
        until=math.inf if schedule.ends is None else (schedule.ends - now).total_seconds(),
        waits=campaign.waits,
        limit=limit,
    )


def _spans(window: CallingWindow | None, where: Whereabouts, now: datetime) -> Iterator[tuple[float, float]]:
    """Yield when requests to a place may leave, in seconds from now."""
    if window is None:
        yield 0.0, math.inf
        return
    at = now
    while at < now + _AHEAD:
        verdict = window.verdict(zones=where.zones, country=where.country or None, at=at)
        edge = verdict.until if isinstance(verdict, Open) else verdict.opens_at
        if isinstance(verdict, Open):
            yield (at - now).total_seconds(), math.inf if edge is None else (edge - CLOSING - now).total_seconds()
        if edge is None:
            return
        at = edge
