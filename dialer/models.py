"""Values that cross module borders: frozen, typed, without behaviour of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Render = Callable[["Recipient", str], "Body"]
    """Returns the body of a request to somebody, which carries a reference."""


class Status(StrEnum):
    """Where a recipient, or a row of the input, stands; the `status` column of the results."""

    PENDING = "pending"
    """Callable, not yet called."""
    SENDING = "sending"
    """The intent is on disk, the outcome is not: `unknown` as soon as the process is dead."""
    QUEUED = "queued"
    """The provider accepted the call; there is an `execution_id`."""
    ERROR = "error"
    """Refused, surely not placed."""
    UNKNOWN = "unknown"
    """It is not known whether the call was placed."""
    INVALID = "invalid"
    """The row cannot be called as it stands."""
    DUPLICATE = "duplicate"
    """Another row, or an earlier run, has this number."""
    SUPPRESSED = "suppressed"
    """The number is on a do-not-call list, or the campaign leaves such rows out."""


ATTEMPTED = frozenset({Status.SENDING, Status.QUEUED, Status.ERROR, Status.UNKNOWN})
"""States a recipient can only reach by an attempt."""


class Outcome(StrEnum):
    """How an attempt ended."""

    QUEUED = "queued"
    ERROR = "error"
    UNKNOWN = "unknown"
    RETRY = "retry"
    """Surely not placed, to be tried again: the recipient is `pending`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be called: a stable code, and words for a person."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """In which time zones a recipient may be.

    Attributes:
        zones: names of the time zone database.
        source: who says so: the timezone column, the campaign's default or the number.
        country: ISO region of the number; empty where it has no single one.
    """

    zones: tuple[str, ...]
    source: str
    country: str


NOWHERE = Whereabouts((), "", "")
"""Used if time zones do not matter: the campaign has no calling window."""


class Own(NamedTuple):
    """What one call has of its own besides its number and its variables; None where it has no value.

    Attributes:
        caller: the number that calls, E.164.
        scheduled_at: when to dial, ISO 8601 with a numeric offset.
        voice: whose voice the agent has, by id.
        agent: who calls, by id.
        agent_version: which version of the agent calls, by id.
    """

    caller: str | None = None
    scheduled_at: str | None = None
    voice: str | None = None
    agent: str | None = None
    agent_version: str | None = None


NOTHING_OWN = Own()
"""Of everybody in a campaign whose calls differ in nothing but number and variables."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """Why a recipient must not be called at this moment.

    Attributes:
        reason: in words.
        until: time at which that ends by itself (Unix seconds); None if it does not end, or if unknown.
        awaited: whether a run that waits for calling hours waits for this.
        retry: it ends soon, and the recipient is then checked again.
        wait: seconds until then, if other recipients go first; 0: the recipient stays next.
    """

    reason: str
    until: float | None = None
    awaited: bool = False
    retry: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to be called, as the runner takes them from the ledger.

    Attributes:
        id: integer key in the ledger.
        key: text identity.
        number: E.164 digits as an integer.
        cells: the row's, in the order of the input's header.
        attempts: how many attempts the ledger already holds.
        position: data row of the input, from 1.
        zones: in which time zones they may be; none without a calling window.
        country: ISO region of the number; empty where it has no single one, or without a calling window.
        own: what the call has of its own.
    """

    id: int
    key: str
    number: int
    cells: tuple[str, ...]
    attempts: int
    position: int
    zones: tuple[str, ...] = ()
    country: str = ""
    own: Own = NOTHING_OWN

    @property
    def scheduled_at(self) -> datetime | None:
        """When the provider is to dial; None: at once."""
        return None if self.own.scheduled_at is None else datetime.fromisoformat(self.own.scheduled_at)


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request, as it leaves.

    Attributes:
        text: of the body.
        scheduled_at: when it asks to dial (Unix seconds); None: at once.
        retry_seconds: over how long the provider calls again by itself; None where it does not.
    """

    text: str
    scheduled_at: float | None = None
    retry_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One `POST /call` whose intent is on disk.

    Attributes:
        id: integer key in the ledger.
        recipient: whom it calls.
        reference: what `user_data.dialer_ref` carries.
        at: when the intent was written (UTC).
        body: of its request, as it is kept with the intent.
    """

    id: int
    recipient: Recipient
    reference: str
    at: datetime
    body: Body


class Effect(StrEnum):
    """What an answer means for the run; the second column of the outcome table."""

    GO_ON = "go on"
    HOLD = "hold all sending"
    BACK_OFF = "back off"
    END = "end the run"
    WITHHOLD = "held back: it did not leave"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one `POST /call` came to.

    Attributes:
        outcome: what it means for the recipient.
        effect: what it means for the run.
        words: the provider's words, or what happened, for a person; never the key.
        execution_id: the provider's id of the call; only with QUEUED.
        http_status: status code; None where no answer came.
        retry_after: seconds the server asked to wait; None where it did not.
        skew: seconds the server's clock is ahead of ours, from its Date header; None where unknown.
        advice: what a person has to do first, without a full stop; only where no request can leave.
    """

    outcome: Outcome
    effect: Effect
    words: str = ""
    execution_id: str | None = None
    http_status: int | None = None
    retry_after: float | None = None
    skew: float | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class CallCount:
    """How many accepted calls stand at one outcome.

    Attributes:
        outcome: the status, or `voicemail`; empty where the provider was never asked, or knows no such call (yet).
        final: 0: they are not; 1: they are; 2: they never ended and are given up; 3: a list shows that they ended.
        calls: how many.
        seconds: of conversation, together.
        cost: together, as the provider gives it.
        asked: the provider was asked how they stand.
    """

    outcome: str
    final: int
    calls: int
    seconds: float
    cost: float
    asked: bool


@dataclass(frozen=True, slots=True)
class CallResult:
    """The outcome of an accepted call, as the results show it.

    Attributes:
        outcome: its status, or `voicemail`; empty while the provider does not know the call.
        duration: seconds of conversation; None while it is not final, or if the provider does not report it.
        cost: as the provider reports it; None as above.
        hangup_reason: why it ended, or what went wrong.
        recording_url: URL of the recording.
        transcript: text of the conversation; empty if it was not requested.
        extracted: data extracted by the agent, as a JSON object; empty as above.
    """

    outcome: str
    duration: float | None
    cost: float | None
    hangup_reason: str
    recording_url: str
    transcript: str
    extracted: str


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of the results CSV.

    Attributes:
        position: data row of the input, from 1; None for a recipient who was called and is no longer in the input.
        key: the recipient's key; empty for a row without a recipient (invalid, duplicate, never called).
        number: E.164 text, or the raw cell if it holds no number.
        status: its status.
        execution_id: the provider's id of the last accepted call, or empty.
        error: why it is not `queued`, in words, or empty.
        http_status: of the last response; None if there was none.
        attempts: number of attempts.
        updated_at: when the last attempt changed it (UTC); None if there was none.
        cells: column → cell of the input, as sent.
        call: outcome of the call with this `execution_id`; None if it was not tracked.
        code: the stable code of the reason why the row cannot be called; empty if it can be, or was.
    """

    position: int | None
    key: str
    number: str
    status: Status
    execution_id: str
    error: str
    http_status: int | None
    attempts: int
    updated_at: datetime | None
    cells: Mapping[str, str]
    call: CallResult | None = None
    code: str = ""


def e164(number: int) -> str:
    """Return the E.164 text of a number kept as an integer."""
    return f"+{number}"


RINGING, ENOUGH = 20.0, 20
"""Seconds that a phone rings, about, since only talk is tracked; of fewer calls an average says nothing."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Average seconds of talk in the last `calls` tracked calls, and how many of them were `answered`.

    Calls without an answer count as 0 seconds.
    """

    calls: int = 0
    seconds: float = 0.0
    answered: int = 0

    @property
    def is_enough(self) -> bool:
        """Whether it tells how long the next ones will take."""
        return self.calls >= ENOUGH

    def average(self, expected: float) -> float:
        """Return how long a call takes on average, ringing included; what is expected where too little is known."""
        return self.seconds + RINGING if self.is_enough else expected
