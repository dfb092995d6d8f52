"""What the account says before anybody is dialled: the agent, the wallet, the lines."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import anyio

from dialer.breaker import Trip, no_money
from dialer.errors import MustActError
from dialer.provider.interface import ProviderReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.provider.interface import Account, Agent

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
        notes: what could not be read, and what is doubtful, in words.
    """

    account: Account | None
    agent: Agent | None
    notes: tuple[str, ...]

    @property
    def agent_name(self) -> str:
        """The agent's name; empty where it could not be read."""
        return "" if self.agent is None else self.agent.name


async def look(bolna: Bolna, *, agent_id: str, callers: Sequence[str] = ()) -> Standing:
    """Return what the account says; what cannot be read for passing reasons is noted, not fatal.

    Args:
        bolna: the account.
        agent_id: who is to call.
        callers: the caller numbers that are to be used, E.164.

    Raises:
        MustActError: the key is refused, the agent does not exist, or there is no money.
    """
    notes: list[str] = []
    account: Account | None = None
    agent: Agent | None = None
    try:
        account = await bolna.account()
    except ProviderReadError as error:
        _refused(error)
        notes.append(f"the account could not be read ({error.words})")
    if account is not None and account.wallet is not None and (trip := no_money(account.wallet)) is not None:
        raise MustActError(f"{trip.words} {trip.advice}")
    try:
        agent = await bolna.agent(agent_id)
    except ProviderReadError as error:
        _refused(error)
        if error.is_not_found:
            raise MustActError(
                f"Bolna knows no agent {agent_id}: {error.words.rstrip(' .')}. Check `agent_id` in the campaign file, "
                "and whether the key is of the same account."
            ) from error
        notes.append(f"the agent could not be read ({error.words})")
    notes += await _foreign(bolna, callers)
    return Standing(account, agent, tuple(notes))


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
