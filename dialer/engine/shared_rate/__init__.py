"""One rate for all runs of a workspace: each call takes the next slot of a schedule that they share in a file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.engine.shared_rate.file import RateFile
from dialer.engine.shared_rate.schedule import AHEAD, VALID, Schedule, after_loss, longest_interval
from dialer.engine.waiting import LOOK_AGAIN, SHORTEST_SLEEP
from dialer.errors import MustActError
from dialer.messages import engine as say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dialer.engine.pacing import Slot
    from dialer.rate import Rate

__all__ = ["AHEAD", "VALID", "SharedRate", "shared_rate"]

_TRY_AGAIN = 0.005
"""Seconds after which a lock that another process holds is tried again."""
_PATIENCE = 2.0
"""Seconds; a process that holds the lock for longer is frozen."""
_WORTH_NOTING = 1.0
"""Seconds of a hold."""


class SharedRate:
    """Hands out slots of the rate that all runs of a workspace keep together.

    Args:
        file: the schedule that they share.
        rate: how much is allowed to all of them together.
        note: given in words what it waits for.
        on_hold: given the seconds for which everybody is held, and why.
    """

    def __init__(
        self, file: RateFile, rate: Rate, *, note: Callable[[str], None], on_hold: Callable[[float, str], None]
    ) -> None:
        self.rate = rate
        self._file = file
        self._note = note
        self._on_hold = on_hold
        self._noted_until = 0.0

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
            slot, schedule = await self._take(not_before)
            if slot is not None:
                return slot
            now = self._file.now()
            left = schedule.opens(now=now, not_before=not_before) - AHEAD - now
            await anyio.sleep(min(max(left, SHORTEST_SLEEP), LOOK_AGAIN))

    async def _take(self, not_before: float) -> tuple[Slot | None, Schedule]:
        taken: Slot | None = None

        def change(schedule: Schedule | None, now: float) -> Schedule:
            nonlocal taken
            known = schedule or after_loss(self.rate, now=now)
            after, taken = known.take(self.rate, now=now, not_before=not_before)
            return after

        schedule = await self._change(change)
        return taken, schedule

    def _note_hold(self, until: float, now: float) -> None:
        if until > max(now + _WORTH_NOTING, self._noted_until):
            self._noted_until = until
            self._note(say.all_runs_wait(until - now, provider.VENDOR.names))
            self._on_hold(until - now, say.ORGANISATION_TOO_FAST)

    async def hold(self, seconds: float, *, after: Slot) -> None:
        """Have no run send for so many seconds, and all at half the rate from then on, for a 429.

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

        schedule = await self._change(change)
        # The run that was refused tells of it by itself.
        self._noted_until = schedule.held_until

    def wait_for(self, slot: Slot) -> float:
        """Return the seconds until a slot's moment."""
        return slot.moment - self._file.now()

    def is_over(self, slot: Slot) -> bool:
        """Tell whether it is too late to use a slot."""
        return self._file.now() > slot.moment + VALID

    def held(self) -> float:
        """Return the seconds for which no run may send; more than 0 also where that is not known.

        The next slot then says what is wrong.
        """
        schedule, now = self._read()
        return _TRY_AGAIN if schedule is None else max(0.0, schedule.held_until - now)

    def next_in(self) -> float:
        """Return in how many seconds the next slot is free, as far as can be said now."""
        schedule, now = self._read()
        return 0.0 if schedule is None else schedule.opens(now=now, not_before=now) - now

    def _read(self) -> tuple[Schedule | None, float]:
        """Return what the others have agreed on, as far as it can be read, and the time; tell of a new hold."""
        schedule = None
        with contextlib.suppress(MustActError):
            schedule = self._file.read()
        now = self._file.now()
        if schedule is not None:
            self._note_hold(schedule.held_until, now)
        return schedule, now

    @property
    def per_second(self) -> float:
        """Slots per second, on average."""
        return self.rate.per_second

    @property
    def longest_interval(self) -> float:
        """Seconds between two slots when the server has asked to be spared as often as counts."""
        return longest_interval(self.rate)

    async def _change(self, change: Callable[[Schedule | None, float], Schedule]) -> Schedule:
        began, noted = anyio.current_time(), False
        while (changed := self._file.try_change(change)) is None:
            if not noted and anyio.current_time() - began > _PATIENCE:
                noted = True
                self._note(say.rate_held_by(self._file.holder(), self._file.path))
            await anyio.sleep(_TRY_AGAIN)
        return changed


@contextlib.contextmanager
def shared_rate(
    path: Path, rate: Rate, *, note: Callable[[str], None], on_hold: Callable[[float, str], None]
) -> Iterator[SharedRate]:
    """Yield the rate that all runs of a workspace share by a file.

    Raises:
        MustActError: the file cannot be written.
    """
    with RateFile(path) as file:
        yield SharedRate(file, rate, note=note, on_hold=on_hold)
