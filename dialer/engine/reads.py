"""How fast the provider is asked how calls go: each kind of request has its limit, and a person may set one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider
from dialer.engine.pacing import Pacer

if TYPE_CHECKING:
    from dialer.rate import Rate


class Reads:
    """Grants requests that ask how calls go; one for all that reads in a process.

    Args:
        most: so many of both kinds together, also where that is more than the provider is known to allow; None: as
            many of each kind as it allows.
    """

    def __init__(self, most: Rate | None) -> None:
        limits = provider.VENDOR.limits
        knows_better = most is not None and most.per_second > limits.reads.per_second
        self._all = Pacer(most)
        self._pages = Pacer(None if knows_better else limits.pages)
        self._calls = Pacer(None if knows_better else limits.reads)

    async def wait_for_page(self) -> None:
        """Return when a page of a list may be asked for."""
        await self._all.wait()
        await self._pages.wait()

    async def wait_for_call(self) -> None:
        """Return when a call may be asked for by its id."""
        await self._all.wait()
        await self._calls.wait()

    def slow_down(self) -> None:
        """Halve all rates, for a 429: others may ask as well."""
        for pacer in (self._all, self._pages, self._calls):
            pacer.slow_down()

    def recover(self) -> None:
        """Restore a hundredth of the reads; called for each certain answer."""
        for pacer in (self._all, self._pages, self._calls):
            pacer.recover()
