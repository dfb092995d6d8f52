"""What a run does with a pause: it looks early, ends when one comes, and says who made it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dialer.config.workspace import folder_of_all
from dialer.messages import pause as say
from dialer.messages.buttons import Button
from dialer.messages.commands import command_text
from dialer.moments import shown
from dialer.operations.stores import held_in_database, place_of
from dialer.store.engines import InDatabase, pauses_in
from dialer.store.pause_files import PauseFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.config.batch import Batch
    from dialer.engine.control import Control
    from dialer.messages.commands import Selection
    from dialer.store.shared import Pause, Pauses

LOOK_EVERY = 0.5
"""Seconds between two looks while a run waits; each request looks by itself as it leaves."""


def pauses_of(batch: Batch) -> Pauses:
    """Return what may hold a batch: a pause of its own, of its campaign, or of all campaigns around it.

    Raises:
        DialerError: the workspace's settings are wrong, or its database cannot be used.
    """
    place = place_of(batch)
    if isinstance(place, InDatabase):
        return pauses_in(place)
    return PauseFiles(campaign=batch.campaign, results=batch.results, sandbox=batch.selection.sandbox)


def pauses_of_every_batch(folder: Path, *, sandbox: bool) -> Sequence[Pause]:
    """Return what holds every batch of the workspace around a folder.

    Raises:
        DialerError: its database is not named, or cannot be used.
    """
    around = folder_of_all(folder)
    place = None if sandbox else held_in_database(around)
    if place is None:
        return PauseFiles(folder=around, sandbox=sandbox).in_force()
    with contextlib.closing(pauses_in(place)) as pauses:
        return pauses.in_force()


def by_clock(pause: Pause, zone: str | None) -> Pause:
    """Return a pause whose moments are by the clock that a person reads them by."""
    return replace(
        pause,
        since=shown(pause.since, zone),
        until=shown(pause.until, zone),
    )


def holding(batch: Batch) -> tuple[Pause, ...]:
    """Return what holds a batch at this moment, by its campaign's clock."""
    return tuple(by_clock(pause, batch.timezone) for pause in pauses_of(batch).in_force())


def words_of(pause: Pause) -> str:
    """Return who has paused what, since when, until when and why."""
    if pause.trouble:
        return say.paused_unread(pause.of, place=pause.place, trouble=pause.trouble)
    return say.paused(pause.of, place=pause.place, by=pause.by, since=pause.since, until=pause.until, why=pause.why)


@dataclass(frozen=True, slots=True)
class Held:
    """Looks whether a run is paused, and ends it then.

    Attributes:
        pauses: what may hold it.
        control: stops it.
        zone: by whose clock it is said until when; None: the machine's.
    """

    pauses: Pauses
    control: Control
    zone: str | None

    def __call__(self) -> bool:
        """Tell whether it is paused at this moment; from then on it ends."""
        pauses = self.pauses.in_force()
        if pauses:
            self.control.pause(words_of(by_clock(pauses[0], self.zone)))
        return bool(pauses)

    async def watch(self) -> None:
        """Look again and again, also while nothing is sent."""
        while not self():  # noqa: ASYNC110 - no event to wait for
            await anyio.sleep(LOOK_EVERY)


def lift_commands(selection: Selection | None, pauses: Sequence[Pause], *, sandbox: bool) -> list[str]:
    """Return the commands that lift some pauses; without a selection they are of all campaigns."""
    return list(dict.fromkeys(_lift_command(selection, pause, sandbox=sandbox) for pause in pauses))


def _lift_command(selection: Selection | None, pause: Pause, *, sandbox: bool) -> str:
    if pause.of == "all" or selection is None:
        trial = ["--sandbox"] if sandbox else []
        return command_text("resume", "--all", "--in", Path(pause.place).parent, *trial, button=Button.RESUME_ALL)
    return selection.command("resume") if pause.of == "batch" else selection.of_all_batches().command("resume")
