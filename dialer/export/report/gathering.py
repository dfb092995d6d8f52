"""The figures of a report, read from a ledger: counted by the database, streamed where they cannot be."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dialer.export.report.figures import (
    Country,
    Ended,
    Funnel,
    Hour,
    Pause,
    Reason,
    Report,
    Row,
    Slow,
    Span,
    Talk,
    Tries,
)
from dialer.export.report.unfinished import unfinished
from dialer.messages.reasons import REASONS
from dialer.models import Status
from dialer.numbers import country, country_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from dialer.config.batch import Batch
    from dialer.store import Calls, People, Trouble, interface

_REASONS_SHOWN: Final = 20
_ROWS_SHOWN: Final = 10
_PAUSES_SHOWN: Final = 10
_WIDTHS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds that a bar of the durations may stand for; multiples of the first one, by which the ledger counts."""
_BARS: Final = 8
"""About so many bars hold nine of ten calls."""
_CELL, _WORDS = 40, 200
"""Letters that are shown of a phone cell, and of what the provider said."""
_TOO_MANY: Final = 429
_NOT_CALLABLE: Final = (Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED)
_STILL_OPEN, _OVER, _GIVEN_UP = 0, 1, 2
_ALL_BUT_THREE: Final = re.compile(r"(?:\d(?=(?:\D*\d){3}))+")


@dataclass(frozen=True, slots=True)
class View:
    """How a report is to be made.

    Attributes:
        now: the moment it is made.
        zone: the time zone of its hours and moments.
        full_numbers: show whole phone numbers.
        running: a run is going on.
        currency: of the costs; None where `dialer.toml` does not say.
    """

    now: datetime
    zone: ZoneInfo
    full_numbers: bool
    running: bool
    currency: str | None


def gather(ledger: interface.Report, batch: Batch, view: View) -> Report:
    """Return the figures of a batch, all of one moment.

    Args:
        ledger: open for reading; a run may be going on.
        batch: its files.
        view: how the report is to be made.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    with ledger.snapshot():
        statuses = ledger.counts()
        requests, first, last = ledger.span()
        people, calls = ledger.people(), ledger.calls()
        reasons, other_reasons = _reasons(ledger, view)
        return Report(
            batch=batch.name,
            campaign=batch.campaign.name,
            recipients=batch.recipients.name,
            made_at=view.now.astimezone(view.zone),
            zone=view.zone.key,
            running=view.running,
            rehearsal=ledger.note("server") == "loopback",
            masked=not view.full_numbers,
            first=_moment(first, view),
            last=_moment(last, view),
            requests=requests,
            calls=sum(some.count for some in calls),
            tracked=sum(some.count for some in calls if some.outcome),
            open=sum(some.count for some in calls if some.final == _STILL_OPEN),
            talked=sum(some.talked for some in calls),
            cost=sum(some.cost for some in calls),
            currency=view.currency,
            statuses=statuses,
            funnel=_funnel(statuses, people, left=ledger.left()),
            ended=_ended(people, calls),
            hours=_hours(ledger, view.zone),
            countries=_countries(ledger),
            talk=_talk(ledger, calls),
            tries=_tries(people),
            reasons=reasons,
            other_reasons=other_reasons,
            slow=_slow(ledger, view),
            unfinished=unfinished(statuses, people, selection=batch.selection, running=view.running),
        )


def masked(cell: str) -> str:
    """Return a phone cell of which only the last three digits can be read."""
    return _ALL_BUT_THREE.sub("•••", cell)


def _moment(at: float | None, view: View) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).astimezone(view.zone)


def _funnel(statuses: Mapping[Status, int], people: Sequence[People], *, left: int) -> Funnel:
    in_file = sum(statuses.values())
    return Funnel(
        in_file=in_file,
        callable=in_file - sum(statuses.get(status, 0) for status in _NOT_CALLABLE),
        queued=sum(some.count for some in people if some.called),
        reached=sum(some.count for some in people if some.reached),
        left=left,
    )


def _ended(people: Sequence[People], calls: Sequence[Calls]) -> tuple[Ended, ...]:
    alike: defaultdict[tuple[str, int], list[Calls]] = defaultdict(list)
    for some in calls:
        alike[some.outcome, some.final].append(some)
    last = Counter[tuple[str, int]]()
    for one in people:
        last[one.outcome, one.final] += one.count * one.called
    found = (
        Ended(
            outcome=outcome,
            final=final == _OVER,
            given_up=final == _GIVEN_UP,
            people=last[outcome, final],
            calls=sum(some.count for some in group),
            talked=sum(some.talked for some in group),
            cost=sum(some.cost for some in group),
        )
        for (outcome, final), group in alike.items()
    )
    return tuple(sorted(found, key=lambda one: (-one.people, -one.calls, one.outcome)))


def _hours(ledger: interface.Report, zone: ZoneInfo) -> tuple[Hour, ...]:
    placed, reached = Counter[int](), Counter[int]()
    for at, calls, reaching in ledger.calls_by_time():
        hour = datetime.fromtimestamp(at, zone).hour
        placed[hour] += calls
        reached[hour] += reaching
    return tuple(Hour(hour, placed[hour], reached[hour]) for hour in range(24))


def _countries(ledger: interface.Report) -> tuple[Country, ...]:
    people, reached = Counter[str](), Counter[str]()
    for number, was_reached in ledger.called_numbers():
        code = country(number) or ""
        people[code] += 1
        reached[code] += was_reached
    return tuple(
        Country(code, country_name(code) if code else "no country", count, reached[code])
        for code, count in sorted(people.items(), key=lambda item: (-item[1], item[0]))
    )


def _talk(ledger: interface.Report, calls: Sequence[Calls]) -> Talk | None:
    # How long a call lasted is known once it is final.
    reached = [some for some in calls if some.reached and some.final]
    count = sum(some.count for some in reached)
    if not count:
        return None
    ranks = ((count - 1) // 2, math.ceil(0.9 * count) - 1, count - 1)
    counted, (median, ninth, longest) = ledger.talks(step=_WIDTHS[0], ranks=ranks)
    return Talk(
        calls=count,
        total=sum(some.talked for some in reached),
        median=median,
        ninth=ninth,
        longest=longest,
        spans=_spans(counted, ninth),
    )


def _spans(counted: Sequence[tuple[int, int]], ninth: float) -> tuple[Span, ...]:
    """Return bars of equal width, wide enough that few of them hold nine of ten calls; the last one takes the rest."""
    width = next((width for width in _WIDTHS if ninth < width * _BARS), _WIDTHS[-1])
    last = min(int(ninth // width), _BARS) + 1
    bars = Counter[int]()
    for step, calls in counted:
        bars[min(step * _WIDTHS[0] // width, last)] += calls
    count = last + 1 if bars[last] else last
    return tuple(Span(at * width, (at + 1) * width if at < last else None, bars[at]) for at in range(count))


def _tries(people: Sequence[People]) -> tuple[Tries, ...]:
    counts, reached = Counter[int](), Counter[int]()
    for some in people:
        if some.attempts:
            counts[some.attempts] += some.count
            reached[some.attempts] += some.count * some.reached
    return tuple(Tries(attempts, counts[attempts], reached[attempts]) for attempts in sorted(counts))


def _reasons(ledger: interface.Report, view: View) -> tuple[tuple[Reason, ...], int]:
    """Return the reasons with the most rows, and how many rows have another one."""
    rows = 0

    def counted() -> Iterator[Trouble]:
        nonlocal rows
        for trouble in ledger.troubles(first=_ROWS_SHOWN):
            rows += trouble.rows
            yield trouble

    biggest = heapq.nlargest(_REASONS_SHOWN, counted(), key=lambda trouble: trouble.rows)
    return tuple(_reason(trouble, view) for trouble in biggest), rows - sum(trouble.rows for trouble in biggest)


def _reason(trouble: Trouble, view: View) -> Reason:
    return Reason(
        status=trouble.kind,
        code=trouble.code,
        http_status=trouble.http_status,
        words=REASONS.get(trouble.code) or _cut(trouble.words, _WORDS),
        count=trouble.rows,
        rows=tuple(Row(position, _shown(cell, view)) for position, cell in trouble.first),
    )


def _shown(cell: str, view: View) -> str:
    return _cut(cell if view.full_numbers else masked(cell), _CELL)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _slow(ledger: interface.Report, view: View) -> Slow:
    holds, retried = list(ledger.holds()), ledger.retried()
    too_many = sum(count for status, count in retried if status == _TOO_MANY)
    return Slow(
        pauses=len(holds),
        paused=sum(hold.seconds for hold in holds),
        longest=tuple(
            Pause(datetime.fromtimestamp(hold.at, view.zone), hold.seconds, _cut(hold.words, _WORDS))
            for hold in heapq.nlargest(_PAUSES_SHOWN, holds, key=lambda hold: hold.seconds)
        ),
        too_many=too_many,
        put_off=sum(count for _, count in retried) - too_many,
    )
