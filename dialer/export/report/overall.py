"""The figures of a batch that are held against those of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dialer.export.report.call_backs import read_answers
from dialer.export.report.figures import Funnel
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dialer.export.report.view import View
    from dialer.store import Calls, People, interface

_NOT_CALLABLE: Final = (Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED)
_SENT: Final = (Status.QUEUED, Status.ERROR, Status.UNKNOWN, Status.SENDING)


@dataclass(frozen=True, slots=True)
class Overall:
    """A batch in few figures.

    Attributes:
        batch: its name.
        first: when the first request was made; None where there was none.
        last: when the last one was.
        funnel: from the file to the person.
        tracked: calls with a known outcome; 0: reached, talked and cost are not known yet.
        calls: accepted by the provider.
        talked: seconds of conversation in all calls.
        cost: of all calls; cents, as the provider gives them.
    """

    batch: str
    first: datetime | None
    last: datetime | None
    funnel: Funnel
    tracked: int
    calls: int
    talked: float
    cost: float


def overall(ledger: interface.Report, view: View) -> Overall:
    """Return the figures of a ledger, all of one moment."""
    with ledger.snapshot():
        people, calls = ledger.people(), ledger.calls()
        _, first, last = ledger.span()
        wanted = read_answers(ledger, view)[0].as_wanted if view.wanted else None
        return Overall(
            batch=ledger.note("batch") or "",
            first=None if first is None else view.moment(first),
            last=None if last is None else view.moment(last),
            funnel=funnel(ledger.counts(), people, left=ledger.left(), wanted=wanted),
            tracked=tracked(calls),
            calls=sum(some.count for some in calls),
            talked=sum(some.talked for some in calls),
            cost=sum(some.cost for some in calls),
        )


def tracked(calls: Sequence[Calls]) -> int:
    """Return of how many calls the outcome is known."""
    return sum(some.count for some in calls if some.outcome)


def funnel(statuses: Mapping[Status, int], people: Sequence[People], *, left: int, wanted: int | None) -> Funnel:
    """Return what became of the rows of the input.

    Args:
        statuses: how many rows stand where.
        people: the people of the input.
        left: people who were called and are no longer in it.
        wanted: people who answered as it was wanted.
    """
    in_file = sum(statuses.values())
    return Funnel(
        in_file=in_file,
        callable=in_file - sum(statuses.get(status, 0) for status in _NOT_CALLABLE),
        sent=sum(some.count for some in people if some.called or some.state in _SENT),
        queued=sum(some.count for some in people if some.called),
        reached=sum(some.count for some in people if some.reached),
        wanted=wanted,
        left=left,
    )
