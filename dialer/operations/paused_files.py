"""The pauses that a workspace has in files, as a database has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.files import named_below
from dialer.store.pause_files import PauseFiles, is_there, pause_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dialer.config.database import Database
    from dialer.operations.database_import import Home
    from dialer.store.shared import Pause

_ENDING, _OF_TRIALS, _ALL = ".paused", ".sandbox.paused", "all"


def moved_pauses(folder: Path, database: Database, homes: Sequence[Home]) -> tuple[list[Pause], list[Path]]:
    """Return what is paused, and the files that say so and are not needed any more.

    Args:
        folder: of the workspace.
        database: names batches and campaigns.
        homes: its ledgers.
    """
    pauses: dict[tuple[str, str], Pause] = {}
    paths = {path.resolve(): path for path in _files(folder, homes)}
    for path in paths.values():
        for of, name in _held(path, folder, database, homes):
            pause = pause_in(str(path), of)
            if pause is not None:
                pauses[of, name] = _known(pause, name)
    # A file above the workspace holds others as well.
    root = folder.resolve()
    return list(pauses.values()), [path for real, path in paths.items() if not root.is_relative_to(real.parent)]


def _files(folder: Path, homes: Sequence[Home]) -> Iterator[Path]:
    yield from named_below(folder, _ENDING)
    for home in homes:
        files = PauseFiles(campaign=home.campaign, results=home.results, folder=folder)
        yield from filter(is_there, (*files.batch, *files.campaign, *files.above))


def _held(path: Path, folder: Path, database: Database, homes: Sequence[Home]) -> Iterator[tuple[str, str]]:
    """Yield what a file pauses, as a database calls it."""
    if path.name.endswith(_OF_TRIALS):
        return
    held = path.with_name(path.name.removesuffix(_ENDING))
    if held.name != _ALL:
        yield "campaign" if held.suffix == ".toml" else "batch", database.name_of(held)
    elif folder.resolve().is_relative_to(path.resolve().parent):
        yield "all", ""
    else:
        below = path.resolve().parent
        found = [
            home.campaign
            for home in homes
            if {below} & {*home.campaign.resolve().parents, *home.results.resolve().parents}
        ]
        found += sorted(below.rglob("*.toml"))
        yield from (("campaign", name) for name in dict.fromkeys(map(database.name_of, found)))


def _known(pause: Pause, name: str) -> Pause:
    """Return a pause as a database keeps it: what cannot be read holds without end."""
    since = pause.since or datetime.now(UTC)
    return replace(pause, place=name, since=since, why=pause.why or pause.trouble, trouble="")
