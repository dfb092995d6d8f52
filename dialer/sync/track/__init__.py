"""Follow accepted calls at the provider until nothing happens to them any more."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.errors import only
from dialer.messages.sync import other_account
from dialer.provider.interface import ProviderReadError
from dialer.provider.states import CallState
from dialer.sync.agents import agents_of
from dialer.sync.track.rules import (
    is_hopeless,
    is_new,
    is_whole_in_list,
    pages,
    sleeps,
    span_of,
    to_read,
    worth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping, Sequence
    from datetime import datetime

    from dialer.engine.reads import Reads
    from dialer.models import CallCount
    from dialer.provider.interface import Execution, Listed, ListsPages, Page
    from dialer.store import AsyncStore, Call

_PAGE = 1000
_IN_FLIGHT = 16
_UNREADABLE = 3
"""Number of consecutive unreadable calls that ends a look."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The states of the accepted calls after one look at all that were not final.

    Attributes:
        counts: number of calls by state.
        trouble: why some of them could not be read, or empty.
    """

    counts: Sequence[CallCount]
    trouble: str

    @property
    def open(self) -> int:
        """Number of calls still to be read: they go on, or only a list has shown that they ended."""
        return to_read(self.counts)


@dataclass(slots=True)
class Tally:
    """What a tracker has done so far.

    Attributes:
        requests: number of requests made.
        ended: calls that it saw become final.
        given_up: calls that never ended, and are not read any more.
    """

    requests: int = 0
    ended: int = 0
    given_up: int = 0


class Tracker:
    """Updates the ledger with the states of a batch's accepted calls.

    Only calls that are not final are read. If a list needs fewer requests, it is read first, and only calls that it
    does not show in full are read by id: one that waits for a moment, is not in the list, or has ended and has a
    trimmed row. If most rows are trimmed, the rest of a look reads by ids only.
    What is read is durable at once, so after a crash nothing is read twice.

    Args:
        ledger: stores the calls.
        client: reads the calls.
        agent_id: the agent of the calls.
        reads: decides when the provider may be asked; shared by all that read.
        now: Unix seconds.
    """

    def __init__(
        self,
        ledger: AsyncStore,
        client: ListsPages,
        *,
        agent_id: str,
        reads: Reads,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._agent_id = agent_id
        self._reads = reads
        self._now = now
        self._answered = False
        self._unreadable = 0
        self._trouble = ""
        self._ours: bool | None = None
        self._rows_help = True
        self._asking = anyio.Lock()
        self.tally = Tally()
        """Counted over all looks."""

    async def look(self, *, most: int | None = None) -> Looked:
        """Read the state of every open call, once; calls placed in the meantime may be missing.

        Args:
            most: only calls to people of the input with fewer attempts than this; None: all.

        Raises:
            MustActError: the key is refused.
            LedgerError: what was read cannot be recorded.
        """
        self._answered, self._unreadable, self._trouble, self._ours = False, 0, "", None
        self._rows_help = True
        after: int | None = 0
        while after is not None and not self._trouble:
            calls = await self._ledger.open_calls(after=after, size=_PAGE, most=most)
            await self._follow([call for call in calls if not sleeps(call, now=self._now())])
            # Beside a run more are placed all the time: a page that is not full is the last.
            after = calls[-1].attempt if len(calls) == _PAGE else None
        return Looked(await self._ledger.call_counts(), self._trouble)

    @property
    def trouble(self) -> str:
        """Why the last look could not read all calls, or empty."""
        return self._trouble

    async def glance(self, calls: Sequence[Call]) -> Mapping[int, str]:
        """Return the states of some calls, by attempt, as far as a few requests show them; record what is read.

        For a call that has ended the list's status is enough: `look` reads the rest.

        Raises:
            MustActError: the key is refused.
            LedgerError: what was read cannot be recorded.
        """
        self._answered, self._unreadable, self._trouble, self._ours = False, 0, "", None
        span = span_of(calls, skew=await self._skew())
        listed, is_whole = await self._list(calls, *span) if span is not None else ({}, False)
        statuses = {call.attempt: listed[call.execution_id].status for call in calls if call.execution_id in listed}
        whole = await self._note_whole(calls, listed)
        # With the moment that a call waits for, which no list shows, `look` would know it whole.
        changed = [
            (call.attempt, status)
            for call in calls
            if call.attempt not in whole
            and (status := statuses.get(call.attempt, call.status)) != call.status
            and not CallState(status).waits_for_moment
        ]
        await self._ledger.note_statuses(changed, now=self._now())
        unseen = self._still_to_read(calls, statuses, listed, is_whole=is_whole)
        await self._read_each(unseen)
        return statuses | await self._ledger.statuses([call.attempt for call in unseen])

    async def _follow(self, calls: Sequence[Call]) -> None:
        worth_it = self._rows_help and pages(calls) <= worth(calls)
        span = span_of(calls, skew=await self._skew()) if worth_it else None
        if span is None:
            await self._read_each(calls)
            return
        before = self.tally.requests
        listed, is_whole = await self._list(calls, *span)
        read = set(await self._note_whole(calls, listed))
        known = [
            call
            for call in calls
            if call.attempt not in read
            and call.execution_id in listed
            and is_whole_in_list(call, listed[call.execution_id].status, now=self._now())
        ]
        await self._note(known, listed)
        read |= {call.attempt for call in known}
        # A page has to save two requests.
        self._rows_help = len(read) >= 2 * (self.tally.requests - before)
        await self._read_each(self._still_to_read(calls, read, listed, is_whole=is_whole))

    def _still_to_read(
        self, calls: Sequence[Call], read: Container[int], listed: Container[str], *, is_whole: bool
    ) -> Sequence[Call]:
        left = [call for call in calls if call.attempt not in read]
        return [call for call in left if not (is_whole and is_new(call, listed, now=self._now()))]

    async def _skew(self) -> float:
        skew = self._client.skew
        return await self._ledger.skew() if skew is None else skew

    # -- by list -------------------------------------------------------------------------------------------------

    async def _list(self, calls: Sequence[Call], start: datetime, end: datetime) -> tuple[Mapping[str, Listed], bool]:
        """Return execution id → row, from as many pages as save requests, and whether these were all pages.

        Rows may move to another page meanwhile: a call that is missed is read by its id.
        """
        wanted = {call.execution_id for call in calls}
        rows: dict[str, Listed] = {}
        for number in range(1, worth(calls) + 1):
            try:
                page = await self._one_page(start, end, number)
            except ProviderReadError as error:
                self._refuse_key(error)
                break
            rows.update((row.id, row) for row in page.rows)
            if not page.more or rows.keys() >= wanted:
                return rows, await self._lists_all()
            if page.total is not None and math.ceil(page.total / provider.VENDOR.limits.page_rows) > worth(calls):
                break
        return rows, False

    async def _lists_all(self) -> bool:
        """Tell whether the campaign's agent makes all calls: only its own are in its list."""
        return len(await agents_of(self._ledger, self._agent_id)) == 1

    async def _one_page(self, start: datetime, end: datetime, number: int) -> Page:
        await self._reads.wait_for_page()
        self.tally.requests += 1
        page = await self._client.executions_page(self._agent_id, start=start, end=end, number=number)
        self._answered = True
        return page

    async def _note_whole(self, calls: Sequence[Call], listed: Mapping[str, Listed]) -> Collection[int]:
        """Record the calls that a list shows in full, in one transaction; return their attempts."""
        found = {call.attempt: whole for call in calls if (whole := _whole(call, listed.get(call.execution_id)))}
        if found:
            await self._ledger.note_calls(found.items(), now=self._now())
            self.tally.ended += sum(execution.is_final for execution in found.values())
        return found.keys()

    async def _note(self, calls: Sequence[Call], listed: Mapping[str, Listed]) -> None:
        now = self._now()
        statuses = [(call.attempt, listed[call.execution_id].status) for call in calls]
        still = [call for call in calls if call.status == listed[call.execution_id].status]
        await self._ledger.note_statuses(statuses, now=now)
        await self._give_up([call for call in still if is_hopeless(call, now=now)])

    # -- by id ---------------------------------------------------------------------------------------------------

    async def _read_each(self, calls: Sequence[Call]) -> None:
        """Read calls by their ids, a few at a time, until one look's share of them could not be read."""
        free = anyio.Semaphore(_IN_FLIGHT)

        async def read(call: Call) -> None:
            try:
                await self._read(call)
            finally:
                free.release()

        try:
            async with anyio.create_task_group() as tasks:
                for call in calls:
                    await free.acquire()
                    await self._reads.wait_for_call()
                    if self._trouble:
                        break
                    tasks.start_soon(read, call)
        except BaseExceptionGroup as group:
            raise only(group) from None

    async def _read(self, call: Call) -> None:
        self.tally.requests += 1
        try:
            execution = await self._client.execution(call.execution_id)
        except ProviderReadError as error:
            self._cannot_read(error)
            return
        self._answered, self._unreadable = True, 0
        self._reads.recover()
        # Shielded: what was asked for is kept.
        with anyio.CancelScope(shield=True):
            if execution is None:
                await self._missing(call)
            else:
                await self._found(call, execution.asked_for(provider.VENDOR.request_in(call.body)))

    def _cannot_read(self, error: ProviderReadError) -> None:
        self._refuse_key(error)
        if error.is_too_fast:
            self._reads.slow_down()
        # One call that cannot be read must not hide those behind it.
        self._unreadable += 1
        if self._unreadable >= _UNREADABLE:
            self._trouble = error.words

    def _refuse_key(self, error: ProviderReadError) -> None:
        # A key that was good a moment ago is not refused for one call.
        if error.must_act is not None and not self._answered:
            raise error.must_act from error

    async def _missing(self, call: Call) -> None:
        now = self._now()
        await self._ledger.note_missing([call.attempt], now=now)
        if is_hopeless(call, now=now) and await self._is_our_account():
            await self._give_up([call])

    async def _is_our_account(self) -> bool:
        """Tell whether the provider still knows a call that it has shown before; another account's key finds none."""
        async with self._asking:
            if self._ours is None:
                known = await self._ledger.known_call()
                self._ours = known is not None and await self._knows(known)
        if not self._ours:
            self._trouble = other_account(provider.VENDOR.names)
        return self._ours

    async def _knows(self, execution_id: str) -> bool:
        self.tally.requests += 1
        try:
            return await self._client.execution(execution_id) is not None
        except ProviderReadError:
            return False

    async def _found(self, call: Call, execution: Execution) -> None:
        now = self._now()
        await self._ledger.note_calls([(call.attempt, execution)], now=now)
        self.tally.ended += execution.is_final
        stands_still = execution.status == call.status and not execution.is_final
        await self._give_up([call] if stands_still and is_hopeless(call, now=now) else [])

    async def _give_up(self, calls: Sequence[Call]) -> None:
        if calls:
            attempts = [call.attempt for call in calls]
            await self._ledger.give_up(attempts)
            self.tally.given_up += len(calls)


def _whole(call: Call, row: Listed | None) -> Execution | None:
    """Return a call whose row is complete; None if it is not, or lacks the requested retries."""
    if row is None or row.whole is None:
        return None
    request = provider.VENDOR.request_in(call.body)
    has_retries = request.retries is None or row.whole.retries is not None
    return row.whole.asked_for(request) if has_retries else None
