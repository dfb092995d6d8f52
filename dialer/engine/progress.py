"""What a run tells while it goes on."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer.engine.control import beside
from dialer.messages.words import alike
from dialer.models import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime

    from dialer.models import Answer, CallCount

_WINDOW = 60.0
"""Seconds that the rate is taken over."""
_SHORTEST = 1.0
"""Seconds between two moments that are kept for it."""
_MOST_REASONS = 1000


@dataclass(frozen=True, slots=True)
class Going:
    """The states of a run's calls, as far as they were looked up.

    Attributes:
        ended: outcome → calls that are over; None: not looked up yet.
        reached: how many of them reached a person.
        live: accepted calls that are not over, as far as is known.
        lines: how many may be live at once; None if not known.
        ends_at: when the last call of the run will have ended; None if unknown.
    """

    ended: Mapping[str, int] | None = None
    reached: int = 0
    live: int = 0
    lines: int | None = None
    ends_at: datetime | None = None


NOT_LOOKED = Going()
_TICK = 0.5
"""Seconds between two showings of what is being done."""


@contextlib.asynccontextmanager
async def shown(progress: Progress, what: str) -> AsyncIterator[None]:
    """Show that something is being done meanwhile, from the first moment, and for how long."""

    async def show() -> None:
        began = anyio.current_time()
        while True:
            progress.doing(what, seconds=anyio.current_time() - began)
            await anyio.sleep(_TICK)

    try:
        async with beside(show):
            yield
    finally:
        progress.done()


class Progress:
    """What a run tells while it goes on; here it tells nothing."""

    def doing(self, what: str, *, seconds: float = 0.0) -> None:
        """Before it sends, it does something that may take a while, and has done so for so many seconds."""

    def done(self) -> None:
        """What it was doing is done."""

    def begin(self, *, batch: str, to_call: int, per: float = 1.0) -> None:
        """Sending starts: so many recipients are to be called; rates are calls in `per` seconds."""

    def outcome(self, answer: Answer, *, position: int) -> None:
        """An attempt has ended."""

    def note(self, text: str) -> None:
        """Something that a person would want to know happened."""

    def waiting(self, seconds: float) -> None:
        """All who are left have to wait so many seconds more; shown every few seconds."""

    def beat(self, going: Going) -> None:
        """Sending goes on; shown every second, whether or not anything happens."""

    def end(self) -> None:
        """Sending has ended."""

    def calls(self, counts: Sequence[CallCount], *, every: float | None = None) -> None:
        """Show the present states of the accepted calls; in so many seconds each, it is looked again."""


class Counts:
    """What the requests of a run have come to so far.

    Args:
        to_call: how many recipients are to be called.
        per: seconds that the rate is given for.
        clock: monotonic seconds.
    """

    def __init__(self, *, to_call: int = 0, per: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.to_call = to_call
        self.per = per
        self._clock = clock
        self._outcomes: Counter[Outcome] = Counter()
        self._reasons: Counter[str] = Counter()
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=int(_WINDOW / _SHORTEST))

    def add(self, answer: Answer) -> None:
        """Count what a request came to."""
        self._outcomes[answer.outcome] += 1
        if answer.outcome is Outcome.ERROR:
            reason = alike(answer.words)
            # Of reasons that are all different, the first thousand tell which is the most frequent.
            if reason in self._reasons or len(self._reasons) < _MOST_REASONS:
                self._reasons[reason] += 1
        now = self._clock()
        if now - self._marks[-1][0] >= _SHORTEST:
            self._marks.append((now, self.done))

    @property
    def done(self) -> int:
        """Requests that placed a call, were refused, or left it unknown."""
        return self.accepted + self.refused + self.unknown

    @property
    def accepted(self) -> int:
        """Those that placed a call."""
        return self._outcomes[Outcome.QUEUED]

    @property
    def refused(self) -> int:
        """Those that were refused."""
        return self._outcomes[Outcome.ERROR]

    @property
    def unknown(self) -> int:
        """Those that left it unknown."""
        return self._outcomes[Outcome.UNKNOWN]

    @property
    def reason(self) -> str:
        """Why most of the refused ones were; empty where none was."""
        return max(self._reasons, key=self._reasons.__getitem__, default="")

    def rate(self) -> float:
        """Return how many were done in `per` seconds, over about the last minute."""
        now = self._clock()
        while len(self._marks) > 1 and self._marks[1][0] < now - _WINDOW:
            self._marks.popleft()
        since, done = self._marks[0]
        return (self.done - done) / max(now - since, 1e-9) * self.per if self.done > done else 0.0
