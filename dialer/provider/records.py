"""What a provider is given and what it answers: frozen values, in no vendor's words."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the provider allows.

    Attributes:
        calls: how fast a whole organisation may place calls.
        stops: how fast calls may be stopped.
        reads: how fast calls may be asked for by their ids.
        pages: how fast pages of a list of calls may be asked for.
        page_rows: calls on a page of a list.
        longest_span: how much time can be listed at once.
        soonest: how far ahead a scheduled call has to be when its request leaves.
        furthest: how far ahead it may be.
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
        reference: the attempt's, as it was sent; empty where it was made without one; None where it is not shown.
        whole: the call as its id shows it, where the row tells all of that; None where it does not.
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
    """What one call of a campaign may have of its own, in the order of `models.Own`."""

    CALLER = auto()
    """The number that calls, E.164."""
    SCHEDULED_AT = auto()
    """When to dial, ISO 8601 with a numeric offset."""
    VOICE = auto()
    """Whose voice it has, by id."""
    AGENT = auto()
    """Who calls, by id."""
    AGENT_VERSION = auto()
    """Which version of the agent calls, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A call to be placed.

    Attributes:
        number: E.164 digits.
        common: what is the same in all calls of the campaign, in the provider's own terms; see `Campaign.common`.
        own: what the campaign's calls have of their own, in place of that; None where this one has no value.
        variables: what the agent hears: texts from the row.
        constants: what the agent hears in all calls.
        reference: the attempt's; empty: it carries none.
    """

    number: int
    common: Mapping[str, Any]
    own: Mapping[CallField, str | None]
    variables: Mapping[str, str]
    constants: Mapping[str, object]
    reference: str


@dataclass(frozen=True, slots=True)
class Request:
    """What the body of a request asked for, besides the call itself.

    Attributes:
        retries: None where it does not say.
        scheduled_at: when to dial, with its zone; None: at once.
        variables: what the agent hears.
        agent: who calls; empty where it does not say.
    """

    retries: Retries | None
    scheduled_at: datetime | None
    variables: Mapping[str, Any]
    agent: str = ""


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


class Noted(NamedTuple):
    """What somebody answered to a question, as the agent noted it.

    Attributes:
        topic: under which the question stands; empty where it stands by itself.
        question: its name.
        answer: one of those that were to choose from, else their own words.
        is_predefined: it was one to choose from.
        words: what they said besides, in their own words.
    """

    topic: str
    question: str
    answer: str
    is_predefined: bool
    words: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """What goes wrong in a stand-in, so that it can be rehearsed.

    Attributes:
        refuse: share of the calls that are refused, with a reason.
        lose: share of the calls that are placed and not answered.
        slow: seconds that an answer takes.
    """

    refuse: float = 0.0
    lose: float = 0.0
    slow: float = 0.0


NO_TROUBLES = Troubles()
