"""When a call that is not over is asked for again and when it is given up, and what a list of calls is good for."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer import provider
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from dialer.models import CallCount
    from dialer.store import Call

_PATIENCE = 1800.0
"""Seconds after which a call that waits for its data is given up. A hang-up while it rings may stay
DISCONNECTED for ever, and a new id may be unknown for half an hour (both seen by others)."""
_LONGEST = 86_400.0
"""The same for every other call."""
_TIMED_EVERY = 600.0
"""Seconds between two looks at a call before the moment it waits for: somebody may have stopped it."""
_SHARE = 0.1
"""Of the time that a call has waited for its data: how long it is left alone."""
_UNLISTED = 60.0
"""Seconds for which a new call may be missing from the list without being asked for."""
_UNREAD = frozenset({0, 3})
"""See `CallCount.final`."""
_MARGIN = 5.0
"""Seconds listed before the first and after the last call of a span: how far apart two clocks are is known roughly."""


def to_read(counts: Sequence[CallCount]) -> int:
    """Return how many calls are still to be read: they go on, or only a list has shown that they ended."""
    return sum(count.calls for count in counts if count.final in _UNREAD)


def sleeps(call: Call, *, now: float) -> bool:
    """Tell whether a call need not be asked for now: nothing can have changed, or nothing has for long.

    Args:
        call: one that is not final.
        now: Unix seconds.
    """
    if call.asked_at is None or call.since is None:
        return False
    if call.state.waits_for_moment and call.scheduled_at is not None:
        return now < min(call.scheduled_at, call.asked_at + _TIMED_EVERY)
    return call.state.waits_for_data and now - call.asked_at < _SHARE * (call.asked_at - call.since)


def is_hopeless(call: Call, *, now: float) -> bool:
    """Tell whether a call has kept the same state for too long.

    Args:
        call: the call as last known.
        now: Unix seconds.
    """
    if call.since is None:
        return False
    patience = _PATIENCE if call.state.waits_for_data else _LONGEST
    return now - max(call.since, call.scheduled_at or 0.0) > patience


# -- lists ----------------------------------------------------------------------------------------------------------


def is_whole_in_list(call: Call, status: str, *, now: float) -> bool:
    """Tell whether a list's status says all there is of a call: it has neither ended nor a new moment to wait for."""
    state = CallState(status)
    if state.waits_for_moment:
        return call.status == status and (call.scheduled_at is None or now < call.scheduled_at)
    return state is not CallState.MISSING and not state.is_final


def worth(calls: Sequence[Call]) -> int:
    """Return how many pages of a list are worth reading for these calls: each has to save two requests."""
    return len(calls) // 2


def pages(calls: Sequence[Call]) -> int:
    """Return how many pages a list of these calls has at least, with our own that have ended in between."""
    return math.ceil((calls[-1].attempt - calls[0].attempt + 1) / provider.VENDOR.limits.page_rows) if calls else 0


def span_of(calls: Sequence[Call], *, skew: float) -> tuple[datetime, datetime] | None:
    """Return when calls were created by the server's clock; None where it is longer than can be listed at once."""
    if not calls:
        return None
    start = min(call.at for call in calls) + skew - _MARGIN
    end = max(call.until for call in calls) + skew + _MARGIN
    if end - start > provider.VENDOR.limits.longest_span.total_seconds():
        return None
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)


def is_new(call: Call, listed: Container[str], *, now: float) -> bool:
    """Tell whether a call is so new that it may be missing from a list."""
    unseen = call.since is None and call.execution_id not in listed
    return unseen and now - call.until < _UNLISTED
