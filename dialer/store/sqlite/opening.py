"""How a ledger is opened, and what is said when it cannot be."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from dialer.errors import LedgerError, UsageError
from dialer.files import unwritable
from dialer.messages import store as say
from dialer.store.sqlite import schema
from dialer.store.sqlite.place import network_file_system

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a LedgerError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(_said(path, error)) from error
    except OSError as error:
        raise LedgerError(say.not_writable(path, why=error.strerror)) from error


def _said(path: Path, error: sqlite3.Error) -> str:
    # An extended name begins with the plain one: https://www.sqlite.org/rescode.html
    match (getattr(error, "sqlite_errorname", None) or "").split("_")[:2]:
        case ["SQLITE", "FULL"]:
            return say.disk_full(path)
        case ["SQLITE", "READONLY" | "CANTOPEN"]:
            return say.read_only(path)
        case ["SQLITE", "CORRUPT"]:
            return say.damaged(path, why=str(error))
        case ["SQLITE", "NOTADB"]:
            return say.not_a_ledger(path, why=str(error))
        case ["SQLITE", "BUSY"]:
            return say.kept_locked(path)
        case _:
            return say.not_usable(path, why=str(error))


def _refuse_an_orphan(path: Path) -> None:
    # SQLite would delete a -wal beside a new ledger, and with it what a killed run recorded.
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size and not (path.exists() and path.stat().st_size):
        raise LedgerError(say.log_without_ledger(path, log=wal.name))


def _refuse_other_than_file(path: Path) -> None:
    # SQLite would wait for somebody to write to a pipe.
    words = unwritable(path)
    if words:
        raise LedgerError(f"{path} {words}.")


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return a connection to a sound ledger of this version, made new if there is none.

    Raises:
        LedgerError: it cannot be written, is damaged, lies on a network share, or was written by a newer version.
    """
    share = network_file_system(path)
    if share is not None:
        raise LedgerError(say.on_a_share(path, kind=share))
    _refuse_other_than_file(path)
    _refuse_an_orphan(path)
    with ledger_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            # SQLite would create it with the umask's rights; it holds personal data.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        # Absolute: a bare ":memory:" would be no file.
        connection = sqlite3.connect(path.absolute(), isolation_level=None, check_same_thread=False, timeout=10.0)
        try:
            _prepare(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


CACHE = 8_192
"""KiB of the file that are held in memory; what SQLite sorts takes as much again."""


def open_for_reading(
    path: Path, *, any_version: bool = False, alone: bool = False, tidily: bool = False
) -> sqlite3.Connection:
    """Return a read-only connection that neither blocks a run nor is blocked by it.

    Args:
        path: the SQLite file.
        any_version: accept a ledger of an older version of dialer.
        alone: no process writes to it meanwhile, and its log is empty: no file is left beside it.
        tidily: no new file is left beside it, even if another process writes to it meanwhile.

    Raises:
        UsageError: there is no ledger yet.
        LedgerError: it cannot be read, or is missing beside its `-wal`.
    """
    _refuse_other_than_file(path)
    _refuse_an_orphan(path)
    if not path.exists():
        raise UsageError(say.none_yet(path, has_trial=_trial_of(path).exists()))
    with ledger_errors(path):
        how = "immutable=1" if alone else _tidy_way(path) if tidily else "mode=ro"
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, isolation_level=None, timeout=10.0)
        try:
            connection.execute("PRAGMA query_only = ON")
            check_current(path, connection, any_version=any_version)
        except BaseException:
            connection.close()
            raise
        return connection


def _tidy_way(path: Path) -> str:
    """Return how a reader opens a ledger so that nothing is left beside it.

    See https://www.sqlite.org/wal.html#read_only_databases.
    For a database with a log, each reader creates `-wal` and `-shm` if they are missing. Only a connection that may
    write removes them when it closes last; it would also checkpoint a log that a killed run left.
    """
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        # Both files exist. The run that goes on removes them, or the next one.
        return "mode=ro"
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "mode=rw"
    # No process has it open, and without write access to the folder a WAL database cannot be opened normally.
    return "immutable=1"


def tidy_up(path: Path) -> None:
    """Remove the empty log that a reader leaves if it closes later than the run that wrote the log."""
    wal = path.with_name(f"{path.name}-wal")
    with contextlib.suppress(OSError, sqlite3.Error):
        if wal.stat().st_size or _tidy_way(path) != "mode=rw":
            return
        uri = f"{path.resolve().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as last:
            # The last reader that closes removes it.
            last.execute("PRAGMA schema_version").fetchone()


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    _check(path, connection)
    if schema.version_of(connection) == 0:
        # In the file itself, not in its log: other runs know a ledger by it.
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerError(say.no_shared_memory(path))
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE}")
    # On macOS fsync alone does not reach the disk.
    connection.execute("PRAGMA fullfsync = ON")
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise LedgerError(say.damaged(path, why=finding.splitlines()[-1]))
    schema.migrate(connection)


def _check(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse what is not ours, before anything in it is changed."""
    # As of one moment: another run may make its tables right now, and sign them with the application id.
    connection.execute("BEGIN")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute(schema.COUNT_TABLES).fetchone()[0]
    version = schema.version_of(connection)
    connection.execute("COMMIT")
    if application != schema.APPLICATION_ID and tables:
        raise LedgerError(say.of_another_program(path))
    if version > len(schema.MIGRATIONS):
        raise LedgerError(say.newer_version(path, version=version, known=len(schema.MIGRATIONS)))


def check_current(path: Path, connection: sqlite3.Connection, *, any_version: bool = False) -> None:
    """Refuse a file that is not a ledger of this version, or of an older one if that is accepted.

    Raises:
        UsageError: there is no ledger yet.
        LedgerError: another program or another version wrote it.
    """
    _check(path, connection)
    version = schema.version_of(connection)
    if version == 0:
        raise UsageError(say.none_yet(path))
    if version < len(schema.MIGRATIONS) and not any_version:
        raise LedgerError(say.older_version(path))


def _trial_of(path: Path) -> Path:
    """Return where the ledger of a trial of the same batch lies."""
    return path.with_name(f"{path.stem}.sandbox{path.suffix}")
