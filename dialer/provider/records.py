"""Arguments and results of a provider's methods: frozen values, independent of the vendor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from dialer.errors import MustActError
    from dialer.rate import Rate


class ProviderReadError(Exception):
    """The provider gave no usable answer, after retries if they could help.

    Attributes:
        words: what it said, or what happened.
        status: HTTP status code of the last answer; None if none came.
        must_act: what to raise instead if a person must act first; None if the trouble may pass by itself.
    """

    def __init__(self, words: str, status: int | None = None, *, must_act: MustActError | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.must_act = must_act

    @property
    def is_not_found(self) -> bool:
        """Whether the provider does not know the object."""
        return self.status == 404  # noqa: PLR2004 - HTTP's number

    @property
    def is_too_fast(self) -> bool:
        """Whether the provider's rate limit was exceeded."""
        return self.status == 429  # noqa: PLR2004 - HTTP's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The provider's limits.

    Attributes:
        calls: rate at which a whole organisation may place calls.
        stops: rate at which calls may be stopped.
        reads: rate at which calls may be read by their ids.
        pages: rate at which pages of a list of calls may be read.
        page_rows: calls on a page of a list.
        longest_span: longest time span of one list.
        soonest: shortest time from the request to a scheduled call.
        furthest: longest time from the request to a scheduled call.
    """

    calls: Rate
    stops: Rate
    reads: Rate
    pages: Rate
    page_rows: int
    longest_span: timedelta
    soonest: timedelta
    furthest: timedelta


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a key, and its balance.

    Attributes:
        name: of the account's owner.
        email: of the account's owner.
        wallet: as the provider gives it; only its sign is meaningful.
        lines: calls that may be live at once; None if the provider does not say.
        live: calls that are live now; None if the provider does not say.
    """

    name: str
    email: str
    wallet: float | None
    lines: int | None
    live: int | None


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent, which makes the calls.

    Attributes:
        name: empty if it has none.
        variables: names of the variables in its texts.
        welcome: renders the welcome message with these variables; None if there is none.
    """

    name: str
    variables: frozenset[str]
    welcome: Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Listed:
    """A call as a row of the list of an agent's calls, with less detail than the call read by its id.

    Attributes:
        id: execution id.
        status: a CallState, else the provider's own word; empty if it does not say.
        to_number: the called number; None if the provider does not say (yet).
        created_at: with its zone; None if the provider does not say.
        reference: the attempt's reference, as sent; empty if the call has none; None if it is not shown.
        whole: the call as read by its id, if the row is complete; else None.
    """

    id: str
    status: str
    to_number: str | None
    created_at: datetime | None
    reference: str | None = None
    whole: Execution | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of calls.

    Attributes:
        rows: the calls, each as far as the list shows it.
        more: whether there are more pages.
        total: calls on all pages; None if the provider does not say.
    """

    rows: tuple[Listed, ...]
    more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Retries:
    """The automatic retries of a call.

    Attributes:
        most: maximum number of retries; 0 if none are requested.
        states: final states that cause a retry.
        seconds: time over which the retries happen.
    """

    most: int
    states: frozenset[CallState]
    seconds: float = 0.0


class CallField(Enum):
    """Settings that one call of a campaign may override, in the order of `models.Own`."""

    CALLER = auto()
    """The caller number, E.164."""
    SCHEDULED_AT = auto()
    """When to dial, ISO 8601 with a numeric offset."""
    VOICE = auto()
    """Id of the voice."""
    AGENT = auto()
    """Id of the agent."""
    AGENT_VERSION = auto()
    """Id of the agent's version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A call to place.

    Attributes:
        number: E.164 digits.
        common: settings shared by all calls of the campaign, in the provider's terms; see `Campaign.common`.
        own: settings of this call, which override the shared ones; None for a setting without a value.
        variables: the agent's variables from the row, as text.
        constants: the agent's variables that are the same in all calls.
        reference: the attempt's reference; empty for none.
    """

    number: int
    common: Mapping[str, Any]
    own: Mapping[CallField, str | None]
    variables: Mapping[str, str]
    constants: Mapping[str, object]
    reference: str


@dataclass(frozen=True, slots=True)
class Request:
    """The options in the body of a request that places a call.

    Attributes:
        retries: None if the body does not say.
        scheduled_at: when to dial, with its zone; None: at once.
        variables: the agent's variables.
        agent: id of the agent; empty if the body does not say.
    """

    retries: Retries | None
    scheduled_at: datetime | None
    variables: Mapping[str, Any]
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """A call as the provider shows it by its id; missing values are None, missing texts are empty.

    Attributes:
        id: execution id.
        status: a CallState, else the provider's own word.
        reference: the attempt's reference, as sent; empty if the call has none; None if it is not shown.
        recipient_number: the called number.
        created_at: with its zone.
        updated_at: with its zone.
        duration: seconds of conversation.
        cost: as the provider gives it.
        hangup_by: who ended it.
        hangup_reason: why it ended.
        error_message: what went wrong.
        termination_reason: reached, not answered and why, or never dialled and why.
        recording_url: where to hear it.
        extracted: the agent's notes.
        transcript: of the conversation.
        scheduled_at: when it will be dialled (again), with its zone.
        retry_count: automatic retries so far.
        retries: the automatic retries that are allowed; None if the provider does not say.
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
        """The meaning of its status."""
        return CallState(self.status)

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        retries = self.retries
        retry_to_come = retries and self.state in retries.states and self.retry_count < retries.most
        return self.state.is_final and not retry_to_come

    def asked_for(self, request: Request) -> Execution:
        """Return a copy whose missing retries and time are filled in from the request."""
        return replace(
            self,
            retries=request.retries if self.retries is None else self.retries,
            scheduled_at=request.scheduled_at if self.scheduled_at is None else self.scheduled_at,
        )


class Noted(NamedTuple):
    """A person's answer to a question, as the agent noted it.

    Attributes:
        topic: the group of the question; empty if it has none.
        question: its name.
        answer: one of the predefined answers, else the person's own words.
        is_predefined: it is one of the predefined answers.
        words: what else the person said, in their own words.
    """

    topic: str
    question: str
    answer: str
    is_predefined: bool
    words: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether a call was stopped before it rang; if not, the provider's message.

    Attributes:
        stopped: it will not ring.
        words: why it was not stopped.
        is_unknown: the provider does not know the call (yet).
    """

    stopped: bool
    words: str
    is_unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """The faults that a stand-in simulates for a rehearsal.

    Attributes:
        refuse: share of the calls that are refused, with a reason.
        lose: share of the calls that are placed and not answered.
        slow: seconds until an answer.
    """

    refuse: float = 0.0
    lose: float = 0.0
    slow: float = 0.0


NO_TROUBLES = Troubles()
