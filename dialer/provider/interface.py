"""What the rest of the program may ask of a provider of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dialer.provider.records import (
    NO_TROUBLES,
    Account,
    Agent,
    CallField,
    Execution,
    Limits,
    Listed,
    Noted,
    Order,
    Page,
    ProviderReadError,
    Request,
    Retries,
    Stopped,
    Troubles,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from dialer.messages.names import ProviderNames
    from dialer.models import Answer

__all__ = [
    "NO_TROUBLES",
    "Account",
    "Agent",
    "CallField",
    "Connection",
    "Execution",
    "HasClock",
    "KnowsAccount",
    "KnowsAgents",
    "Limits",
    "Listed",
    "Lists",
    "ListsPages",
    "LooksUp",
    "Noted",
    "Order",
    "Page",
    "Places",
    "Provider",
    "ProviderReadError",
    "Request",
    "Retries",
    "Stopped",
    "Stops",
    "Troubles",
    "Vendor",
]


class Connection(Protocol):
    """An open connection that carries one request to place a call."""

    def is_untouched(self) -> bool:
        """Tell whether the server has neither closed it nor said anything yet, as far as can be seen."""

    async def call(self, body: bytes, may_leave: Callable[[], bool]) -> Answer:
        """Send one request, once, and return what came of it; raise nothing but cancellation.

        Args:
            body: of the request.
            may_leave: asked when the body is about to leave; where it says no, nothing of it does.
        """

    async def aclose(self) -> None:
        """Close it unused."""


class KnowsAccount(Protocol):
    """Says whose key it is."""

    async def account(self) -> Account:
        """Return whose key it is."""


class KnowsAgents(KnowsAccount, Protocol):
    """Says who may call, and from which numbers."""

    async def agent(self, agent_id: str) -> Agent:
        """Return an agent; the error `is_not_found` where this account has none with this id."""

    async def agents(self) -> Mapping[str, str]:
        """Return the names of the account's agents, by id; an empty name where one has none."""

    async def phone_numbers(self) -> tuple[str, ...]:
        """Return the account's phone numbers."""


class HasClock(KnowsAccount, Protocol):
    """Shows what time it is at the provider; asking for the account has it shown."""

    @property
    def skew(self) -> float | None:
        """Seconds the server's clock was ahead of ours when it last answered; None before that."""


class LooksUp(Protocol):
    """Shows a call by its id."""

    async def execution(self, execution_id: str) -> Execution | None:
        """Return the call with this id; None where the provider knows none (for a while also of a new one)."""


class Lists(LooksUp, HasClock, Protocol):
    """Lists an agent's calls."""

    def executions(
        self, agent_id: str, *, start: datetime, end: datetime, turn: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[Listed, None]:
        """Yield the agent's calls created from `start` to `end`, each once; `turn` is awaited before each request."""


class ListsPages(LooksUp, Protocol):
    """Lists an agent's calls page by page."""

    @property
    def skew(self) -> float | None:
        """See HasClock."""

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        """Return one page of the agent's calls created from `start` to `end`; the first has the number 1."""


class Stops(LooksUp, Protocol):
    """Stops calls that do not ring yet."""

    async def stop_call(self, execution_id: str) -> Stopped:
        """Stop a call that is queued or scheduled; a call that rings cannot be stopped."""


class Places(Protocol):
    """Places calls."""

    async def connect(self) -> Connection | Answer:
        """Return an open connection for one call, or what it means that there is none."""


class Provider(Places, KnowsAgents, Lists, ListsPages, Stops, Protocol):
    """One account at a provider; an asynchronous context manager.

    Whatever is asked, besides placing a call, may be asked twice without harm. What reads raises a ProviderReadError
    where the provider does not say.
    """

    async def __aenter__(self) -> Self:
        """Return itself."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""


class Vendor(Protocol):
    """A kind of provider, as far as it is known before anything is asked."""

    @property
    def names(self) -> ProviderNames:
        """What a person calls it, and types to reach it."""

    @property
    def limits(self) -> Limits:
        """What it allows."""

    @property
    def reserved(self) -> frozenset[str]:
        """Names of variables that the provider fills in itself: what is sent under them is lost."""

    @property
    def sandbox_call(self) -> float:
        """Seconds that a call of the stand-in takes on average, as a run brings it along."""

    def body(self, order: Order) -> str:
        """Return the body of the request that places a call; always the same for the same order."""

    def fields_of(self, body: str) -> Mapping[str, Any]:
        """Return the fields of a body, to be shown."""

    def client(self, *, base_url: str, key: str, patience: float = ...) -> Provider:
        """Return an account.

        Args:
            base_url: where it is reached.
            key: of the account.
            patience: seconds for the first answer; where none comes, whatever else is read has none either, at once.

        Raises:
            UsageError: the key cannot be sent, or not to this address, or the environment's proxy cannot be used.
        """

    def sandbox(self, troubles: Troubles = NO_TROUBLES) -> AbstractContextManager[tuple[str, str]]:
        """Have a stand-in run on loopback meanwhile; yield its address and a key that it takes."""

    def serve_sandbox(
        self, *, port: int, speed: float, lines: int, on_ready: Callable[[str, str], None], troubles: Troubles
    ) -> None:
        """Run the stand-in until Ctrl-C.

        Args:
            port: on this machine.
            speed: how many times faster calls go by.
            lines: calls that may be live at once.
            on_ready: shown its address and a key that it takes, once it listens.
            troubles: what goes wrong.

        Raises:
            OSError: it cannot listen there.
        """

    def request_in(self, body: str) -> Request:
        """Return what the body of a request asked for; an empty one asked for nothing."""

    def answers_in(self, extracted: str) -> tuple[Noted, ...]:
        """Return what somebody answered in a call, from what its agent noted (JSON, or empty)."""
