"""How many requests may come, by one stored number (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.rate import Rate

_BURST = 2.0
"""Seconds' worth of requests that may come at once."""


class Pace:
    """Tells whether one more request may come now.

    Args:
        rate: so many may come.
        clock: monotonic seconds.
    """

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._step = rate.per / rate.count
        self._clock = clock
        self._next = clock()

    def __call__(self) -> bool:
        """Tell whether a request may come; if so it counts."""
        now = self._clock()
        due = max(self._next, now)
        if due - now > _BURST:
            return False
        self._next = due + self._step
        return True
