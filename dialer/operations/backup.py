"""A backup of a workspace: its ledgers, settings and pauses, copied while runs are active."""

from __future__ import annotations

import contextlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import SETTINGS, workspace_in_files, workspace_of
from dialer.errors import DialerError, ExitCode, UsageError
from dialer.files import named_below, unreadable
from dialer.messages.database import BACKUP_BY_SERVER
from dialer.messages.operations import files as say
from dialer.messages.words import not_a_file
from dialer.operations.ledger_files import ledgers_of
from dialer.operations.ledger_identity import CAMPAIGN, RESULTS
from dialer.store.engines import do_not_call_list, read_ledger
from dialer.store.pause_files import PauseFiles, is_there
from dialer.store.sqlite import copy_ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OUTSIDE = "outside"
"""Under this folder of a backup lies what lies outside the workspace, by its whole path."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved.

    Attributes:
        folder: where to.
        files: path → its copy's.
        failed: path → why it was not saved.
    """

    folder: str
    files: dict[str, str]
    failed: dict[str, str]

    @property
    def exit_code(self) -> ExitCode:
        """LOOK where a ledger could not be saved."""
        return ExitCode.LOOK if self.failed else ExitCode.DONE


def back_up(to: Path, folder: Path, *, sandbox: bool = False) -> Saved:
    """Save all ledgers of a workspace, its settings, its campaign files, and what pauses them.

    What they name stays: the lists of people, and the results, which a ledger can write anew. So do marks and locks:
    without them a restored ledger is known as an older copy.

    Args:
        to: a folder outside the workspace, made where it is missing.
        folder: of the workspace, as in `list_batches`.
        sandbox: the ledgers of trials, and no others.

    Raises:
        UsageError: the folder cannot be used, or holds something of the same name; or the workspace uses a database.
        DialerError: the workspace cannot be read.
    """
    around = workspace_of(folder) if sandbox else workspace_in_files(folder, why=BACKUP_BY_SERVER)
    workspace = around.folder.resolve()
    if to.resolve().is_relative_to(workspace):
        raise UsageError(say.backup_inside(to, workspace))
    ledgers = ledgers_of(around, sandbox=sandbox)
    registry = around.registry(sandbox=sandbox).path
    shared = do_not_call_list(workspace).files
    texts = [*_settings(workspace), *(path for path in (registry, *shared) if path.exists())]
    pauses = sorted({*named_below(workspace, ".paused"), *_pauses_of(ledgers, sandbox=sandbox)})
    targets = {path: _target(path, workspace, to) for path in (*ledgers, *texts, *pauses)}
    _refuse_taken(to, targets)
    return _save(to, targets, ledgers=set(ledgers))


def _settings(workspace: Path) -> Iterator[Path]:
    """Yield `dialer.toml` and the campaign files in a workspace."""
    for path in named_below(workspace, ".toml"):
        if path.is_file() and (path.name == SETTINGS or _is_campaign(path)):
            yield path


def _pauses_of(ledgers: Iterable[Path], *, sandbox: bool) -> Iterator[Path]:
    """Yield what pauses the batches of some ledgers, wherever it lies."""
    for path in ledgers:
        campaign = results = None
        with contextlib.suppress(DialerError), contextlib.closing(read_ledger(path)) as ledger:
            campaign, results = ledger.note(CAMPAIGN), ledger.note(RESULTS)
        files = PauseFiles(
            campaign=Path(campaign) if campaign else None,
            results=Path(results) if results else None,
            folder=path.parent,
            sandbox=sandbox,
        )
        yield from filter(is_there, (*files.batch, *files.campaign, *files.above))


def _is_campaign(path: Path) -> bool:
    try:
        return bool({"agent_id", "recipients"} & tomllib.loads(path.read_text(encoding="utf-8-sig")).keys())
    except (OSError, ValueError):
        return False


def _target(path: Path, workspace: Path, to: Path) -> Path:
    real = path.resolve()
    inside = real.is_relative_to(workspace)
    return to / (real.relative_to(workspace) if inside else Path(OUTSIDE, *real.parts[1:]))


def _refuse_taken(to: Path, targets: dict[Path, Path]) -> None:
    taken = [target for target in targets.values() if os.path.lexists(target)]
    if taken:
        raise UsageError(say.backup_exists(taken[0], to))
    if not targets:
        raise UsageError(say.NOTHING_TO_SAVE)


def _save(to: Path, targets: dict[Path, Path], *, ledgers: set[Path]) -> Saved:
    saved, failed = {}, {}
    for path, target in targets.items():
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if path in ledgers:
                copy_ledger(path, target)
            else:
                _copy_text(path, target)
        except DialerError as error:
            failed[str(path)] = str(error)
        except OSError as error:
            failed[str(path)] = f"{error.filename or target}: {error.strerror}"
        else:
            saved[str(path)] = str(target)
    return Saved(str(to), saved, failed)


def _copy_text(path: Path, target: Path) -> None:
    if kind := unreadable(path):
        raise UsageError(not_a_file(path, kind))
    content = path.read_bytes()
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
