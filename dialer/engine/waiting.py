"""Waiting for a moment on the wall clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_AGAIN = 10.0
"""Seconds. The event loop's clock stops while a machine is suspended, and the wall clock may be set."""


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
        await anyio.sleep(min(left, _LOOK_AGAIN))
