"""A do-not-call list that changes during a run."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
from anyio import to_thread

from dialer.errors import DoNotCallError, InputError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.intake.do_not_call.lists import Suppression

_T = TypeVar("_T")

GLANCE: Final = 1.0
"""Seconds for which what was seen is good enough, as long as it is looked at again before a request leaves."""
SETTLED: Final = 2.0
"""Seconds after which a file that does not change is taken to be written to its end."""


class Watch:
    """The lists as they are now. No call leaves by lists that are out of date.

    A changed list is read in a thread, since a long one takes seconds: until then `is_current` says no.
    A file that has just changed may be half written, and lack people: all who were on the lists before stay on them
    until it was left alone for a moment.

    Args:
        lists: as they were read first.
        clock: seconds that never go back.
        note: called with a sentence each time the lists were read again.
    """

    def __init__(
        self,
        lists: Suppression,
        clock: Callable[[], float] = time.monotonic,
        *,
        note: Callable[[Suppression], Awaitable[None]] | None = None,
    ) -> None:
        self._lists = lists
        self._read = lists
        """The lists as they were read last: without those who were on them before."""
        self._changed_at: float | None = None
        self._seen, self._seen_at = True, -math.inf
        self._clock = clock
        self._note = note
        self._turn = anyio.Lock()

    def is_current(self, *, seen_within: float = 0.0) -> bool:
        """Tell whether the lists are as they are on disk; where they are not, `refresh` is to be awaited.

        Args:
            seen_within: seconds; nothing is looked at that was seen so shortly before.

        Raises:
            InputError: a list is missing, or too old by now.
        """
        now = self._clock()
        if now - self._seen_at >= seen_within:
            self._seen, self._seen_at = self._read.is_as_read(), now
        return self._seen and not self._has_settled()

    def _has_settled(self) -> bool:
        return self._changed_at is not None and self._clock() - self._changed_at >= SETTLED

    def list_with(self, number: int) -> str | None:
        """Return the name of the list that a number is on; None where it is on none."""
        entry = self._lists.entry(number)
        return None if entry is None else entry[0]

    async def refresh(self) -> None:
        """Return once the lists are as they are on disk, or were a moment before.

        Raises:
            InputError: a list is missing, too old, or was left with an entry that is not a whole number.
            DoNotCallError: the workspace's list was left so, or lacks what it had.
        """
        if self.is_current(seen_within=GLANCE):
            return  # Asked for each call.
        async with self._turn:
            while not self.is_current():
                try:
                    await self._catch_up()
                except UnreachableError:
                    # The database does not answer: no call is placed until it does.
                    await anyio.sleep(SETTLED)

    async def _catch_up(self) -> None:
        # Size and time do not tell of a change within a tick of the file system's clock; the bytes do.
        if self._read.is_as_read() and await _in_thread(self._read.has_same_bytes):
            self._lists, self._changed_at = self._read, None
            return
        self._read = await self._whole()
        self._lists, self._changed_at = self._read.joined(self._lists), self._clock()
        if self._note is not None:
            await self._note(self._read)

    async def _whole(self) -> Suppression:
        """Read the lists; one that cannot be read may be half written, and gets a moment."""
        left_as = None
        while True:
            stamps = self._read.stamps_now()
            try:
                return await _in_thread(self._read.again)
            except (InputError, DoNotCallError):
                if stamps == left_as:
                    raise
                left_as = stamps
                await anyio.sleep(SETTLED)


async def _in_thread(read: Callable[[], _T]) -> _T:
    return await to_thread.run_sync(read, abandon_on_cancel=True)
