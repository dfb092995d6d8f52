"""The states of a run's calls while it sends: looked up at a low rate, and once for all that need them."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from dialer.errors import DialerError, LedgerError
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dialer.store import AsyncStore, Call
    from dialer.sync.track import Looked, Tracker

_MOST = 1000
"""Calls that are followed at once: those that were placed first, since they ring first."""
_GENTLE = 8
"""Requests that a look may make at its usual pace; one that makes more is followed by a longer pause, so that reading
costs a small part of what calling does."""


class CallWatch:
    """Looks up the states of the calls that a run places, and records them in the ledger.

    All other parts of the run read states of calls through it: what was read a moment ago is not read again. For a
    call that has ended, what a list shows is enough; `Tracker.look` reads the rest.

    Args:
        ledger: has the calls.
        tracker: reads their states.
        every: seconds between two looks.
        mine: the attempts of this run; None: all of the batch are.
        calls_again: the provider retries calls by itself, so a call that reached no one may go on.
        note: receives, once, why the calls cannot be read.
        clock: Unix seconds.
    """

    def __init__(
        self,
        ledger: AsyncStore,
        tracker: Tracker,
        *,
        every: float,
        mine: Collection[int] | None = None,
        calls_again: bool = False,
        note: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self.tracker = tracker
        self._every, self._mine = every, mine
        self._calls_again = calls_again
        self.saw: Callable[[Mapping[int, str]], None] = lambda _: None
        """Called with the states of calls, by attempt, after a look."""
        self._note = note
        self._noted = False
        self._clock = clock
        self._reading = anyio.Lock()
        self._after = 0
        self._open: dict[int, Call] = {}
        self._read_at: dict[int, float] = {}
        self.ended: Counter[str] | None = None
        """Outcome → calls of this run that are over; None: not looked up yet."""

    @property
    def trouble(self) -> str:
        """Why the last look could not read all calls, or empty."""
        return self.tracker.trouble

    @property
    def reached(self) -> int:
        """How many calls of this run reached a person, as far as was looked up."""
        return sum(count for status, count in (self.ended or {}).items() if CallState(status).was_reached)

    async def glance(self, calls: Sequence[Call]) -> Mapping[int, str]:
        """Return the states of some calls, by attempt; see `Tracker.glance`."""
        async with self._reading:
            # The end of a call that is read in full before it is taken up here would go unnoticed.
            await self._fill()
            statuses = await self.tracker.glance(calls)
        now = self._clock()
        for call in calls:
            if call.attempt in self._open:
                self._read_at[call.attempt] = now
        for attempt, status in statuses.items():
            self._take(attempt, status)
        return statuses

    async def look(self) -> Looked:
        """Read the state of every open call; see `Tracker.look`."""
        async with self._reading:
            return await self.tracker.look()

    async def begin(self) -> None:
        """Follow the calls that are placed from now on."""
        self._after = await self._ledger.last_attempt()

    async def watch(self, _end: object = None) -> None:
        """Look every now and then, until it is cancelled; a look that fails ends nothing."""
        pause = self._every
        while True:
            await anyio.sleep(pause)
            before = self.tracker.tally.requests
            try:
                await self.read()
            except LedgerError:
                # What cannot be recorded ends the run where an outcome is.
                return
            except DialerError as error:
                self._note_once(str(error))
            if self.trouble:
                self._note_once(self.trouble)
            pause = self._every * max(1.0, (self.tracker.tally.requests - before) / _GENTLE)

    async def read(self) -> None:
        """Look once, at the calls that were not looked up since the last time."""
        await self._fill()
        old = self._clock() - self._every / 2
        due = [call for attempt, call in self._open.items() if self._read_at.get(attempt, 0.0) <= old]
        if due:
            self.saw(await self.glance(due))
        # Only now, so that no count of 0 ended calls is shown before the first look.
        self.ended = self.ended if self.ended is not None else Counter()

    async def _fill(self) -> None:
        """Take up the calls that were placed since."""
        while len(self._open) < _MOST:
            calls = await self._ledger.open_calls(after=self._after, size=_MOST - len(self._open))
            if not calls:
                return
            self._after = calls[-1].attempt
            for call in calls:
                if self._mine is None or call.attempt in self._mine:
                    self._open[call.attempt] = call
                    self._take(call.attempt, call.status)

    def _take(self, attempt: int, status: str) -> None:
        call = self._open.get(attempt)
        if call is None:
            return
        self._open[attempt] = replace(call, status=status)
        state = CallState(status)
        if state.was_reached or (state.is_final and not self._calls_again):
            self.ended = self.ended if self.ended is not None else Counter()
            self.ended[status] += 1
        elif not state.waits_for_moment:
            return
        # A call that waits for a moment, maybe for hours, is not looked up again: `track` finds it.
        del self._open[attempt]
        self._read_at.pop(attempt, None)

    def _note_once(self, why: str) -> None:
        if not self._noted:
            self._noted = True
            self._note(why)
