"""Which calls of a workspace's other batches are live: by their ledgers, and by the provider where those are behind.

Their ledgers are theirs to write: what is seen here is kept for this run only.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from dialer.errors import LedgerError, MustActError, UnreachableError
from dialer.provider.states import CallState
from dialer.sync.track import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dialer.engine.reads import Reads
    from dialer.provider.interface import Execution, ListsPages
    from dialer.store import AsyncStore, Call
    from dialer.store.shared import LineSharers, LiveCalls

_UNSEEN = 3600.0
"""Seconds after which a call holds no line that the provider has never shown."""


class NeighbourCalls:
    """Counts the calls of the other batches that may be live.

    Args:
        sharers: they.
        provider: where calls are looked up.
        reads: says when a request may start.
    """

    def __init__(self, sharers: LineSharers, provider: ListsPages, *, reads: Reads) -> None:
        self._sharers = sharers
        self._provider = provider
        self._reads = reads
        self._seen: dict[str, _Seen] = {}
        self._last: Sequence[LiveCalls] = ()

    def count(self) -> int:
        """Return how many calls may be live at this moment.

        Raises:
            MustActError: another batch's ledger cannot be read, so the number is unknown.
        """
        return sum(one.doubts + len(self._live(one)) for one in self._calls_now())

    async def look(self) -> None:
        """Look up the states of the calls that count at the provider.

        Raises:
            MustActError: the key is refused, or another batch's ledger cannot be read.
        """
        for one in self._calls_now():
            calls = self._live(one)
            if calls:
                seen = self._seen.setdefault(one.batch, _Seen())
                seen.keep(call.attempt for call in one.calls)
                # Of a ledger it needs no more than what `_Seen` has.
                ledger = cast("AsyncStore", seen)
                tracker = Tracker(ledger, self._provider, agent_id=one.agent, reads=self._reads)
                seen.statuses_of.update(await tracker.glance(calls))
                seen.known.update((call.attempt, call.status) for call in calls)

    def _calls_now(self) -> Sequence[LiveCalls]:
        try:
            self._last = self._sharers.live()
        except UnreachableError:
            # No intent is written while the database is away, and there each one counts the lines.
            pass
        except LedgerError as error:
            # Of a run's own ledger it would mean that nothing can be recorded.
            raise MustActError(str(error)) from error
        return self._last

    def _live(self, one: LiveCalls) -> list[Call]:
        seen = self._seen.get(one.batch, _Seen())
        return [call for call in one.calls if self._is_live(call, seen.status(call))]

    def _is_live(self, call: Call, status: str) -> bool:
        return CallState(status).is_live and (bool(status) or time.time() - call.until < _UNSEEN)


class _Seen:
    """The states of one other batch's calls when they were looked up, in place of its ledger."""

    def __init__(self) -> None:
        self.statuses_of: dict[int, str] = {}
        self.known: dict[int, str] = {}
        """What the ledger knew when it was looked."""

    def status(self, call: Call) -> str:
        """Return a call's last known state: the one from its own batch, if that has looked since."""
        seen = self.statuses_of.get(call.attempt)
        return seen if seen and self.known.get(call.attempt) == call.status else call.status

    def keep(self, attempts: Iterable[int]) -> None:
        """Forget all but these."""
        kept = set(attempts)
        for found in (self.statuses_of, self.known):
            for attempt in found.keys() - kept:
                del found[attempt]

    async def note(self, _name: str) -> None:
        return None

    async def skew(self) -> float:
        return 0.0

    async def known_call(self) -> None:
        return None

    async def statuses(self, attempts: Sequence[int]) -> Mapping[int, str]:
        return {key: self.statuses_of[key] for key in attempts if key in self.statuses_of}

    async def note_statuses(self, statuses: Iterable[tuple[int, str]], *, now: float) -> None:  # noqa: ARG002 - as a ledger's
        self.statuses_of.update(statuses)

    async def note_calls(self, calls: Iterable[tuple[int, Execution]], *, now: float) -> None:  # noqa: ARG002 - as above
        self.statuses_of.update((attempt, execution.status) for attempt, execution in calls)

    async def note_missing(self, attempts: Sequence[int], *, now: float) -> None:
        """Do nothing: it counts until it was not shown for long."""

    async def give_up(self, attempts: Sequence[int]) -> None:
        """Do nothing: its own batch does."""
