"""The task group that sends: pull → intent, connection → pace → judge → POST → outcome."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from dialer import moments
from dialer.breaker import Trip
from dialer.connections import Connection, Connections
from dialer.errors import DialerError, LedgerError
from dialer.lines import Unlimited
from dialer.models import Answer, Attempt, Deferral, Effect, Outcome, Recipient
from dialer.pending import Deferred, Pending
from dialer.reference import VARIABLE
from dialer.throttle import Throttle
from dialer.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

    from anyio.abc import TaskGroup

    from dialer.breaker import Breaker
    from dialer.control import Control
    from dialer.ledger import Ledger
    from dialer.pacing import Pacer
    from dialer.progress import Progress

    Watcher = Callable[[Callable[[Trip], None]], Coroutine[Any, Any, None]]

_CONNECTING = 10.0
"""Seconds that one connection may take."""
DRAIN = 50.0
"""Seconds that what is in flight gets to finish; shorter than service managers wait before they kill."""


class Recorder(Protocol):
    """What the runner needs of the ledger."""

    failure: LedgerError | None

    async def call(self, work: Callable[[Ledger], Any]) -> Any:  # noqa: ANN401 - whatever the work returns
        """Do some work on the ledger."""

    async def intend(self, recipients: Sequence[Recipient]) -> list[Attempt]:
        """Return once the intents are on disk."""

    def settle(self, attempt: Attempt, answer: Answer) -> None:
        """Have an outcome made durable."""

    def note_hold(self, seconds: float, words: str) -> None:
        """Have it made durable that all sending stands still."""


class Room(Protocol):
    """What the runner asks before it takes somebody up."""

    on_change: Callable[[], None]
    """Called when there may be more room."""

    def room(self) -> float:
        """Return how many calls may become live, those in flight counting as such."""

    def came_back(self, attempt: Attempt, answer: Answer) -> None:
        """Count a request that was answered."""


@dataclass(slots=True)
class Ending:
    """How sending ended.

    Attributes:
        trip: why the breaker ended it; None if it did not.
        interrupted: somebody asked to stop.
        deferred: reason → those who were left for later.
        held: seconds that all sending was held.
        waited: seconds that were waited for somebody to be callable.
    """

    trip: Trip | None = None
    interrupted: bool = False
    deferred: dict[str, Deferred] = field(default_factory=dict)
    held: float = 0.0
    waited: float = 0.0


_ENDED = Deferral("the sending ended before the request had left")
_HELD = Deferral("all sending was held before the request had left", retry=True)


def body_of(attempt: Attempt) -> bytes:
    """Return the body of a request: the recipient's payload with this attempt's reference as the last variable.

    The text is put together, not read and written again: it is our own, and its last field is `user_data`.
    """
    text = attempt.recipient.payload.removesuffix("}}")
    comma = "" if text.endswith("{") else ","
    return f'{text}{comma}"{VARIABLE}":"{attempt.reference}"}}}}'.encode()


class Runner:
    """Calls everybody who is pending in the ledger, once.

    Write order, and what a crash leaves: the intent is durable before the pacer is asked, so before the request
    leaves; a crash before it leaves `pending`, a crash from there until the outcome is durable leaves `sending`,
    which the next start makes `unknown`. The intent comes before the pacer, so that a slow disk cannot bunch
    requests that were already paced; a bounded few hold an intent while they wait, and who is not sent after all
    goes back to `pending`. After a cancellation nothing is decided.

    Args:
        ledger: where intents and outcomes are recorded.
        connect: returns an open connection for one call, or what it means that there is none.
        pacer: says when a request may start.
        breaker: says when the run cannot go well.
        agent_gone: asked after a 404: does Bolna not know the agent either?
        judge: why somebody must not be called now, or None; asked before the intent, and when the body is about to
            leave. A DialerError of its own ends the sending.
        ready: returns once the judge can judge; asked before a request is due. A DialerError ends the sending.
        progress: who is told.
        max_in_flight: requests sent and not yet answered.
        lines: how many calls may become live; nobody holds an intent who would have to wait for a line.
        limit: so many recipients are taken up at most.
        waits: whether those who can be called later are waited for.
        jitter: a number in [0, 1); spreads the waits of several machines.
        now: the wall clock, Unix seconds.
    """

    def __init__(
        self,
        *,
        ledger: Recorder,
        connect: Callable[[], Awaitable[Connection | Answer]],
        pacer: Pacer,
        breaker: Breaker,
        agent_gone: Callable[[], Awaitable[bool]],
        judge: Callable[[Recipient], Deferral | None],
        progress: Progress,
        max_in_flight: int,
        ready: Callable[[], Awaitable[None]] = checkpoint_if_cancelled,
        lines: Room | None = None,
        limit: int | None = None,
        waits: bool = False,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._pacer = pacer
        self._breaker = breaker
        self._agent_gone = agent_gone
        self._judge = judge
        self._ready_to_judge = ready
        self._progress = progress
        self._lines = lines or Unlimited()
        self._lines.on_change = self._notify
        self._now = now
        self._pending = Pending(page=self._page, judge=self._why_not, limit=limit, now=now, waits=waits)
        per_second = pacer.rate_now
        self._ahead = 1 + math.ceil(min(max_in_flight, per_second * 0.1))
        self.longest_wait = self._ahead * pacer.longest_interval + breaker.outage_after + _CONNECTING
        """Seconds for which somebody may hold an intent before the request leaves, holds not counted."""
        self._ready: deque[Attempt] = deque()
        self._over = False
        self._in_flight = 0
        self._ids: set[int] = set()
        self.sent = 0
        """Requests that placed a call, were refused, or left it unclear."""
        self._throttle = Throttle(
            pacer, max_in_flight=max_in_flight, jitter=jitter, on_hold=ledger.note_hold, note=progress.note
        )
        self._connections = Connections(
            connect, pacer=pacer, most=self._useful, failed=self._not_connected, on_change=self._notify
        )
        self._waiting: dict[anyio.Event, Callable[[], bool]] = {}
        self._sending = anyio.CancelScope()
        self._ending = Ending(deferred=self._pending.deferred)

    async def run(self, control: Control, *, watchers: Sequence[Watcher] = ()) -> Ending:
        """Send until nobody is left, the breaker trips or somebody asks to stop; then drain.

        Args:
            control: how it is told to stop.
            watchers: run beside the sending; each may end it by calling what it is given.

        Raises:
            LedgerError: something could not be recorded; sending stopped before anything else left.
        """
        with self._stopping_if_it_fails():
            self._ids = await self._ledger.call(lambda ledger: ledger.execution_ids())
        async with anyio.create_task_group() as calls:
            calls.start_soon(self._abort_when, control, calls)
            try:
                await self._send_all(calls, control, watchers)
            finally:
                await self._give_back()
                await self._connections.aclose()
            with anyio.move_on_after(DRAIN):
                await self._until(lambda: self._in_flight == 0)
            calls.cancel_scope.cancel()
        await self._recorded()
        return self._ending

    async def _send_all(self, calls: TaskGroup, control: Control, watchers: Sequence[Watcher]) -> None:
        with self._sending:
            async with anyio.create_task_group() as around:
                around.start_soon(self._stop_when, control)
                around.start_soon(self._intend_ahead)
                around.start_soon(self._connect_ahead)
                for watcher in watchers:
                    around.start_soon(watcher, self.end)
                await self._dispatch(calls)
                around.cancel_scope.cancel()
        self._ending.held = self._throttle.held()

    def end(self, trip: Trip) -> None:
        """Stop sending, for a reason."""
        self._ending.trip = self._ending.trip or trip
        self._sending.cancel()

    # -- waiting -------------------------------------------------------------------------------------------------

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            changed = anyio.Event()
            self._waiting[changed] = true
            try:
                await changed.wait()
            finally:
                del self._waiting[changed]

    def _notify(self) -> None:
        # Only who can go on is woken: most of what changes concerns one of them.
        for changed, true in self._waiting.items():
            if true():
                changed.set()

    async def _stop_when(self, control: Control) -> None:
        await control.drain.wait()
        self._ending.interrupted = True
        self._sending.cancel()

    async def _abort_when(self, control: Control, calls: TaskGroup) -> None:
        await control.abort.wait()
        self._ending.interrupted = True
        calls.cancel_scope.cancel()

    # -- the ledger ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _stopping_if_it_fails(self) -> Iterator[None]:
        try:
            yield
        except LedgerError:
            self._sending.cancel()

    async def _give_back(self) -> None:
        """Make pending again whoever holds an intent and was not sent."""
        if self._ready:
            await self._withhold(list(self._ready), "")

    async def _withhold(self, attempts: list[Attempt], reason: str) -> None:
        with anyio.CancelScope(shield=True), self._stopping_if_it_fails():
            await self._ledger.call(lambda ledger: ledger.withhold(attempts, reason=reason))

    async def _recorded(self) -> None:
        """Return once every outcome is on disk; nobody waited for them so far."""
        with self._stopping_if_it_fails():
            await self._ledger.call(lambda _: None)
        if self._ledger.failure is not None:
            raise self._ledger.failure

    # -- intents -------------------------------------------------------------------------------------------------

    async def _intend_ahead(self) -> None:
        """Keep a bounded few intents on disk ahead of the pacer."""
        while await self._somebody_is_next():
            recipients = await self._pending.take(self._places(), stopped=lambda: self._sending.cancel_called)
            # Shielded: an intent that reaches the disk must not be forgotten by a cancellation meanwhile.
            with anyio.CancelScope(shield=True), self._stopping_if_it_fails():
                self._ready.extend(await self._ledger.intend(recipients))
            self._notify()
            await checkpoint_if_cancelled()
        self._over = True
        self._notify()

    async def _somebody_is_next(self) -> bool:
        """Return once there may be somebody to take up; False when there will be nobody any more."""
        while True:
            await self._until(lambda: self._is_idle() or self._wants_more())
            if not self._is_idle():
                return True
            at = self._pending.next_pass_at()
            if at is None:
                return False
            await self._wait_for_an_opening(at)
            self._breaker.pause()
            self._pending.go_through_again()

    def _wants_more(self) -> bool:
        return self._pending.waits_for_a_turn() and 2 * len(self._ready) < self._ahead and self._places() > 0

    def _places(self) -> int:
        """Return how many may hold an intent besides those who do."""
        free = self._lines.room() - self._in_flight
        return int(min(self._ahead, free)) - len(self._ready)

    def _is_idle(self) -> bool:
        return not (self._pending.waits_for_a_turn() or self._ready or self._in_flight)

    async def _wait_for_an_opening(self, at: float) -> None:
        if at <= self._now():
            return
        left = sum(found.count for found in self._pending.deferred.values())
        opening = moments.told(datetime.fromtimestamp(at, UTC))
        self._progress.note(f"waiting until {opening}: {left:,} cannot be called before")
        began = anyio.current_time()
        try:
            await wait_until(at, now=self._now, told=self._progress.waiting)
        finally:
            self._ending.waited += anyio.current_time() - began

    async def _page(self, after: int, size: int) -> list[Recipient]:
        with self._stopping_if_it_fails():
            found: list[Recipient] = await self._ledger.call(lambda ledger: ledger.page(after=after, size=size))
            return found
        return []

    def _why_not(self, recipient: Recipient) -> Deferral | None:
        try:
            return self._judge(recipient)
        except Exception as error:  # noqa: BLE001 - whoever cannot be judged is not called, whatever the reason
            return Deferral(self._end_for(error))

    def _end_for(self, error: Exception) -> str:
        words = str(error) if isinstance(error, DialerError) else f"{type(error).__name__}: {error}"
        self.end(Trip(words, "Fix that, then run the same command again."))
        return words

    async def _can_judge(self) -> None:
        """Return once the judge can judge; where it never will, the sending has ended."""
        try:
            await self._ready_to_judge()
        except Exception as error:  # noqa: BLE001 - as above
            self._end_for(error)
            await checkpoint_if_cancelled()

    # -- sending -------------------------------------------------------------------------------------------------

    async def _connect_ahead(self) -> None:
        """Keep a bounded few connections open ahead of the pacer."""
        async with anyio.create_task_group() as tasks:
            while True:
                await self._until(self._connections.wants_one)
                await self._connections.open_one(tasks)

    def _useful(self) -> float:
        """Return how many connections there is a use for, besides those that are in flight."""
        if not (self._ready or self._in_flight):
            return 0
        somebody = math.inf if self._pending.waits_for_a_turn() else len(self._ready)
        return min(somebody, self._throttle.window, self._lines.room() - self._in_flight)

    def _not_connected(self, answer: Answer) -> None:
        _, trip = self._breaker.judge(answer, now=anyio.current_time())
        if trip is not None:
            self.end(trip)
        else:
            self._throttle.adjust(answer)

    async def _dispatch(self, calls: TaskGroup) -> None:
        while True:
            await self._until(lambda: bool(self._ready) or self._over)
            if not self._ready:
                return
            await self._until(lambda: self._has_room() and self._connections.is_ready())
            # Before the pacer's grant, which would be late after it.
            await self._can_judge()
            granted = False
            with anyio.CancelScope(deadline=self._connections.next_until()):
                await self._pacer.wait()
                granted = True
            # What ends the sending, or narrows the window, may come in the same moment as the pacer's grant.
            await checkpoint_if_cancelled()
            if self._ledger.failure is not None:
                return
            # Without a moment of the pacer's the connection is too old: it is closed, and another one opened.
            if not granted or self._has_room():
                connection = await self._connections.take()
                if connection is not None:
                    assert granted
                    self._start(calls, connection)

    def _has_room(self) -> bool:
        return self._in_flight < min(self._throttle.window, self._lines.room())

    def _start(self, calls: TaskGroup, connection: Connection) -> None:
        # Whoever may not be called any more is found when the body is about to leave.
        self._in_flight += 1
        calls.start_soon(self._send, self._ready.popleft(), connection)
        self._notify()

    def _not_twice(self, answer: Answer) -> Answer:
        """Doubt an id that somebody else has got: answers were crossed on their way."""
        if answer.execution_id is None:
            return answer
        mark = hash(answer.execution_id)
        if mark in self._ids:
            words = f"the answer has the id of another call ({answer.execution_id})"
            return replace(answer, outcome=Outcome.UNKNOWN, execution_id=None, words=words)
        self._ids.add(mark)
        return answer

    async def _put_off(self, attempt: Attempt, deferral: Deferral) -> None:
        if not deferral.retry:
            self._pending.put_back(deferral)
        await self._withhold([attempt], deferral.reason)
        if deferral.retry:
            self._pending.try_again(attempt.recipient)

    async def _send(self, attempt: Attempt, connection: Connection) -> None:
        deferrals: list[Deferral] = []

        def may_leave() -> bool:
            # The last moment: a machine may be suspended at any other.
            deferral = _ENDED if self._sending.cancel_called else self._why_not(attempt.recipient)
            if deferral is None and self._pacer.held():
                deferral = _HELD
            deferrals.extend(filter(None, [deferral]))
            return not deferrals

        answer = await connection.call(body_of(attempt), may_leave)
        if answer.effect is Effect.WITHHOLD:
            await self._put_off(attempt, deferrals[0])
            self._in_flight -= 1
        else:
            await self._take(attempt, answer)
        self._notify()

    async def _take(self, attempt: Attempt, answer: Answer) -> None:
        answer = self._not_twice(answer)
        gone = answer.http_status == 404 and await self._agent_gone()  # noqa: PLR2004 - HTTP's number
        answer, trip = self._breaker.judge(answer, now=anyio.current_time(), agent_gone=gone)
        self._ledger.settle(attempt, answer)
        self._in_flight -= 1
        self._lines.came_back(attempt, answer)
        self.sent += answer.outcome is not Outcome.RETRY
        if trip is not None:
            self.end(trip)
        elif not self._sending.cancel_called:
            self._throttle.adjust(answer)
            if answer.outcome is Outcome.RETRY:
                self._pending.try_again(replace(attempt.recipient, attempts=attempt.recipient.attempts + 1))
        self._progress.outcome(answer.outcome, position=attempt.recipient.position, execution_id=answer.execution_id)
