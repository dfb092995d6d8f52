"""The task group that sends: room → connection → pace → intent → judge → POST → outcome."""

from __future__ import annotations

import contextlib
import math
import random
import time
from typing import TYPE_CHECKING, Any

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from dialer.engine.breaker import Trip
from dialer.engine.changes import Changes
from dialer.engine.commits import Commits
from dialer.engine.connections import Connections
from dialer.engine.eligibility import ENDED, LATE, Eligibility
from dialer.engine.ending import Ending
from dialer.engine.pacing import EARLIEST
from dialer.engine.pending import PAGE, SHARED_PAGE, Pending
from dialer.engine.placing import Placing
from dialer.engine.queue import Queue
from dialer.engine.recording import Recording
from dialer.engine.throttle import Throttle
from dialer.errors import DialerError, NoLineError
from dialer.models import Attempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

    from anyio.abc import TaskGroup

    from dialer.engine.breaker import Breaker
    from dialer.engine.control import Control
    from dialer.engine.other_runs import OtherRuns
    from dialer.engine.pacing import Pacer, Start
    from dialer.engine.placing import Room
    from dialer.engine.progress import Progress
    from dialer.models import Answer, Deferral, Recipient, Render
    from dialer.provider.interface import Connection
    from dialer.rate import Rate
    from dialer.store import AsyncStore

    Watcher = Callable[[Callable[[Trip], None]], Coroutine[Any, Any, None]]

_CONNECTING = 10.0
"""Seconds that one connection may take."""
DRAIN = 50.0
"""Seconds for requests in flight to finish; shorter than service managers wait before they kill."""


class Runner:
    """Calls every recipient who is pending in the ledger, once.

    Write order, and what a crash leaves: the intent is durable before the request leaves; a crash before that leaves
    `pending`, a crash from there until the outcome is durable leaves `sending`, which the next start makes `unknown`.
    To keep the number of doubtful recipients without a call low, an intent is begun before the pacer's moment only by
    the time that a commit takes. If the commit misses the moment, the intent stays and the request takes the next
    moment: a slow disk cannot bunch requests. An unsent intent goes back to `pending`. A cancellation decides nothing.

    Args:
        ledger: where intents and outcomes are recorded.
        render: returns the body of a recipient's request, which is stored with the intent.
        connect: returns an open connection for one call, or the outcome if it fails.
        pacer: decides when a request may start.
        breaker: decides when the run must end early.
        agent_gone: called after a 404: tells whether the provider does not know the agent either.
        judge: returns why a recipient must not be called now, or None; called as the body leaves; errors end the run.
        glance: a slightly older verdict, for when a recipient is taken up; None: the judge is called then as well.
        ready: returns once the judge can judge; called before a request is due. A DialerError ends the sending.
        is_paused: whether a person has paused the run; called as each request leaves.
        progress: shows the progress.
        max_in_flight: requests sent and not yet answered.
        lines: how many calls may become live; no intent is written for a call that has to wait for a line.
        limit: maximum number of recipients to take up.
        waits: whether to wait for recipients who can be called later.
        others: the other runs of the batch; None: there are none.
        on_trip: receives why the sending ends, at once.
        zone: time zone of the times that are shown; None: the machine's.
        jitter: a number in [0, 1); spreads the waits of several machines.
        now: the wall clock, Unix seconds.
    """

    def __init__(
        self,
        *,
        ledger: AsyncStore,
        render: Render,
        connect: Callable[[], Awaitable[Connection | Answer]],
        pacer: Pacer,
        breaker: Breaker,
        agent_gone: Callable[[], Awaitable[bool]],
        judge: Callable[[Recipient], Deferral | None],
        progress: Progress,
        max_in_flight: int,
        lines: Room,
        glance: Callable[[Recipient], Deferral | None] | None = None,
        ready: Callable[[], Awaitable[None]] = checkpoint_if_cancelled,
        is_paused: Callable[[], bool] = lambda: False,
        limit: int | None = None,
        waits: bool = False,
        others: OtherRuns | None = None,
        on_trip: Callable[[Trip], None] = lambda _: None,
        zone: str | None = None,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ledger, self._render, self._pacer, self._breaker = ledger, render, pacer, breaker
        self._changes, self._sending = Changes(), anyio.CancelScope()
        self._recording = Recording(ledger, self._sending)
        self._lines, lines.on_change = lines, self._changes.notify
        self._eligibility = Eligibility(
            judge,
            glance=glance or judge,
            ready=ready,
            is_paused=is_paused,
            pacer=pacer,
            lines=self._lines,
            end=self.end,
            is_ending=self._is_ending,
        )
        self._others, self._on_trip = others, on_trip
        self._pending = Pending(
            page=self._recording.page,
            judge=self._eligibility.why_not_now,
            limit=limit,
            now=now,
            waits=waits,
            size=PAGE if others is None else SHARED_PAGE,
        )
        self._max_in_flight, self._commits = max_in_flight, Commits()
        self._throttle = Throttle(
            pacer, max_in_flight=max_in_flight, jitter=jitter, on_hold=ledger.note_hold, note=progress.note
        )
        self._connections = Connections(
            connect,
            pacer=pacer,
            most=self._useful,
            early=self._commits.early,
            failed=self._not_connected,
            on_change=self._changes.notify,
        )
        self.placing = Placing(
            ledger,
            breaker=breaker,
            throttle=self._throttle,
            lines=self._lines,
            agent_gone=agent_gone,
            known=self._recording.known_ids,
            why_not=self._eligibility.why_not_leave,
            put_off=self._put_off,
            try_again=self._pending.try_again,
            end=self.end,
            is_ending=self._is_ending,
            progress=progress,
        )
        self._ending = Ending(deferred=self._pending.deferred)
        self._queue = Queue(
            self._pending,
            changes=self._changes,
            has_room=self._has_room,
            in_flight=lambda: self.placing.in_flight,
            is_ending=self._is_ending,
            progress=progress,
            ending=self._ending,
            others=others,
            now=now,
            zone=zone,
        )

    async def run(self, control: Control, *, watchers: Sequence[Watcher] = ()) -> Ending:
        """Send until no recipient is left, the breaker trips or a person asks to stop; then drain.

        Args:
            control: stops the run.
            watchers: run beside the sending; each may end it by calling its argument.

        Raises:
            LedgerError: something could not be recorded; sending stopped before anything else left.
        """
        try:
            async with anyio.create_task_group() as calls:
                calls.start_soon(self._leave_when, control.abort, calls.cancel_scope)
                await self._send_all(calls, control, watchers)
                with anyio.move_on_after(DRAIN):
                    await self._changes.until(lambda: self.placing.in_flight == 0)
                calls.cancel_scope.cancel()
        finally:
            await self._give_back()
        await self._recording.flush()
        return self._ending

    async def _send_all(self, calls: TaskGroup, control: Control, watchers: Sequence[Watcher]) -> None:
        try:
            with self._sending:
                if self._others is not None:
                    await self._others.begin()
                async with anyio.create_task_group() as around:
                    around.start_soon(self._leave_when, control.drain, self._sending)
                    around.start_soon(self._queue.look_again)
                    around.start_soon(self._connections.open_ahead, self._changes)
                    for watcher in watchers:
                        around.start_soon(watcher, self.end)
                    await self._dispatch(calls)
                    around.cancel_scope.cancel()
        finally:
            await self._give_back()
            await self._connections.aclose()
        self._ending.held = self._throttle.held()

    @property
    def longest_wait(self) -> float:
        """Seconds for which an intent may wait before its request leaves, without holds."""
        in_advance = 1 + math.ceil(min(self._max_in_flight, self._pacer.rate_now * EARLIEST))
        return in_advance * self._pacer.longest_interval + self._breaker.outage_after + _CONNECTING

    def set_rate(self, rate: Rate) -> None:
        """Send at another rate from now on."""
        self._pacer.set_rate(rate)
        self._changes.notify()

    def end(self, trip: Trip) -> None:
        """Stop sending, for a reason."""
        if self._ending.trip is None:
            self._ending.trip = trip
            self._on_trip(trip)
        self._sending.cancel()

    # -- the end -------------------------------------------------------------------------------------------------

    def _is_ending(self) -> bool:
        return self._sending.cancel_called

    async def _leave_when(self, asked: anyio.Event, scope: anyio.CancelScope) -> None:
        await asked.wait()
        self._ending.interrupted = True
        scope.cancel()

    async def _give_back(self) -> None:
        """Make pending again the recipients who have an intent and were not called."""
        if attempts := self._queue.give_back():
            await self._recording.withhold(attempts, "")

    # -- sending -------------------------------------------------------------------------------------------------

    def _useful(self) -> float:
        """Return how many connections are of use, besides those in flight."""
        return min(self._queue.length(), self._throttle.window, self._lines.room() - self.placing.in_flight)

    def _not_connected(self, answer: Answer) -> None:
        _, trip = self._breaker.judge(answer, now=anyio.current_time())
        if trip is not None:
            self.end(trip)
        else:
            self._throttle.adjust(answer)

    async def _dispatch(self, calls: TaskGroup) -> None:
        while await self._queue.has_somebody(on_wait=self._breaker.pause):
            await self._changes.until(lambda: self._has_room() and self._connections.is_ready())
            # Before the pacer's grant, which would be late after it.
            await self._eligibility.ready()
            start = None
            with self._ended_by_errors(), anyio.CancelScope(deadline=self._connections.next_until()):
                # A recipient who missed a moment has an intent already.
                start = await self._pacer.wait(early=0.0 if self._queue.is_intended() else self._commits.early())
            # What ends the sending, or narrows the window, may come in the same moment as the pacer's grant.
            await checkpoint_if_cancelled()
            if self._ledger.failure is not None:
                return
            # Without a moment from the pacer the connection is too old: it is closed, and another one is opened.
            if start is None or self._has_room():
                connection = await self._connections.take()
                if connection is not None:
                    assert start is not None
                    self.placing.in_flight += 1
                    calls.start_soon(self._place, self._queue.take(), connection, start)
                    self._changes.notify()

    def _has_room(self) -> bool:
        return self.placing.in_flight < min(self._throttle.window, self._lines.room())

    @contextlib.contextmanager
    def _ended_by_errors(self) -> Iterator[None]:
        """End the sending with an error; wait for the requests in flight."""
        try:
            yield
        except DialerError as error:
            self.end(Trip(str(error), "", error.exit_code))

    async def _place(self, who: Recipient | Attempt, connection: Connection, start: Start) -> None:
        attempt = who if isinstance(who, Attempt) else await self._intended(who)
        if attempt is None:
            await self._drop(connection)
            return
        try:
            await self._pacer.until(start)
        except anyio.get_cancelled_exc_class():
            self._queue.put_first(attempt)
            await self._drop(connection)
            raise
        held = await self.placing.place(attempt, connection, start)
        self._changes.notify()
        if held:
            with self._ended_by_errors():
                await self._pacer.hold_all(held, after=start)

    async def _drop(self, connection: Connection) -> None:
        self.placing.in_flight -= 1
        with anyio.CancelScope(shield=True):
            await connection.aclose()
        self._changes.notify()

    async def _intended(self, recipient: Recipient) -> Attempt | None:
        began = anyio.current_time()
        try:
            attempt = await self._recording.intended(recipient, self._render)
        except NoLineError:
            self._lines.was_refused()
            self._pending.try_again(recipient)
            return None
        self._commits.took(anyio.current_time() - began)
        if attempt is not None and (deferral := self._eligibility.why_no_line(self.placing.in_flight)) is not None:
            await self._put_off(attempt, deferral)
            return None
        return attempt

    async def _put_off(self, attempt: Attempt, deferral: Deferral) -> None:
        if deferral is LATE:
            if not self._sending.cancel_called:
                # The next to be sent: nothing has left, and the intent on disk is still true.
                self._queue.put_first(attempt)
                return
            deferral = ENDED
        if not deferral.retry:
            self._pending.put_back(deferral)
        await self._recording.withhold([attempt], deferral.reason)
        if deferral.wait:
            self._pending.try_later(attempt.recipient, deferral)
        elif deferral.retry:
            self._pending.try_again(attempt.recipient)
