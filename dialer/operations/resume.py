"""Resume: what was paused may call again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dialer.operations.ledger_identity import going_on_with
from dialer.operations.pause import zone_of
from dialer.operations.paused import by_clock, lift_commands
from dialer.operations.stores import place_of
from dialer.store.engines import InDatabase, pauses_in
from dialer.store.pause_files import PauseFiles, is_there, lift, read_pause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dialer.messages.commands import Selection
    from dialer.operations.pause import Target
    from dialer.store.shared import Pause


@dataclass(frozen=True, slots=True)
class Resumed:
    """What became of one pause that was to be lifted.

    Attributes:
        name: of the campaign as it was typed, or of the folder.
        lifted: what is lifted; none: it was not paused.
        still: what still holds it.
        lift: the commands that lift that.
        run: the command that continues; empty for all campaigns.
    """

    name: str
    lifted: tuple[Pause, ...]
    still: tuple[Pause, ...]
    lift: tuple[str, ...]
    run: str


def resume_campaigns(targets: Sequence[Target]) -> list[Resumed]:
    """Lift the pauses of what is meant; durable when this returns.

    Raises:
        MustActError: a pause cannot be removed, and stays in force.
    """
    return [_resumed(target) for target in targets]


def _resumed(target: Target) -> Resumed:
    lifted, held = _lifted(target) if target.place is None else _lifted_in_database(target, target.place)
    selection, zone = target.selection, zone_of(target)
    return Resumed(
        name=str(target.folder if selection is None else selection.campaign),
        lifted=tuple(by_clock(pause, zone) for pause in lifted),
        still=tuple(by_clock(pause, zone) for pause in held),
        lift=tuple(lift_commands(selection, held, sandbox=target.sandbox)),
        run="" if selection is None else _going_on(target, selection).command("run"),
    )


def _going_on(target: Target, selection: Selection) -> Selection:
    return selection if target.batch is None else going_on_with(target.batch)


def _lifted(target: Target) -> tuple[list[Pause], Sequence[Pause]]:
    """Lift what is meant, in files; return it, and what holds still."""
    lifted = []
    for path, of in _places(target):
        if is_there(path):
            pause = read_pause(str(path), of)
            lifted += [pause] if lift(path) else []
    files = PauseFiles(
        campaign=None if target.selection is None else target.selection.campaign,
        results=None if target.batch is None else target.batch.results,
        folder=target.folder,
        sandbox=target.sandbox,
    )
    return lifted, files.in_force()


def _lifted_in_database(target: Target, place: InDatabase) -> tuple[list[Pause], Sequence[Pause]]:
    """Do the same in a database."""
    whole = place_of(target.batch) if target.batch is not None else place
    name = whole.name if isinstance(whole, InDatabase) else ""
    # As of files: where no option is needed to name the batch, none is needed to lift its own pause.
    kinds = {target.of, "batch"} if target.of == "campaign" else {target.of}
    with contextlib.closing(pauses_in(replace(place, name=name))) as pauses:
        lifted = [pause for pause in pauses.in_force() if pause.of in kinds and pauses.lift(pause.of)]
        return lifted, pauses.in_force()


def _places(target: Target) -> Iterator[tuple[Path, str]]:
    yield from ((path, target.of) for path in target.files)
    if target.of == "campaign" and target.batch is not None:
        # `cancel` pauses the batch: where no option is needed to name it, none is needed to lift that.
        yield from ((path, "batch") for path in PauseFiles(results=target.batch.results).batch)
