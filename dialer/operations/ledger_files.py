"""Where the ledgers of a workspace lie: in its folder and below, and where its list names them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_in_files, workspace_of
from dialer.errors import DialerError, UsageError
from dialer.messages.commands import command_text
from dialer.messages.database import NO_LIST
from dialer.messages.operations import workspace as say
from dialer.operations.ledger_identity import TRIAL
from dialer.store.engines import read_ledger
from dialer.store.sqlite import is_ledger, is_trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.config.workspace import Workspace


def ledgers_below(folder: Path) -> Iterator[Path]:
    """Yield every ledger in a folder and below it, in order; links to folders are not followed.

    Raises:
        UsageError: the folder does not exist.
    """
    if not folder.is_dir():
        raise UsageError(say.no_folder(folder))
    for at, folders, names in os.walk(folder):
        folders.sort()
        paths = (Path(at, name) for name in sorted(names))
        yield from (path for path in paths if path.suffix == ".ledger" or (path.is_file() and is_ledger(path)))


def pauses_below(folder: Path) -> list[Path]:
    """Return the files in a folder and below it that pause something."""
    return [Path(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".paused")]


def ledgers_of(workspace: Workspace, *, sandbox: bool) -> list[Path]:
    """Return the ledgers of a workspace that are there.

    Args:
        workspace: its folder and below, and what its list names.
        sandbox: those of trials, and no others.

    Raises:
        DialerError: the folder or the list of ledgers cannot be read.
    """
    listed = workspace.registry(sandbox=sandbox).read()
    below = {path.resolve(): path for path in ledgers_below(workspace.folder)}
    return [
        below.get(real, real)
        for real in sorted({*below, *listed})
        if os.path.lexists(real) and (real in listed or is_trial(real, trial_mark(real)) is sandbox)
    ]


def trial_mark(path: Path) -> str | None:
    """Return whether a ledger says that it is of a trial; None where it cannot be read."""
    with contextlib.suppress(DialerError), contextlib.closing(read_ledger(path)) as ledger:
        return ledger.note(TRIAL)
    return None


def forget_ledger(path: Path, folder: Path, *, sandbox: bool = False) -> None:
    """Record that a lost or damaged ledger of a workspace is not needed.

    Args:
        path: the ledger.
        folder: of the workspace, as in `list_batches`.
        sandbox: it belongs to a trial.

    Raises:
        UsageError: it is intact, or not in the list; or the workspace uses a database.
        DialerError: the list of ledgers cannot be read or written.
    """
    workspace = workspace_of(folder) if sandbox else workspace_in_files(folder, why=NO_LIST)
    registry, real = workspace.registry(sandbox=sandbox), path.resolve()
    if real not in registry.read() and not os.path.lexists(path):
        raise UsageError(say.not_listed(path, registry=registry.path, command=command_text("list")))
    if path.is_file() and is_ledger(path) and _is_sound(path):
        raise UsageError(say.sound(path))
    registry.forget(real)


def _is_sound(path: Path) -> bool:
    with contextlib.suppress(DialerError), contextlib.closing(read_ledger(path)) as ledger:
        ledger.counts()
        return True
    return False
