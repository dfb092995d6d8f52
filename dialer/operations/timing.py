"""When those who are to be called can be: calling hours, the schedule, and whom other batches called."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from dialer.engine.forecast import Group, left_over
from dialer.hours import Open

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dialer.config.campaign import Campaign
    from dialer.hours import CallingWindow, Closed
    from dialer.models import Whereabouts

_AHEAD = timedelta(days=14)
"""So far ahead a run that waits is foreseen."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where so many of those who are to be called may be."""

    where: Whereabouts
    count: int


@dataclass(frozen=True, slots=True)
class Timing:
    """When those who are to be called can be.

    Attributes:
        begins: when the schedule lets the sending start; None where it has, or there is none.
        ends: when the schedule ends it; None where there is none.
        is_over: the schedule has ended.
        now: how many can be called when it begins, or now.
        later: when how many more become callable, earliest first.
        closed: how many have no opening in the next two weeks, or before the schedule ends.
        overnight: calling hours that go on after midnight, as they are written.
        elsewhere: how many another batch has called lately, and are left out for now.
        waits: a run waits for those who become callable later.
        too_many: of those it calls, how many their hours or the schedule's end will cut off, at the rate.
        too_many_on_lines: the same for the phones that ring, on the account's lines; None where they are not known.
    """

    begins: datetime | None
    ends: datetime | None
    is_over: bool
    now: int
    later: tuple[tuple[datetime, int], ...]
    closed: int
    overnight: tuple[str, ...]
    elsewhere: int
    waits: bool
    too_many: int
    too_many_on_lines: int | None


def timing(
    campaign: Campaign, places: Sequence[Place], *, elsewhere: int, lines: int | None, average: float, now: datetime
) -> Timing | None:
    """Return when people can be called; None where nothing limits it.

    Args:
        campaign: the campaign.
        places: where those may be who are to be called; without those whom another batch called.
        elsewhere: how many those are.
        lines: calls that the account may have live at once.
        average: seconds of a call.
        now: the moment (aware).
    """
    # What is scheduled is judged by its moment, when the list is read.
    is_scheduled = campaign.call.scheduled_at or campaign.columns.scheduled_at
    schedule, window = campaign.schedule, None if is_scheduled else campaign.window
    if window is None and schedule.begins is None and schedule.ends is None and not elsewhere:
        return None
    begins = schedule.begins if schedule.begins and schedule.begins > now else None
    moment = begins or now
    openings = _openings(window, places, moment, ends=schedule.ends)
    groups = [Group(place.count, tuple(_spans(window, place.where, moment, waits=campaign.waits))) for place in places]
    until = math.inf if schedule.ends is None else (schedule.ends - moment).total_seconds()
    rate = campaign.rate.per_second
    ringing = None if lines is None else min(rate, lines / average)
    return Timing(
        begins=begins,
        ends=schedule.ends,
        is_over=schedule.ends is not None and schedule.ends <= now,
        now=openings.pop(moment, 0),
        closed=openings.pop(None, 0),
        later=tuple(sorted((at, count) for at, count in openings.items() if at is not None)),
        overnight=() if window is None or window.hours is None else window.hours.overnight(),
        elsewhere=elsewhere,
        waits=campaign.waits,
        too_many=_cut_off(groups, rate, until),
        too_many_on_lines=None if ringing is None else _cut_off(groups, ringing, until),
    )


def _openings(
    window: CallingWindow | None, places: Sequence[Place], moment: datetime, *, ends: datetime | None
) -> Counter[datetime | None]:
    """Return how many become callable when; None: not in sight, or not before the schedule ends."""
    openings: Counter[datetime | None] = Counter()
    for place in places:
        verdict = Open(None) if window is None else _verdict(window, place.where, moment)
        at = moment if isinstance(verdict, Open) else verdict.opens_at
        openings[None if at is None or (ends is not None and at >= ends) else at] += place.count
    return openings


def _verdict(window: CallingWindow, where: Whereabouts, at: datetime) -> Open | Closed:
    return window.verdict(zones=where.zones, country=where.country or None, at=at)


def _spans(
    window: CallingWindow | None, where: Whereabouts, moment: datetime, *, waits: bool
) -> Iterator[tuple[float, float]]:
    """Yield when a place can be called, in seconds from a moment: as far as the run that begins then calls it."""
    if window is None:
        yield 0.0, math.inf
        return
    at = moment
    while at < moment + _AHEAD:
        verdict = _verdict(window, where, at)
        edge = verdict.until if isinstance(verdict, Open) else verdict.opens_at
        if isinstance(verdict, Open):
            yield (at - moment).total_seconds(), math.inf if edge is None else (edge - moment).total_seconds()
        if edge is None or not waits:
            return
        at = edge


def _cut_off(groups: list[Group], per_second: float, until: float) -> int:
    within = [group for group in groups if group.spans]
    return left_over(within, per_second=per_second, until=max(0.0, until))
