"""The ledger's tables, their versions, and to whom a ledger belongs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.errors import BoundError, LedgerError, UsageError
from dialer.ledger.place import network_file_system

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x6469616C  # "dial", so that another program's SQLite file is recognised

MIGRATIONS = (
    # 1: the first one.
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE layout (id INTEGER PRIMARY KEY, header TEXT NOT NULL UNIQUE);
    CREATE TABLE input_row (
        position INTEGER PRIMARY KEY,
        line INTEGER NOT NULL,
        key TEXT,
        owner INTEGER NOT NULL,      -- 1: this row stands for the recipient with this key
        status TEXT NOT NULL,        -- pending (callable), invalid, duplicate, suppressed
        code TEXT NOT NULL,
        reason TEXT NOT NULL,
        number INTEGER,
        cells TEXT                   -- JSON array; NULL where the recipient holds them
    );
    CREATE TABLE recipient (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,         -- pending, sending, queued, error, unknown, withdrawn
        payload TEXT NOT NULL,
        cells TEXT NOT NULL,         -- JSON array, as they are or were sent
        layout INTEGER NOT NULL,     -- the header they belong to
        execution_id TEXT NOT NULL DEFAULT '',
        http_status INTEGER,
        reason TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        updated_at REAL              -- Unix seconds
    );
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        recipient INTEGER NOT NULL,
        reference TEXT NOT NULL,
        at REAL NOT NULL,            -- when the intent was written, Unix seconds
        outcome TEXT,                -- NULL: nothing is known yet
        http_status INTEGER,
        words TEXT NOT NULL DEFAULT '',
        execution_id TEXT NOT NULL DEFAULT '',
        answered_at REAL,
        skew REAL                    -- seconds the server's clock is ahead
    );
    CREATE INDEX attempt_open ON attempt (recipient) WHERE outcome IS NULL OR outcome = 'unknown';
    CREATE TABLE decision (          -- a person asked for people to be called again
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        what TEXT NOT NULL,
        recipient INTEGER NOT NULL,
        attempt INTEGER              -- the last one before it
    );
    """,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a ledger belongs to; none of it may change while the ledger lives.

    Attributes:
        agent: the agent's id.
        server: the base URL; `loopback` for every address of this machine.
        key_definition: what makes a recipient the same one.
    """

    agent: str
    server: str
    key_definition: str


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a LedgerError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(_words(path, error)) from error
    except OSError as error:
        raise LedgerError(
            f"{path}: the ledger cannot be written ({error.strerror}). Nothing was sent without being recorded."
        ) from error


def _words(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL"):
        return (
            f"{path}: the disk is full. What was recorded is intact: free some room, then run the same command again."
        )
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return (
            f"{path}: the ledger cannot be written there (read-only folder or no permission). Mend that, or set "
            f"`ledger` to another place."
        )
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return (
            f"{path}: the ledger is damaged ({error}). Do not delete the results CSV: move the ledger away and run "
            f"again with --adopt, "
            "which rebuilds it from the results."
        )
    if code.startswith("SQLITE_BUSY"):
        return (
            f"{path}: another program keeps the ledger locked. Close it (a database browser?), then run the same "
            f"command again."
        )
    return (
        f"{path}: the ledger cannot be read or written ({error}). What was recorded is intact; run the same "
        f"command again."
    )


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return a connection to a sound ledger of this version, made new if there is none.

    Raises:
        LedgerError: it cannot be written, is damaged, lies on a network share, or was written by a newer version.
    """
    share = network_file_system(path)
    if share is not None:
        raise LedgerError(
            f"{path}: this folder is on a network share ({share}), where SQLite's locks cannot be trusted.\n"
            'Set `ledger = "/var/lib/dialer/NAME.ledger"` (a local disk) in the campaign file; the results may stay '
            "where they are."
        )
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            # SQLite would create it with the umask's rights; it holds personal data.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
        try:
            _prepare(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a read-only connection that neither blocks a run nor is blocked by it.

    Raises:
        UsageError: there is no ledger yet.
        LedgerError: it cannot be read.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no ledger yet: nobody was called in this batch. `dialer run` begins it.")
    with told(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10.0)
        try:
            _check_version(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # On macOS fsync alone does not reach the disk.
    connection.execute("PRAGMA fullfsync = ON")
    _check_version(path, connection)
    findings = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if findings != ["ok"]:
        raise sqlite3.DatabaseError(findings[0])
    _migrate(connection)


def _check_version(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and tables:
        raise LedgerError(f"{path}: this is another program's SQLite file, no ledger. Set `ledger` to another place.")
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{path}: written by a newer version of dialer (ledger version {version}, this one knows "
            f"{len(MIGRATIONS)}). "
            "Install that version again: pip install --upgrade dialer."
        )


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {statements} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; "
            f"COMMIT;"
        )


def bind(path: Path, connection: sqlite3.Connection, binding: Binding) -> None:
    """Note to whom a new ledger belongs, or check it.

    Raises:
        BoundError: it belongs to something else; the message says what to do.
    """
    noted = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('agent', 'server', 'key_definition')"))
    wanted = {"agent": binding.agent, "server": binding.server, "key_definition": binding.key_definition}
    if not noted:
        connection.executemany("INSERT INTO meta VALUES (?, ?)", wanted.items())
        return
    words = {
        "agent": "calls by agent {}, this campaign names agent {}",
        "server": "calls placed at {}, this run goes to {}",
        "key_definition": "recipients told apart by {}, this campaign by {}",
    }
    for name, value in wanted.items():
        if noted.get(name) != value:
            raise BoundError(
                f"{path} holds {words[name].format(noted.get(name), value)}. Nobody can be told to be called already "
                f"across that.\n"
                "Put it back as it was to go on with this batch, or make it another batch: another `results` name, or "
                "--batch NAME."
            )
