"""What is about to be cancelled, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.errors import ExitCode
from dialer.messages.words import many
from dialer.operations.paused import lift_commands
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations import Braking, Cancelled


_LISTED = 20


def braking_text(braking: Braking) -> str:
    """Return what is about to be cancelled."""
    stop = f"{braking.running} is working on {braking.batch} and will be stopped. " if braking.running else ""
    calls = many(braking.calls, "accepted call")
    return f"{stop}{calls} of {braking.batch} may still ring, as far as is known."


def cancelled_text(cancelled: Cancelled, *, selection: Selection) -> str:
    """Return what came of cancelling.

    Args:
        cancelled: what came of it.
        selection: the batch, as it is named on the command line.
    """
    command = selection.command("cancel")
    lines = [f"{cancelled.batch}: {_stopped(cancelled)}."]
    if cancelled.over:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(cancelled.over.items()))
        lines.append(f"{many(sum(cancelled.over.values()), 'was', 'were')} over already: {each}.")
    if cancelled.going_on:
        lines.append(f"{many(len(cancelled.going_on), 'call goes', 'calls go')} on and could not be stopped:")
        lines += [f"  {one.number}  {one.status or 'not known'}: {one.words}" for one in cancelled.going_on[:_LISTED]]
        if len(cancelled.going_on) > _LISTED:
            lines.append(f"  ... and {len(cancelled.going_on) - _LISTED:,} more (-o json has them all)")
    if cancelled.left:
        lines.append(f"{many(cancelled.left, 'is', 'are')} left and may ring. To go on: {command}")
    if cancelled.unknown:
        they = "the call was placed, so it" if cancelled.unknown == 1 else "those calls were placed, so they"
        lines.append(
            f"{many(cancelled.unknown, 'is', 'are')} unknown: it is not known whether {they} may ring. "
            f"Again in a while: {command}"
        )
    if cancelled.stopped:
        again = selection.command("run", "--redial", CallState.STOPPED)
        lines.append(f"No run calls the stopped ones by itself. To call them after all: {again}")
    if cancelled.pauses:
        commands = ", then ".join(lift_commands(selection, cancelled.pauses, sandbox=selection.sandbox))
        lines.append(f"{cancelled.batch} is paused: no run calls anybody. To lift that: {commands}")
    return "\n".join([*lines, *cancelled.notes, f"results: {cancelled.results}"])


def _stopped(cancelled: Cancelled) -> str:
    if cancelled.stopped:
        return f"{many(cancelled.stopped, 'call is stopped', 'calls are stopped')} and will not ring"
    return "no call may ring any more" if cancelled.exit_code is ExitCode.DONE else "no call was stopped"
