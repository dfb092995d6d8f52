"""What was paused, and which runs have ended for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dialer.messages.pause import held, lasts
from dialer.messages.words import many

if TYPE_CHECKING:
    from dialer.operations import Paused
    from dialer.operations.live_runs import LiveRun


def paused_text(paused: Paused) -> str:
    """Return what was paused, and for which runs."""
    lines = [f"{held(one.of, place=one.place)} is paused, {lasts(one.until)} ({one.place})." for one in paused.pauses]
    lines += paused.troubles
    if not paused.pauses:
        return "\n".join(lines)
    lines.append(f"{many(len(paused.stopped), 'run')} ended for it{':' if paused.stopped else '.'}")
    lines += [f"  {_run(run)}" for run in paused.stopped]
    if paused.running:
        lines.append("Not ended yet, though nothing more is sent (is it stopped? then end it):")
        lines += [f"  {_run(run)}" for run in paused.running]
    return "\n".join([*lines, *(f"To go on: {command}" for command in paused.lift)])


def _run(run: LiveRun) -> str:
    return f"process {run.pid} on {run.host}, since {run.since}: {os.path.basename(run.ledger)}"  # noqa: PTH119 - of a text
