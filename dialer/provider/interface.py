"""Interface of a provider of calls, as the rest of the program uses it."""

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
        """Tell whether the server has neither closed it nor sent anything yet, as far as is visible."""

    async def call(self, body: bytes, may_leave: Callable[[], bool]) -> Answer:
        """Send one request, once, and return its result; raise nothing but cancellation.

        Args:
            body: of the request.
            may_leave: called when the body is about to leave; if it returns False, no part of the body is sent.
        """

    async def aclose(self) -> None:
        """Close it unused."""


class KnowsAccount(Protocol):
    """Reads the account of the key."""

    async def account(self) -> Account:
        """Return the account of the key."""


class KnowsAgents(KnowsAccount, Protocol):
    """Reads the account's agents and caller numbers."""

    async def agent(self, agent_id: str) -> Agent:
        """Return an agent; the error `is_not_found` if this account has none with this id."""

    async def agents(self) -> Mapping[str, str]:
        """Return the names of the account's agents, by id; empty for an agent without a name."""

    async def phone_numbers(self) -> tuple[str, ...]:
        """Return the account's phone numbers."""


class HasClock(KnowsAccount, Protocol):
    """Has the provider's clock; every answer, such as the account, updates it."""

    @property
    def skew(self) -> float | None:
        """Seconds the server's clock was ahead of ours when it last answered; None before that."""


class LooksUp(Protocol):
    """Reads a call by its id."""

    async def execution(self, execution_id: str) -> Execution | None:
        """Return the call with this id; None if the provider does not know it (for a while, also a new call)."""


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
        """Return an open connection for one call, or the outcome if it fails."""


class Provider(Places, KnowsAgents, Lists, ListsPages, Stops, Protocol):
    """One account at a provider; an asynchronous context manager.

    Every request is idempotent, except the one that places a call. Methods that read raise a ProviderReadError if the
    provider gives no usable answer.
    """

    async def __aenter__(self) -> Self:
        """Return itself."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""


class Vendor(Protocol):
    """A kind of provider: all that is known without a request."""

    @property
    def names(self) -> ProviderNames:
        """Its name for people, and what they type to reach it."""

    @property
    def limits(self) -> Limits:
        """Its limits."""

    @property
    def reserved(self) -> frozenset[str]:
        """Names of variables that the provider fills in itself: values sent under them are lost."""

    @property
    def sandbox_call(self) -> float:
        """Average seconds of a call of the stand-in, as a run starts it."""

    def body(self, order: Order) -> str:
        """Return the body of the request that places a call; always the same for the same order."""

    def fields_of(self, body: str) -> Mapping[str, Any]:
        """Return the fields of a body for display."""

    def client(self, *, base_url: str, key: str, patience: float = ...) -> Provider:
        """Return an account.

        Args:
            base_url: its address.
            key: of the account.
            patience: seconds for the first answer; if none comes, every further read fails at once.

        Raises:
            UsageError: the key cannot be sent, or not to this address, or the environment's proxy is unusable.
        """

    def sandbox(self, troubles: Troubles = NO_TROUBLES) -> AbstractContextManager[tuple[str, str]]:
        """Run a stand-in on loopback inside the context; yield its address and a key that it accepts."""

    def serve_sandbox(
        self, *, port: int, speed: float, lines: int, on_ready: Callable[[str, str], None], troubles: Troubles
    ) -> None:
        """Run the stand-in until Ctrl-C.

        Args:
            port: on this machine.
            speed: how many times faster calls go by.
            lines: calls that may be live at once.
            on_ready: receives its address and a key that it accepts, once it listens.
            troubles: the faults to simulate.

        Raises:
            OSError: it cannot listen there.
        """

    def request_in(self, body: str) -> Request:
        """Return what the body of a request asked for; nothing for an empty body."""

    def answers_in(self, extracted: str) -> tuple[Noted, ...]:
        """Return a person's answers in a call, from the agent's notes (JSON, or empty)."""
