"""Settle unknown calls by looking for their references among the provider's executions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio

from dialer.errors import only
from dialer.messages.sync import not_all_read
from dialer.numbers import spellings
from dialer.provider.interface import ProviderReadError
from dialer.sync.agents import agents_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterable, Sequence

    from anyio.abc import TaskGroup

    from dialer.engine.reads import Reads
    from dialer.errors import MustActError
    from dialer.provider.interface import Execution, HasClock, Listed, Lists
    from dialer.store import AsyncStore, Doubt

    Settle = Callable[[Execution | Listed, str], Awaitable[None]]

MARGIN = 600.0
"""Seconds looked at before and after each unknown attempt."""
LENIENCE = 30.0
"""Seconds that a call may seem older than its attempt, as tolerance for clock skew."""
_LONGEST = 15
_IN_FLIGHT = 16
"""Calls that are read at the same time."""
UNREADABLE = 3
"""Number of consecutive unreadable calls after which the provider is not asked any further."""


@dataclass(slots=True)
class Reconciled:
    """The result of a search.

    Attributes:
        settled: how many `unknown` became `queued`.
        left: how many stay `unknown`.
        read: executions that were read.
        unmarked: executions at our numbers that carry no variables at all: the provider does not echo it.
        trouble: why the search is incomplete, or empty.
        must_act: what a person must do before the search can work; None if the trouble may pass by itself.
    """

    settled: int = 0
    left: int = 0
    read: int = 0
    unmarked: int = 0
    trouble: str = ""
    must_act: MustActError | None = None


@dataclass(slots=True)
class _Search:
    """One search: which executions are candidates, and what happens to those that carry a reference."""

    client: Lists
    agents: Sequence[str]
    numbers: Container[int | None]
    reads: Reads
    settle: Settle
    result: Reconciled
    is_over: Callable[[], bool] = lambda: False
    unreadable: int = 0
    failure: ProviderReadError | None = None

    async def look(self, start: float, end: float) -> None:
        """Read every candidate of a span, unless the search is over."""
        try:
            for agent in self.agents:
                if not self.is_over():
                    await self._look_at(agent, start, end)
        except ProviderReadError as error:
            self.result.trouble = error.words
            self.result.must_act = error.must_act
        except BaseExceptionGroup as group:
            raise only(group) from None

    async def _look_at(self, agent: str, start: float, end: float) -> None:
        free = anyio.Semaphore(_IN_FLIGHT)
        rows = self.client.executions(agent, start=utc(start), end=utc(end), turn=self.reads.wait_for_page)
        failure: ProviderReadError | None = None
        async with anyio.create_task_group() as tasks:
            try:
                async with contextlib.aclosing(rows):
                    async for row in rows:
                        await self._look_at_row(row, tasks, free)
                        if self.is_over() or self.failure is not None:
                            break
            except ProviderReadError as error:
                # A call that is being read may still be ours.
                failure = error
        if failure := self.failure or failure:
            raise failure

    async def _look_at_row(self, row: Listed, tasks: TaskGroup, free: anyio.Semaphore) -> None:
        if row.reference:
            # The row itself identifies the recipient: references are unique.
            await self._take(row)
            return
        number = digits(row.to_number)
        # Before it dials the provider may leave the number empty.
        if number is None or is_among(number, self.numbers):
            await free.acquire()
            tasks.start_soon(self._read, row.id, free)

    async def _read(self, execution_id: str, free: anyio.Semaphore) -> None:
        try:
            await self.reads.wait_for_call()
            if not self.is_over() and self.failure is None:
                await self._look_up(execution_id)
        finally:
            free.release()

    async def _look_up(self, execution_id: str) -> None:
        try:
            execution = await self.client.execution(execution_id)
        except ProviderReadError as error:
            # One call that cannot be read must not hide those behind it.
            self.result.trouble = error.words
            self.unreadable += 1
            if error.is_too_fast:
                self.reads.slow_down()
            if self.unreadable >= UNREADABLE:
                self.failure = self.failure or error
            return
        self.unreadable = 0
        self.reads.recover()
        self.result.read += 1
        if execution is None:
            return
        if execution.reference is None:
            number = digits(execution.recipient_number)
            self.result.unmarked += number is not None and is_among(number, self.numbers)
        elif execution.reference:
            await self._take(execution)

    async def _take(self, found: Execution | Listed) -> None:
        # Shielded: what the ledger has noted must be counted.
        with anyio.CancelScope(shield=True):
            await self.settle(found, found.reference or "")


async def reconcile(
    ledger: AsyncStore, client: Lists, *, agent_id: str, reads: Reads, time_limit: float | None = None
) -> Reconciled:
    """Make every `unknown` recipient `queued` whose call is found; absence proves nothing.

    Args:
        ledger: the ledger.
        client: where executions are read.
        agent_id: the campaign's agent: its executions, and those of the agents that a column has named.
        reads: decides when the provider may be asked; shared by all that read.
        time_limit: seconds; None: until all is read.

    Raises:
        LedgerError: what was found cannot be recorded.
    """
    doubts = await ledger.doubts()
    result = Reconciled(left=len({doubt.recipient for doubt in doubts}))
    if not doubts:
        return result
    numbers = {doubt.number for doubt in doubts}
    begun: dict[str, float] = {}

    async def settle(execution: Execution | Listed, mark: str) -> None:
        # Another batch of the same name, in another folder for instance, makes the same references.
        if execution.created_at is not None and execution.created_at.timestamp() < begun.get(mark, 0.0) - LENIENCE:
            return
        if await ledger.found(mark, execution_id=execution.id):
            result.settled += 1
            result.left -= 1

    agents = await agents_of(ledger, agent_id)
    search = _Search(client, agents, numbers, reads, settle, result, lambda: result.left == 0)
    with anyio.move_on_after(time_limit) as limit:
        skews = await server_skews(ledger, client)
        begun |= _begun(doubts, skew=min(skews))
        for start, end in spans(doubts, skews=skews):
            await search.look(start, end)
    if limit.cancelled_caught:
        assert time_limit is not None
        result.trouble = not_all_read(time_limit)
    return result


async def server_skews(ledger: AsyncStore, client: HasClock) -> tuple[float, float]:
    """Return the server's clock skew in seconds: as measured now, and as last recorded."""
    if client.skew is None:
        with contextlib.suppress(ProviderReadError):
            await client.account()
    seen = await ledger.skew()
    return (seen if client.skew is None else client.skew), seen


def _begun(doubts: Iterable[Doubt], *, skew: float) -> dict[str, float]:
    """Return reference → start of its attempt, in the server's time (Unix seconds)."""
    return {doubt.reference: doubt.at + (skew if doubt.skew is None else doubt.skew) for doubt in doubts}


def is_among(number: int, numbers: Container[int | None]) -> bool:
    """Tell whether a number is one of some: the provider may write it in another way than it was asked to call."""
    return any(spelling in numbers for spelling in spellings(number))


def digits(number: str | None) -> int | None:
    """Return the digits of a number as the provider writes it; None if it is not a number."""
    digits = (number or "").removeprefix("+")
    return int(digits) if digits.isdecimal() and len(digits) <= _LONGEST else None


def spans(doubts: Iterable[Doubt], *, skews: Sequence[float]) -> Sequence[tuple[float, float]]:
    """Return the spans to look at, in the server's time (Unix seconds), overlapping ones merged, oldest first.

    Args:
        doubts: the unknown attempts.
        skews: seconds the server's clock may be ahead, for attempts without a measured skew.
    """
    merged: list[tuple[float, float]] = []
    for start, end in sorted(
        (doubt.at - MARGIN + min(ahead), doubt.until + MARGIN + max(ahead))
        for doubt in doubts
        for ahead in (skews if doubt.skew is None else [doubt.skew],)
    ):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def utc(seconds: float) -> datetime:
    """Return a moment that is given in Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
