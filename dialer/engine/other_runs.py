"""The other runs of a batch: a run that has nobody left waits for them, and takes over whom one of them leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from dialer.messages import engine as say

if TYPE_CHECKING:
    from dialer.engine.progress import Progress
    from dialer.store import AsyncStore

LOOK_EVERY = 1.0
"""Seconds between two looks at the other runs."""


class OtherRuns:
    """Says when a run that has nobody left is done.

    Args:
        ledger: knows the other runs.
        progress: shows that they are waited for.
    """

    def __init__(self, ledger: AsyncStore, progress: Progress) -> None:
        self._ledger, self._progress = ledger, progress
        self._over = 0

    async def begin(self) -> None:
        """Note who is over, before the first page of the list is read."""
        self._over = (await self._ledger.others()).over

    async def have_left_somebody(self) -> bool:
        """Wait as long as others call; return whether one has ended, so that somebody may be left to be called.

        Meanwhile this run claims nobody: each of them can take over whom the others leave.
        """
        await self._ledger.rest()
        waiting = 0
        while True:
            others = await self._ledger.others()
            if others.over > self._over:
                self._over = others.over
                return True
            if not others.calling:
                return False
            if others.calling != waiting:
                waiting = others.calling
                self._progress.note(say.waiting_for_others(waiting))
            await anyio.sleep(LOOK_EVERY)
