"""What is asked of a store and what it answers: frozen values, in no engine's words."""

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
        call: what it says of the call; None where it says nothing.
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
    """An attempt of which nobody knows whether a call was placed.

    Attributes:
        recipient: the recipient's integer key.
        key: text identity of the recipient.
        number: E.164 digits.
        reference: what its `user_data` carried.
        at: when its intent was written (Unix seconds).
        until: when its answer came; of a run that died, when it last recorded anything.
        skew: seconds the server's clock was ahead, where its answer said so.
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
    """An accepted call, and what the ledger knows of it.

    Attributes:
        attempt: the attempt's integer key.
        recipient: the recipient's integer key.
        number: E.164 digits.
        execution_id: the provider's id.
        body: of its request; empty where only a results CSV tells of the call.
        at: when its intent was written (Unix seconds).
        until: when it was surely accepted (Unix seconds).
        status: how it last stood; empty while it was never asked, or knew no such call.
        since: when that status was first seen (Unix seconds); None while it was never asked.
        asked_at: when the provider was last asked (Unix seconds); None while it never was.
        scheduled_at: when the provider is to dial (again) (Unix seconds); None where it did not say.
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
    since: float | None
    asked_at: float | None
    scheduled_at: float | None
    retry_count: int

    @property
    def state(self) -> CallState:
        """What its status means."""
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
    """How a batch goes on.

    Attributes:
        per_minute: attempts a minute that called somebody, were refused or are unclear, over the last minute.
        last: when the last attempt began or ended (Unix seconds); None where there was none.
        held: seconds for which all sending still stands still.
        held_for: why, in words.
        attempts: how many came to what; an empty outcome: nothing is known yet.
        calls: how the accepted calls stand.
        outcomes: what has become of the call that each person's result shows: outcome → people.
        reached: how many people were reached by any call; None where the provider was not asked yet.
    """

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
    """An attempt, and how the call went.

    Attributes:
        at: when its intent was written (UTC).
        outcome: how it ended; empty while nothing is known.
        http_status: of the provider's answer; None where none came.
        words: why, where it was not accepted.
        source: who knew of it, where that was not the run; or empty.
        execution_id: the provider's id of the call, or empty.
        call: what has become of the call; empty where that was not asked, or is not known.
        final: nothing will change any more, or it was given up.
        asked_at: when the provider was last asked (UTC); None where it never was.
        duration: seconds of conversation; None where it is not told.
        cost: as the provider gives it; None as above.
        hangup_by, hangup_reason, error_message, termination_reason, recording_url, transcript: as the provider says.
        agent: who called, by what was sent; empty where that is not known.
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
    """Somebody with the number, or a row of the input that has it and stands for nobody.

    Attributes:
        key: the recipient's key; empty where there is none.
        status: where it stands.
        reason: why, in words, or empty.
        attempts: all of them, in order.
        decisions: when a person asked for another call (UTC), and by which words.
    """

    key: str
    status: str
    reason: str
    attempts: tuple[Trace, ...]
    decisions: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class People:
    """So many people who are alike.

    Attributes:
        count: how many.
        state: of each of them.
        attempts: requests made for each of them.
        called: the provider accepted a call to each of them.
        reached: by any call.
        in_doubt: nobody knows whether any of them was reached.
        outcome: of the last call; empty where there is none, or nothing is known of it.
        final: of the last call: 0 it goes on, 1 it is over, 2 given up.
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
    """A time in which all sending stood still.

    Attributes:
        at: when it began (Unix seconds).
        seconds: how long it was to last.
        words: why.
    """

    at: float
    seconds: float
    words: str
