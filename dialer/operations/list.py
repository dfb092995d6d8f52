"""The ledgers of a workspace: those that its list names, and those in its folder and below."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.errors import DialerError, ExitCode, UsageError
from dialer.messages.commands import command_text
from dialer.messages.operations import workspace as say
from dialer.models import Status
from dialer.store.engines import read_ledger
from dialer.store.sqlite import Listed, holder, is_ledger, is_trial, lock_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger.

    Attributes:
        ledger: its path.
        batch: the batch's name; empty where it cannot be read.
        counts: how many rows stand where.
        started: when a run of it last began or ended, as far as the list knows.
        running: who is working on it, in words; empty where nobody is.
        trouble: why it cannot be read; empty where it can.
        is_missing: the list names it, and it is not there.
        is_forgotten: a person said that it does not matter.
    """

    ledger: str
    batch: str
    counts: Mapping[Status, int]
    started: datetime | None
    running: str
    trouble: str
    is_missing: bool
    is_forgotten: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The ledgers of a workspace.

    Attributes:
        workspace: its folder.
        ledgers: one entry each.
    """

    workspace: str
    ledgers: tuple[Entry, ...]

    @property
    def exit_code(self) -> ExitCode:
        """LOOK where one is missing or cannot be read, and nobody has said that it does not matter."""
        return ExitCode.LOOK if any(one.trouble and not one.is_forgotten for one in self.ledgers) else ExitCode.DONE


def list_ledgers(folder: Path, *, sandbox: bool = False) -> Listing:
    """Return the ledgers of the workspace around a folder.

    Args:
        folder: the workspace is the folder of the nearest `dialer.toml`, from here upward; without one it is this.
        sandbox: those of trials, and no others.

    Raises:
        DialerError: the folder, `dialer.toml` or the list of ledgers cannot be read.
    """
    workspace = workspace_of(folder)
    listed = workspace.registry(sandbox=sandbox).read()
    below = {path.resolve(): path for path in ledgers_below(workspace.folder)}
    entries = [_entry(path, below.get(path, path), listed.get(path)) for path in sorted({*below, *listed})]
    return Listing(
        str(workspace.folder), tuple(entry for entry, is_of_trial in entries if is_of_trial in {sandbox, None})
    )


def forget_ledger(path: Path, folder: Path, *, sandbox: bool = False) -> None:
    """Note that a ledger of a workspace is gone, or damaged, and that this is no loss.

    Args:
        path: the ledger.
        folder: of the workspace, as in `list_ledgers`.
        sandbox: it is a trial's.

    Raises:
        UsageError: it is sound, or nobody knows it.
        DialerError: the list of ledgers cannot be read or written.
    """
    registry, real = workspace_of(folder).registry(sandbox=sandbox), path.resolve()
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


def known_ledgers(folder: Path | None, *, sandbox: bool) -> list[Path]:
    """Return the ledgers below a folder, or, without one, of the workspace around the working directory.

    Args:
        folder: searched with the folders in it.
        sandbox: those of trials, and no others.
    """
    if folder is not None:
        return [path for path in ledgers_below(folder) if is_trial(path, _mark(path)) is sandbox]
    return [Path(one.ledger) for one in list_ledgers(Path(), sandbox=sandbox).ledgers if not one.is_missing]


def _mark(path: Path) -> str | None:
    with contextlib.suppress(DialerError), contextlib.closing(read_ledger(path)) as ledger:
        return ledger.note("trial")
    return None


def ledgers_below(folder: Path) -> Iterator[Path]:
    """Yield every ledger in a folder and below it, in order; links to folders are not followed.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(say.no_folder(folder))
    for at, folders, names in os.walk(folder):
        folders.sort()
        paths = (Path(at, name) for name in sorted(names))
        yield from (path for path in paths if path.suffix == ".ledger" or (path.is_file() and is_ledger(path)))


def _entry(real: Path, path: Path, listed: Listed | None) -> tuple[Entry, bool | None]:
    """Return an entry, and whether it is a trial's; None: the list for which it is asked says so."""
    batch, counts, trouble, mark = "", Counter[Status](), "", None
    try:
        with contextlib.closing(read_ledger(real)) as ledger:
            batch, counts, mark = ledger.note("batch") or "", Counter(ledger.counts()), ledger.note("trial")
    except DialerError as error:
        trouble = str(error) if os.path.lexists(real) else say.MISSING
    entry = Entry(
        ledger=str(path),
        batch=batch,
        counts=counts,
        started=None if listed is None else datetime.fromtimestamp(listed.at, UTC),
        running=holder(lock_of(real)),
        trouble=trouble,
        is_missing=not os.path.lexists(real),
        is_forgotten=listed is not None and listed.is_forgotten,
    )
    return entry, None if listed is not None else is_trial(real, mark)
