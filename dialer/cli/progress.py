"""How a run shows that it is alive: not at all, by a bar, or by lines for a log."""

from __future__ import annotations

import math
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from dialer.cli.colour import painted
from dialer.cli.events import COUNTDOWN_EVERY, LINE_EVERY, SLOW, JsonLines
from dialer.cli.terminal import Screen
from dialer.engine.progress import NOT_LOOKED, Counts, Progress
from dialer.escaping import on_one_line, visible
from dialer.messages import cli as say
from dialer.messages import progress as words
from dialer.messages.words import calls_line
from dialer.streams import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from dialer.engine.progress import Going
    from dialer.models import Answer, CallCount

SHOW_EVERY = 0.2
"""Seconds between two drawings of the bar, which spares the event loop."""


def progress_of(*, quiet: bool, no_progress: bool = False, log_format: str = "text") -> Progress:
    """Return a bar on a terminal, lines or events elsewhere, or nothing."""
    from dialer.cli import log  # noqa: PLC0415 - only a run needs it

    if quiet:
        return Progress()
    if log_format == "json":
        events = JsonLines(outcomes=not no_progress)
        if log.is_shown():
            log.show(lambda line: events.event("log", text=line))
        return events
    if no_progress:
        return Progress()
    # A bar is drawn over itself, which the lines of a log would break.
    return Bar() if is_watched() and not log.is_shown() else Lines()


def events_of(progress: Progress) -> Callable[..., None] | None:
    """Return what writes an event of its own, if progress is shown as events."""
    return progress.event if isinstance(progress, JsonLines) else None


class Bar(Progress):
    """A bar with the counts below it; without a terminal it draws nothing and prints notes only.

    Args:
        stream: where to; standard error by default.
        clock: monotonic seconds.
    """

    def __init__(self, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = steady(stream or sys.stderr)
        self._clock = clock
        self._screen = Screen(self._stream)
        self._is_terminal = self._stream.isatty()
        self._batch, self._waiting = "", ""
        self._counts: Counts | None = None
        self._going = NOT_LOOKED
        self._drawn = -math.inf

    def doing(self, what: str, *, seconds: float = 0.0) -> None:
        """See Progress."""
        if self._is_terminal and self._counts is None:
            self._screen.show(words.shortened(say.doing(what, seconds=seconds), self._screen.width()))

    def done(self) -> None:
        """See Progress."""
        if self._counts is None:
            self._screen.clear()

    def begin(self, *, batch: str, to_call: int, per: float = 1.0) -> None:
        """See Progress."""
        self._batch, self._waiting, self._going = on_one_line(batch), "", NOT_LOOKED
        self._counts = Counts(to_call=to_call, per=per, clock=self._clock)
        self._draw()

    def outcome(self, answer: Answer, *, position: int) -> None:  # noqa: ARG002 - Progress
        """See Progress."""
        assert self._counts is not None
        self._counts.add(answer)
        self._waiting = ""
        if self._clock() - self._drawn >= SHOW_EVERY:
            self._draw()

    def note(self, text: str) -> None:
        """See Progress."""
        self._screen.clear()
        print(painted(visible(text), self._stream), file=self._stream, flush=True)
        self._draw()

    def waiting(self, seconds: float) -> None:
        """See Progress."""
        self._waiting = say.waiting(_clock(seconds))
        self._draw()

    def beat(self, going: Going) -> None:
        """See Progress."""
        self._going = going
        self._draw()

    def end(self) -> None:
        """See Progress."""
        self._draw()
        self._screen.keep()
        self._counts = None

    def calls(self, counts: Sequence[CallCount], *, every: float | None = None) -> None:
        """See Progress."""
        self._screen.show("; ".join(filter(None, (calls_line(counts), words.looks_again(every)))))

    def _draw(self) -> None:
        if self._counts is not None and self._is_terminal:
            self._drawn = self._clock()
            self._screen.show("\n".join(self._rows(self._counts, self._screen.width())))

    def _rows(self, counts: Counts, width: int) -> list[str]:
        from tqdm import tqdm  # noqa: PLC0415 - only a run needs it

        pace = self._waiting or words.rate(counts.rate(), per=counts.per)
        tail = ", ".join(filter(None, [f"{counts.done:,}/{counts.to_call:,}", pace, words.ends(self._going.ends_at)]))
        name = words.shortened(self._batch, max(width // 4, width - len(tail) - 30))
        bar = tqdm.format_meter(
            min(counts.done, counts.to_call),
            counts.to_call,
            0.0,
            ncols=width,
            prefix=name,
            # The unit is the one text of ours that it leaves as it is.
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {unit}",
            unit=tail,
        )
        return [bar, *words.packed(_parts(counts, self._going), width=width)]


def _parts(counts: Counts, going: Going) -> list[str]:
    ended = None if going.ended is None else sum(going.ended.values())
    return [
        *words.requests(
            accepted=counts.accepted,
            refused=counts.refused,
            unknown=counts.unknown,
            reason=on_one_line(counts.reason),
        ),
        *words.calls(ended=ended, reached=going.reached),
        words.lines(going.live, most=going.lines),
    ]


class Lines(Progress):
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
        self._counts = Counts(clock=clock)
        self._going = NOT_LOOKED
        self._batch, self._words, self._doing = "", "", ""
        self._last_line = clock()
        self._waited = -math.inf

    def doing(self, what: str, *, seconds: float = 0.0) -> None:
        """See Progress."""
        if seconds >= SLOW and what != self._doing:
            self._doing = what
            self.note(say.doing(what, seconds=0.0))

    def begin(self, *, batch: str, to_call: int, per: float = 1.0) -> None:
        """See Progress."""
        self._batch = batch
        self._counts = Counts(to_call=to_call, per=per, clock=self._clock)
        self._going = NOT_LOOKED
        self._last_line = self._clock()

    def outcome(self, answer: Answer, *, position: int) -> None:  # noqa: ARG002 - Progress
        """See Progress."""
        self._counts.add(answer)
        if self._clock() - self._last_line >= self._every:
            self._write_line()

    def note(self, text: str) -> None:
        """See Progress."""
        said = visible(f"{self._batch}: {text}" if self._batch else text)
        print(painted(said, self._stream), file=self._stream, flush=True)

    def waiting(self, seconds: float) -> None:
        """See Progress."""
        self._waited = self._clock()
        if self._clock() - self._last_line >= COUNTDOWN_EVERY:
            self._last_line = self._clock()
            self.note(say.still_waiting(_clock(seconds)))

    def beat(self, going: Going) -> None:
        """See Progress."""
        self._going = going
        # While no recipient can be called, the countdown is enough.
        if self._clock() - max(self._last_line, self._waited) >= self._every:
            self._write_line()

    def end(self) -> None:
        """See Progress."""
        self._write_line()

    def calls(self, counts: Sequence[CallCount], *, every: float | None = None) -> None:  # noqa: ARG002 - Progress
        """See Progress."""
        text = calls_line(counts)
        if text != self._words and self._clock() - self._last_line >= self._every:
            self._words, self._last_line = text, self._clock()
            self.note(text)

    def _write_line(self) -> None:
        self._last_line = self._clock()
        counts = self._counts
        parts = [
            words.done(counts.done, among=counts.to_call),
            *_parts(counts, self._going),
            words.rate(counts.rate(), per=counts.per),
            words.ends(self._going.ends_at),
        ]
        self.note(", ".join(filter(None, parts)))


def is_watched() -> bool:
    """Tell whether standard error is a terminal."""
    return steady(sys.stderr).isatty()


def _clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    return str(timedelta(seconds=math.ceil(seconds)))
