"""How many of our calls may be live at the provider: pacing the requests does not pace the phones."""

from __future__ import annotations

import math
import random
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import anyio

from dialer import provider
from dialer.engine.breaker import Trip
from dialer.errors import DialerError, ExitCode
from dialer.messages import engine as say
from dialer.models import Answer, Attempt, Outcome
from dialer.provider.states import CallState
from dialer.store import Call, until_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from dialer.store import AsyncStore


_SHARE = 0.04
"""Fraction of a call's average time between two looks for a free line, while all are taken."""
_LEAST, _MOST, _IN_TROUBLE = 0.25, 5.0, 10.0
"""Seconds between two looks: at least, at most, and after one that showed nothing."""
_REMEMBERED = 20
"""Calls that the average is taken over."""
_OLD = 86_400.0
"""Seconds after which a call of an earlier run is surely not live any more."""
_DOUBT = 600.0
"""Seconds for which a request that may have placed a call counts as a call."""
_RETRIED = 60.0
"""Seconds between two looks at all calls that are not over, where the provider tries them again by itself."""
_STILL = 3600.0
"""Seconds without any of them moving after which a run waits no longer."""


class Tracker(Protocol):
    """Reads the states of calls."""

    @property
    def trouble(self) -> str:
        """Why the last look could not read all calls, or empty."""

    async def glance(self, calls: Sequence[Call]) -> Mapping[int, str]:
        """Return the states of some calls, by attempt."""

    async def look(self) -> object:
        """Update the state of every open call in the ledger."""


class Others(Protocol):
    """The other batches' calls, which take lines of the same organisation."""

    def count(self) -> int:
        """Return how many may be live now, by their ledgers."""

    async def look(self) -> None:
        """Look up their states at the provider."""


class Lines:
    """Limits how many of our calls are live: queued, ringing or talking at the provider.

    While all lines are taken it looks up the calls' states, more often if calls are shorter; else it asks for nothing.
    A call that is not known to be over counts as live.

    If several batches share the organisation's lines, each counts the calls of all. This needs no lock, since an
    intent is durable before `has_line` counts: of the runs that compete for the last line, the one that counts last
    sees the intents of all others. If two see each other, neither calls, and each tries again at a time of its own.

    Args:
        most: how many calls may be live; infinite for no limit, until `bind` sets another.
        ledger: knows the calls of earlier runs.
        tracker: reads the states of calls.
        lines: calls that the account may have live at once.
        average: assumed seconds of a call, until calls have been measured.
        retried: the provider retries calls by itself: these are looked up every minute.
        shared: how many calls of all batches may be live at once; None if they share no lines.
        others: the other batches' calls; None if they share no lines.
        by_ledger: each intent gets its line from the ledger, which counts the calls of all runs of all batches.
        mine: receives the attempts of this run that were answered; None: the ledger has those of no other run.
        now: the wall clock, Unix seconds.
    """

    def __init__(
        self,
        most: float,
        *,
        ledger: AsyncStore,
        tracker: Tracker,
        lines: float,
        average: float,
        retried: bool = False,
        shared: int | None = None,
        others: Others | None = None,
        by_ledger: bool = False,
        mine: set[int] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._most = most
        self._ledger = ledger
        self._tracker = tracker
        self._lines = lines
        self._average = average
        self._shared = math.inf if shared is None else shared
        self._others = others
        self._by_ledger, self._mine = by_ledger, mine
        self._elsewhere = 0
        self._beaten = False
        self._is_counting = False
        self._now = now
        self._live: dict[int, Call] = {}
        self._since: dict[int, float] = {}  # when each was first looked for, or moved last
        self._doubts: deque[float] = deque()
        self._lasted: deque[float] = deque(maxlen=_REMEMBERED)
        self._full = anyio.Event()
        self._began = now()
        self._moved = anyio.current_time()
        self._recount_at = self._moved + _RETRIED if retried else math.inf
        self.on_change: Callable[[], None] = lambda: None
        """Called when there may be more room."""

    def room(self) -> float:
        """Return how many calls may become live, those in flight counting as such."""
        while self._doubts and self._doubts[0] <= anyio.current_time() - _DOUBT:
            self._doubts.popleft()
        return 0 if self._beaten or self._is_counting else self._free()

    def _free(self) -> float:
        return min(self._most, self._shared - self._elsewhere) - len(self._live) - len(self._doubts)

    def has_line(self, in_flight: int) -> bool:
        """Tell whether there is a line for a request whose intent is durable, counting other batches' requests.

        Args:
            in_flight: requests that were begun and have no outcome yet, including this one.

        Raises:
            DialerError: another batch's ledger cannot be read.
        """
        if self._others is None or self._by_ledger:
            return True
        self._count_others()
        self._beaten = self._free() < in_flight
        if self._beaten:
            self._full.set()
        return not self._beaten

    def was_refused(self) -> None:
        """Wait for a line: the ledger had none for an intent."""
        self._beaten = True
        self._full.set()

    def _count_others(self) -> None:
        before, self._elsewhere = self._elsewhere, 0 if self._others is None else self._others.count()
        if self._elsewhere < before:
            self._moved = anyio.current_time()

    def wait(self) -> float:
        """Return the seconds until a call that is placed now rings, if no other calls use the account's lines."""
        return max(0, len(self._live) + self._elsewhere + 1 - self._lines) * self._average / self._lines

    def came_back(self, attempt: Attempt, answer: Answer) -> None:
        """Count a request that was answered."""
        if self._mine is not None:
            self._mine.add(attempt.id)
        if math.isinf(self._most):
            return
        if answer.outcome is Outcome.UNKNOWN:
            self._doubts.append(anyio.current_time())
        elif (
            answer.outcome is Outcome.QUEUED
            and answer.execution_id is not None
            # One that is made later takes no line until then, and cannot be held back.
            and (attempt.body.scheduled_at or 0.0) <= self._now()
        ):
            self._live[attempt.id] = _placed(attempt, answer.execution_id, until=self._now())
        if self.room() <= 0:
            self._full.set()

    def in_use(self) -> int | None:
        """Return how many calls hold a line, or wait for one, as far as is known, of all that share them."""
        return None if math.isinf(self._most) else len(self._live) + len(self._doubts) + self._elsewhere

    def saw(self, statuses: Mapping[int, str]) -> None:
        """Take over the states of some calls, by attempt, from another look."""
        if calls := [self._live[attempt] for attempt in statuses if attempt in self._live]:
            self._take(calls, statuses)

    async def begin(self) -> None:
        """Find out which calls of earlier runs are live, or may be.

        Raises:
            MustActError: the key is refused.
            LedgerError: the ledger cannot be used.
        """
        self._moved = anyio.current_time()
        if math.isinf(self._most):
            return
        if not self._by_ledger:
            await self._begin_with_earlier()
        self._count_others()

    async def _begin_with_earlier(self) -> None:
        ages = [self._now() - at for at in until_of(await self._ledger.doubts()).values()]
        self._doubts.extend(self._moved - age for age in sorted(ages, reverse=True) if age < _DOUBT)
        async for calls in self._open():
            self._live.update({call.attempt: call for call in calls})
            await self._look(calls)

    async def bind(self, most: int) -> None:
        """Change how many may be live; if there was no limit before, no call is placed until they are counted.

        Raises:
            DialerError: as `begin`.
        """
        was_counted, self._most = not math.isinf(self._most), most
        if not was_counted:
            self._is_counting = True
            await self._ledger.flush()
            await self.begin()
            self._is_counting = False
        if self.room() <= 0:
            self._full.set()
        self.on_change()

    async def watch(self, end: Callable[[Trip], None]) -> None:
        """Look up the calls' states whenever all lines are taken; end the run if they cannot be known any more."""
        try:
            while True:
                with anyio.move_on_after(self._recount_at - anyio.current_time()):
                    await self._until_full()
                if anyio.current_time() >= self._recount_at:
                    await self._recount()
                await self._look(list(self._live.values()) if self.room() <= 0 else [])
                await self._look_elsewhere()
                if self.room() <= 0 and anyio.current_time() - self._moved > _STILL:
                    end(self._stuck())
                await anyio.sleep(self._every())
        except DialerError as error:
            end(Trip(str(error), "", error.exit_code))

    async def _open(self) -> AsyncIterator[Sequence[Call]]:
        """Yield the calls that may be live as far as the ledger knows, page by page."""
        after = 0
        while calls := await self._ledger.open_calls(after=after):
            after = calls[-1].attempt
            yield [
                call
                for call in calls
                if call.state.is_live
                and call.until > self._began - _OLD
                and (self._mine is None or not self._by_ledger or call.attempt in self._mine)
            ]

    async def _recount(self) -> None:
        """Find out which calls are live, also those that wait no longer for their next try."""
        if math.isinf(self._most):
            self._recount_at = anyio.current_time() + _RETRIED
            return
        before = set(self._live)
        await self._tracker.look()
        live = {call.attempt: call async for calls in self._open() for call in calls}
        placed = {attempt: call for attempt, call in self._live.items() if attempt not in before}
        self._live = live | placed
        self._recount_at = anyio.current_time() + _RETRIED
        self.on_change()

    async def _look_elsewhere(self) -> None:
        if self._others is None:
            return
        if self._beaten:
            # Those that went for one line at the same moment do so hardly ever again.
            await anyio.sleep(random.uniform(0.0, self._every()))  # noqa: S311 - no secret
        self._count_others()
        self._beaten = False
        if self.room() <= 0:
            await self._others.look()
            self._count_others()
        self.on_change()

    async def _until_full(self) -> None:
        if self.room() > 0:
            # What was in doubt may count no longer.
            self.on_change()
            self._full = anyio.Event()
            await self._full.wait()
            self._moved = anyio.current_time()

    async def _look(self, calls: Sequence[Call]) -> None:
        self._take(calls, await self._tracker.glance(calls) if calls else {})

    def _take(self, calls: Sequence[Call], statuses: Mapping[int, str]) -> None:
        now = self._now()
        # Those that were seen to be over meanwhile are no longer among them.
        for call in [self._live[call.attempt] for call in calls if call.attempt in self._live]:
            status = statuses.get(call.attempt, call.status)
            since = self._since.setdefault(call.attempt, anyio.current_time())
            if status == call.status:
                # One that was not shown for an hour while others moved holds no line; one that waits or talks may.
                if not status and self._moved - since > _STILL:
                    self._forget(call)
                continue
            self._moved = self._since[call.attempt] = anyio.current_time()
            self._live[call.attempt] = replace(call, status=status)
            if not CallState(status).is_live:
                self._forget(call)
                self._lasted.extend([now - call.until] if call.until >= self._began else [])
        self.on_change()

    def _forget(self, call: Call) -> None:
        del self._live[call.attempt], self._since[call.attempt]

    def _every(self) -> float:
        if self._tracker.trouble:
            return _IN_TROUBLE
        average = sum(self._lasted) / len(self._lasted) if self._lasted else self._average
        return min(max(_LEAST, _SHARE * average), _MOST)

    def _stuck(self) -> Trip:
        trouble, names = self._tracker.trouble, provider.VENDOR.names
        said = say.calls_stand_still(len(self._live) + self._elsewhere, trouble=trouble, names=names)
        return Trip(*said, ExitCode.LEFT, "calls_stand_still")


def _placed(attempt: Attempt, execution_id: str, *, until: float) -> Call:
    return Call(
        attempt=attempt.id,
        recipient=attempt.recipient.id,
        number=attempt.recipient.number,
        execution_id=execution_id,
        body=attempt.body.text,
        at=attempt.at.timestamp(),
        until=until,
        status="",
    )
