"""Move a workspace's files into its database: ledgers, the do-not-call list, pauses.

Write order, and the state after a crash at each step; the same command continues from there:

    dialer.database     names the database               -> from now on no run uses the files
    do-not-call list    in one transaction               -> not there, or all of it; no row comes twice
    each ledger         noted as moved, under its lock   -> no run uses it; the database does not have it yet
                        in one transaction               -> not there, or all of it; what is there is not copied again
    pauses              each for itself
    shared files        renamed to `.moved`              -> until then no call is placed: see `refuse_unimported`
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from dialer.config.workspace import workspace_in_database
from dialer.errors import DialerError, LockedError, MustActError, UsageError
from dialer.intake.do_not_call.shared_list import SharedList, numbers_of
from dialer.messages.operations import database as say
from dialer.models import e164
from dialer.operations.database_owner import own_database
from dialer.operations.do_not_call import SEEN, Seen
from dialer.operations.ledger_files import ledgers_of
from dialer.operations.ledger_identity import CAMPAIGN, IDENTITY, PLACE, RESULTS
from dialer.operations.paused_files import moved_pauses
from dialer.store.pause_files import PauseFiles, is_there
from dialer.store.sqlite import Ledger, is_ledger, lock_of, locked
from dialer.store.sqlite.do_not_call import DoNotCallFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dialer.config.batch import Batch
    from dialer.config.database import Database
    from dialer.config.workspace import Workspace
    from dialer.store.do_not_call import DoNotCall, Row

_LATELY = timedelta(days=31).total_seconds()
"""Seconds for which a call of a ledger may count, however late its phone rang."""
_COMMAND = "database import"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was moved.

    Attributes:
        database: server and database.
        moved: ledger → name of its batch in the database.
        before: those that were moved before.
        entries: how many rows of the do-not-call list are new in the database.
        pauses: how many pauses hold there now.
        files: the shared files as they are called now.
    """

    database: str
    moved: dict[str, str]
    before: dict[str, str]
    entries: int
    pauses: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """A ledger, and where the files of its batch are now: by them it is called in the database."""

    ledger: Path
    results: Path
    campaign: Path


def import_workspace(folder: Path) -> Imported:
    """Move all that a workspace has in files into its database; interrupted, it is done again.

    Args:
        folder: of the workspace, whose `dialer.toml` says that it uses a database.

    Raises:
        LockedError: a run works on one of the ledgers.
        UsageError: a part cannot be moved; the message names all of them.
        DialerError: the database or a file cannot be used.
    """
    from dialer.store.postgres import DatabaseDoNotCall, put_pauses  # noqa: PLC0415 - of an extra

    workspace, database = workspace_in_database(folder)
    file = DoNotCallFile(_list_of(workspace))
    homes = _homes(workspace, database, file)
    identity = own_database(database).identity
    with contextlib.closing(DatabaseDoNotCall(database.url)) as shared:
        entries = _add_missing(shared, file)
        seen = Seen(SharedList.load(shared).extent)
        moved: dict[str, str] = {}
        before: dict[str, str] = {}
        for home in homes:
            into = moved if _move(home, workspace, identity, seen) else before
            into[str(home.ledger)] = database.name_of(home.results)
        pauses, held = moved_pauses(workspace.folder, database, homes)
        put_pauses(database.url, pauses)
        # Last: these files show that the import is not complete.
        named = [_renamed(path) for path in (*file.files, *held, _registry(workspace)) if os.path.lexists(path)]
        if _moved_name(file.path) in named:
            # Entries that somebody added to the file by hand meanwhile.
            entries += _add_missing(shared, DoNotCallFile(_moved_name(file.path)))
    return Imported(database.shown, moved, before, entries, len(pauses), tuple(map(str, named)))


def refuse_unimported(workspace: Workspace, batch: Batch) -> None:
    """Refuse a run in a workspace that uses a database while files say whom it called, or must not call.

    Raises:
        MustActError: there are such files.
    """
    # What was called in the built-in sandbox was called nowhere.
    found = [] if batch.selection.sandbox else list(_unimported(workspace, batch))
    if found:
        raise MustActError(say.not_imported(found))


def _unimported(workspace: Workspace, batch: Batch) -> Iterator[Path]:
    pauses = PauseFiles(campaign=batch.campaign, results=batch.results)
    inside = (path for path in pauses.above if path.parent.resolve().is_relative_to(workspace.folder.resolve()))
    files = (_list_of(workspace), _registry(workspace), *pauses.batch, *pauses.campaign, *inside)
    yield from filter(is_there, dict.fromkeys(files))
    if batch.ledger.is_file() and is_ledger(batch.ledger):
        with contextlib.closing(Ledger.read(batch.ledger)) as ledger:
            if ledger.moved_to() is None and ledger.has_attempts():
                yield batch.ledger


def _list_of(workspace: Workspace) -> Path:
    return workspace.folder.resolve() / "do_not_call.csv"


def _registry(workspace: Workspace) -> Path:
    return workspace.registry(sandbox=False).path


# -- before anything is changed ----------------------------------------------------------------------------------------


def _homes(workspace: Workspace, database: Database, file: DoNotCallFile) -> list[Home]:
    """Return all ledgers that are to be moved, once each was looked at.

    Raises:
        LockedError: a run works on one of them.
        UsageError: one of them, or the do-not-call list, cannot be moved.
    """
    SharedList.load(file)
    troubles = list(_missing(workspace))
    homes: dict[str, Home] = {}
    for path in ledgers_of(workspace, sandbox=False):
        # What only has the name of one is another program's.
        if not is_ledger(path):
            continue
        try:
            home = _looked_at(path, file)
            other = homes.setdefault(name := database.name_of(home.results), home)
            if other is not home:
                troubles.append(say.same_name(path, other.ledger, name=name))
        except LockedError:
            raise
        except DialerError as error:
            troubles.append(str(error))
    if troubles:
        raise UsageError(say.not_ready(troubles))
    return list(homes.values())


def _missing(workspace: Workspace) -> Iterator[str]:
    registry, now = workspace.registry(sandbox=False), time.time()
    for path, listed in registry.read().items():
        if listed.is_forgotten or listed.at < now - _LATELY:
            continue
        if not os.path.lexists(path):
            yield say.listed_and_missing(path, registry=registry.path)
        elif not (path.is_file() and is_ledger(path)):
            yield say.not_a_ledger(path, registry=registry.path)


def _looked_at(path: Path, file: DoNotCallFile) -> Home:
    """Return where the files of a ledger's batch are, once it is sound and up to date."""
    with locked(lock_of(path), command=_COMMAND), contextlib.closing(Ledger.reopen(path)) as ledger:
        if ledger.moved_to() is None and not file.begins_with(Seen.of(ledger).expected(file).extent):
            raise UsageError(say.lacks_entries(path, file.path))
        former = Path(ledger.note(PLACE) or path.resolve())
        results = ledger.note(RESULTS) or former.with_suffix(".csv")
        campaign = ledger.note(CAMPAIGN) or former.with_suffix(".toml")
        return Home(path, _now(Path(results), former, path), _now(Path(campaign), former, path))


def _now(noted: Path, former: Path, ledger: Path) -> Path:
    """Return where a file is now that lay in some place beside a ledger: a folder may be moved whole."""
    if former == ledger.resolve():
        return noted
    return Path(os.path.normpath(ledger.resolve().parent / os.path.relpath(noted, former.parent)))


# -- what is moved -----------------------------------------------------------------------------------------------------


def _move(home: Home, workspace: Workspace, identity: str, seen: Seen) -> bool:
    """Move a ledger; return whether the database did not have it yet."""
    from dialer.store.postgres import take_over  # noqa: PLC0415 - as above

    database, rate = workspace.database, workspace.rate_at(loopback=False)
    assert database is not None

    with (
        locked(lock_of(home.ledger), command=_COMMAND) as lock,
        contextlib.closing(Ledger.reopen(home.ledger)) as ledger,
    ):
        if ledger.moved_to() is None:
            # What a dead run left is `unknown`; where the ledger is an older copy, that is noted, and moved as well.
            ledger.begin_work(former=lock.former)
            lock.begun()
            ledger.set_note(IDENTITY, ledger.note(IDENTITY) or uuid4().hex)
            ledger.note_moved(identity=identity, shown=database.shown)
        return take_over(
            database.url,
            name=database.name_of(home.results),
            campaign=database.name_of(home.campaign),
            identity=ledger.note(IDENTITY) or "",
            rows=lambda table, columns: ledger.rows_for(identity, table, columns),
            notes={SEEN: seen.text()},
            window=0.0 if rate is None else rate.per,
        )


def _add_missing(shared: DoNotCall, file: DoNotCallFile) -> int:
    """Add what the list in the database lacks of the one in the file, in its order; return how many rows."""
    with shared.adding() as adding:
        there = set(map(_without_line, shared.read().rows()))
        rows = [row for row in _spelled(file.read().rows(), file.path) if _without_line(row) not in there]
        if rows:
            adding.add(rows)
    return len(rows)


def _spelled(rows: Iterable[Row], path: Path) -> list[Row]:
    """Return rows with their numbers as each call is compared with them."""
    found = list(rows)
    return [row._replace(number=e164(number)) for row, number in zip(found, numbers_of(found, path), strict=True)]


def _without_line(row: Row) -> Row:
    return row._replace(line=0)


def _moved_name(path: Path) -> Path:
    return path.with_name(f"{path.name}.moved")


def _renamed(path: Path) -> Path:
    """Rename a file, so that its name shows that it is no longer used."""
    to = _moved_name(path)
    if os.path.lexists(to):
        # It was moved before, and was restored from a backup.
        to.rename(to.with_name(f"{to.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}"))
    return path.rename(to)
