"""Connections opened ahead of the calls that use them: connecting costs neither pace nor certainty."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer.engine.waiting import SHORTEST_SLEEP
from dialer.messages.engine import SERVER_ENDS_CONNECTIONS
from dialer.models import Answer, Effect, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from dialer.engine.changes import Changes
    from dialer.engine.pacing import Pacer
    from dialer.provider.interface import Connection

OLDEST = 5.0
"""Seconds that a connection may wait for its call: soon after, servers and gateways close idle connections."""
_SLOWEST = 4.0
"""Seconds that connecting is expected to take at most; shorter than OLDEST."""
_AT_FIRST, _SPARE = 0.5, 0.05
"""Seconds ahead of its moment that a connection is begun: before any was made, and besides what they take."""
_AFTER_FAILURE = 0.5
"""Seconds after a failed connection before another one is tried, at least."""
_LOOK_AGAIN = 1.0
"""Seconds; a pace that recovers makes the next call start earlier than expected."""
_REMEMBERED = 20
_ENDED = Answer(Outcome.RETRY, Effect.BACK_OFF, words=SERVER_ENDS_CONNECTIONS)


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: Connection
    at: float

    @property
    def until(self) -> float:
        """When it is too old."""
        return self.at + OLDEST


class Connections:
    """Keeps as many connections open as calls start while one is being made, and none that is not needed soon.

    Args:
        connect: returns an open connection, or what it means that there is none.
        pacer: says how soon and how often calls start.
        most: how many there is a use for at the moment.
        early: seconds before its moment at which a call takes its connection.
        failed: called with what a failed one means.
        on_change: called when one is open.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection | Answer]],
        *,
        pacer: Pacer,
        most: Callable[[], float],
        early: Callable[[], float],
        failed: Callable[[Answer], None],
        on_change: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._pacer = pacer
        self._most = most
        self._early = early
        self._failed = failed
        self._on_change = on_change
        self._open: deque[_Opened] = deque()
        self._opening = 0
        self._again_at = -math.inf
        self._ended_at = math.inf
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._takes = _AT_FIRST

    def _wants_one(self) -> bool:
        """Tell whether one more is of use."""
        most = min(self._most(), self._pacer.rate_now * self._lead())
        return len(self._open) + self._opening < math.ceil(most)

    async def open_ahead(self, changes: Changes) -> None:
        """Keep a bounded few open, until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                await changes.until(self._wants_one)
                await self._open_one_in_time(tasks)

    async def _open_one_in_time(self, tasks: TaskGroup) -> None:
        """Begin to open one as soon as that is early enough, if it is still of use then."""
        early = max(self._pacer.next_in() - self._lead(), self._again_at - anyio.current_time())
        if early > SHORTEST_SLEEP:
            await anyio.sleep(min(early, _LOOK_AGAIN))
        elif self._wants_one():
            self._opening += 1
            tasks.start_soon(self._open_one)

    def _lead(self) -> float:
        return self._early() + self._takes

    async def _open_one(self) -> None:
        began = anyio.current_time()
        try:
            opened = await self._connect()
        finally:
            self._opening -= 1
        now = anyio.current_time()
        if isinstance(opened, Answer):
            self._fail(opened)
        else:
            self._took.append(now - began)
            self._takes = min(2 * max(self._took) + _SPARE, _SLOWEST)
            self._open.append(_Opened(opened, now))
        self._on_change()

    def _fail(self, answer: Answer) -> None:
        self._failed(answer)
        # What a failure holds is held to its end: not even a connection is tried before.
        self._again_at = anyio.current_time() + max(self._pacer.held(), _AFTER_FAILURE)

    def is_ready(self) -> bool:
        """Tell whether one is open."""
        return bool(self._open)

    def next_until(self) -> float:
        """Return until when the one that is taken next may be used (of the event loop's clock)."""
        return self._open[0].until

    async def take(self) -> Connection | None:
        """Take the oldest; None where it is of no use any more."""
        opened = self._open.popleft()
        if anyio.current_time() < opened.until:
            if opened.connection.is_untouched():
                self._ended_at = math.inf
                return opened.connection
            self._note_ended(opened)
        await opened.connection.aclose()
        self._on_change()
        return None

    def _note_ended(self, opened: _Opened) -> None:
        """Report an outage if the server has ended a connection, and then one that was opened after that.

        A single one, with those that were open beside it, proves nothing: the server was restarted, or its idle
        timeout was over.
        """
        if opened.at > self._ended_at:
            self._fail(_ENDED)
            self._ended_at = anyio.current_time()
        self._ended_at = min(self._ended_at, anyio.current_time())

    async def aclose(self) -> None:
        """Close those that were not taken."""
        with anyio.CancelScope(shield=True):
            while self._open:
                await self._open.popleft().connection.aclose()
