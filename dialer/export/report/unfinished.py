"""What of a batch is not finished, and the command that goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer.export.report.figures import Open
from dialer.messages.export import report as say
from dialer.models import Status
from dialer.provider import VENDOR
from dialer.provider.states import REDIALLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.export.report.figures import Report
    from dialer.messages.commands import Selection
    from dialer.store import People

OPEN: Final = "open"
"""The last call is still open."""
NOT_REACHED: Final = "not_reached"
"""The last call is over and did not reach the recipient."""
WAITING: Final = frozenset({Status.PENDING, Status.SENDING, OPEN, Status.UNKNOWN})
"""Statuses with work left; with the others, only a redial could change the outcome."""
_GOES_ON, _OVER = 0, 1


def unfinished(
    statuses: Mapping[Status, int], people: Sequence[People], *, selection: Selection, running: bool
) -> tuple[Open, ...]:
    """Return what is not finished, what is waited for first.

    Args:
        statuses: how many rows of the input stand where.
        people: the people of the input.
        selection: the batch, as it is named on the command line.
        running: a run is going on.
    """
    counts = {str(status): count for status, count in statuses.items()}
    counts[OPEN] = sum(some.count for some in people if some.called and some.final == _GOES_ON)
    counts[NOT_REACHED] = sum(some.count for some in people if _is_missed(some))
    ways = _ways(selection) | (_ways_meanwhile(selection) if running else {})
    return tuple(Open(what, counts[what], *way) for what, way in ways.items() if counts.get(what))


def is_final(report: Report) -> bool:
    """Tell whether all calls have ended, so that no figure grows any more."""
    return not any(one.what == OPEN for one in report.unfinished)


def _is_missed(people: People) -> bool:
    missed = people.final == _OVER and people.outcome in REDIALLED and not people.reached
    return missed and people.state == Status.QUEUED


def _ways(selection: Selection) -> dict[str, tuple[str, str]]:
    run, reconcile = selection.command("run"), selection.command("reconcile")
    # The calls of a trial ended with the stand-in that took them.
    track = "" if selection.sandbox else selection.command("track")
    redial = selection.command("run", "--redial", ",".join(REDIALLED))
    ways = {
        Status.PENDING: (say.CAN_BE_CALLED, run),
        Status.SENDING: (say.WERE_BEING_CALLED, reconcile),
        OPEN: (say.OPEN_CALLS, track),
        Status.UNKNOWN: (say.MAY_HAVE_BEEN_CALLED, reconcile),
        NOT_REACHED: (say.NOT_REACHED, redial),
        Status.ERROR: (say.refused(VENDOR.names), selection.command("run", "--retry-errors")),
        Status.INVALID: (say.INVALID, run),
    }
    return {what: way for what, way in ways.items() if way[1]}


def _ways_meanwhile(selection: Selection) -> dict[str, tuple[str, str]]:
    """Return what is said differently while a run is going on, which a second one would only be turned away from."""
    status = selection.command("status")
    return {
        Status.PENDING: (say.CALLED_BY_THE_RUN, status),
        Status.SENDING: (say.ARE_BEING_CALLED, status),
    }
