"""The connection to the provider, or to a sandbox that runs in this process meanwhile."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from dialer import provider
from dialer.config.credentials import Credentials, credentials
from dialer.provider.interface import NO_TROUBLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dialer.config.campaign import Campaign
    from dialer.provider.interface import Provider, Troubles


@contextlib.asynccontextmanager
async def connected(
    campaign: Campaign, *, troubles: Troubles = NO_TROUBLES, patience: float = math.inf
) -> AsyncIterator[tuple[Provider, str]]:
    """Yield a client and its address: of the account, or of a sandbox with the given troubles.

    Args:
        campaign: the owner of the account.
        troubles: the faults that the sandbox simulates.
        patience: timeout for the first response to a read, in seconds.

    Raises:
        UsageError: the key is missing, or key or address cannot be used.
    """
    with contextlib.ExitStack() as stack:
        if campaign.sandbox:
            base_url, key = stack.enter_context(provider.VENDOR.sandbox(troubles))
            access = Credentials(base_url=base_url, key=key)
        else:
            access = credentials(campaign.batch.selection)
        async with provider.VENDOR.client(base_url=access.base_url, key=access.key, patience=patience) as client:
            yield client, access.base_url
