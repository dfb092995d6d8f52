"""The wallet of each campaign's account: read once a minute while a page is open, never waited for."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from dialer.messages.pages.serve import wallet_text
from dialer.operations.serve.wallet import wallet_of

if TYPE_CHECKING:
    from pathlib import Path

EVERY = 60.0
"""Seconds between two questions."""
_COUNTS = 3 * EVERY
"""Seconds for which an answer counts."""
_MOST = 20
"""Folders whose campaigns may have a key of their own."""


class Wallets:
    """What was last heard of the wallets, by the folder whose `.env` may hold the key."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self._asked: dict[Path, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def text(self, campaign: Path) -> str:
        """Return what is left, in words, as far as was heard; empty where nothing was."""
        folder, now = campaign.parent, time.monotonic()
        if now - self._asked.get(folder, now) > _COUNTS:
            # Nobody has looked for a while: what was left then says nothing of now.
            self._known.pop(folder, None)
        is_due = now - self._asked.get(folder, -EVERY) >= EVERY
        if is_due and (folder in self._asked or len(self._asked) < _MOST):
            self._asked[folder] = now
            task = asyncio.create_task(self._ask(campaign))
            # The event loop itself keeps no task alive.
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._known.get(folder, "")

    async def _ask(self, campaign: Path) -> None:
        wallet = await wallet_of(campaign)
        self._known[campaign.parent] = "" if wallet is None else wallet_text(wallet)
