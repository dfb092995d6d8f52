"""Take back calls that the provider accepted and has not dialled: each by its id, never all of an agent's at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.engine.pacing import Pacer
from dialer.errors import DialerError
from dialer.messages.sync import calls_not_known
from dialer.provider.interface import ProviderReadError
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dialer.provider.interface import Stops
    from dialer.store import AsyncStore, Call, Stoppable

_IN_FLIGHT = 10
_UNREADABLE = 10
"""Number of consecutive calls without a state from the provider after which the others are left for later."""
_AGAIN = (2.0, 8.0, 20.0)
"""Seconds after which a call is asked for again that the provider does not know: new ones may be shown late."""
_REPORT_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A call that could not be stopped and is not over.

    Attributes:
        number: E.164 digits.
        execution_id: the provider's id of the call.
        status: its state.
        words: the provider's reason for not stopping it.
    """

    number: int
    execution_id: str
    status: str
    words: str


@dataclass(slots=True)
class Braked:
    """What became of the calls.

    Attributes:
        stopped: how many were stopped: they will not ring.
        over: how many were over already, by what became of them.
        rings: those that could not be stopped and are not over, by attempt.
        trouble: why the provider did not say of some whether they are stopped; empty where it said so of all.
    """

    stopped: int = 0
    over: Counter[str] = field(default_factory=Counter)
    rings: dict[int, GoingOn] = field(default_factory=dict)
    trouble: str = ""

    @property
    def going_on(self) -> list[GoingOn]:
        """Those that could not be stopped and are not over."""
        return list(self.rings.values())

    @property
    def answered(self) -> int:
        """Of how many it is known."""
        return self.stopped + self.over.total() + len(self.rings)


class Brake:
    """Stops every call that may still ring, the last to ring first; each answer is durable at once.

    After a kill the answers so far are on disk: the next `cancel` asks for the rest, and to stop a call twice is
    harmless. Once a call turns out to be over, those placed before it most likely are, too: then a list is read
    first, which shows fifty calls at a time.

    Attributes:
        result: what became of the calls so far.

    Args:
        ledger: where the answers are recorded.
        client: stops the calls.
        glance: returns the states of calls, by attempt, as far as a list shows them, and records them.
        drain: once it is set, no more calls are stopped.
        report: receives the progress every few seconds.
    """

    def __init__(
        self,
        ledger: AsyncStore,
        client: Stops,
        *,
        glance: Callable[[Sequence[Call]], Awaitable[Mapping[int, str]]],
        drain: anyio.Event,
        report: Callable[[Braked], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._glance = glance
        self._drain = drain
        self._report = report
        self._reported_at = anyio.current_time()
        self._pacer = Pacer(provider.VENDOR.limits.stops)
        self._room = anyio.Semaphore(_IN_FLIGHT)
        self._missing: list[Call] = []
        self._unreadable = 0
        self._failure: DialerError | None = None
        self.result = Braked()

    async def stop_all(self) -> None:
        """Ask once for every call that may still ring; also again, when there may be more of them.

        Raises:
            MustActError: the provider refuses the key.
            LedgerError: an answer cannot be recorded.
        """
        before, self.result.trouble = self.result.trouble, ""
        self._unreadable = 0
        self._missing.clear()
        last: Stoppable | None = None
        while not self._is_over() and (page := await self._page(last)):
            calls = [one.call for one in page]
            await self._stop(await self._without_those_over(calls) if self.result.over else calls)
            last = page[-1]
        await self._stop_missing()
        if self._is_over():
            # Not all were asked for again, so what was not known then is not known now.
            self.result.trouble = self.result.trouble or before

    async def _page(self, last: Stoppable | None) -> list[Stoppable]:
        return await self._ledger.stoppable(before=last)

    async def _without_those_over(self, calls: Sequence[Call]) -> Sequence[Call]:
        statuses = await self._glance(calls)
        ended = [call for call in calls if CallState(statuses.get(call.attempt, "")).is_final]
        over = {call.attempt for call in ended if not _may_be_retried(call)}
        self.result.over.update(statuses[attempt] for attempt in over)
        for attempt in over:
            self.result.rings.pop(attempt, None)
        return [call for call in calls if call.attempt not in over]

    async def _stop_missing(self) -> None:
        for seconds in _AGAIN:
            if not self._missing or self._is_over():
                break
            with anyio.move_on_after(seconds):
                await self._drain.wait()
            missing, self._missing = self._missing, []
            await self._stop(missing)
        if self._missing:
            self.result.trouble = calls_not_known(len(self._missing), provider.VENDOR.names)

    def _is_over(self) -> bool:
        return self._drain.is_set() or self._unreadable >= _UNREADABLE or self._failure is not None

    async def _stop(self, calls: Sequence[Call]) -> None:
        async with anyio.create_task_group() as tasks:
            for call in calls:
                await self._room.acquire()
                await self._pacer.wait()
                if self._is_over():
                    self._room.release()
                    break
                tasks.start_soon(self._stop_one, call)
                self._report_now_and_then()
        if self._failure is not None:
            raise self._failure

    async def _stop_one(self, call: Call) -> None:
        try:
            await self._ask(call)
            self._unreadable = 0
        except ProviderReadError as error:
            self._failure = self._failure or error.must_act
            self._unreadable += 1
            self.result.trouble = error.words
        except DialerError as error:
            # Raised once they have all ended: several at a time would be none that has a message.
            self._failure = error
        finally:
            self._room.release()

    async def _ask(self, call: Call) -> None:
        answer = await self._client.stop_call(call.execution_id)
        if answer.stopped:
            await self._note_stopped(call)
        elif answer.is_unknown:
            self._missing.append(call)
        else:
            await self._pacer.wait()
            await self._look(call, answer.words)

    async def _look(self, call: Call, words: str) -> None:
        """Find out the state of a call that the provider does not stop."""
        execution = await self._client.execution(call.execution_id)
        if execution is not None and execution.state is CallState.STOPPED:
            # By a brake that was killed before it could note it.
            await self._note_stopped(call)
            return
        execution = execution and execution.asked_for(provider.VENDOR.request_in(call.body))
        await self._record(self._ledger.note_not_stopped(call.attempt, words=words, found=execution))
        self.result.rings.pop(call.attempt, None)
        if execution is not None and execution.is_final:
            self.result.over[execution.status] += 1
        else:
            status = "" if execution is None else execution.status
            self.result.rings[call.attempt] = GoingOn(call.number, call.execution_id, status, words)

    async def _note_stopped(self, call: Call) -> None:
        await self._record(self._ledger.note_stopped(call.attempt))
        self.result.rings.pop(call.attempt, None)
        self.result.stopped += 1

    async def _record(self, noting: Awaitable[None]) -> None:
        # Shielded: what the provider has done must be known.
        with anyio.CancelScope(shield=True):
            await noting

    def _report_now_and_then(self) -> None:
        if anyio.current_time() >= self._reported_at + _REPORT_EVERY:
            self._reported_at = anyio.current_time()
            self._report(self.result)


def _may_be_retried(call: Call) -> bool:
    retries = provider.VENDOR.request_in(call.body).retries
    return retries is not None and retries.most > 0
