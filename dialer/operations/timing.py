"""When those who are to be called can be: groups of the same calling hours, and when a run sends."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from dialer import provider
from dialer.engine.forecast import Group, Later, Reason, When
from dialer.hours import Open
from dialer.numbers import line
from dialer.operations.eligibility import CLOSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.config.campaign import Campaign
    from dialer.hours import CallingWindow
    from dialer.models import Whereabouts
    from dialer.store.sqlite import Neighbours

_AHEAD = timedelta(days=14)
"""So far ahead openings are foreseen."""
_MOST = 200
"""Moments of `scheduled_at` that are told apart; where there are more, those of a minute count as one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where so many of those who are to be called may be.

    Attributes:
        where: in which time zones.
        count: how many.
        scheduled_at: when the provider is to dial, ISO 8601 with an offset; None: at once.
    """

    where: Whereabouts
    count: int
    scheduled_at: str | None = None


def groups_of(campaign: Campaign, places: Sequence[Place], *, now: datetime) -> list[Group]:
    """Return who can be called at the same times.

    Args:
        campaign: the campaign.
        places: where those may be who are to be called.
        now: the moment (aware).
    """
    counts: Counter[tuple[tuple[tuple[float, float], ...], float | None]] = Counter()
    moments = {place.scheduled_at for place in places} - {None}
    spans = {where: tuple(_spans(campaign.window, where, now)) for where in {place.where for place in places}}
    for place in places:
        if place.scheduled_at is None:
            counts[spans[place.where], None] += place.count
            continue
        # Judged by the moment at which it rings, when the list is read; it may leave until shortly before.
        rings = (datetime.fromisoformat(place.scheduled_at) - now).total_seconds()
        rings = rings if len(moments) <= _MOST else math.floor(rings / 60) * 60
        latest = rings - provider.VENDOR.limits.soonest.total_seconds()
        counts[((0.0, latest),), rings] += place.count
    return [Group(count, spans, rings) for (spans, rings), count in counts.items()]


def again_at(campaign: Campaign, others: Neighbours) -> dict[int, float]:
    """Return the lines (`numbers.line`) that other batches called lately, and when they may be called again.

    Raises:
        LedgerError: another ledger cannot be read.
    """
    found: dict[int, float] = {}
    for number, at in chain.from_iterable(others.recent(now=time.time())):
        found[line(number)] = max(found.get(line(number), 0.0), at)
    return {one: at + campaign.screening.called_elsewhere_within for one, at in found.items()}


def called_elsewhere(moments: Sequence[float]) -> Later | None:
    """Return how many were called by other batches; each may be called again at a moment (Unix seconds)."""
    first = datetime.fromtimestamp(min(moments), UTC) if moments else None
    return Later(Reason.ELSEWHERE, len(moments), first) if moments else None


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
