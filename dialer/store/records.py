"""Arguments and results of a store's methods: frozen values, independent of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from dialer.models import CallCount, CallResult, Status, Whereabouts


@dataclass(frozen=True, slots=True)
class Binding:
    """What a ledger belongs to; none of it may change while the ledger lives.

    Attributes:
        agent: the agent's id.
        server: the base URL; `loopback` for every address of this machine.
        key_definition: what makes a recipient the same one.
    """

    agent: str
    server: str
    key_definition: str


@dataclass(frozen=True, slots=True)
class Located:
    """So many in a block of the input who are to be called and may be in the same place.

    Attributes:
        block: position // rows in a block.
        count: how many.
        first: the position of the first of them.
        last: the position of the last of them.
        scheduled_at: when the provider is to dial, ISO 8601 with an offset; None: at once.
        where: in which time zones they may be.
    """

    block: int
    count: int
    first: int
    last: int
    scheduled_at: str | None
    where: Whereabouts


@dataclass(frozen=True, slots=True)
class Written:
    """A row of a results CSV, as it is merged back.

    Attributes:
        key: the recipient's key.
        number: E.164 digits; None where a spreadsheet damaged them and the ledger knows the key.
        status: QUEUED, UNKNOWN or ERROR.
        execution_id, error, http_status, attempts: as written.
        updated_at: Unix seconds; None where the cell was empty or unreadable.
        cells: the input's cells in the order of the results' header; none where the line is torn.
        call: what it says about the call; None if it says nothing.
    """

    key: str
    number: int | None
    status: Status
    execution_id: str
    error: str
    http_status: int | None
    attempts: int
    updated_at: float | None
    cells: tuple[str, ...]
    call: CallResult | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt that may have placed a call.

    Attributes:
        recipient: the recipient's integer key.
        key: text identity of the recipient.
        number: E.164 digits.
        reference: what its `user_data` carried.
        at: when its intent was written (Unix seconds).
        until: when its answer came; for a run that died, when it last recorded anything.
        skew: seconds the server's clock was ahead, if its answer said so.
    """

    recipient: int
    key: str
    number: int
    reference: str
    at: float
    until: float
    skew: float | None


def until_of(doubts: Iterable[Doubt]) -> dict[str, float]:
    """Return the keys of people in doubt, and until when a call to each of them may have left (Unix seconds)."""
    until: dict[str, float] = {}
    for doubt in doubts:
        until[doubt.key] = max(doubt.until, until.get(doubt.key, doubt.until))
    return until


@dataclass(frozen=True, slots=True)
class Call:
    """An accepted call, and what the ledger knows about it.

    Attributes:
        attempt: the attempt's integer key.
        recipient: the recipient's integer key.
        number: E.164 digits.
        execution_id: the provider's id.
        body: of its request; empty if the call is only known from a results CSV.
        at: when its intent was written (Unix seconds).
        until: when it was surely accepted (Unix seconds).
        status: its last known status; empty if the provider was never asked, or did not know the call.
        since: when that status was first seen (Unix seconds); None if the provider was never asked.
        asked_at: when the provider was last asked (Unix seconds); None if it never was.
        scheduled_at: when the provider will dial (again) (Unix seconds); None if it did not say.
        retry_count: automatic retries so far.
    """

    attempt: int
    recipient: int
    number: int
    execution_id: str
    body: str
    at: float
    until: float
    status: str
    since: float | None = None
    asked_at: float | None = None
    scheduled_at: float | None = None
    retry_count: int = 0

    @property
    def state(self) -> CallState:
        """The meaning of its status."""
        return CallState(self.status)


@dataclass(frozen=True, slots=True)
class Stoppable:
    """An accepted call that may still ring, as far as the ledger knows.

    Attributes:
        rings_at: when it was placed, or is to be dialled where that is later (Unix seconds).
        call: what the ledger knows of it.
    """

    rings_at: float
    call: Call


@dataclass(frozen=True, slots=True)
class Pulse:
    """The progress of a batch.

    Attributes:
        counts: rows of the input by state; those who may be called again are pending.
        per_minute: attempts a minute that called somebody, were refused or are unknown, over the last minute.
        last: when the last attempt began or ended (Unix seconds); None where there was none.
        held: seconds for which all sending is still held.
        held_for: the reason, in words.
        attempts: count by outcome; an empty outcome: nothing is known yet.
        calls: count of accepted calls by status.
        outcomes: what has become of the call that each person's result shows: outcome → people with an accepted call;
            an empty outcome: nothing is known yet.
        reached: how many people were reached by any call; None if the provider was not asked yet.
    """

    counts: Mapping[Status, int]
    per_minute: float
    last: float | None
    held: float
    held_for: str
    attempts: Mapping[str, int]
    calls: tuple[CallCount, ...]
    outcomes: Mapping[str, int]
    reached: int | None


@dataclass(frozen=True, slots=True)
class Trace:
    """An attempt, and the result of its call.

    Attributes:
        at: when its intent was written (UTC).
        outcome: how it ended; empty while nothing is known.
        http_status: of the provider's answer; None where none came.
        words: the reason, if it was not accepted.
        source: where the ledger learned of it, if not from the run; or empty.
        execution_id: the provider's id of the call, or empty.
        call: what became of the call; empty if the provider was not asked, or it is not known.
        final: nothing will change any more, or tracking was given up.
        asked_at: when the provider was last asked (UTC); None if it never was.
        duration: seconds of conversation; None if the provider did not say.
        cost: as the provider gives it; None as above.
        hangup_by, hangup_reason, error_message, termination_reason, recording_url, transcript: as the provider says.
        agent: the agent that called, from the request; empty if not known.
    """

    at: datetime
    outcome: str
    http_status: int | None
    words: str
    source: str
    execution_id: str
    call: str
    final: bool
    asked_at: datetime | None
    duration: float | None
    cost: float | None
    hangup_by: str
    hangup_reason: str
    error_message: str
    termination_reason: str
    recording_url: str
    transcript: str
    agent: str


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient with the number, or a row of the input with it that belongs to no recipient.

    Attributes:
        key: the recipient's key; empty if there is none.
        status: its state.
        reason: the reason for the state, in words, or empty.
        attempts: all of them, in order.
        decisions: when a person asked for another call (UTC), and with which words.
    """

    key: str
    status: str
    reason: str
    attempts: tuple[Trace, ...]
    decisions: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class People:
    """A number of people with the same values.

    Attributes:
        count: how many.
        state: of each of them.
        attempts: requests made for each of them.
        called: the provider accepted a call to each of them.
        reached: by any call.
        in_doubt: it is unknown whether any of them was reached.
        outcome: of the last call; empty if there is none, or nothing is known about it.
        final: of the last call: 0 it goes on, 1 it is over, 2 tracking was given up.
    """

    count: int
    state: str
    attempts: int
    called: bool
    reached: bool
    in_doubt: bool
    outcome: str
    final: int


@dataclass(frozen=True, slots=True)
class Calls:
    """So many calls that ended alike.

    Attributes:
        count: how many.
        outcome: empty where nothing is known.
        final: 0 it goes on, 1 it is over, 2 given up.
        reached: a person was reached.
        talked: seconds of conversation.
        cost: as the provider gives it.
    """

    count: int
    outcome: str
    final: int
    reached: bool
    talked: float
    cost: float


@dataclass(frozen=True, slots=True)
class Talked:
    """Somebody of the input, and one call to them.

    Attributes:
        position: data row, from 1.
        number: E.164 digits.
        at: when the call was placed (Unix seconds).
        recording_url: as the provider says; or empty.
    """

    position: int
    number: int
    at: float
    recording_url: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """So many rows of the input that have the same trouble.

    Attributes:
        kind: the row's status, or the outcome of its last call.
        code: of the reason; empty where it has none.
        http_status: of the provider's last answer; None where there was none.
        words: the reason, of the first of them.
        rows: how many.
        first: position and phone cell of the first few.
    """

    kind: str
    code: str
    http_status: int | None
    words: str
    rows: int
    first: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A time in which all sending was held.

    Attributes:
        at: when it began (Unix seconds).
        seconds: its planned length.
        words: the reason.
    """

    at: float
    seconds: float
    words: str
