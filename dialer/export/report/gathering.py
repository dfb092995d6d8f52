"""The figures of a report, read from a ledger: counted by the database, streamed where they cannot be."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from dialer.export.report.call_backs import read_answers, recordings
from dialer.export.report.callers import callers
from dialer.export.report.figures import (
    Country,
    Day,
    Ended,
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
from dialer.export.report.masking import cut, masked
from dialer.export.report.overall import funnel, overall, tracked
from dialer.export.report.unfinished import unfinished
from dialer.messages.export import report as say
from dialer.messages.reasons import REASONS
from dialer.numbers import country, country_name
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from dialer.config.batch import Batch
    from dialer.export.report.view import View
    from dialer.store import Calls, People, Trouble, interface

_REASONS_SHOWN: Final = 20
_ROWS_SHOWN: Final = 5
_DAYS_SHOWN: Final = 31
_OUTCOMES_SHOWN: Final = 20
_PAUSES_SHOWN: Final = 10
_WIDTHS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds that a bar of the durations may stand for; multiples of the first one, by which the ledger counts."""
_BARS: Final = 8
"""About so many bars hold nine of ten calls."""
_CELL, _WORDS = 40, 200
"""Letters that are shown of a phone cell, and of what the provider said."""
_TOO_MANY: Final = 429
_STILL_OPEN, _OVER, _GIVEN_UP = 0, 1, 2


def gather(ledger: interface.Report, batch: Batch, view: View) -> Report:
    """Return the figures of a batch, all at one point in time.

    Args:
        ledger: open for reading; a run may be in progress.
        batch: its files.
        view: the options of the report.

    Raises:
        LedgerError: the ledger cannot be read.
        UsageError: an answer is wanted to a question that no agent asked.
    """
    before = None if view.before is None else overall(view.before, view)
    with ledger.snapshot():
        statuses = ledger.counts()
        requests, first, last = ledger.span()
        people, calls = ledger.people(), ledger.calls()
        reasons, other_reasons = _reasons(ledger, view)
        poll, call_backs = read_answers(ledger, view)
        poll.refuse_unasked()
        hours, days = _times(ledger, view.zone)
        return Report(
            batch=batch.name,
            campaign=batch.campaign.name,
            recipients=batch.recipients.name,
            made_at=view.now.astimezone(view.zone),
            zone=view.zone.key,
            running=view.running,
            rehearsal=ledger.note("server") == "loopback",
            callers=callers(ledger),
            masked=not view.full_numbers,
            first=None if first is None else view.moment(first),
            last=None if last is None else view.moment(last),
            requests=requests,
            calls=sum(some.count for some in calls),
            tracked=tracked(calls),
            open=sum(some.count for some in calls if some.final == _STILL_OPEN),
            talked=sum(some.talked for some in calls),
            cost=sum(some.cost for some in calls),
            currency=view.currency,
            statuses=statuses,
            funnel=funnel(statuses, people, left=ledger.left(), wanted=poll.as_wanted),
            ended=_ended(people, calls),
            answers=poll.questions(),
            hours=hours,
            days=tuple(days[-_DAYS_SHOWN:]),
            earlier=sum(one.calls for one in days[:-_DAYS_SHOWN]),
            countries=_countries(ledger),
            talk=_talk(ledger, calls),
            recordings=recordings(ledger, view),
            call_backs=call_backs,
            tries=_tries(people),
            reasons=reasons,
            other_reasons=other_reasons,
            slow=_slow(ledger, view),
            unfinished=unfinished(statuses, people, selection=batch.selection, running=view.running),
            before=before,
        )


def _ended(people: Sequence[People], calls: Sequence[Calls]) -> tuple[Ended, ...]:
    alike: defaultdict[tuple[str, int], list[Calls]] = defaultdict(list)
    for some in calls:
        alike[some.outcome, some.final].append(some)
    last = Counter[tuple[str, int]]()
    for one in people:
        last[one.outcome, one.final] += one.count * one.called
    found = [
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
    ]
    found = sorted(found, key=lambda one: (-one.people, -one.calls, one.outcome))
    return (*found[:_OUTCOMES_SHOWN], *_together(found[_OUTCOMES_SHOWN:]))


def _together(rest: Sequence[Ended]) -> Iterator[Ended]:
    """Yield one outcome instead of many: a provider may say what it likes."""
    if rest:
        people, calls = sum(one.people for one in rest), sum(one.calls for one in rest)
        talked, cost = sum(one.talked for one in rest), sum(one.cost for one in rest)
        yield Ended(
            outcome=CallState.OTHER,
            final=all(one.final for one in rest),
            given_up=False,
            people=people,
            calls=calls,
            talked=talked,
            cost=cost,
        )


def _times(ledger: interface.Report, zone: ZoneInfo) -> tuple[tuple[Hour, ...], list[Day]]:
    """Return the calls by hour of the day, and by day."""
    hours, days = defaultdict[int, _Counts](_Counts), defaultdict[date, _Counts](_Counts)
    for at, *counts in ledger.calls_by_time():
        moment = datetime.fromtimestamp(at, zone)
        hours[moment.hour].add(*counts)
        days[moment.date()].add(*counts)
    return (
        tuple(Hour(hour, *hours[hour].counts) for hour in range(24)),
        [Day(day, *days[day].counts) for day in sorted(days)],
    )


class _Counts:
    """Calls or people; of these, those who were reached; and those for whom that is not known."""

    def __init__(self) -> None:
        self.counts = (0, 0, 0)

    def add(self, count: int, reached: int, in_doubt: int) -> None:
        so_far = self.counts
        self.counts = so_far[0] + count, so_far[1] + reached, so_far[2] + in_doubt


def _countries(ledger: interface.Report) -> tuple[Country, ...]:
    people = defaultdict[str, _Counts](_Counts)
    for number, reached, in_doubt in ledger.called_numbers():
        people[country(number) or ""].add(1, reached, in_doubt)
    return tuple(
        Country(code, country_name(code) if code else say.NO_COUNTRY, *some.counts)
        for code, some in sorted(people.items(), key=lambda item: (-item[1].counts[0], item[0]))
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
    tries = defaultdict[int, _Counts](_Counts)
    for some in people:
        if some.attempts:
            tries[some.attempts].add(some.count, some.count * some.reached, some.count * some.in_doubt)
    return tuple(Tries(attempts, *tries[attempts].counts) for attempts in sorted(tries))


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
        words=REASONS.get(trouble.code) or cut(trouble.words, _WORDS),
        count=trouble.rows,
        rows=tuple(Row(position, _shown(cell, view)) for position, cell in trouble.first),
    )


def _shown(cell: str, view: View) -> str:
    return cut(cell if view.full_numbers else masked(cell), _CELL)


def _slow(ledger: interface.Report, view: View) -> Slow:
    holds, retried = list(ledger.holds()), ledger.retried()
    too_many = sum(count for status, count in retried if status == _TOO_MANY)
    return Slow(
        pauses=len(holds),
        paused=sum(hold.seconds for hold in holds),
        longest=tuple(
            Pause(view.moment(hold.at), hold.seconds, cut(hold.words, _WORDS))
            for hold in heapq.nlargest(_PAUSES_SHOWN, holds, key=lambda hold: hold.seconds)
        ),
        too_many=too_many,
        put_off=sum(count for _, count in retried) - too_many,
    )
