"""An even schedule of request starts that keeps every rolling window, on the event loop's monotonic clock."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.lowlevel

from dialer.engine.waiting import SHORTEST_SLEEP

if TYPE_CHECKING:
    from dialer.rate import Rate

_LATE = 0.005
"""Seconds a late wake-up may be caught up; more is a freeze, after which the schedule starts anew."""
_LONG = 1.0
"""Seconds of a sleep from which on a changed rate ends it."""
_EARLY = 0.020
"""Seconds before its earliest moment at which a start asks for a slot: asked earlier, it would keep it from others."""
EARLIEST = 0.3
"""Seconds before its moment at which a start is granted, or a slot handed out, at the earliest."""
_VALID = 0.2
"""Seconds after its moment in which a start may be used. A window is exact all the same, since what leaves late counts
from then on; it has to be shorter than every window by more than `EARLIEST`."""
_RUNS = 20
"""How many runs are assumed to share a rate when the longest wait is estimated."""
_LOWEST = 1 / 16
_STEP = 1 / 100


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to start one request of a rate that several runs share.

    Attributes:
        moment: when it begins, by the clock of the source that gave it.
    """

    moment: float


@dataclass(slots=True, eq=False)
class Start:
    """The right to start one request.

    Attributes:
        moment: not before that, by the event loop's clock; when it was used, once it was.
        slot: of the rate that is shared; None where none is.
    """

    moment: float
    slot: Slot | None = None


class SlotSource(Protocol):
    """Hands out the slots of a rate that several runs share."""

    async def slot(self, *, wait: float) -> Slot:
        """Return the next free slot that is not before so many seconds from now."""

    def wait_for(self, slot: Slot) -> float:
        """Return the seconds until a slot's moment; less than 0 after it."""

    def is_over(self, slot: Slot) -> bool:
        """Tell whether it is too late to use a slot."""

    def next_in(self) -> float:
        """Return in how many seconds the next slot is free, as far as can be said now."""

    def held(self) -> float:
        """Return the seconds for which no request may start; more than 0 also where that is not known."""

    async def hold(self, seconds: float, *, after: Slot) -> None:
        """Let no request start for so many seconds, since the start that used a slot was refused."""

    @property
    def per_second(self) -> float:
        """Slots per second, on average."""

    @property
    def longest_interval(self) -> float:
        """Seconds between two slots when a server has asked to be spared as often as counts."""


class Pacer:
    """Grants request starts evenly: never more than the rate in any rolling window, no burst, no drift.

    One gate, first come first served, at which only the head waits for the clock. A start is due one interval after
    the one before was due (a late wake-up is caught up, a freeze is not), and not before the window that the `count`-th
    last start opened is over. The second rule always holds exactly, even if the first does not.

    If several runs share a rate, a start also needs a slot of it, and the delay for the slot is caught up by at most
    one interval: otherwise runs that together want more than the rate would leave a part of it unused.

    Args:
        rate: the allowed rate; None for no limit. A hold applies in both cases.
        slots: slots of a rate shared with other runs; None if it is not shared.
    """

    def __init__(self, rate: Rate | None, *, slots: SlotSource | None = None) -> None:
        self._rate = rate
        self._slots = slots
        self._share = 1.0
        self._due = -math.inf
        self._held_until = -math.inf
        self._lowered = False
        self._gate = anyio.Lock(fast_acquire=True)
        self._changed = anyio.Event()
        self._windows: tuple[tuple[int, float], ...] = ()
        self._granted: deque[Start] = deque()
        self._keep_windows()

    def set_rate(self, rate: Rate) -> None:
        """Grant as often as another rate says from now on.

        The next start is due an interval of the new rate after the last one was due: no burst, no pause. The windows
        that begin from now on keep the new rate; what was used before counts for none of them.
        """
        self._rate = rate
        self._keep_windows()
        self._changed.set()
        self._changed = anyio.Event()

    def _keep_windows(self) -> None:
        self._windows = _windows(self._rate) if self._rate else ()
        now = anyio.current_time() if self._granted else 0.0
        # One that was granted ahead of its moment is still to be used.
        kept = [start for start in self._granted if start.moment >= now]
        self._granted = deque(kept, maxlen=max((count for count, _ in self._windows), default=1))

    async def wait(self, *, early: float = 0.0) -> Start:
        """Wait until one request may start in `early` seconds, and use up that start; if cancelled, use up none.

        Args:
            early: seconds of preparation before the request leaves; at most `EARLIEST`.

        Raises:
            DialerError: it is unknown when a slot is free.
        """
        earliest = anyio.current_time() + early
        async with self._gate:
            # A caller that need not wait notices a cancellation too, and lets others run.
            await anyio.lowlevel.checkpoint()
            if self._slots is None:
                due = await self._due_at(earliest, early)
                return self._grant(due, Start(max(due, anyio.current_time())))
            due, start = await self._slot_at(self._slots, earliest, early)
            return self._grant(max(due, start.moment - self._interval()), start)

    async def _due_at(self, earliest: float, early: float) -> float:
        """Return when a start is due, as soon as that is `early` seconds ahead."""
        now = anyio.current_time()
        # Looked at again after each sleep: a hold or a lower rate may have come, and a sleep may end early.
        while (due := self._next(earliest, now + early)) - early > now:
            await self._sleep(max(due - early - now, SHORTEST_SLEEP))
            now = anyio.current_time()
        return due

    async def _sleep(self, seconds: float) -> None:
        if seconds < _LONG:
            await anyio.sleep(seconds)
            return
        with anyio.move_on_after(seconds):
            await self._changed.wait()

    async def _slot_at(self, slots: SlotSource, earliest: float, early: float) -> tuple[float, Start]:
        """Return when a start would have been due without a slot, and one with a slot that can be used."""
        while True:
            due = await self._due_at(earliest, max(early, _EARLY))
            slot = await slots.slot(wait=max(0.0, due - anyio.current_time()))
            now = anyio.current_time()
            while (left := max(slots.wait_for(slot), self._next(earliest, now) - now)) > early:
                await anyio.sleep(max(left - early, SHORTEST_SLEEP))
                now = anyio.current_time()
            if not slots.is_over(slot):
                return due, Start(now + max(left, 0.0), slot)

    async def until(self, start: Start) -> None:
        """Return at the moment of a start."""
        await anyio.sleep_until(start.moment)

    def use(self, start: Start) -> bool:
        """Use a start at this moment; False where it is too late for it."""
        is_over = self.is_over(start)
        # A late request counts from its real start: the windows hold even if the disk is slow.
        start.moment = max(start.moment, anyio.current_time())
        return not is_over

    def is_over(self, start: Start) -> bool:
        """Tell whether it is too late to use a start."""
        if start.slot is not None and self._slots is not None:
            return self._slots.is_over(start.slot)
        return self._rate is not None and anyio.current_time() > start.moment + _VALID

    def _next(self, earliest: float, now: float) -> float:
        if self._rate is None:
            return max(earliest, self._held_until)
        opens = (
            self._granted[-count].moment + length for count, length in self._windows if len(self._granted) >= count
        )
        return max(earliest, now - _LATE, self._held_until, self._due + self._interval(), *opens)

    def _interval(self) -> float:
        return 0.0 if self._rate is None else _stretched(self._rate) / self._rate.count / self._share

    def _grant(self, due: float, start: Start) -> Start:
        self._due = due
        self._granted.append(start)
        self._lowered = False
        return start

    def hold(self, seconds: float) -> None:
        """Grant nothing before `seconds` from now; of several holds the one that ends last binds."""
        self._held_until = max(self._held_until, anyio.current_time() + seconds)

    def next_in(self) -> float:
        """Return in how many seconds the next start is due, as far as can be said now; 0 where it may be at once."""
        now = anyio.current_time()
        own = self._next(now, now) - now
        return own if self._slots is None else max(own, self._slots.next_in())

    def is_held(self) -> bool:
        """Tell whether a hold binds, of this run or of all that share the rate."""
        return self.held() > 0 or (self._slots is not None and self._slots.held() > 0)

    async def hold_all(self, seconds: float, *, after: Start) -> None:
        """Grant nothing before `seconds` from now to any run that shares the rate, and slow all of them down.

        Args:
            seconds: how long.
            after: what was refused.

        Raises:
            DialerError: the other runs cannot be held.
        """
        if self._slots is not None and after.slot is not None:
            await self._slots.hold(seconds, after=after.slot)

    def held(self) -> float:
        """Return the seconds that are left of a hold; 0 without one."""
        return max(0.0, self._held_until - anyio.current_time())

    def slow_down(self) -> None:
        """Halve the rate, down to a sixteenth of it, for a 429.

        It does so once until the next start: answers to requests that were already in flight add no information.
        """
        if not self._lowered:
            self._share = max(_LOWEST, self._share / 2)
            self._lowered = True

    def recover(self) -> None:
        """Restore a hundredth of the rate, up to all of it; called for each certain answer."""
        self._share = min(1.0, self._share + _STEP)

    @property
    def longest_interval(self) -> float:
        """Seconds between two starts when a server has asked to be spared as often as counts; 0 without a limit."""
        own = 0.0 if self._rate is None else _stretched(self._rate) / self._rate.count / _LOWEST
        return own if self._slots is None else max(own, _RUNS * self._slots.longest_interval)

    @property
    def rate_now(self) -> float:
        """Starts per second that are allowed at the moment; infinite without a limit."""
        own = math.inf if self._rate is None else self._rate.per_second * self._share
        return own if self._slots is None else min(own, self._slots.per_second)


def _margin(per: float) -> float:
    # Between grant and dispatch a busy loop may lose some milliseconds: two starts a window apart must not meet.
    return min(0.010, 0.006 * per)


def _stretched(rate: Rate) -> float:
    # A little longer than the window with its margin, so that small delays do not push the schedule on.
    return rate.per + 1.1 * _margin(rate.per)


def _windows(rate: Rate) -> tuple[tuple[int, float], ...]:
    """Return how many starts lie at most in which length of time: the rate, and an even share of a longer one."""
    whole = (rate.count, rate.per + _margin(rate.per))
    second = (math.floor(rate.per_second) + 1, 1.001)
    return (whole, second) if rate.per > 1 else (whole,)
