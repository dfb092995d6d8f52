"""The workspace's list of ledgers: noticed when it is lost, found again, made again."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_in_files
from dialer.errors import DialerError, LedgerError, UsageError
from dialer.messages import workspace as words
from dialer.messages.database import NO_LIST
from dialer.operations.ledger_identity import IDENTITY, LISTED, TRIAL, WORKSPACE
from dialer.store.engines import read_ledger
from dialer.store.sqlite import Listed, lock_of, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dialer.config.campaign import Campaign
    from dialer.config.workspace import Workspace
    from dialer.store import Store
    from dialer.store.sqlite import Neighbours


def find_listed(campaign: Campaign, store: Store, *, others: Sequence[Neighbours]) -> Sequence[Path]:
    """Give a run all ledgers of its workspace; return those that the list had lost, and that it names again now.

    Ledgers in the workspace's folder and below record themselves that they were listed. For ledgers elsewhere, their
    number in another file shows that none is missing: if both files are gone, it is not known.

    Args:
        campaign: the campaign of the run.
        store: its ledger, at home in the workspace.
        others: receive the ledgers, and have them found again wherever the list loses some while the run goes on.

    Raises:
        LedgerError: the list is lost, and not all ledgers can be found.
    """
    if campaign.sandbox or campaign.workspace.database is not None:
        return []
    identity = (store.note(IDENTITY) or "") if store.note(LISTED) else None
    find = functools.partial(_find_lost, campaign.workspace, campaign.batch.ledger.resolve(), identity, others)
    found = find()
    for one in others:
        one.when_lost(find)
    return found


def _find_lost(workspace: Workspace, place: Path, identity: str | None, others: Sequence[Neighbours]) -> Sequence[Path]:
    """Do as `find_listed` for a run with its ledger at this place; identity: of a ledger that was listed already."""
    registry = workspace.registry(sandbox=False)
    listed = registry.read()
    unlisted = _unlisted(workspace, listed)
    # Read again: a ledger that was listed since is not lost.
    noted, listed = registry.noted(), listed | registry.read()
    found = {path: its for path, its in unlisted.items() if not _names(listed, path, its)}
    if identity is not None and not _names(listed, place, identity):
        found[place] = identity
    count = len(listed) + len(found)
    if (found and noted is None) or count < (noted or 0):
        own = place if place in found and not place.is_relative_to(workspace.folder.resolve()) else None
        lists = len(listed) if noted is None else count
        raise LedgerError(words.list_lost(registry.path, lists=lists, listed=noted, own=own, folder=workspace.folder))
    for path, its in found.items():
        registry.add(path, identity=its)
    # Not read again: the list may be lost once more.
    again = {path: Listed(path, time.time(), its, is_forgotten=False) for path, its in found.items()}
    for one in others:
        one.expect(listed | again)
    return list(found)


def rebuild_list(folder: Path, *, add: Sequence[Path] = ()) -> Sequence[Path]:
    """List all ledgers again that a workspace has in its folder and below, and others; return what was added.

    Args:
        folder: of the workspace, as in `list_batches`.
        add: ledgers that lie elsewhere.

    Raises:
        UsageError: one of them is not a ledger of the workspace, or it uses a database.
        DialerError: the list cannot be read or written.
    """
    workspace = workspace_in_files(folder, why=NO_LIST)
    registry = workspace.registry(sandbox=False)
    listed = registry.read()
    found = _unlisted(workspace, listed)
    for path in add:
        found[path.resolve()] = _identity_of(path, workspace)
    for path, identity in found.items():
        registry.add(path, identity=identity)
    registry.accept()
    return list(found)


def _names(listed: Mapping[Path, Listed], path: Path, identity: str) -> bool:
    return path in listed or any(one.identity == identity for one in listed.values() if identity)


def _unlisted(workspace: Workspace, listed: Mapping[Path, Listed]) -> dict[Path, str]:
    """Return ledgers below a workspace's folder that were listed in it, and are not any more, with their identities."""
    found: dict[Path, str] = {}
    # Without a dialer.toml the folders below are workspaces of their own.
    for path in _below(workspace.folder.resolve()) if workspace.has_settings else ():
        if path not in listed:
            notes = _notes(path, LISTED, WORKSPACE, IDENTITY, TRIAL)
            # Trials have a list of their own.
            is_one = notes[LISTED] and not notes[TRIAL] and notes[WORKSPACE] == str(workspace.folder.resolve())
            if is_one and not _names(listed, path, notes[IDENTITY]):
                found[path] = notes[IDENTITY]
    return found


def _below(folder: Path) -> Iterator[Path]:
    """Yield what a run has left a lock or a mark beside, in a folder and below; links to folders are not followed."""
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        there = set(names)
        paths = (Path(at, name) for name in names)
        yield from (path for path in paths if {lock_of(path).name, mark_of(path).name} & there and path.is_file())


def _notes(path: Path, *names: str) -> dict[str, str]:
    # One that cannot be read is missed by the number of those that were listed.
    with contextlib.suppress(DialerError), contextlib.closing(read_ledger(path)) as ledger:
        return {name: ledger.note(name) or "" for name in names}
    return dict.fromkeys(names, "")


def _identity_of(path: Path, workspace: Workspace) -> str:
    notes = _notes(path, WORKSPACE, IDENTITY) if path.is_file() else {}
    if not any(notes.values()):
        raise UsageError(words.not_a_ledger(path))
    if notes[WORKSPACE] != str(workspace.folder.resolve()):
        raise UsageError(words.belongs_elsewhere(path, notes[WORKSPACE], folder=workspace.folder))
    return notes[IDENTITY]
