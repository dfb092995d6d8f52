"""How a run shows that it is alive: not at all, by a bar, or by lines for a log."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dialer.cli.terminal import Screen
from dialer.engine.progress import Silent
from dialer.escaping import masked, on_one_line, visible, visible_json
from dialer.messages import cli as say
from dialer.messages.words import calls_line
from dialer.models import Outcome
from dialer.streams import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from dialer.engine.progress import Progress
    from dialer.models import CallCount

LINE_EVERY = 30.0
"""Seconds between two lines of a run without a terminal."""
COUNTDOWN_EVERY = 600.0
"""Seconds between two of them while nobody can be called."""


def progress_of(*, quiet: bool, no_progress: bool = False, log_format: str = "text") -> Progress:
    """Return a bar on a terminal, lines or events elsewhere, or nothing."""
    from dialer.cli import log  # noqa: PLC0415 - only a run needs it

    if quiet:
        return Silent()
    if log_format == "json":
        events = JsonLines(outcomes=not no_progress)
        if log.is_shown():
            log.show(lambda line: events.event("log", text=line))
        return events
    if no_progress:
        return Silent()
    # A bar is drawn over itself, which the lines of a log would break.
    return Bar() if is_watched() and not log.is_shown() else Lines()


def events_of(progress: Progress) -> Callable[..., None] | None:
    """Return what writes an event of its own, where progress is told in events."""
    return progress.event if isinstance(progress, JsonLines) else None


class Bar:
    """A tqdm bar with the counts behind it; on what is no terminal it draws nothing and only notes are printed."""

    def __init__(self, *, stream: TextIO | None = None) -> None:
        self._stream = steady(stream or sys.stderr)
        self._bar: Any = None
        self._screen = Screen(self._stream)
        self._counts: Counter[Outcome] = Counter()

    def begin(self, *, batch: str, to_call: int) -> None:
        """See Progress."""
        from tqdm import tqdm  # noqa: PLC0415 - only a run needs it

        self._counts.clear()
        # disable=None: no bar on what is no terminal; mininterval spares the event loop.
        self._bar = tqdm(
            total=to_call,
            desc=on_one_line(batch),
            unit=" calls",
            file=self._stream,
            disable=None,
            dynamic_ncols=True,
            mininterval=0.2,
        )

    def outcome(self, outcome: Outcome, *, position: int, execution_id: str | None) -> None:  # noqa: ARG002 - Progress
        """See Progress."""
        self._counts[outcome] += 1
        counted = {"queued": Outcome.QUEUED, "errors": Outcome.ERROR, "unknown": Outcome.UNKNOWN}
        self._bar.set_postfix({name: self._counts[kind] for name, kind in counted.items()}, refresh=False)
        self._bar.update(outcome is not Outcome.RETRY)

    def note(self, text: str) -> None:
        """See Progress."""
        text = visible(text)
        if self._bar is None:
            print(text, file=self._stream)
        else:
            self._bar.write(text, file=self._stream)

    def waiting(self, seconds: float) -> None:
        """See Progress."""
        self._bar.set_postfix_str(say.waiting(_clock(seconds)))

    def beat(self) -> None:
        """See Progress."""

    def end(self) -> None:
        """See Progress."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def calls(self, counts: Sequence[CallCount]) -> None:
        """See Progress."""
        self._screen.show(calls_line(counts))


class Lines:
    """A line of counts every so often, for cron and journals.

    Args:
        stream: where to; standard error by default.
        every: seconds between two lines.
        clock: monotonic seconds.
    """

    def __init__(
        self, *, stream: TextIO | None = None, every: float = LINE_EVERY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = steady(stream or sys.stderr)
        self._every = every
        self._clock = clock
        self._counts: Counter[Outcome] = Counter()
        self._batch, self._to_call, self._words = "", 0, ""
        self._started = self._last_line = clock()
        self._waited = -math.inf

    def begin(self, *, batch: str, to_call: int) -> None:
        """See Progress."""
        self._batch, self._to_call = batch, to_call
        self._started = self._last_line = self._clock()
        self._counts.clear()

    def outcome(self, outcome: Outcome, *, position: int, execution_id: str | None) -> None:  # noqa: ARG002 - Progress
        """See Progress."""
        self._counts[outcome] += 1
        if self._clock() - self._last_line >= self._every:
            self._tell()

    def note(self, text: str) -> None:
        """See Progress."""
        print(visible(f"{self._batch}: {text}" if self._batch else text), file=self._stream, flush=True)

    def waiting(self, seconds: float) -> None:
        """See Progress."""
        self._waited = self._clock()
        if self._clock() - self._last_line >= COUNTDOWN_EVERY:
            self._last_line = self._clock()
            self.note(say.still_waiting(_clock(seconds)))

    def beat(self) -> None:
        """See Progress."""
        # While nobody can be called the countdown says enough.
        if self._clock() - max(self._last_line, self._waited) >= self._every:
            self._tell()

    def end(self) -> None:
        """See Progress."""
        self._tell()

    def calls(self, counts: Sequence[CallCount]) -> None:
        """See Progress."""
        words = calls_line(counts)
        if words != self._words and self._clock() - self._last_line >= self._every:
            self._words, self._last_line = words, self._clock()
            self.note(words)

    def _tell(self) -> None:
        self._last_line = self._clock()
        done = self._counts.total() - self._counts[Outcome.RETRY]
        self.note(
            say.done(
                done,
                among=self._to_call,
                queued=self._counts[Outcome.QUEUED],
                errors=self._counts[Outcome.ERROR],
                unknown=self._counts[Outcome.UNKNOWN],
                seconds=self._last_line - self._started,
            )
        )


def is_watched() -> bool:
    """Tell whether standard error is a terminal."""
    return steady(sys.stderr).isatty()


class JsonLines:
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
        self._batch = ""
        self._last_line = clock()

    def begin(self, *, batch: str, to_call: int) -> None:
        """See Progress."""
        self._batch = batch
        self.event("begin", to_call=to_call)

    def outcome(self, outcome: Outcome, *, position: int, execution_id: str | None) -> None:
        """See Progress."""
        if self._outcomes:
            self.event("outcome", row=position, status=str(outcome), execution_id=execution_id)

    def note(self, text: str) -> None:
        """See Progress."""
        self.event("note", text=text.strip())

    def waiting(self, seconds: float) -> None:
        """See Progress."""
        if self._clock() - self._last_line >= COUNTDOWN_EVERY:
            self.event("waiting", seconds=round(seconds))

    def beat(self) -> None:
        """See Progress."""

    def end(self) -> None:
        """See Progress."""
        self.event("end")

    def calls(self, counts: Sequence[CallCount]) -> None:
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


def _clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    return str(timedelta(seconds=math.ceil(seconds)))
