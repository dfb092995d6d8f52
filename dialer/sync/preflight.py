"""What the account says before anybody is dialled: the agent, the wallet, the lines."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import anyio

from dialer.engine.breaker import Trip, no_money
from dialer.errors import MustActError
from dialer.provider.interface import ProviderReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.provider.interface import Account, Agent

_MOST_AGENTS = 20
"""Agents that are asked for at most besides the campaign's."""
WALLET_EVERY = 60.0
"""Seconds between two looks at the wallet."""


class Accounts(Protocol):
    """Whoever can be asked about the account."""

    async def account(self) -> Account:
        """Return whose key it is."""


class Bolna(Accounts, Protocol):
    """What is read of Bolna."""

    async def agent(self, agent_id: str) -> Agent:
        """Return an agent; a ProviderReadError that `is_not_found` where there is none."""

    async def phone_numbers(self) -> tuple[str, ...]:
        """Return the account's phone numbers."""


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


async def look(bolna: Bolna, *, agent_id: str, others: Sequence[str] = (), callers: Sequence[str] = ()) -> Standing:
    """Return what the account says; what cannot be read for passing reasons is noted, not fatal.

    Args:
        bolna: the account.
        agent_id: who is to call.
        others: agents that a column names; only the first few are asked for.
        callers: the caller numbers that are to be used, E.164.

    Raises:
        MustActError: the key is refused, the agent does not exist, or there is no money.
    """
    notes: list[str] = []
    account: Account | None = None
    try:
        account = await bolna.account()
    except ProviderReadError as error:
        _refused(error)
        notes.append(f"the account could not be read ({error.words})")
    if account is not None and account.wallet is not None and (trip := no_money(account.wallet)) is not None:
        raise MustActError(f"{trip.words} {trip.advice}")
    agent = await _agent(bolna, agent_id, notes, what="the agent", check="`agent_id` in the campaign file")
    named = [one for one in others if one != agent_id]
    found = [
        await _agent(bolna, one, notes, what=f"the agent {one}", check="the column that `agent_id` in [columns] names")
        for one in named[:_MOST_AGENTS]
    ]
    if len(named) > _MOST_AGENTS:
        notes.append(f"a column names {len(named)} other agents; only the first {_MOST_AGENTS} were looked up")
    notes += await _foreign(bolna, callers)
    return Standing(account, agent, tuple(notes), tuple(filter(None, found)))


async def _agent(bolna: Bolna, agent_id: str, notes: list[str], *, what: str, check: str) -> Agent | None:
    """Return an agent; None, and a note, where it cannot be read for passing reasons.

    Raises:
        MustActError: the key is refused, or the agent does not exist.
    """
    try:
        return await bolna.agent(agent_id)
    except ProviderReadError as error:
        _refused(error)
        if error.is_not_found:
            raise MustActError(
                f"Bolna knows no agent {agent_id}: {error.words.rstrip(' .')}. Check {check}, "
                "and whether the key is of the same account."
            ) from error
        notes.append(f"{what} could not be read ({error.words})")
        return None


async def _foreign(bolna: Bolna, callers: Sequence[str]) -> list[str]:
    """Return a note on caller numbers that the account does not list.

    Only a note: those of a telephony account of one's own may be missing from the list.
    """
    if not callers:
        return []
    try:
        owned = await bolna.phone_numbers()
    except ProviderReadError as error:
        return [f"the account's numbers could not be read ({error.words})"]
    foreign = ", ".join(caller for caller in callers if caller not in owned)
    return [f"from_phone_number: the account does not list {foreign}; Bolna refuses foreign numbers"] if foreign else []


def _refused(error: ProviderReadError) -> None:
    if error.must_act is not None:
        raise error.must_act from error


async def watch_wallet(bolna: Accounts, end: Callable[[Trip], None]) -> None:
    """Look at the wallet every minute, and end the run when it is empty."""
    while True:
        with contextlib.suppress(ProviderReadError):
            wallet = (await bolna.account()).wallet
            if wallet is not None and (trip := no_money(wallet)) is not None:
                end(trip)
        await anyio.sleep(WALLET_EVERY)


async def agent_gone(bolna: Bolna, *, agent_id: str) -> bool:
    """Tell whether Bolna surely does not know the agent."""
    try:
        await bolna.agent(agent_id)
    except ProviderReadError as error:
        return error.is_not_found
    return False
