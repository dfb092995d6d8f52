"""How a run is told to stop."""

from __future__ import annotations

import anyio


class Control:
    """How a run is told to stop; belongs to whoever owns the signals."""

    def __init__(self) -> None:
        self.drain = anyio.Event()
        """Stop sending, let what is in flight finish."""
        self.abort = anyio.Event()
        """Cancel now: what is in flight is `unknown`."""
        self.stopped = ""
        """Who stopped it, in words, once somebody did."""
        self._interrupted = False

    def interrupt(self) -> None:
        """The first time drain, the second time abort."""
        if self._interrupted:
            self.abort.set()
        self._interrupted = True
        self.stop("Interrupted")

    def stop(self, words: str) -> None:
        """Drain, for a reason that a person understands."""
        self.stopped = self.stopped or words
        self.drain.set()
