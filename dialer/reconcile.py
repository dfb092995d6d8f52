"""Settle unknown calls by looking for their references among Bolna's executions."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import anyio

from dialer.client import BolnaReadError
from dialer.reference import VARIABLE, shared_part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from dialer.executions import Account, Execution, Listed
    from dialer.ledger import Doubt, Ledger
    from dialer.ledger.writer import LedgerWriter

    Settle = Callable[[Execution, str], Awaitable[None]]

MARGIN = 600.0
"""Seconds looked at before and after each unclear attempt."""


class Bolna(Protocol):
    """What reconciling reads of Bolna."""

    @property
    def skew(self) -> float | None:
        """Seconds the server's clock is ahead of ours."""

    async def account(self) -> Account:
        """Return whose key it is."""

    def executions(self, agent_id: str, *, start: datetime, end: datetime) -> AsyncIterator[Listed]:
        """Yield the executions created in a span."""

    async def execution(self, execution_id: str) -> Execution | None:
        """Return one execution whole."""


@dataclass(slots=True)
class Reconciled:
    """What came of it.

    Attributes:
        settled: how many `unknown` became `queued`.
        left: how many stay `unknown`.
        read: executions that were read.
        unmarked: executions at our numbers that carry no `user_data` at all: Bolna does not echo it.
        trouble: why it could not look everywhere, or empty.
    """

    settled: int = 0
    left: int = 0
    read: int = 0
    unmarked: int = 0
    trouble: str = ""


@dataclass(slots=True)
class _Search:
    """One search: which executions are candidates, and what was seen already."""

    agent_id: str
    wanted: Callable[[int], bool]
    settle: Settle
    result: Reconciled
    seen: set[str] = field(default_factory=set)


async def reconcile(
    ledger: LedgerWriter, bolna: Bolna, *, agent_id: str, time_limit: float | None = None
) -> Reconciled:
    """Make every `unknown` recipient `queued` whose call is found; absence proves nothing.

    Args:
        ledger: the ledger.
        bolna: where executions are read.
        agent_id: whose executions.
        time_limit: seconds; None: until all is read.
    """
    doubts = await ledger.call(lambda store: store.doubts())
    result = Reconciled(left=len({doubt.recipient for doubt in doubts}))
    if not doubts:
        return result
    numbers = {doubt.number for doubt in doubts}
    references = {doubt.reference for doubt in doubts}
    default = await _skew(ledger, bolna)

    async def settle(found: Execution, mark: str) -> None:
        if mark in references and await ledger.call(lambda store: store.found(mark, execution_id=found.id)):
            result.settled += 1
            result.left -= 1

    search = _Search(agent_id, numbers.__contains__, settle, result)
    with anyio.move_on_after(time_limit) as limit:
        for start, end in spans(doubts, skew=default):
            if result.left == 0:
                break
            await _look(bolna, search, start, end)
    if limit.cancelled_caught:
        result.trouble = f"not everything could be read in {time_limit:.0f} seconds"
    return result


async def find_in_flight(ledger: LedgerWriter, bolna: Bolna, *, agent_id: str, since: float) -> Reconciled:
    """Mark as `queued` everybody pending whose call is found from `since` (Unix seconds) until now.

    For a results CSV whose ledger is lost: whoever was in flight when that run died has no row in it.
    """
    result = Reconciled()
    numbers = await ledger.call(lambda store: store.pending_numbers())

    async def settle(found: Execution, mark: str) -> None:
        number = _digits(found.recipient_number)
        if number is not None and await ledger.call(lambda store: _adopt(store, number, found.id, mark)):
            result.settled += 1

    search = _Search(agent_id, numbers.__contains__, settle, result)
    skew = await _skew(ledger, bolna)
    await _look(bolna, search, since - MARGIN + min(skew, 0.0), time.time() + MARGIN + max(skew, 0.0))
    return result


async def _skew(ledger: LedgerWriter, bolna: Bolna) -> float:
    """Return how far the server's clock is ahead: as it says now, else as it was last seen."""
    if bolna.skew is None:
        with contextlib.suppress(BolnaReadError):
            await bolna.account()
    return bolna.skew if bolna.skew is not None else await ledger.call(lambda store: store.skew())


def _adopt(store: Ledger, number: int, execution_id: str, mark: str) -> bool:
    shared = shared_part(mark)
    return any(
        store.adopt(key, mark, execution_id=execution_id)
        for key in store.pending_with(number)
        if store.shared_reference(key) == shared
    )


async def _look(bolna: Bolna, search: _Search, start: float, end: float) -> None:
    """Read every candidate of a span and hand over those that carry a reference."""
    try:
        async for row in bolna.executions(search.agent_id, start=_utc(start), end=_utc(end)):
            if row.id in search.seen or not _candidate(row, search.wanted):
                continue
            search.seen.add(row.id)
            execution = await bolna.execution(row.id)
            search.result.read += 1
            # A 404 on a fresh id is no news: it may be found at the next time.
            if execution is None:
                search.seen.discard(row.id)
            elif execution.recipient_data is None:
                search.result.unmarked += 1
            elif isinstance(mark := execution.recipient_data.get(VARIABLE), str):
                await search.settle(execution, mark)
    except BolnaReadError as error:
        search.result.trouble = error.words


def _candidate(row: Listed, wanted: Callable[[int], bool]) -> bool:
    number = _digits(row.to_number)
    # Before it dials Bolna may leave the number empty.
    return number is None or wanted(number)


def _digits(number: str | None) -> int | None:
    digits = (number or "").removeprefix("+")
    return int(digits) if digits.isdecimal() else None


def spans(doubts: Iterable[Doubt], *, skew: float) -> Sequence[tuple[float, float]]:
    """Return the spans to look at, in the server's time (Unix seconds), overlapping ones merged, oldest first.

    Args:
        doubts: the unclear attempts.
        skew: seconds the server's clock is ahead, where an attempt does not know better.
    """
    merged: list[tuple[float, float]] = []
    for start, end in sorted(
        (doubt.at - MARGIN + ahead, doubt.until + MARGIN + ahead)
        for doubt in doubts
        for ahead in (doubt.skew if doubt.skew is not None else skew,)
    ):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
