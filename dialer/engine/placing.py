"""Placing one call: the body leaves at the last moment at which it may, and what the answer means is recorded."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import anyio

from dialer.messages.engine import DATABASE_TOO_SLOW, INTENT_TOO_OLD, id_of_another_call
from dialer.models import Answer, Attempt, Deferral, Effect, Outcome, Recipient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.engine.breaker import Breaker, Trip
    from dialer.engine.pacing import Start
    from dialer.engine.progress import Progress
    from dialer.engine.throttle import Throttle
    from dialer.provider.interface import Connection
    from dialer.store.call_ids import CallIds


_log = logging.getLogger(__name__)
_TOO_OLD = Deferral(INTENT_TOO_OLD, retry=True)
_SLOW_FOR = 30.0
"""Seconds without a call, each confirmed too late, after which it is said that the database is too slow."""


class Outcomes(Protocol):
    """Where outcomes are recorded."""

    def settle(self, attempt: Attempt, answer: Answer) -> None:
        """Have an outcome made durable."""

    def may_send(self, attempt: Attempt) -> bool:
        """Tell whether a request may leave whose intent was recorded."""


class Room(Protocol):
    """What the runner asks before it takes somebody up."""

    on_change: Callable[[], None]
    """Called when there may be more room."""

    def room(self) -> float:
        """Return how many calls may become live, those in flight counting as such."""

    def has_line(self, in_flight: int) -> bool:
        """Tell whether there is a line for a request whose intent is durable, counting other batches' requests."""

    def was_refused(self) -> None:
        """Wait for a line: the ledger had none for an intent."""

    def came_back(self, attempt: Attempt, answer: Answer) -> None:
        """Count a request that was answered."""


def _which(attempt: Attempt) -> tuple[int, int]:
    return attempt.id, attempt.recipient.position


class Placing:
    """Places calls, each on a connection of its own.

    Args:
        outcomes: where they are recorded.
        breaker: decides when the run must end early.
        throttle: lets an answer set the pace.
        lines: counts the requests that were answered.
        agent_gone: called after a 404: tells whether the provider does not know the agent either.
        known: returns the ids that the provider has given the calls of this batch so far; asked once.
        why_not: why a request must not leave, or None; asked when its body is about to.
        put_off: called where it must not.
        try_again: called for somebody who was surely not called and may be tried again.
        end: ends the sending.
        is_ending: whether the sending has ended.
        progress: shows the progress.

    Attributes:
        in_flight: requests that were begun and have no outcome yet; who begins one counts it.
        sent: requests that placed a call, were refused, or left it unknown.
        accepted: requests that placed a call.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        *,
        breaker: Breaker,
        throttle: Throttle,
        lines: Room,
        agent_gone: Callable[[], Awaitable[bool]],
        known: Callable[[], Awaitable[CallIds]],
        why_not: Callable[[Recipient, Start], Deferral | None],
        put_off: Callable[[Attempt, Deferral], Awaitable[None]],
        try_again: Callable[[Recipient], None],
        end: Callable[[Trip], None],
        is_ending: Callable[[], bool],
        progress: Progress,
    ) -> None:
        self._outcomes = outcomes
        self._breaker = breaker
        self._throttle = throttle
        self._lines = lines
        self._agent_gone = agent_gone
        self._read_known = known
        self._known: CallIds | None = None
        self._reading = anyio.Lock()
        self._why_not = why_not
        self._put_off = put_off
        self._try_again = try_again
        self._end = end
        self._is_ending = is_ending
        self._progress = progress
        self._slow_since: float | None = None
        self._is_said = False
        self.in_flight = 0
        self.sent = self.accepted = 0

    async def place(self, attempt: Attempt, connection: Connection, start: Start) -> float:
        """Send an attempt's request, unless it may not leave any more, and record what came of it.

        Args:
            attempt: whose intent is on disk.
            connection: open, for this request alone.
            start: what the pacer has granted for it; its moment has come.

        Returns:
            The seconds for which no other run may send either; 0 for none.
        """
        deferrals: list[Deferral] = []

        def may_leave() -> bool:
            why = self._why_not(attempt.recipient, start)
            # Last of all: this run may have been declared over in the meantime, or its intent may be too old.
            why = _TOO_OLD if why is None and not self._outcomes.may_send(attempt) else why
            deferrals.extend(filter(None, [why]))
            return not deferrals

        answer = await connection.call(attempt.body.text.encode(), may_leave)
        if answer.effect is Effect.WITHHOLD:
            _log.debug("attempt %d, row %d: not sent: %s", *_which(attempt), deferrals[0].reason)
            if deferrals[0] is _TOO_OLD:
                self._note_slow()
            await self._put_off(attempt, deferrals[0])
            self.in_flight -= 1
            return 0.0
        self._slow_since = None
        return await self._take(attempt, answer)

    def _note_slow(self) -> None:
        """Say once that the database confirms calls too late for any of them to leave."""
        now = anyio.current_time()
        self._slow_since = now if self._slow_since is None else self._slow_since
        if not self._is_said and now - self._slow_since >= _SLOW_FOR:
            self._is_said = True
            self._progress.note(DATABASE_TOO_SLOW)

    async def _take(self, attempt: Attempt, answer: Answer) -> float:
        answer = await self._not_twice(answer)
        gone = answer.http_status == 404 and await self._agent_gone()  # noqa: PLR2004 - HTTP's number
        answer, trip = self._breaker.judge(answer, now=anyio.current_time(), agent_gone=gone)
        _log.debug(
            "attempt %d, row %d: %s, HTTP %s, call %s",
            *_which(attempt),
            answer.outcome,
            answer.http_status,
            answer.execution_id,
        )
        self._outcomes.settle(attempt, answer)
        self.in_flight -= 1
        self._lines.came_back(attempt, answer)
        self.sent += answer.outcome is not Outcome.RETRY
        self.accepted += answer.outcome is Outcome.QUEUED
        held = 0.0
        if trip is not None:
            self._end(trip)
        elif not self._is_ending():
            held = self._throttle.adjust(answer)
            if answer.outcome is Outcome.RETRY:
                self._try_again(replace(attempt.recipient, attempts=attempt.recipient.attempts + 1))
        self._progress.outcome(answer, position=attempt.recipient.position)
        return held

    async def _not_twice(self, answer: Answer) -> Answer:
        """Doubt an id that somebody else has got: answers were crossed on their way."""
        if answer.execution_id is None:
            return answer
        known = self._known or await self._known_so_far()
        if known.add(answer.execution_id):
            return answer
        words = id_of_another_call(answer.execution_id)
        return replace(answer, outcome=Outcome.UNKNOWN, execution_id=None, words=words)

    async def _known_so_far(self) -> CallIds:
        """Read the ids at the first answer, before any is recorded: the first request does not wait for them."""
        # An abort of the run must not lose the answer that is here.
        with anyio.CancelScope(shield=True):
            async with self._reading:
                known = self._known = self._known or await self._read_known()
        return known
