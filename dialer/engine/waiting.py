"""Waiting for a moment on the wall clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST_SLEEP = 1e-6
"""Seconds; a sleep that the clock's resolution rounds to nothing would never end on a virtual clock."""
LOOK_AGAIN = 10.0
"""Seconds between two looks at a clock: that of the event loop stops while a machine is suspended, and the wall clock
may be set."""


async def wait_until(
    moment: float, *, now: Callable[[], float], report: Callable[[float], None] = lambda _left: None
) -> None:
    """Return once the wall clock shows a moment.

    Args:
        moment: Unix seconds.
        now: the wall clock.
        report: called every few seconds with the seconds that are left.
    """
    while (left := moment - now()) > 0:
        report(left)
        await anyio.sleep(min(left, LOOK_AGAIN))
