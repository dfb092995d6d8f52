"""What of a batch is not finished, and the command that goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer.executions import VOICEMAIL
from dialer.models import Status
from dialer.report.figures import Open

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dialer.ledger.overview import People
    from dialer.report.figures import Report

NOT_FINAL: Final = "not_final"
"""The last call may still change."""
NOT_REACHED: Final = "not_reached"
"""The last call is over and reached nobody."""
WAITING: Final = frozenset({Status.PENDING, Status.SENDING, NOT_FINAL, Status.UNKNOWN})
"""What is not over yet; the rest is only finished if nobody wants it better."""
_REDIALLED: Final = ("no-answer", "busy", VOICEMAIL)
_GOES_ON, _OVER = 0, 1


def unfinished(
    statuses: Mapping[Status, int], people: Sequence[People], *, command: Callable[[str], str], running: bool
) -> tuple[Open, ...]:
    """Return what is not finished, what is waited for first.

    Args:
        statuses: how many rows of the input stand where.
        people: the people of the input.
        command: what to type for a command of this batch, by the command's name.
        running: a run is going on.
    """
    counts = {str(status): count for status, count in statuses.items()}
    counts[NOT_FINAL] = sum(some.count for some in people if some.called and some.final == _GOES_ON)
    counts[NOT_REACHED] = sum(some.count for some in people if _is_missed(some))
    ways = _ways(command) | (_ways_meanwhile(command) if running else {})
    return tuple(Open(what, counts[what], *way) for what, way in ways.items() if counts.get(what))


def so_far(report: Report) -> str:
    """Return what is put behind a figure that may still grow."""
    return " so far" if any(one.what == NOT_FINAL for one in report.open) else ""


def _is_missed(people: People) -> bool:
    missed = people.final == _OVER and people.outcome in _REDIALLED and not people.reached
    return missed and people.state == Status.QUEUED


def _ways(command: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    run = command("run")
    return {
        Status.PENDING: ("can be called, and were not yet", run),
        Status.SENDING: ("were being called when the run ended", command("reconcile")),
        NOT_FINAL: ("were called, and how it went is not known for good", command("track")),
        Status.UNKNOWN: ("were perhaps called", command("reconcile")),
        NOT_REACHED: ("were called and not reached; to call them once more", f"{run} --redial {','.join(_REDIALLED)}"),
        Status.ERROR: ("were refused by Bolna; once the reason is mended", f"{run} --retry-errors"),
        Status.INVALID: ("cannot be called as their row stands; once it is mended", run),
    }


def _ways_meanwhile(command: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    """Return what is said differently while a run is going on, which a second one would only be turned away from."""
    return {
        Status.PENDING: ("are called by the run that goes on", command("status")),
        Status.SENDING: ("are being called", command("status")),
    }
