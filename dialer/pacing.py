"""An even schedule of request starts that keeps every rolling window, on the event loop's monotonic clock."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass

import anyio
import anyio.lowlevel

_UNITS = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "m": 60.0, "hour": 3600.0, "h": 3600.0}
_NAMES = {1.0: "second", 60.0: "minute", 3600.0: "hour"}
_RATE = re.compile(r"\s*([0-9]{1,9})\s*(?:/|per\s)\s*([a-z]+?)s?\s*", re.IGNORECASE)
_MOST = 1_000_000

_LATE = 0.005
"""Seconds a late wake-up may be caught up; more is a freeze, after which the schedule starts anew."""
_SHORTEST_SLEEP = 1e-6
"""Seconds; a sleep that the clock's resolution rounds to nothing would never end on a virtual clock."""
_LOWEST = 1 / 16
_STEP = 1 / 100


@dataclass(frozen=True, slots=True)
class Rate:
    """So many request starts in so many seconds.

    Attributes:
        count: starts allowed in a window.
        per: seconds of the window.
    """

    count: int
    per: float

    def __post_init__(self) -> None:
        """Refuse what no schedule can keep."""
        if not 1 <= self.count <= _MOST:
            raise ValueError(f"a rate allows from 1 to {_MOST} requests, not {self.count}")
        if not (self.per > 0 and math.isfinite(self.per)):
            raise ValueError(f"the window of a rate lasts longer than 0 seconds, not {self.per}")

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Return the rate that `text` says.

        Args:
            text: a whole number of requests, `/`, and `second`, `minute` or `hour`.

        Raises:
            ValueError: it says none; the words give an example.
        """
        found = _RATE.fullmatch(text)
        per = _UNITS.get(found[2].lower()) if found else None
        if found is None or per is None:
            raise ValueError(
                f'"{text}" is not a rate: write a whole number of requests per second, minute or hour, '
                'like "300/minute", "5/second" or "30/hour"'
            )
        return cls(int(found[1]), per)

    @property
    def per_second(self) -> float:
        """Starts per second, on average."""
        return self.count / self.per

    def __str__(self) -> str:
        """Return the rate as a campaign file spells it."""
        return f"{self.count}/{_NAMES.get(self.per, f'{self.per:g} s')}"


class Pacer:
    """Grants request starts evenly: never more than the rate in any rolling window, no burst, no drift.

    One gate, first come first served, at which only the head waits for the clock. A start is due one interval after
    the one before was due (a late wake-up is caught up, a freeze is not), and not before the window that the `count`-th
    last start opened is over. That second rule is exact whatever happens to the first.

    Args:
        rate: how much is allowed; None for no limit. A hold binds in both cases.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._share = 1.0
        self._due = -math.inf
        self._held_until = -math.inf
        self._lowered = False
        self._gate = anyio.Lock(fast_acquire=True)
        self._windows = _windows(rate) if rate else ()
        self._granted: deque[float] = deque(maxlen=max((count for count, _ in self._windows), default=1))

    async def wait(self) -> None:
        """Return when one request may start, at once; that start is then used up. Cancelled, it uses up none."""
        asked = anyio.current_time()
        async with self._gate:
            # Who need not wait notices a cancellation too, and lets others run.
            await anyio.lowlevel.checkpoint()
            now = anyio.current_time()
            # Looked at again after each sleep: a hold or a lower rate may have come, and a sleep may end early.
            while (due := self._next(asked, now)) > now:
                await anyio.sleep(max(due - now, _SHORTEST_SLEEP))
                now = anyio.current_time()
            self._grant(due, now)

    def _next(self, asked: float, now: float) -> float:
        if self._rate is None:
            return max(asked, self._held_until)
        opens = (self._granted[-count] + length for count, length in self._windows if len(self._granted) >= count)
        return max(asked, now - _LATE, self._held_until, self._due + self._interval(), *opens)

    def _interval(self) -> float:
        assert self._rate is not None
        return _stretched(self._rate) / self._rate.count / self._share

    def _grant(self, due: float, now: float) -> None:
        self._due = due
        self._granted.append(now)
        self._lowered = False

    def hold(self, seconds: float) -> None:
        """Grant nothing before `seconds` from now; of several holds the one that ends last binds."""
        self._held_until = max(self._held_until, anyio.current_time() + seconds)

    def next_in(self) -> float:
        """Return in how many seconds the next start is due, as far as can be said now; 0 where it may be at once."""
        now = anyio.current_time()
        return self._next(now, now) - now

    def held(self) -> float:
        """Return the seconds that are left of a hold; 0 without one."""
        return max(0.0, self._held_until - anyio.current_time())

    def slow_down(self) -> None:
        """Halve the rate, down to a sixteenth of it, for a 429.

        Until the next start it does so once: the answers to what was under way before say nothing new.
        """
        if not self._lowered:
            self._share = max(_LOWEST, self._share / 2)
            self._lowered = True

    def recover(self) -> None:
        """Give back a hundredth of the rate, up to all of it; called for each sure answer."""
        self._share = min(1.0, self._share + _STEP)

    @property
    def longest_interval(self) -> float:
        """Seconds between two starts when a server has asked to be spared as often as counts; 0 without a limit."""
        return 0.0 if self._rate is None else _stretched(self._rate) / self._rate.count / _LOWEST

    @property
    def rate_now(self) -> float:
        """Starts per second that are allowed at the moment; infinite without a limit."""
        return math.inf if self._rate is None else self._rate.per_second * self._share


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
