"""When a call that is not over is asked for again, and when it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialer.ledger import Call

TIMED = frozenset({"scheduled", "rescheduled"})
"""A call that stands so waits for a moment, not for a line."""
_PATIENCE = {"": 1800.0, "call-disconnected": 1800.0}
"""Seconds after which a call that waits for its data is given up, by status. A hang-up while it rings may stay
`call-disconnected` for ever, and a new id may be unknown for half an hour (both seen by others)."""
_LONGEST = 86_400.0
"""The same for every other status."""
_TIMED_EVERY = 600.0
"""Seconds between two looks at a call before the moment it waits for: somebody may have stopped it."""
_SHARE = 0.1
"""Of the time that a call has waited for its data: how long it is left alone."""


def sleeps(call: Call, *, now: float) -> bool:
    """Tell whether a call need not be asked for now: nothing can have changed, or nothing has for long.

    Args:
        call: one that is not final.
        now: Unix seconds.
    """
    if call.asked_at is None or call.since is None:
        return False
    if call.status in TIMED and call.scheduled_at is not None:
        return now < min(call.scheduled_at, call.asked_at + _TIMED_EVERY)
    return call.status in _PATIENCE and now - call.asked_at < _SHARE * (call.asked_at - call.since)


def is_hopeless(call: Call, *, now: float) -> bool:
    """Tell whether a call that still stands as it did before has stood so for too long.

    Args:
        call: as it was before.
        now: Unix seconds.
    """
    if call.since is None:
        return False
    return now - max(call.since, call.scheduled_at or 0.0) > _PATIENCE.get(call.status, _LONGEST)
