"""How fast calls are placed and ring, one after the other: the rate, the lines and the average call."""

from __future__ import annotations

from dataclasses import dataclass

AVERAGE_CALL = 60.0
"""Seconds of a call where nothing better is known."""
_SEEN = 0.02
"""Of a call's average time: so much later its line is taken again, since it is looked at now and then."""
_LEAST, _MOST = 0.225, 2.6
"""Seconds of that at least, and at most: half of the time between two looks, and what a look takes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls are placed one after the other, and how long they take.

    Attributes:
        per_second: requests a second.
        lines: calls that the account may have live at once; None where that is not known.
        live: how many of the run are to be live at once at most; None for any number.
        average: seconds of a call, ringing included.
        busy: calls that are live already.
    """

    per_second: float
    lines: int | None = None
    live: int | None = None
    average: float = AVERAGE_CALL
    busy: int = 0

    @property
    def at_once(self) -> int | None:
        """How many calls are live at once at most, as far as is known."""
        return min((most for most in (self.lines, self.live) if most), default=None)

    def sent(self, index: int, taken: int) -> float:
        """Return the seconds from the first call until the index-th leaves, if nothing else delays it.

        Args:
            index: from 0.
            taken: how many calls before it take a line as soon as one is free; the others are placed later.
        """
        if not self.live or not self.at_once:
            return index / self.per_second
        return max(index / self.per_second, self._freed(taken + self.busy - self.live))

    def _freed(self, index: int) -> float:
        """Return when the line of the index-th call is free again."""
        at_once = self.at_once or 1
        if index < 0:
            return 0.0
        seen = min(max(_LEAST, _SEEN * self.average), _MOST)
        turn, place = divmod(index, at_once)
        queued = self.live is not None and self.live > at_once
        cycle = self.average if queued else self.average + seen
        busy = min(self.busy, at_once)
        if place < busy:
            # It is unknown when the live calls began: at any time.
            return turn * cycle + self.average * (place + 1) / (busy + 1) + seen
        return turn * cycle + self.average + seen + (place - busy) / self.per_second

    def rung(self, index: int, taken: int) -> float:
        """Return the seconds from the first call until the index-th rings: the provider queues what has no line."""
        if not self.lines:
            return self.sent(index, taken)
        turn, place = divmod(taken + self.busy, self.lines)
        return max(self.sent(index, taken), turn * self.average + place / self.per_second)

    def wait(self, taken: int) -> float:
        """Return the seconds until a call rings, as the run estimates them just before the request leaves."""
        if not self.live or not self.lines:
            return 0.0
        live = min(taken + self.busy + 1, self.live)
        return max(0, live - self.lines) * self.average / self.lines
