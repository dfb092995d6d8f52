"""What the account says before anybody is dialled: the agent, the wallet, the lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from dialer.breaker import Trip, no_money
from dialer.client import BolnaReadError
from dialer.errors import MustActError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.executions import Account

WALLET_EVERY = 60.0
"""Seconds between two looks at the wallet."""


class Bolna(Protocol):
    """What is read of Bolna."""

    async def account(self) -> Account:
        """Return whose key it is."""

    async def agent(self, agent_id: str) -> dict[str, Any] | None:
        """Return an agent, or None when there is none."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What could be read.

    Attributes:
        account: whose key it is; None where it could not be read.
        agent_name: the agent's name; None where it could not be read.
        notes: what could not be read, in words.
    """

    account: Account | None
    agent_name: str | None
    notes: tuple[str, ...]


async def look(bolna: Bolna, *, agent_id: str) -> Standing:
    """Return what the account says; what cannot be read for passing reasons is noted, not fatal.

    Raises:
        MustActError: the key is refused, the agent does not exist, or there is no money.
    """
    notes: list[str] = []
    account: Account | None = None
    agent_name: str | None = None
    try:
        account = await bolna.account()
    except BolnaReadError as error:
        _refused(error)
        notes.append(f"the account could not be read ({error.words})")
    if account is not None and account.wallet is not None and (trip := no_money(account.wallet)) is not None:
        raise MustActError(f"{trip.words} {trip.advice}")
    try:
        agent = await bolna.agent(agent_id)
    except BolnaReadError as error:
        _refused(error)
        notes.append(f"the agent could not be read ({error.words})")
    else:
        if agent is None:
            raise MustActError(
                f"Bolna knows no agent {agent_id}. Check `agent_id` in the campaign file, and whether the key is of "
                f"the same account."
            )
        agent_name = str(agent.get("agent_name") or "")
    return Standing(account, agent_name, tuple(notes))


def _refused(error: BolnaReadError) -> None:
    if error.status in {401, 403}:
        raise MustActError(
            f"Bolna refused the key: {error.words}. Set BOLNA_API_KEY to a valid key, then run the same command again."
        ) from error


async def watch_wallet(bolna: Bolna, end: Callable[[Trip], None]) -> None:
    """Look at the wallet every minute, and end the run when it is empty."""
    while True:
        await anyio.sleep(WALLET_EVERY)
        try:
            wallet = (await bolna.account()).wallet
        except BolnaReadError:
            continue
        if wallet is not None and (trip := no_money(wallet)) is not None:
            end(trip)


async def agent_gone(bolna: Bolna, *, agent_id: str) -> bool:
    """Tell whether Bolna surely does not know the agent."""
    try:
        return await bolna.agent(agent_id) is None
    except BolnaReadError:
        return False
