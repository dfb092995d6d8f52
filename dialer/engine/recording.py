"""What a runner asks of the ledger: where that fails, the sending stops before anything else leaves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio

from dialer.errors import LedgerError
from dialer.store.call_ids import CallIds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.models import Attempt, Recipient, Render
    from dialer.store import AsyncStore


class Recording:
    """Reads and records for a runner.

    Args:
        ledger: where intents and outcomes are recorded.
        sending: cancelled where the ledger fails.
    """

    def __init__(self, ledger: AsyncStore, sending: anyio.CancelScope) -> None:
        self._ledger, self._sending = ledger, sending

    @contextlib.contextmanager
    def _stopping_if_it_fails(self) -> Iterator[None]:
        try:
            yield
        except LedgerError:
            self._sending.cancel()

    async def known_ids(self) -> CallIds:
        """Return the ids that the provider has given the calls of this batch so far."""
        with self._stopping_if_it_fails():
            return await self._ledger.execution_ids()
        # An error here is reported where the outcome cannot be recorded either.
        return CallIds()

    async def page(self, after: int, size: int) -> list[Recipient]:
        """Return the next callable recipients; none where the ledger fails."""
        with self._stopping_if_it_fails():
            return list(await self._ledger.page(after=after, size=size))
        return []

    async def intended(self, recipient: Recipient, render: Render) -> Attempt | None:
        """Return an attempt whose intent is on disk; None where the recipient may not be called any more.

        Raises:
            NoLineError: all lines are taken.
        """
        # Shielded: an intent that reaches the disk must not be forgotten by a cancellation meanwhile.
        with anyio.CancelScope(shield=True), self._stopping_if_it_fails():
            attempts = await self._ledger.intend([recipient], render)
            return attempts[0] if attempts else None
        return None

    async def withhold(self, attempts: list[Attempt], reason: str) -> None:
        """Make pending again the recipients who have an intent and were not called."""
        with anyio.CancelScope(shield=True), self._stopping_if_it_fails():
            await self._ledger.withhold(attempts, reason=reason)

    async def flush(self) -> None:
        """Return once every outcome is on disk; nothing waited for them so far.

        Raises:
            LedgerError: something could not be recorded.
        """
        with self._stopping_if_it_fails():
            await self._ledger.flush()
        if (failure := self._ledger.failure) is not None:
            raise failure
