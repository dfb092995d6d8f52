"""A copy of a ledger, sound also while a run writes to it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from dialer.errors import LedgerError
from dialer.messages.store import copy_damaged
from dialer.store.sqlite.opening import ledger_errors, open_for_reading

if TYPE_CHECKING:
    from pathlib import Path


def copy_ledger(path: Path, to: Path) -> None:
    """Write a copy of a ledger, as it is at one moment, to a new file.

    Its mark is not copied: where the copy takes the ledger's place, the mark that is there, or is missing, tells that
    it is an older one.

    Raises:
        FileExistsError: there is a file already.
        LedgerError: the ledger cannot be read, or the copy cannot be written or is not sound.
    """
    # SQLite would create it with the umask's rights; it holds personal data.
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(open_for_reading(path, any_version=True, tidily=True)) as source, ledger_errors(path):
            _copy(source, to)
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def _copy(source: sqlite3.Connection, to: Path) -> None:
    with contextlib.closing(sqlite3.connect(to.absolute())) as copy:
        # In one step: one that is interrupted by a run's writes begins anew, for ever.
        source.backup(copy)
        # One file, that needs no other beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        finding = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise LedgerError(copy_damaged(to, why=finding.splitlines()[-1]))
    with to.open("rb") as file:
        os.fsync(file.fileno())
