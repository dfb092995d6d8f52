"""Search for calls that the ledger does not know: placed by a run whose ledger is lost, or by another program.

A ledger that was restored from a backup does not have the calls since then. If everything was restored with it, as by
a snapshot of the disk, nothing on this machine shows the loss, but the provider lists the calls.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.messages.sync import not_all_read, recipients_not_shown
from dialer.numbers import spellings
from dialer.provider.interface import ProviderReadError
from dialer.sync.agents import agents_of
from dialer.sync.reconcile import MARGIN, UNREADABLE, digits, is_among, server_skews, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dialer.engine.reads import Reads
    from dialer.errors import MustActError
    from dialer.provider.interface import Listed, Page, Provider
    from dialer.store import AsyncStore

_DAY = 86_400.0
"""Seconds of the list that are read at a time: what was read of it is not read again."""
_PASSES = 3
"""Times that a list of several pages is read: rows move from page to page while calls run."""
_PAGES = 20_000
_LATE = 1800.0
"""Seconds for which a call that was placed may not be listed."""
_SLACK = 60.0
"""Seconds between what our clock says of a call and what the provider's says, at most, once they were compared."""
_STRAYS, _MOST_STRAYS = "strays", 10_000
"""Name of the ledger's note of unknown calls to numbers that are not in the list: they may be added later."""


@dataclass(slots=True)
class Unrecorded:
    """The result of a search.

    Attributes:
        adopted: how many people were found by our reference: the ledger is an older copy, they are `queued` now.
        doubted: how many people a call without our reference was found to: they are `unknown` now.
        unclear: calls that show neither their number nor our reference.
        trouble: why some of the calls could not be read; empty if all could.
        must_act: what a person must do before anything can be read; None if the trouble may pass by itself.
    """

    adopted: int = 0
    doubted: int = 0
    unclear: int = 0
    trouble: str = ""
    must_act: MustActError | None = None

    @property
    def why_unfinished(self) -> str:
        """Why the search must be repeated, in words; empty if it is finished."""
        return self.trouble or (recipients_not_shown(self.unclear, provider.VENDOR.names) if self.unclear else "")


async def find_unrecorded(
    ledger: AsyncStore,
    client: Provider,
    *,
    agent_id: str,
    reads: Reads,
    known: Mapping[int, float],
    time_limit: float | None,
    now: Callable[[], float] = time.time,
) -> Unrecorded:
    """Find the calls since the last search that no ledger knows, and assign them to recipients.

    Args:
        ledger: the ledger, with the list in it.
        client: where calls are listed.
        agent_id: the campaign's agent: its calls, and those of the agents that a column has named.
        reads: decides when the provider may be asked.
        known: a hash of each id that a ledger knows, and when that call was placed (Unix seconds).
        time_limit: seconds; None: until all is read. What was read is not read again by the next search.
        now: the wall clock.

    Raises:
        LedgerError: what was found cannot be recorded.
    """
    since, until = await ledger.search_from(), now()
    if since is None:
        return Unrecorded()
    skews = (0.0, *await server_skews(ledger, client))
    agents = await agents_of(ledger, agent_id)
    search = _Search(ledger, client, agents, reads, known, since=since, until=until, skews=skews)
    search.numbers = await ledger.callable_numbers()
    with anyio.move_on_after(time_limit) as limit:
        try:
            await search.look_at_strays()
            start = since
            while start < until:
                end = min(start + _DAY, until)
                await search.look(start, end)
                start = end
                if not search.result.why_unfinished:
                    await ledger.note_searched(end)
        except ProviderReadError as error:
            search.result.trouble, search.result.must_act = error.words, error.must_act
    if limit.cancelled_caught:
        assert time_limit is not None
        search.result.trouble = not_all_read(time_limit)
    await search.keep_strays()
    return search.result


@dataclass(slots=True)
class _Search:
    """One search.

    Attributes:
        ledger, client, reads, known: as in `find_unrecorded`.
        agents: whose calls.
        since, until: start and end of the search (Unix seconds).
        skews: how far the server's clock may be ahead.
        numbers: the numbers that this run may call.
        strays: unknown calls to numbers that this run does not call: id → number.
    """

    ledger: AsyncStore
    client: Provider
    agents: Sequence[str]
    reads: Reads
    known: Mapping[int, float]
    since: float
    until: float
    skews: tuple[float, ...]
    numbers: set[int] = field(default_factory=set)
    strays: dict[str, int] = field(default_factory=dict)
    result: Unrecorded = field(default_factory=Unrecorded)
    unreadable: int = 0

    async def look_at_strays(self) -> None:
        """Look at calls that were found before, if their numbers are in the list by now."""
        self.strays = json.loads(await self.ledger.note(_STRAYS) or "{}")
        for identity, number in list(self.strays.items()):
            if is_among(number, self.numbers):
                del self.strays[identity]
                await self._read(identity)

    async def keep_strays(self) -> None:
        if self.strays:
            newest = list(self.strays.items())[-_MOST_STRAYS:]
            await self.ledger.set_note(_STRAYS, json.dumps(dict(newest)))

    async def look(self, since: float, until: float) -> None:
        """Look at each call that was placed in a span (Unix seconds) and that no ledger knows."""
        start, end = since - MARGIN + min(self.skews), until + MARGIN + max(self.skews)
        for agent in self.agents:
            await self._look_through(agent, start, end)

    async def _look_through(self, agent: str, start: float, end: float) -> None:
        seen: set[str] = set()
        expected = self._expected(start, end)
        for _ in range(_PASSES):
            before = len(seen)
            for number in range(1, _PAGES + 1):
                page = await self._page(agent, start, end, number)
                new = [row for row in page.rows if row.id not in seen]
                seen.update(row.id for row in new)
                for row in new:
                    if hash(row.id) not in self.known:
                        await self._look_at(row)
                if (number == 1 and not page.more) or (expected is not None and page.total == expected.listed(new)):
                    return
                if not page.more or not page.rows:
                    break
            if len(seen) == before:
                return

    async def _page(self, agent: str, start: float, end: float, number: int) -> Page:
        await self.reads.wait_for_page()
        return await self.client.executions_page(agent, start=utc(start), end=utc(end), number=number)

    def _expected(self, start: float, end: float) -> _Expected | None:
        """Return which known calls a list of a span holds; None if that is not certain.

        A list that holds no more has no unknown call, so that its other pages need not be read: a long run fills many.
        Where a known call was placed about when the span begins or ends, it may be on the list or not.
        """
        early, late = max(self.skews) + _SLACK, _SLACK - min(self.skews)
        moments = self.known.values()
        # The agent of a known call is not recorded.
        if len(self.agents) > 1 or any(edge - early <= at <= edge + late for edge in (start, end) for at in moments):
            return None
        within = {one: at for one, at in self.known.items() if start < at < end}
        young = {one for one, at in within.items() if at > self.until - _LATE}
        return _Expected(len(within) - len(young), young)

    async def _look_at(self, row: Listed) -> None:
        number = digits(row.to_number)
        # Before it dials the provider may leave the number empty.
        if number is None or is_among(number, self.numbers):
            await self._read(row.id)
        else:
            self.strays[row.id] = number

    async def _read(self, identity: str) -> None:
        await self.reads.wait_for_call()
        try:
            execution = await self.client.execution(identity)
        except ProviderReadError as error:
            # One call that cannot be read must not hide those behind it.
            self.result.trouble = error.words
            self.unreadable += 1
            if self.unreadable >= UNREADABLE:
                raise
            return
        if execution is None:
            self.result.unclear += 1
            return
        number = digits(execution.recipient_number)
        # Shielded: what the ledger has noted must be counted.
        with anyio.CancelScope(shield=True):
            if execution.reference:
                await self._settle(identity, number, execution.reference)
            elif number is None:
                self.result.unclear += 1
            elif is_among(number, self.numbers):
                self.result.doubted += await self.ledger.doubt(spellings(number), execution_id=identity)

    async def _settle(self, identity: str, number: int | None, mark: str) -> None:
        """Classify a call with a reference: of a known attempt, of a lost one, or of another program."""
        if await self.ledger.knows_reference(mark):
            await self.ledger.found(mark, execution_id=identity)
        elif number is None:
            self.result.unclear += 1
        elif await self.ledger.adopt(spellings(number), mark, execution_id=identity, missing_since=self.since):
            self.result.adopted += 1


@dataclass(slots=True)
class _Expected:
    """The known calls that a list holds.

    Attributes:
        count: how many it holds for sure, or has shown.
        young: a hash of each that may not be listed yet; one that is not takes the place of an unknown call.
    """

    count: int
    young: set[int]

    def listed(self, rows: Sequence[Listed]) -> int:
        """Return how many known calls it holds at least, now that it has shown these rows."""
        shown = self.young.intersection(hash(row.id) for row in rows)
        self.young -= shown
        self.count += len(shown)
        return self.count
