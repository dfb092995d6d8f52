"""The best next command after a run, by how it ended and the state of its batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dialer.errors import ExitCode
from dialer.messages.commands import command_text
from dialer.models import Status
from dialer.operations.outcome import Next, Why
from dialer.provider.states import REDIALLED
from dialer.store import NO_REDIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dialer.messages.commands import Selection
    from dialer.operations.outcome import Summary
    from dialer.store import Redials

_GOES_ON, _UNREAD = 0, 3
"""What `CallCount.final` says of calls that somebody has to ask for."""


def next_command(  # noqa: PLR0911 - a state each, the most urgent first
    summary: Summary,
    *,
    selection: Selection,
    more: Sequence[str] = (),
    opens: datetime | None = None,
    is_closed: bool = False,
    ripe_from: datetime | None = None,
    needs_agent: bool = False,
    is_sample: bool = False,
    missed: Callable[[], Redials] = lambda: NO_REDIALS,
) -> Next:
    """Return the most useful command after a run that was not paused.

    Args:
        summary: of the run.
        selection: the batch, as it is named on the command line.
        more: options of the next run, for the remaining recipients.
        opens: when the first of those who are left can be called; None: at once.
        is_closed: no one could be called, since it is outside their calling hours.
        ripe_from: until then some of those who were to be called once more have to wait; None if nobody has.
        needs_agent: the agent's id is still to be written.
        is_sample: nobody in its list is to be called for real.
        missed: returns who can be called once more by hand; asked only where nothing is more urgent.
    """
    counts = summary.counts
    if is_closed and selection.sandbox:
        # A trial is tried now.
        return Next(selection.at_any_hour().command("run", *more), Why.ANY_HOUR)
    # The calls of a trial ended with the stand-in that took them.
    is_open = not selection.sandbox and any(count.final in {_GOES_ON, _UNREAD} for count in summary.calls)
    if (goes_on := _going_on(summary, selection, more, opens, ripe_from)) is not None:
        return goes_on
    if is_open and summary.exit_code is ExitCode.LEFT:
        return Next(selection.command("track"), Why.OPEN)
    if counts.get(Status.UNKNOWN) and not selection.sandbox:
        return Next(selection.command("reconcile"), Why.UNKNOWN)
    if counts.get(Status.ERROR):
        return Next(selection.command("run", "--retry-errors"), Why.ERRORS)
    if is_open:
        return Next(selection.command("track"), Why.OPEN)
    once_more = missed()
    if once_more.due or once_more.later:
        command = selection.command("run", "--redial", ",".join(REDIALLED))
        return Next(command, Why.NOT_REACHED, None if once_more.due else once_more.first)
    if counts.get(Status.INVALID):
        return Next(selection.command("run"), Why.INVALID)
    if selection.sandbox:
        return _after_trial(selection, needs_agent=needs_agent, is_sample=is_sample)
    return Next(selection.command("report"), Why.DONE)


def _after_trial(selection: Selection, *, needs_agent: bool, is_sample: bool) -> Next:
    if is_sample:
        # The people in a sample's list are strangers.
        return Next(command_text("init", Path("YOUR.csv")), Why.OWN_LIST)
    return Next(selection.in_earnest().command("run"), Why.NEEDS_AGENT if needs_agent else Why.IN_EARNEST)


def _going_on(
    summary: Summary, selection: Selection, more: Sequence[str], opens: datetime | None, ripe_from: datetime | None
) -> Next | None:
    """Return the run that calls those who are left or called again; None if there are none."""
    redials = summary.redials
    if summary.left:
        return Next(selection.command("run", *more), Why.LEFT, opens)
    if not redials.is_over:
        return Next(selection.command("run"), Why.LEFT, None if redials.due or redials.open else redials.first)
    return None if ripe_from is None else Next(selection.command("run", *more), Why.LEFT, ripe_from)
