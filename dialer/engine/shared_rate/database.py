"""One rate for all hosts of a workspace: each call takes the next slot of a row in the database that they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import anyio
from anyio import to_thread

from dialer.engine.pacing import Slot
from dialer.engine.shared_rate.file import since_start
from dialer.engine.shared_rate.schedule import longest_interval
from dialer.errors import UnreachableError
from dialer.messages import engine as say

if TYPE_CHECKING:
    from dialer.rate import Rate

_LONGEST_PAUSE = 5.0
"""Seconds between two attempts to reach a database that does not answer."""


class Granted(Protocol):
    """A slot, by `since_start`."""

    @property
    def opens(self) -> float:
        """From then on a request may leave."""

    @property
    def closes(self) -> float:
        """Until then."""


class AsksDatabase(Protocol):
    """Asks the database for slots; one thread at a time may use it."""

    def ask(self, *, wait: float = 0.0) -> Granted | float:
        """Return a slot that is not before so many seconds from now, or in how many seconds to ask again."""

    def reconnect(self) -> None:
        """Connect anew where the connection is lost."""

    def hold(self, seconds: float, words: str) -> None:
        """Grant no slot for a number of seconds from now."""


@dataclass(frozen=True, slots=True)
class _DatabaseSlot(Slot):
    closes: float


class DatabaseRate:
    """Hands out slots of the rate that all hosts keep together; while the database does not answer there are none.

    Args:
        slots: of the database.
        rate: how much is allowed to all hosts together.
    """

    def __init__(self, slots: AsksDatabase, rate: Rate) -> None:
        self.rate = rate
        self._slots = slots
        self._one_at_a_time = anyio.Lock()
        self._held_until = -math.inf
        self._next_at = -math.inf

    async def slot(self, *, wait: float) -> Slot:
        """Return the next free slot; see `SlotSource.slot`."""
        not_before, pause = since_start() + wait, 0.1
        while True:
            try:
                answer = await self._ask(not_before)
            except UnreachableError:
                # The ledger's thread reports it.
                await anyio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            if not isinstance(answer, float):
                return _DatabaseSlot(answer.opens, answer.closes)
            self._next_at = since_start() + answer
            await anyio.sleep(answer)

    async def _ask(self, not_before: float) -> Granted | float:
        async with self._one_at_a_time:
            return await to_thread.run_sync(self._in_thread, not_before, abandon_on_cancel=False)

    def _in_thread(self, not_before: float) -> Granted | float:
        self._slots.reconnect()
        return self._slots.ask(wait=not_before - since_start())

    def wait_for(self, slot: Slot) -> float:
        """Return the seconds until a slot's moment."""
        return slot.moment - since_start()

    def is_over(self, slot: Slot) -> bool:
        """Tell whether it is too late to use a slot."""
        return not isinstance(slot, _DatabaseSlot) or since_start() > slot.closes

    def next_in(self) -> float:
        """Return in how many seconds the next slot is free, as far as can be said now."""
        return max(0.0, self._next_at - since_start())

    def held(self) -> float:
        """Return the seconds for which no run may send, as far as this one knows: the others get no slots."""
        return max(0.0, self._held_until - since_start())

    async def hold(self, seconds: float, *, after: Slot) -> None:  # noqa: ARG002 - each run slows down by itself
        """Have no host send for so many seconds, for a 429; while the database does not answer none does."""
        until, pause = since_start() + seconds, 0.1
        self._held_until = max(self._held_until, until)
        while (left := until - since_start()) > 0:
            try:
                async with self._one_at_a_time:
                    await to_thread.run_sync(self._hold_in_thread, left)
            except UnreachableError:
                await anyio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    def _hold_in_thread(self, seconds: float) -> None:
        self._slots.reconnect()
        self._slots.hold(seconds, say.ORGANISATION_TOO_FAST)

    @property
    def per_second(self) -> float:
        """Slots per second, on average."""
        return self.rate.per_second

    @property
    def longest_interval(self) -> float:
        """Seconds between two slots when the server has asked to be spared as often as counts."""
        return longest_interval(self.rate)
