"""Waiting until something is true: who can go on is woken when something has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable


class Changes:
    """What several tasks wait for, each for a condition of its own."""

    def __init__(self) -> None:
        self._waiting: dict[anyio.Event, Callable[[], bool]] = {}

    async def until(self, true: Callable[[], bool]) -> None:
        """Return once a condition is true, as far as `notify` was called since it became so."""
        while not true():
            changed = anyio.Event()
            self._waiting[changed] = true
            try:
                await changed.wait()
            finally:
                del self._waiting[changed]

    def notify(self) -> None:
        """Wake those whose condition is true now: most of what changes concerns one of them."""
        for changed, true in self._waiting.items():
            if true():
                changed.set()
