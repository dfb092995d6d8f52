"""Who is called next: first recipients who missed a moment, then the next of the list; and when none is left."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from dialer import moments
from dialer.engine.waiting import wait_until
from dialer.messages.engine import waiting_for_hours
from dialer.models import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.engine.changes import Changes
    from dialer.engine.ending import Ending
    from dialer.engine.other_runs import OtherRuns
    from dialer.engine.pending import Pending
    from dialer.engine.progress import Progress
    from dialer.models import Recipient

_LOOK_AGAIN = 0.5
"""Seconds between two looks whether it is somebody's turn who had to wait for another run."""


class Queue:
    """Hands out one recipient after the other, as long as there is room.

    Args:
        pending: the recipients who are left.
        changes: set when there is room, or a recipient comes back.
        has_room: whether one more request may be begun.
        in_flight: how many requests were begun and may come back.
        is_ending: whether the sending has ended.
        progress: shows the reason for a wait.
        ending: receives the seconds waited.
        others: the other runs of the batch; None: there are none.
        now: the wall clock, Unix seconds.
        zone: time zone of the times that are shown; None: the machine's.
    """

    def __init__(
        self,
        pending: Pending,
        *,
        changes: Changes,
        has_room: Callable[[], bool],
        in_flight: Callable[[], int],
        is_ending: Callable[[], bool],
        progress: Progress,
        ending: Ending,
        others: OtherRuns | None = None,
        now: Callable[[], float],
        zone: str | None = None,
    ) -> None:
        self._pending = pending
        self._changes = changes
        self._has_room = has_room
        self._in_flight = in_flight
        self._is_ending = is_ending
        self._progress = progress
        self._ending = ending
        self._others = others
        self._now, self._zone = now, zone
        self._next: deque[Recipient | Attempt] = deque()

    async def has_somebody(self, *, on_wait: Callable[[], None]) -> bool:
        """Return once there is a recipient to call; False when there will be none.

        Args:
            on_wait: called after a wait for calling hours to open.
        """
        while True:
            await self._changes.until(lambda: bool(self._next) or self._wants_somebody() or self._is_idle())
            if not self._next and self._wants_somebody():
                recipient = await self._pending.next(stopped=self._is_ending)
                self._next.extend([recipient] if recipient else [])
                self._changes.notify()
                await checkpoint_if_cancelled()
            if self._next:
                return True
            if self._is_idle():
                at = self._pending.next_pass_at()
                if at is None and not await self._others_have_left_somebody():
                    return False
                if at is not None:
                    await self._wait_for_an_opening(at)
                on_wait()
                self._pending.go_through_again()

    async def _others_have_left_somebody(self) -> bool:
        return self._others is not None and self._pending.wants_more() and await self._others.have_left_somebody()

    def is_intended(self) -> bool:
        """Tell whether the next recipient already has an intent on disk, from a missed moment."""
        return isinstance(self._next[0], Attempt)

    def take(self) -> Recipient | Attempt:
        """Return the next one."""
        return self._next.popleft()

    def put_first(self, attempt: Attempt) -> None:
        """Put a recipient first whose intent is on disk."""
        self._next.appendleft(attempt)

    def give_back(self) -> list[Attempt]:
        """Return the recipients with an intent on disk, and clear the queue."""
        attempts = [one for one in self._next if isinstance(one, Attempt)]
        self._next.clear()
        return attempts

    def length(self) -> float:
        """Return how many recipients are known to be callable one after the other; 0 if there may be none."""
        if not (self._next or self._in_flight()):
            return 0
        return math.inf if self._pending.waits_for_a_turn() else len(self._next)

    async def look_again(self) -> None:
        """Take up recipients whose delay is over, until cancelled."""
        while True:
            await self._changes.until(self._pending.waits_for_a_moment)
            await anyio.sleep(_LOOK_AGAIN)
            self._changes.notify()

    def _wants_somebody(self) -> bool:
        return self._pending.waits_for_a_turn() and self._has_room()

    def _is_idle(self) -> bool:
        turn = self._pending.waits_for_a_turn() or self._pending.waits_for_a_moment()
        return not (turn or self._next or self._in_flight())

    async def _wait_for_an_opening(self, at: float) -> None:
        if at <= self._now():
            return
        left = sum(later.count for later in self._pending.deferred.values())
        opening = moments.to_the_minute(moments.shown(at, self._zone))
        self._progress.note(waiting_for_hours(opening, left=left))
        began = anyio.current_time()
        try:
            await wait_until(at, now=self._now, report=self._progress.waiting)
        finally:
            self._ending.waited += anyio.current_time() - began
