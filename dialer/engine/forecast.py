"""How long a run will take, and what it will cost, as far as that can be known beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

AVERAGE_CALL = 60.0
"""Seconds of a call where nothing better is known."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run.

    Attributes:
        calls: how many are to be called.
        sending: seconds until the last request has left, at the rate and by how many calls may be live.
        calling: seconds until the last call has ended, on the account's lines; None where they are not known.
        lines: calls that the account may have live at once; None where that is not known.
        live: how many of them are to be live at once at most; None for any number.
        average: seconds of a call.
        ends_at: when the last call has ended, or else the last request has left.
        cost: at the campaign's price a minute, in its currency; None where it names none.
    """

    calls: int
    sending: float
    calling: float | None
    lines: int | None
    live: int | None
    average: float
    ends_at: datetime
    cost: float | None

    @property
    def at_once(self) -> int | None:
        """How many calls are live at once at most, as far as is known."""
        return min(filter(None, (self.lines, self.live)), default=None)


def forecast(
    calls: int,
    *,
    per_second: float,
    now: datetime,
    lines: int | None = None,
    live: int | None = None,
    average: float = AVERAGE_CALL,
    cost_per_minute: float | None = None,
) -> Forecast:
    """Return what is to be expected.

    The provider queues what exceeds the account's lines, so the phones may ring long after the last request has left.

    Args:
        calls: how many are to be called.
        per_second: requests a second.
        now: when the run starts.
        lines: calls that the account may have live at once, if no other calls use them.
        live: how many are to be live at once at most; None for any number.
        average: seconds of a call, ringing included.
        cost_per_minute: price of a minute.
    """
    ringing = min(filter(None, (lines, live)), default=None)
    sending = calls / per_second
    if live and ringing:
        sending = max(sending, max(0, calls - live) * average / ringing)
    calling = max(sending, calls * average / ringing) + average if ringing and calls else None
    return Forecast(
        calls=calls,
        sending=sending,
        calling=calling,
        lines=lines,
        live=live,
        average=average,
        ends_at=now + timedelta(seconds=sending if calling is None else calling),
        cost=None if cost_per_minute is None else calls * average / 60 * cost_per_minute,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients who can be called at the same times.

    Attributes:
        count: how many.
        spans: (from, until) in seconds from now, in order.
    """

    count: int
    spans: tuple[tuple[float, float], ...]


def left_over(groups: Sequence[Group], *, per_second: float, until: float = math.inf) -> int:
    """Return how many will not have been called when their last span, or all of it, is over.

    A run goes through its list in input order, so those who can be called at a time share it by how many they are.

    Args:
        groups: who can be called when.
        per_second: calls a second.
        until: seconds from now at which it ends for all.
    """
    left = [float(group.count) for group in groups]
    edges = sorted({0.0, *(min(edge, until) for group in groups for span in group.spans for edge in span)})
    for start, end in pairwise(edges):
        here = [at for at, group in enumerate(groups) if any(a <= start < b for a, b in group.spans)]
        waiting = sum(left[at] for at in here)
        done = min(1.0, per_second * (end - start) / waiting) if waiting else 0.0
        for at in here:
            left[at] *= 1.0 - done
    return round(sum(left))
