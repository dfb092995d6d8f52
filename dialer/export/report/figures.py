"""The figures of a report: frozen, and as they are written with `--format json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from dialer.export.report.answers import Question
    from dialer.export.report.call_backs import CallBacks, Recording
    from dialer.export.report.callers import Callers
    from dialer.export.report.overall import Overall
    from dialer.models import Status


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of the rows of the file, from the list to the wanted answer.

    Attributes:
        in_file: data rows of the CSV.
        callable: rows of recipients who can be called, or were.
        sent: of these, recipients whose call was placed, refused or is unknown.
        queued: of these, recipients whose call the provider accepted.
        reached: of these, a person answered.
        wanted: of these, recipients who gave a wanted answer; None if the wanted answers are not defined.
        left: recipients who were called and are no longer in the file; not included above.
    """

    in_file: int
    callable: int
    sent: int
    queued: int
    reached: int
    wanted: int | None
    left: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How calls ended.

    Attributes:
        outcome: as the provider spells it, `voicemail` where a machine answered; empty where it was not asked yet.
        final: nothing will change any more.
        given_up: it never ended, and the provider is not asked any more.
        people: people of the file whose last call stands so.
        calls: all calls that stand so, also those of people called several times.
        talked: seconds of conversation.
        cost: cents, as the provider gives them.
    """

    outcome: str
    final: bool
    given_up: bool
    people: int
    calls: int
    talked: float
    cost: float


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the day.

    Attributes:
        hour: from 0 to 23, in the report's time zone.
        calls: placed in it, on any day.
        reached: of these, a person answered.
        in_doubt: of these, it is not (yet) known whether a person answered.
    """

    hour: int
    calls: int
    reached: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which calls were placed.

    Attributes:
        day: in the report's time zone.
        calls: placed on it.
        reached: of these, a person answered.
        in_doubt: of these, it is not (yet) known whether a person answered.
    """

    day: date
    calls: int
    reached: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Country:
    """People by the country of their number.

    Attributes:
        code: ISO 3166-1 code; empty if the number belongs to no country.
        name: in English.
        people: recipients with an accepted call.
        reached: of these, a person answered.
        in_doubt: of these, it is not (yet) known whether a person answered.
    """

    code: str
    name: str
    people: int
    reached: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Span:
    """Calls that lasted from so many seconds to so many.

    Attributes:
        since: seconds, included.
        until: seconds, not included; None for the last one, which has no end.
        calls: how many.
    """

    since: int
    until: int | None
    calls: int


@dataclass(frozen=True, slots=True)
class Talk:
    """How long the calls lasted in which a person was reached, in seconds.

    Attributes:
        calls: how many there were.
        total: of all of them.
        median: half are shorter.
        ninth: nine of ten are shorter.
        longest: of all of them.
        spans: how many lasted how long.
    """

    calls: int
    total: float
    median: float
    ninth: float
    longest: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Tries:
    """Recipients by their number of requests.

    Attributes:
        attempts: number of requests, including those that the provider deferred.
        people: recipients with this number of requests.
        reached: of these, a person answered.
        in_doubt: of these, it is not (yet) known whether a person answered.
    """

    attempts: int
    people: int
    reached: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file.

    Attributes:
        position: data row, from 1.
        number: its phone cell; all but the last three digits hidden unless the report shows whole numbers.
    """

    position: int
    number: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows that were not called, or whose call failed, for one reason.

    Attributes:
        status: of the rows, or the outcome of their calls.
        code: of the reason, as `dialer check` gives it; empty for what the provider said.
        http_status: of the provider's answer; None where there was none.
        words: the reason; numbers in it are left out.
        count: how many rows.
        rows: the first of them.
    """

    status: str
    code: str
    http_status: int | None
    words: str
    count: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which all sending stood still.

    Attributes:
        at: when it began.
        seconds: how long it was to last.
        words: why.
    """

    at: datetime
    seconds: float
    words: str


@dataclass(frozen=True, slots=True)
class Slow:
    """What kept the sending up.

    Attributes:
        pauses: how often all sending stood still.
        paused: seconds in all.
        longest: the longest of them, longest first.
        too_many: requests that the provider put off with a 429.
        put_off: requests surely not taken and made again for any other reason.
    """

    pauses: int
    paused: float
    longest: tuple[Pause, ...]
    too_many: int
    put_off: int


@dataclass(frozen=True, slots=True)
class Open:
    """Something that is not finished, and what goes on with it.

    Attributes:
        what: a stable name.
        count: how many people.
        words: what it means.
        command: what to type.
    """

    what: str
    count: int
    words: str
    command: str


@dataclass(frozen=True, slots=True)
class Report:
    """A batch in figures.

    Attributes:
        batch: its name.
        campaign: the campaign file's name.
        recipients: the CSV's name.
        made_at: time of the figures.
        zone: the time zone of all hours and times.
        running: a run was going on.
        rehearsal: the calls went to the sandbox on this machine, not to the provider.
        callers: the agents and the numbers they called from.
        masked: only the last three digits of numbers are shown.
        first: time of the first request; None if there was none.
        last: time of the last request.
        requests: number of requests.
        calls: of these, accepted by the provider.
        tracked: of these, those with a known outcome; 0: reached, talked and cost are not known yet.
        open: of these, those not known to be over and not given up.
        talked: seconds of conversation in all calls.
        cost: of all calls, in cents, as the provider reports it.
        currency: of the costs; None if `dialer.toml` does not set it.
        statuses: rows of the file by status.
        funnel: counts from the file to the wanted answer.
        ended: outcomes of calls, the most frequent first.
        answers: answers to the agent's questions, the question with most answers first.
        hours: the 24 hours of the day.
        days: the last days on which calls were placed, in order.
        earlier: calls placed on days before these.
        countries: the one with most recipients first.
        talk: None if no recipient was reached.
        recordings: of the longest calls.
        call_backs: recipients to call back.
        tries: fewest attempts first.
        reasons: most rows first.
        other_reasons: rows with any other reason.
        slow: what delayed sending.
        unfinished: what remains to do.
        before: the campaign's previous batch; None if there was none.
    """

    batch: str
    campaign: str
    recipients: str
    made_at: datetime
    zone: str
    running: bool
    rehearsal: bool
    callers: Callers
    masked: bool
    first: datetime | None
    last: datetime | None
    requests: int
    calls: int
    tracked: int
    open: int
    talked: float
    cost: float
    currency: str | None
    statuses: Mapping[Status, int]
    funnel: Funnel
    ended: tuple[Ended, ...]
    answers: tuple[Question, ...]
    hours: tuple[Hour, ...]
    days: tuple[Day, ...]
    earlier: int
    countries: tuple[Country, ...]
    talk: Talk | None
    recordings: tuple[Recording, ...]
    call_backs: CallBacks
    tries: tuple[Tries, ...]
    reasons: tuple[Reason, ...]
    other_reasons: int
    slow: Slow
    unfinished: tuple[Open, ...]
    before: Overall | None
