"""Whether a recipient may be called now. The judge may fail: without a verdict there is no call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.lowlevel import checkpoint_if_cancelled

from dialer.engine.breaker import Trip
from dialer.errors import DialerError
from dialer.messages import engine as say
from dialer.models import Deferral, Recipient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.engine.pacing import Pacer, Start
    from dialer.engine.placing import Room

ENDED = Deferral(say.SENDING_ENDED)
PAUSED = Deferral(say.SENDING_PAUSED)
LATE = Deferral(say.MOMENT_OVER)
_HELD = Deferral(say.SENDING_HELD, retry=True)
_NO_LINE = Deferral(say.NO_LINE_LEFT, retry=True)


class Eligibility:
    """Asks the judge, and ends the sending if it fails.

    Args:
        judge: returns why a recipient must not be called now, or None.
        glance: a slightly older verdict.
        ready: returns once the judge can judge.
        is_paused: whether a person has paused the run; asked last, as a request leaves.
        pacer: tells of a hold of all sending.
        lines: tells whether there is one.
        end: ends the sending.
        is_ending: whether the sending has ended.
    """

    def __init__(
        self,
        judge: Callable[[Recipient], Deferral | None],
        *,
        glance: Callable[[Recipient], Deferral | None],
        ready: Callable[[], Awaitable[None]],
        is_paused: Callable[[], bool],
        pacer: Pacer,
        lines: Room,
        end: Callable[[Trip], None],
        is_ending: Callable[[], bool],
    ) -> None:
        self._judge, self._glance = judge, glance
        self._ready = ready
        self._is_paused = is_paused
        self._pacer = pacer
        self._lines = lines
        self._end = end
        self._is_ending = is_ending

    def why_not_now(self, recipient: Recipient) -> Deferral | None:
        """Return why a recipient need not be taken up now, or None; the check is repeated as the request leaves."""
        return self._verdict(lambda: self._glance(recipient))

    def _verdict(self, judge: Callable[[], Deferral | None]) -> Deferral | None:
        try:
            return judge()
        except Exception as error:  # noqa: BLE001 - any error leaves it open whether to call, so do not
            return Deferral(self._end_for(error))

    def why_no_line(self, in_flight: int) -> Deferral | None:
        """Return why there is no line for a request whose intent is durable, or None if there is one.

        Args:
            in_flight: requests that were begun and have no outcome yet, including this one.
        """
        return self._verdict(lambda: None if self._lines.has_line(in_flight) else _NO_LINE)

    def why_not_leave(self, recipient: Recipient, start: Start) -> Deferral | None:
        """Return why a request must not leave, or None; called at the last moment, as a machine may be suspended."""
        deferral = ENDED if self._is_ending() else self._verdict(lambda: self._judge(recipient))
        if deferral is not None:
            return deferral
        if self._pacer.is_held():
            return _HELD
        if self._is_paused():
            return PAUSED
        return None if self._pacer.use(start) else LATE

    async def ready(self) -> None:
        """Return once the judge can judge; if it never can, the sending has ended."""
        try:
            await self._ready()
        except Exception as error:  # noqa: BLE001 - as above
            self._end_for(error)
            await checkpoint_if_cancelled()

    def _end_for(self, error: Exception) -> str:
        words = str(error) if isinstance(error, DialerError) else f"{type(error).__name__}: {error}"
        self._end(Trip(words, say.fix_that()))
        return words
