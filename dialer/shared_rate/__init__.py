"""One rate for all runs of a workspace: each call takes the next slot of a schedule that they share in a file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio

from dialer.shared_rate.file import RateFile, since_start
from dialer.shared_rate.schedule import AHEAD, VALID, Schedule, Slot, after_loss, longest_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dialer.pacing import Rate

__all__ = ["AHEAD", "VALID", "SharedRate", "Slot", "shared_rate"]

_TRY_AGAIN = 0.005
"""Seconds after which a lock that another process holds is tried again."""
_PATIENCE = 2.0
"""Seconds for which nobody holds the lock who is not frozen."""
_SHORTEST_SLEEP = 1e-6
_LOOK_AGAIN = 10.0
"""Seconds. The event loop's clock stands still while the machine is suspended, that of the slots does not."""


class SharedRate:
    """Hands out slots of the rate that all runs of a workspace keep together.

    Args:
        file: the schedule that they share.
        rate: how much is allowed to all of them together.
        note: told in words what it waits for.
    """

    def __init__(self, file: RateFile, rate: Rate, *, note: Callable[[str], None]) -> None:
        self.rate = rate
        self._file = file
        self._note = note

    async def slot(self, *, wait: float) -> Slot:
        """Return the next free slot, at most AHEAD before its moment; its holder may place one call.

        Args:
            wait: seconds from now before which it cannot be used.

        Raises:
            MustActError: the file cannot be written.
            UsageError: another machine uses it.
        """
        not_before = self._file.now() + wait
        while True:
            slot, opens = await self._take(not_before)
            if slot is not None:
                return slot
            left = opens - AHEAD - self._file.now()
            await anyio.sleep(min(max(left, _SHORTEST_SLEEP), _LOOK_AGAIN))

    async def _take(self, not_before: float) -> tuple[Slot | None, float]:
        taken: Slot | None = None
        opens = 0.0

        def change(schedule: Schedule | None, now: float) -> Schedule:
            nonlocal taken, opens
            known = schedule or after_loss(self.rate, now=now)
            opens = known.opens(now=now, not_before=not_before)
            after, taken = known.take(self.rate, now=now, not_before=not_before)
            return after

        await self._change(change)
        return taken, opens

    async def hold(self, seconds: float, *, after: Slot) -> None:
        """Have nobody send for so many seconds, and everybody at half the rate from then on, for a 429.

        Args:
            seconds: how long.
            after: the slot of the request that was refused.

        Raises:
            MustActError: the file cannot be written.
            UsageError: another machine uses it.
        """

        def change(schedule: Schedule | None, now: float) -> Schedule:
            known = schedule or after_loss(self.rate, now=now)
            return known.refused(after, now=now, seconds=seconds)

        await self._change(change)

    def wait_for(self, slot: Slot) -> float:
        """Return the seconds until a slot's moment."""
        return slot.moment - self._file.now()

    def is_over(self, slot: Slot) -> bool:
        """Tell whether it is too late to use a slot."""
        return self._file.now() > slot.until

    def held(self) -> float:
        """Return the seconds for which nobody may send; where that cannot be told, until a slot has told it.

        Raises:
            MustActError: the file cannot be read.
        """
        schedule = self._file.read()
        return _TRY_AGAIN if schedule is None else max(0.0, schedule.held_until - self._file.now())

    @property
    def longest_interval(self) -> float:
        """Seconds between two slots when the server has asked to be spared as often as counts."""
        return longest_interval(self.rate)

    async def _change(self, change: Callable[[Schedule | None, float], Schedule]) -> None:
        began, told = anyio.current_time(), False
        while not self._file.try_change(change):
            if not told and anyio.current_time() - began > _PATIENCE:
                told = True
                self._note(self._who_holds_it())
            await anyio.sleep(_TRY_AGAIN)

    def _who_holds_it(self) -> str:
        return (
            f"Process {self._file.holder()} holds {self._file.path} and does not go on (is it stopped?). Nothing is "
            "sent until it goes on or ends."
        )


@contextlib.contextmanager
def shared_rate(
    path: Path, rate: Rate, *, note: Callable[[str], None], now: Callable[[], float] = since_start
) -> Iterator[SharedRate]:
    """Yield the rate that all runs of a workspace share by a file.

    Raises:
        MustActError: the file cannot be written.
    """
    with RateFile(path, now=now) as file:
        yield SharedRate(file, rate, note=note)
