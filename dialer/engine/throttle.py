"""What an answer means for the pace: slow start, holds after a 429 or a failed connection, and back to full speed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dialer.messages.engine import waiting
from dialer.models import Answer, Effect, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.engine.pacing import Pacer

HOLD_CAP = 300.0
"""The longest a server's `Retry-After` is obeyed at one go, in seconds."""
_HOLD_FIRST, _HOLD_MOST = 2.0, 60.0
_BACK_OFF_FIRST, _BACK_OFF_MOST = 1.0, 20.0
_DOUBLINGS = 10
_log = logging.getLogger(__name__)


class Throttle:
    """Widens and narrows what may be in flight, and holds the sending.

    One in flight at first, doubled by each certain answer, reset to one by a doubtful one: a slow start.

    Attributes:
        window: requests that may be in flight.

    Args:
        pacer: is held, slowed down and restored.
        max_in_flight: the widest window.
        jitter: a number in [0, 1); spreads the waits of several machines.
        on_hold: receives the seconds of a hold, and the reason.
        note: receives each new hold in words.
    """

    def __init__(
        self,
        pacer: Pacer,
        *,
        max_in_flight: int,
        jitter: Callable[[], float],
        on_hold: Callable[[float, str], None],
        note: Callable[[str], None],
    ) -> None:
        self.window = 1
        self._pacer = pacer
        self._max_in_flight = max_in_flight
        self._jitter = jitter
        self._on_hold = on_hold
        self._note = note
        self._holds = 0
        self._held = 0.0

    def held(self) -> float:
        """Return the seconds that all sending was held until now."""
        return self._held - self._pacer.held()

    def adjust(self, answer: Answer) -> float:
        """Let one answer widen or narrow what may be in flight, and hold or free the sending.

        Returns:
            The seconds for which no other run of the organisation may send either: after a 429; otherwise 0.
        """
        if answer.outcome is Outcome.UNKNOWN:
            self.window = 1
        if answer.effect is Effect.HOLD and (answer.outcome is Outcome.RETRY or answer.retry_after is not None):
            seconds = self._hold(answer, _HOLD_FIRST, _HOLD_MOST)
            return seconds if answer.outcome is Outcome.RETRY else 0.0
        if answer.effect is Effect.BACK_OFF:
            self.window = 1
            self._hold(answer, _BACK_OFF_FIRST, _BACK_OFF_MOST)
        elif answer.outcome in {Outcome.QUEUED, Outcome.ERROR}:
            self.window = min(self._max_in_flight, self.window * 2)
            self._holds = 0
            self._pacer.recover()
        return 0.0

    def _hold(self, answer: Answer, first: float, most: float) -> float:
        """Hold all sending, and return for how many seconds; several answers to one burst count as one."""
        already = self._pacer.held()
        if answer.retry_after is not None:
            seconds = min(answer.retry_after, HOLD_CAP)
        elif already:
            return 0.0
        else:
            seconds = min(most, first * 2 ** min(self._holds, _DOUBLINGS)) * (0.5 + self._jitter() / 2)
        why = answer.words or str(answer.http_status)
        if not already:
            self._holds += 1
            if answer.effect is Effect.HOLD:
                self._pacer.slow_down()
            self._note(waiting(seconds, why=why))
        if seconds > already:
            self._held += seconds - already
            self._on_hold(seconds, why)
        self._pacer.hold(seconds)
        _log.info("nothing is sent for %.1f s: %s, HTTP %s", seconds, answer.outcome, answer.http_status)
        return seconds
