"""What is left in the account's wallet, as the provider says it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.config.credentials import known_credentials
from dialer.errors import DialerError
from dialer.provider.interface import ProviderReadError

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 10.0
"""Seconds for the answer."""


async def wallet_of(campaign: Path) -> float | None:
    """Return the balance of the wallet of a campaign's account; None without a key or a response.

    Args:
        campaign: the campaign file; a `.env` beside it may hold the key.
    """
    with contextlib.suppress(ProviderReadError, DialerError), anyio.move_on_after(PATIENCE):
        access = known_credentials(campaign)
        if access is not None:
            async with provider.VENDOR.client(base_url=access.base_url, key=access.key, patience=PATIENCE) as client:
                return (await client.account()).wallet
    return None
