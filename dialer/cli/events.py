"""What a run tells a log collector: one JSON event a line."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from dialer.engine.progress import Counts, Progress
from dialer.escaping import masked, visible_json
from dialer.messages.words import alike
from dialer.models import Outcome
from dialer.moments import iso
from dialer.streams import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from dialer.engine.progress import Going
    from dialer.models import Answer, CallCount

LINE_EVERY = 30.0
"""Seconds between two lines of a run without a terminal."""
SLOW = 0.5
"""Seconds after which a log says what is being done before the sending."""
COUNTDOWN_EVERY = 600.0
"""Seconds between two lines while no recipient can be called."""


class JsonLines(Progress):
    """One event a line, for log collectors; it holds no phone number.

    Args:
        stream: where to; standard error by default.
        clock: Unix seconds.
        outcomes: tell each of them.
    """

    def __init__(
        self, *, stream: TextIO | None = None, clock: Callable[[], float] = time.time, outcomes: bool = True
    ) -> None:
        self._stream = steady(stream or sys.stderr)
        self._clock = clock
        self._outcomes = outcomes
        self._batch, self._doing = "", ""
        self._counts = Counts()
        self._last_line = self._shown_at = clock()

    def doing(self, what: str, *, seconds: float = 0.0) -> None:
        """See Progress."""
        if seconds >= SLOW and what != self._doing:
            self._doing = what
            self.event("doing", text=what)

    def begin(self, *, batch: str, to_call: int, per: float = 1.0) -> None:
        """See Progress."""
        self._batch = batch
        self._counts = Counts(to_call=to_call, per=per, clock=self._clock)
        self._shown_at = self._clock()
        self.event("begin", to_call=to_call)

    def outcome(self, answer: Answer, *, position: int) -> None:
        """See Progress."""
        self._counts.add(answer)
        if self._outcomes:
            self.event(
                "outcome",
                row=position,
                status=str(answer.outcome),
                execution_id=answer.execution_id,
                reason=None if answer.outcome is Outcome.QUEUED else answer.words,
                http_status=answer.http_status,
            )

    def note(self, text: str) -> None:
        """See Progress."""
        self.event("note", text=text.strip())

    def waiting(self, seconds: float) -> None:
        """See Progress."""
        if self._clock() - self._last_line >= COUNTDOWN_EVERY:
            self.event("waiting", seconds=round(seconds))

    def beat(self, going: Going) -> None:
        """See Progress."""
        if self._clock() - self._shown_at >= LINE_EVERY:
            self._shown_at, counts = self._clock(), self._counts
            self.event(
                "progress",
                done=counts.done,
                to_call=counts.to_call,
                accepted=counts.accepted,
                refused=counts.refused,
                reason=alike(counts.reason) or None,
                unknown=counts.unknown,
                ended=None if going.ended is None else sum(going.ended.values()),
                outcomes=None if going.ended is None else dict(going.ended),
                reached=None if going.ended is None else going.reached,
                rate=round(counts.rate(), 2),
                rate_per_seconds=counts.per,
                live=going.live,
                lines=going.lines,
                ends_at=None if going.ends_at is None else iso(going.ends_at),
            )

    def end(self) -> None:
        """See Progress."""
        self.event("end")

    def calls(self, counts: Sequence[CallCount], *, every: float | None = None) -> None:  # noqa: ARG002 - Progress
        """See Progress."""
        if self._clock() - self._last_line >= LINE_EVERY:
            standing: Counter[str] = Counter()
            for count in counts:
                standing[count.outcome or "not_known"] += count.calls
            self.event("calls", open=sum(count.calls for count in counts if not count.final), standing=standing)

    def event(self, event: str, **fields: object) -> None:
        """Write an event; phone numbers in its texts are masked."""
        self._last_line = self._clock()
        line = {"at": round(self._last_line, 3), "event": event, "batch": self._batch, **fields}
        print(masked(visible_json(json.dumps(line, ensure_ascii=False))), file=self._stream, flush=True)
