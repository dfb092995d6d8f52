"""The arithmetic of a rate that several processes share: one schedule of evenly spaced slots, and nothing that waits.

Why no window ever holds more than `count` requests: slots lie at least (window + MARGIN) / count apart, so the first
and the last of count + 1 of them lie window + MARGIN apart. A request leaves within VALID after its slot's moment, so
at the server these two are window + MARGIN - VALID apart: 50 ms more than the window, which is for the network.
What came before a loss of the schedule was spaced like this too, so after one it is enough that the next slot comes
an interval after the last that may have been handed out; no whole window has to pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dialer.engine.pacing import EARLIEST, Slot

if TYPE_CHECKING:
    from dialer.rate import Rate

MARGIN = 0.250
"""Seconds by which count + 1 slots are spread wider than the window."""
VALID = 0.8 * MARGIN
"""Seconds after its moment in which a slot may be used."""
AHEAD = EARLIEST
"""Seconds before its moment at which a slot is handed out at the earliest."""
LONGEST_HOLD = 300.0
"""The most seconds for which one answer may hold everybody."""
_LOWEST = 1 / 16
_STEP = 1 / 100
_FORGOTTEN = 600.0
"""Seconds after a halving from which on the whole rate holds again."""
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the runs of a workspace agree on; all times in seconds since the machine started.

    Attributes:
        next: the moment of the next free slot.
        held_until: no slot before that: the server has answered 429.
        share: the part of the rate that is used at the moment; 1 but after a 429.
        halved_at: when the share was halved last.
    """

    next: float
    held_until: float = _NEVER
    share: float = 1.0
    halved_at: float = _NEVER

    def take(self, rate: Rate, *, now: float, not_before: float) -> tuple[Schedule, Slot | None]:
        """Return the schedule after a slot was handed out, and the slot; None where the next is too far ahead."""
        moment = self.opens(now=now, not_before=not_before)
        if moment > now + AHEAD:
            return self, None
        share = self._share_at(now)
        after = replace(self, next=moment + _interval(rate, share), share=min(1.0, share + _STEP))
        return after, Slot(moment)

    def opens(self, *, now: float, not_before: float) -> float:
        """Return the moment of the next slot for somebody who cannot use one before a moment."""
        return max(self.next, self.held_until, now, not_before)

    def refused(self, slot: Slot, *, now: float, seconds: float) -> Schedule:
        """Return the schedule after a 429: no run sends for a number of seconds, then all send at half the rate.

        Answers to requests with a slot from before the last halving add no information and do not halve it again.
        """
        held_until = max(self.held_until, now + min(seconds, LONGEST_HOLD))
        if slot.moment <= self.halved_at:
            return replace(self, held_until=held_until)
        share = max(_LOWEST, self._share_at(now) / 2)
        return replace(self, held_until=held_until, share=share, halved_at=now)

    def _share_at(self, now: float) -> float:
        return 1.0 if now >= self.halved_at + _FORGOTTEN else self.share


def after_loss(rate: Rate, *, now: float) -> Schedule:
    """Return the schedule to go on with where the former one is lost, or where there was none.

    Others may have been given a slot up to AHEAD from now.
    """
    return Schedule(next=now + AHEAD + _interval(rate, 1.0))


def longest_interval(rate: Rate) -> float:
    """Return the seconds between two slots when the server has asked to be spared as often as counts."""
    return _interval(rate, _LOWEST)


def _interval(rate: Rate, share: float) -> float:
    return (rate.per + MARGIN) / rate.count / share
