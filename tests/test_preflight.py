"""What the account says before and while people are called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
from trio.testing import MockClock

from dialer.errors import ExitCode, MustActError
from dialer.provider.bolna.client import read_error
from dialer.provider.interface import Account, Agent, ProviderReadError
from dialer.sync.preflight import WALLET_EVERY, Standing, agent_gone, look, watch_wallet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.engine.breaker import Trip

ASHA = Agent(name="Asha", variables=frozenset(), welcome=lambda _: None)
AWAY = ProviderReadError("HTTP 503 Service Unavailable", 503)
NONE = ProviderReadError("no such agent.", 404)
SILENT = ProviderReadError("no answer in time (ReadTimeout)")


def virtually(main: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever main returns
    return trio.run(main, clock=MockClock(autojump_threshold=0))


def account(wallet: float | None = 5.0) -> Account:
    return Account(name="A", email="a@example.com", wallet=wallet, lines=10, live=0)


@dataclass
class Bolna:
    """Answers with values or with what reading them raised; wallets one after the other."""

    accounts: list[Account | ProviderReadError] = field(default_factory=lambda: [account()])
    found: Agent | ProviderReadError = field(default_factory=lambda: ASHA)

    async def account(self) -> Account:
        given = self.accounts.pop(0) if len(self.accounts) > 1 else self.accounts[0]
        if isinstance(given, ProviderReadError):
            raise given
        return given

    async def agents(self) -> dict[str, str]:
        return {"a-1": "Asha"}

    async def phone_numbers(self) -> tuple[str, ...]:
        return ("+918035000001",)

    async def agent(self, agent_id: str) -> Agent:
        assert agent_id == "a-1"
        if isinstance(self.found, ProviderReadError):
            raise self.found
        return self.found


def looked(bolna: Bolna) -> Standing:
    standing = virtually(lambda: look(bolna, agent_id="a-1"))
    assert isinstance(standing, Standing)
    return standing


def test_it_tells_the_account_and_the_agents_name() -> None:
    assert looked(Bolna()) == Standing(account(), ASHA, ())


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_it_before_anybody_is_called(status: int) -> None:
    refused = read_error("Unrecognized access token", status)
    for bolna in (Bolna(accounts=[refused]), Bolna(found=refused)):
        with pytest.raises(MustActError, match=r"refused the key: Unrecognized access token\. Set BOLNA_API_KEY"):
            looked(bolna)


def test_an_agent_that_does_not_exist_is_named() -> None:
    with pytest.raises(MustActError, match=r"no agent a-1: no such agent\. Check `agent_id`"):
        looked(Bolna(found=NONE))


@pytest.mark.parametrize("wallet", [0.0, -3.0])
def test_an_empty_wallet_ends_it(wallet: float) -> None:
    with pytest.raises(MustActError, match=r"wallet is at .*Recharge"):
        looked(Bolna(accounts=[account(wallet)]))


def test_a_wallet_that_is_not_told_is_no_empty_one() -> None:
    assert looked(Bolna(accounts=[account(None)])).account == account(None)


@pytest.mark.parametrize("error", [AWAY, SILENT, ProviderReadError("HTTP 418", 418)])
def test_what_cannot_be_read_for_the_moment_is_a_note(error: ProviderReadError) -> None:
    standing = looked(Bolna(accounts=[error], found=error))
    assert (standing.account, standing.agent) == (None, None)
    assert [error.words in note for note in standing.notes] == [True, True]


def test_an_agent_that_could_not_be_read_has_an_empty_name() -> None:
    assert looked(Bolna(found=AWAY)).agent_name == ""


def test_the_wallet_is_looked_at_every_minute_and_what_cannot_be_read_is_passed_over() -> None:
    bolna = Bolna(accounts=[account(2.0), AWAY, account(None), account(1.0), account(0.0)])

    async def main() -> tuple[float, Trip]:
        ended: list[Trip] = []
        began = anyio.current_time()

        def end(trip: Trip) -> None:
            ended.append(trip)
            scope.cancel()

        with anyio.CancelScope() as scope:
            await watch_wallet(bolna, end)
        return anyio.current_time() - began, ended[0]

    took, trip = virtually(main)

    assert took == 4 * WALLET_EVERY
    assert trip.exit_code is ExitCode.MUST_ACT


@pytest.mark.parametrize(("found", "gone"), [(NONE, True), (ASHA, False), (AWAY, False)])
def test_an_agent_is_gone_only_if_bolna_says_so(found: Agent | ProviderReadError, gone: object) -> None:
    assert virtually(lambda: agent_gone(Bolna(found=found), agent_id="a-1")) is gone


def test_a_caller_number_that_is_not_the_account_s_is_noted() -> None:
    def of(*callers: str) -> tuple[str, ...]:
        standing = virtually(lambda: look(Bolna(), agent_id="a-1", callers=callers))
        assert isinstance(standing, Standing)
        return standing.notes

    assert of("+918035000001") == ()
    assert of("+918035000001", "+918035000002") == (
        "from_phone_number: the account does not list +918035000002; Bolna refuses foreign numbers",
    )
