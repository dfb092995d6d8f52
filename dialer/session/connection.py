"""The connection to Bolna, or to a sandbox that runs in this process meanwhile."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.credentials import Credentials, credentials
from dialer.provider.bolna.client import BolnaClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dialer.campaign import Campaign


@contextlib.asynccontextmanager
async def bolna(campaign: Campaign) -> AsyncIterator[tuple[BolnaClient, str]]:
    """Yield a client and its address: of the account, or of a sandbox.

    Raises:
        UsageError: there is no key, or key or address cannot be used.
    """
    with contextlib.ExitStack() as stack:
        if campaign.sandbox:
            from dialer.provider.bolna.sandbox import Settings, running  # noqa: PLC0415 - only a trial needs it

            sandbox = stack.enter_context(running(Settings()))
            access = Credentials(base_url=sandbox.base_url, key="bn-sandbox")
        else:
            access = credentials(campaign.batch.selection)
        async with BolnaClient(base_url=access.base_url, key=access.key) as client:
            yield client, access.base_url
