"""What the rest of the program may ask of a provider of calls, and the values that are answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Self

    from dialer.errors import MustActError
    from dialer.models import Answer


class ProviderReadError(Exception):
    """The provider was asked, several times where that may help, and gave no usable answer.

    Attributes:
        words: what it said, or what happened.
        status: HTTP status code of the last answer; None where none came.
        must_act: what to raise instead where a person must act first; None where it may pass by itself.
    """

    def __init__(self, words: str, status: int | None = None, *, must_act: MustActError | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.must_act = must_act

    @property
    def is_not_found(self) -> bool:
        """Whether the provider knows no such thing."""
        return self.status == 404  # noqa: PLR2004 - HTTP's number

    @property
    def is_too_fast(self) -> bool:
        """Whether it was asked too often."""
        return self.status == 429  # noqa: PLR2004 - HTTP's number


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is, and what is left.

    Attributes:
        name: of the account's owner.
        email: of the account's owner.
        wallet: as the provider says it; only its sign means something.
        lines: calls that may be live at once; None where it does not say.
        live: calls that are live now; None where it does not say.
    """

    name: str
    email: str
    wallet: float | None
    lines: int | None
    live: int | None


@dataclass(frozen=True, slots=True)
class Agent:
    """Who calls.

    Attributes:
        name: empty where it has none.
        variables: what its texts ask for.
        welcome: returns the welcome message as somebody with these variables hears it; None where there is none.
    """

    name: str
    variables: frozenset[str]
    welcome: Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Listed:
    """A call as the list of an agent's calls shows it, which tells less of it than its id does.

    Attributes:
        id: execution id.
        status: a CallState's word, else the provider's own; empty where it does not say.
        to_number: whom it calls; None where it does not (yet) say.
        created_at: with its zone; None where it does not say.
    """

    id: str
    status: str
    to_number: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of calls.

    Attributes:
        rows: the calls, each as far as the list shows it.
        more: whether there are more pages.
        total: calls on all pages; None where it does not say.
    """

    rows: tuple[Listed, ...]
    more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Retries:
    """The automatic retries of a call.

    Attributes:
        most: how many there may be; 0 where none are asked for.
        states: how a call has to end to be tried again.
        seconds: over which it is tried again.
    """

    most: int
    states: frozenset[CallState]
    seconds: float = 0.0


class CallField(Enum):
    """What one call of a campaign may have of its own, besides its number and its variables."""

    CALLER = "the number that calls, E.164"
    SCHEDULED_AT = "when to dial, ISO 8601 with a numeric offset"
    AGENT = "who calls, by id"
    AGENT_VERSION = "which version of the agent calls, by id"
    VOICE = "whose voice it has, by id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallColumns:
    """Many calls, column by column.

    Attributes:
        numbers: E.164 digits.
        own: what calls have of their own; None where a call has no value.
        variables: the name of each variable and its texts.
        constants: variables that are the same for all calls.
    """

    numbers: Sequence[int]
    own: Mapping[CallField, Sequence[str | None]]
    variables: Sequence[tuple[str, Sequence[str]]]
    constants: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """What the body of a request asked for, besides the call itself.

    Attributes:
        retries: None where it does not say.
        scheduled_at: when to dial, with its zone; None: at once.
        variables: what the agent hears.
    """

    retries: Retries | None
    scheduled_at: datetime | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Execution:
    """A call as the provider shows it by its id; what it does not say is None, texts are empty.

    Attributes:
        id: execution id.
        status: a CallState's word, else the provider's own.
        reference: the attempt's, as it was sent; empty where it was made without one; None where it is not shown.
        recipient_number: whom it calls.
        created_at: with its zone.
        updated_at: with its zone.
        duration: seconds of conversation.
        cost: as the provider gives it.
        hangup_by: who ended it.
        hangup_reason: why it ended.
        error_message: what went wrong.
        termination_reason: reached, not answered and why, or never dialled and why.
        recording_url: where to hear it.
        extracted: what the agent noted.
        transcript: what was said.
        scheduled_at: when it is to be made (again), with its zone.
        retry_count: automatic retries so far.
        retries: the automatic retries there may be; None where it does not say.
    """

    id: str
    status: str
    reference: str | None
    recipient_number: str | None
    created_at: datetime | None
    updated_at: datetime | None
    duration: float | None
    cost: float | None
    hangup_by: str
    hangup_reason: str
    error_message: str
    termination_reason: str
    recording_url: str
    extracted: Mapping[str, Any] | None
    transcript: str
    scheduled_at: datetime | None
    retry_count: int
    retries: Retries | None

    @property
    def state(self) -> CallState:
        """What its status means."""
        return CallState(self.status)

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        retries = self.retries
        retry_to_come = retries and self.state in retries.states and self.retry_count < retries.most
        return self.state.is_final and not retry_to_come

    def asked_for(self, request: Request) -> Execution:
        """Return the same, and what it does not say of retries and its time as it was asked for."""
        return replace(
            self,
            retries=request.retries if self.retries is None else self.retries,
            scheduled_at=request.scheduled_at if self.scheduled_at is None else self.scheduled_at,
        )


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether a call was stopped before it rang; if not, the provider's words.

    Attributes:
        stopped: it will not ring.
        words: why it was not stopped.
        is_unknown: the provider knows no such call (yet).
    """

    stopped: bool
    words: str
    is_unknown: bool


class CallConnection(Protocol):
    """An open connection that carries one request to place a call."""

    def is_untouched(self) -> bool:
        """Tell whether the server has neither closed it nor said anything yet, as far as can be seen."""

    async def call(self, body: bytes, may_leave: Callable[[], bool] = ...) -> Answer:
        """Send one request, once, and return what came of it; raise nothing but cancellation.

        Args:
            body: of the request.
            may_leave: asked when the body is about to leave; where it says no, nothing of it does.
        """

    async def aclose(self) -> None:
        """Close it unused."""


class Provider(Protocol):
    """One account at a provider; an asynchronous context manager.

    Whatever is asked, besides placing a call, may be asked twice without harm. What reads raises a ProviderReadError
    where the provider does not say.
    """

    skew: float | None
    """Seconds the server's clock was ahead of ours when it last answered; None before that."""

    async def __aenter__(self) -> Self:
        """Return itself."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""

    async def connect(self) -> CallConnection | Answer:
        """Return an open connection for one call, or what it means that there is none."""

    async def account(self) -> Account:
        """Return whose key it is."""

    async def agent(self, agent_id: str) -> Agent:
        """Return an agent; the error `is_not_found` where this account has none with this id."""

    async def phone_numbers(self) -> tuple[str, ...]:
        """Return the account's phone numbers."""

    async def execution(self, execution_id: str) -> Execution | None:
        """Return the call with this id; None where the provider knows none (for a while also of a new one)."""

    def executions(self, agent_id: str, *, start: datetime, end: datetime) -> AsyncIterator[Listed]:
        """Yield the agent's calls created from `start` to `end`, each once."""

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        """Return one page of the agent's calls created from `start` to `end`; the first has the number 1."""

    async def stop_call(self, execution_id: str) -> Stopped:
        """Stop a call that is queued or scheduled; a call that rings cannot be stopped."""


class Vendor(Protocol):
    """A kind of provider, as far as it is known before anything is asked."""

    @property
    def page_rows(self) -> int:
        """Calls on a page of a list."""

    @property
    def longest_span(self) -> timedelta:
        """How much time can be listed at once."""

    @property
    def reserved(self) -> frozenset[str]:
        """Names of variables that the provider fills in itself: what is sent under them is lost."""

    def bodies(self, common: Mapping[str, Any]) -> Callable[[CallColumns], list[str]]:
        """Return what writes the bodies of a campaign's calls, without references.

        Args:
            common: what is the same for all calls, in the provider's own terms; see `Campaign.common`.
        """

    def with_reference(self, body: str, reference: str) -> bytes:
        """Return a body that carries an attempt's reference."""

    def rings_until(self, body: str, *, placed: float) -> float:
        """Return when a call rings last by what its body asked for, its retries included.

        Args:
            body: of its request.
            placed: when it was placed (Unix seconds).
        """

    def fields_of(self, body: str) -> Mapping[str, Any]:
        """Return the fields of a body, to be shown."""

    def scheduled_in(self, body: str) -> datetime | None:
        """Return when a body asks to dial; None: at once."""

    def client(self, *, base_url: str, key: str) -> Provider:
        """Return an account.

        Raises:
            UsageError: the key cannot be sent, or not to this address, or the environment's proxy cannot be used.
        """

    def sandbox(self) -> AbstractContextManager[tuple[str, str]]:
        """Have a stand-in run on loopback meanwhile; yield its address and a key that it takes."""

    def serve_sandbox(self, *, port: int, speed: float, lines: int, on_ready: Callable[[str, str], None]) -> None:
        """Run the stand-in until Ctrl-C.

        Args:
            port: on this machine.
            speed: how many times faster calls go by.
            lines: calls that may be live at once.
            on_ready: shown its address and a key that it takes, once it listens.

        Raises:
            OSError: it cannot listen there.
        """

    def request_in(self, body: str) -> Request:
        """Return what the body of a request asked for; an empty one asked for nothing."""
