"""What was paused, and which runs have ended for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dialer.messages.commands import has_page
from dialer.messages.pause import LONGER_STAYS, ONLY_TRIAL, held, lasts, was_paused
from dialer.messages.words import many
from dialer.moments import by_clock
from dialer.operations.paused import words_of

if TYPE_CHECKING:
    from dialer.operations import Paused
    from dialer.operations.live_runs import LiveRun
    from dialer.store.shared import Pause


def paused_text(paused: Paused) -> str:
    """Return what was paused, and for which runs."""
    lines = [line for one in paused.pauses for line in _pause(one, paused)]
    lines += paused.troubles
    if not paused.pauses:
        return "\n".join(lines)
    if has_page():
        # Processes and files are of use in a terminal.
        going = len(paused.running)
        more = [f"{many(going, 'run has', 'runs have')} not ended yet, though nothing more is sent."] if going else []
        return "\n".join([*lines, f"{many(len(paused.stopped), 'run')} stopped for it.", *more])
    lines.append(f"{many(len(paused.stopped), 'run')} stopped for it{':' if paused.stopped else '.'}")
    lines += [f"  {_run(run)}" for run in paused.stopped]
    if paused.only_trial:
        lines.append(ONLY_TRIAL)
    if paused.running:
        lines.append("Not ended yet, although it sends nothing more (was it stopped, as by Ctrl-Z? Then end it):")
        lines += [f"  {_run(run)}" for run in paused.running]
    return "\n".join([*lines, *(f"To go on: {command}" for command in paused.lift)])


def _pause(one: Pause, paused: Paused) -> list[str]:
    """Return that something is paused, and what its earlier pause has to do with that."""
    if one in paused.kept:
        return [f"{words_of(one)}{'' if one.trouble else f' ({one.place})'}.", LONGER_STAYS]
    before = [
        was_paused(by=old.by, since=old.since, until=old.until, why=old.why)
        for old in paused.replaced
        if old.place == one.place and not old.trouble
    ]
    where = "" if has_page() else f" ({one.place})"
    return [f"{held(one.of, place=one.place)} is paused, {lasts(one.until)}{where}.", *before]


def _run(run: LiveRun) -> str:
    return f"process {run.pid} on {run.host}, since {by_clock(run.since)}: {os.path.basename(run.ledger)}"  # noqa: PTH119 - of a text
