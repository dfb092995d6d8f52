"""What the account says before anybody is dialled: the agent, the wallet, the lines."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.engine.breaker import Trip, no_money
from dialer.errors import MustActError
from dialer.messages import sync as say
from dialer.provider.interface import ProviderReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.provider.interface import Account, Agent, KnowsAccount, KnowsAgents

_MOST_AGENTS = 20
"""Agents that are asked for at most besides the campaign's."""
WALLET_EVERY = 60.0
"""Seconds between two looks at the wallet."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What could be read.

    Attributes:
        account: whose key it is; None where it could not be read.
        agent: who is to call; None where it could not be read.
        others: the agents that a column names, as far as they were read.
        notes: what could not be read, and what is doubtful, in words.
    """

    account: Account | None
    agent: Agent | None
    notes: tuple[str, ...]
    others: tuple[Agent, ...] = ()

    @property
    def agent_name(self) -> str:
        """The agent's name; empty where it could not be read."""
        return "" if self.agent is None else self.agent.name


async def look(
    client: KnowsAgents, *, agent_id: str, others: Sequence[str] = (), callers: Sequence[str] = ()
) -> Standing:
    """Check the account and return what was read; a temporary failure to read is noted, not fatal.

    Args:
        client: the account.
        agent_id: the agent that will call.
        others: agents named by a column; only the first few are read.
        callers: the caller numbers to be used, E.164.

    Raises:
        MustActError: the key is refused, the agent does not exist, or there is no money.
    """
    notes: list[str] = []
    account: Account | None = None
    try:
        account = await client.account()
    except ProviderReadError as error:
        _refused(error)
        notes.append(say.account_unreadable(error.words))
    if account is not None and account.wallet is not None and (trip := no_money(account.wallet)) is not None:
        raise MustActError(f"{trip.words} {trip.advice}")
    agent = await _agent(client, agent_id, notes)
    named = [one for one in others if one != agent_id]
    read = [await _agent(client, one, notes, of_column=True) for one in named[:_MOST_AGENTS]]
    if len(named) > _MOST_AGENTS:
        notes.append(say.many_agents(len(named), read=_MOST_AGENTS))
    notes += await _foreign(client, callers)
    return Standing(account, agent, tuple(notes), tuple(filter(None, read)))


async def _agent(client: KnowsAgents, agent_id: str, notes: list[str], *, of_column: bool = False) -> Agent | None:
    """Return an agent; None, and a note, where it cannot be read for passing reasons.

    Raises:
        MustActError: the key is refused, or the agent does not exist.
    """
    try:
        return await client.agent(agent_id)
    except ProviderReadError as error:
        _refused(error)
        if error.is_not_found:
            names = provider.VENDOR.names
            words = say.no_such_agent(agent_id, words=error.words, of_column=of_column, names=names)
            raise MustActError(words) from error
        notes.append(say.agent_unreadable(error.words, agent_id=agent_id if of_column else None))
        return None


async def _foreign(client: KnowsAgents, callers: Sequence[str]) -> list[str]:
    """Return a note on caller numbers that the account does not list.

    Only a note: those of a telephony account of one's own may be missing from the list.
    """
    if not callers:
        return []
    try:
        owned = await client.phone_numbers()
    except ProviderReadError as error:
        return [say.numbers_unreadable(error.words)]
    foreign = [caller for caller in callers if caller not in owned]
    return [say.foreign_callers(foreign, provider.VENDOR.names)] if foreign else []


def _refused(error: ProviderReadError) -> None:
    if error.must_act is not None:
        raise error.must_act from error


async def watch_wallet(client: KnowsAccount, end: Callable[[Trip], None]) -> None:
    """Look at the wallet every minute, and end the run when it is empty."""
    while True:
        with contextlib.suppress(ProviderReadError):
            wallet = (await client.account()).wallet
            if wallet is not None and (trip := no_money(wallet)) is not None:
                end(trip)
        await anyio.sleep(WALLET_EVERY)


async def agent_gone(client: KnowsAgents, *, agent_id: str) -> bool:
    """Tell whether the provider surely does not know the agent."""
    try:
        await client.agent(agent_id)
    except ProviderReadError as error:
        return error.is_not_found
    return False
