"""What is about to be cancelled, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.operations.paused import lift_commands
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations import Braking, Cancelled


_LISTED = 20


def braking_text(braking: Braking) -> str:
    """Return what is about to be cancelled."""
    stop = f"{braking.running} is working on {braking.batch} and will be stopped. " if braking.running else ""
    return f"{stop}{braking.calls:,} accepted calls of {braking.batch} may still ring, as far as is known."


def cancelled_text(cancelled: Cancelled, *, selection: Selection) -> str:
    """Return what came of cancelling.

    Args:
        cancelled: what came of it.
        selection: the batch, as it is named on the command line.
    """
    command = selection.command("cancel")
    lines = [f"{cancelled.batch}: {cancelled.stopped:,} calls are stopped and will not ring."]
    if cancelled.over:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(cancelled.over.items()))
        lines.append(f"{sum(cancelled.over.values()):,} were over already: {each}.")
    if cancelled.going_on:
        lines.append(f"{len(cancelled.going_on):,} could not be stopped and go on:")
        lines += [f"  {one.number}  {one.status or 'not known'}: {one.words}" for one in cancelled.going_on[:_LISTED]]
        if len(cancelled.going_on) > _LISTED:
            lines.append(f"  ... and {len(cancelled.going_on) - _LISTED:,} more (-o json has them all)")
    if cancelled.left:
        lines.append(f"{cancelled.left:,} are left and may ring. To go on: {command}")
    if cancelled.unknown:
        lines.append(
            f"{cancelled.unknown:,} are unknown: nobody knows whether they were called, so they may ring as well. "
            f"Again in a while: {command}"
        )
    if cancelled.stopped:
        again = selection.command("run", "--redial", CallState.STOPPED)
        lines.append(f"No run calls them by itself. To call them after all: {again}")
    if cancelled.pauses:
        commands = ", then ".join(lift_commands(selection, cancelled.pauses, sandbox=selection.sandbox))
        lines.append(f"{cancelled.batch} is paused: no run calls anybody. To lift that: {commands}")
    return "\n".join([*lines, *cancelled.notes, f"results: {cancelled.results}"])
