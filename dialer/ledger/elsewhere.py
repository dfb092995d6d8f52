"""Whom other batches attempted lately: their ledgers, read while their runs go on."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dialer.errors import LedgerError, UsageError
from dialer.ledger.lock import left_in, lock_of
from dialer.ledger.mark import mark_of, read_mark
from dialer.ledger.opening import open_for_reading
from dialer.ledger.schema import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

_SETTLED = 2.0
"""Seconds after which a folder that was not changed since surely looks as it did: file systems' clocks are coarse."""
_MAGIC, _APPLICATION = b"SQLite format 3\0", slice(68, 72)
"""How a SQLite file begins, and where it says whose it is: https://www.sqlite.org/fileformat.html#the_database_header"""
# Of attempts, in each version's tables: where somebody stands may not tell that an earlier call of theirs was accepted.
_LATELY = """
    FROM recipient r JOIN attempt a ON a.recipient = r.id
    WHERE r.updated_at IS NOT NULL AND (a.outcome IS NULL OR a.outcome IN ('queued', 'unknown'))
    AND coalesce(a.answered_at, a.at) >= :since AND :server = (SELECT value FROM meta WHERE name = 'server')
"""
_AT = "max(coalesce(a.answered_at, a.at))"
_BATCH = "(SELECT value FROM meta WHERE name = 'batch')"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A call that another batch placed, or may have placed.

    Attributes:
        at: Unix seconds.
        batch: whose it was.
    """

    at: float
    batch: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it was last looked into: what is not a ledger is looked into again once it changes.

    Attributes:
        inode, size, changed: of the file.
        has_lock: there was a lock beside it.
    """

    inode: int
    size: int
    changed: int
    has_lock: bool


class _Folder:
    """A folder of ledgers, each held open from when it is of interest."""

    def __init__(self, path: Path, *, own: Path, within: float) -> None:
        self._path = path
        self._own = own
        self._within = within
        self._changed = -1
        self._looked_at = 0.0
        self._foreign: dict[str, _Seen] = {}
        self.open: dict[Path, tuple[int, sqlite3.Connection]] = {}

    def look(self) -> None:
        """Open what came, and close what went, since it was last looked at."""
        changed = self._changed_at()
        if changed == self._changed and self._looked_at - changed / 1e9 > _SETTLED:
            return
        self._changed, self._looked_at = changed, time.time()
        there = dict(self._ledgers())
        for path, (inode, connection) in list(self.open.items()):
            if there.get(path) != inode:
                connection.close()
                del self.open[path]
        for path in there.keys() - self.open.keys():
            self._add(path, there[path])

    def _changed_at(self) -> int:
        # Asked for each call, so no more than one question to the system.
        try:
            return self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _ledgers(self) -> Iterator[tuple[Path, int]]:
        """Yield the ledgers that are in use, or were written to within the time, with their inodes.

        Any other has nobody to tell of.
        """
        try:
            with os.scandir(self._path) as found:
                names = {one.name for one in found}
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            # What SQLite and a run keep beside a ledger.
            if name.endswith(("-wal", "-shm", "-journal", ".lock", ".mark")) or _is_trial(name):
                continue
            inode = self._of_interest(name, names)
            if inode is not None:
                yield self._path / name, inode

    def _of_interest(self, name: str, names: set[str]) -> int | None:
        """Return the inode of a ledger that may have somebody to tell of; None for any other file."""
        path = self._path / name
        try:
            found = path.stat()
        except OSError:
            return None
        # Opening a FIFO would wait for whoever writes to it.
        in_use = f"{name}-wal" in names or found.st_mtime >= self._looked_at - self._within
        if not (in_use and stat.S_ISREG(found.st_mode)):
            return None
        seen = _Seen(found.st_ino, found.st_size, found.st_mtime_ns, has_lock=lock_of(path).name in names)
        # A link to our own ledger is our own.
        if self._foreign.get(name) == seen or path.resolve() == self._own:
            return None
        if is_ledger(path):
            return found.st_ino
        self._foreign[name] = seen
        return None

    def _add(self, path: Path, inode: int) -> None:
        with _told(path):
            try:
                self.open[path] = inode, open_for_reading(path, any_version=True)
            except UsageError:
                self._expect_more(path)

    def _expect_more(self, path: Path) -> None:
        """Look at a ledger again that is just being made: nobody is in it yet, but may be in a moment."""
        self._changed = -1
        # A run that was killed while it made its ledger has called nobody. One that is gone by now is not asked.
        with contextlib.suppress(FileNotFoundError):
            if read_mark(mark_of(path)) is not None and self._looked_at - path.stat().st_mtime > _SETTLED:
                raise LedgerError("it is empty")


def _is_trial(name: str) -> bool:
    return ".sandbox" in {Path(name).suffix, Path(Path(name).stem).suffix}


def is_ledger(path: Path) -> bool:
    """Tell whether a regular file is a ledger: by what it says of itself; damaged or being made, by its lock."""
    try:
        with path.open("rb") as file:
            head = file.read(_APPLICATION.stop)
    except FileNotFoundError:
        # Another run replaces its results by renaming a file that was listed a moment ago.
        return False
    except OSError:
        head = b""
    is_sound = head.startswith(_MAGIC) and int.from_bytes(head[_APPLICATION], "big") == APPLICATION_ID
    return is_sound or left_in(lock_of(path)) is not None


class Neighbours:
    """The other ledgers of some folders, of calls placed at the same server.

    They are known by what they say of themselves, whatever they are called; other files are left alone.

    Asking each time, and right before a request leaves, is what keeps two runs at once apart: an intent is durable
    before this is asked, so of two that are about to call one number the later one sees the other; where both do,
    neither calls now.

    Args:
        folders: where ledgers lie.
        own: the ledger that is not asked.
        server: as in `Binding`.
        within: seconds that a call counts.
    """

    def __init__(self, folders: Sequence[Path], *, own: Path, server: str, within: float) -> None:
        places = dict.fromkeys(path.resolve() for path in folders)
        self._folders = [_Folder(path, own=own.resolve(), within=within) for path in places]
        self._server = server
        self._within = within

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        for folder in self._folders:
            for _, connection in folder.open.values():
                connection.close()

    def called(self, numbers: Sequence[int], *, now: float) -> Elsewhere | None:
        """Return the last call to any of some numbers by another batch within the time, or None.

        Args:
            numbers: E.164 digits; more than one where one line has several spellings.
            now: Unix seconds.

        Raises:
            LedgerError: another ledger cannot be read, so that nobody knows.
        """
        query = f"SELECT {_AT}, {_BATCH} {_LATELY} AND r.number IN (SELECT value FROM json_each(:numbers))"  # noqa: S608 - constants only
        rows = self._asked(query, now, numbers=json.dumps(list(numbers)))
        found = (Elsewhere(at, batch) for at, batch in rows if at is not None)
        return max(found, key=lambda one: one.at, default=None)

    def recent(self, *, now: float) -> dict[int, Elsewhere]:
        """Return whom other batches called within the time, by number; Bolna's rate bounds how many that are.

        Raises:
            LedgerError: another ledger cannot be read.
        """
        query = f"SELECT r.number, {_AT}, {_BATCH} {_LATELY} GROUP BY r.number"
        found: dict[int, Elsewhere] = {}
        for number, at, batch in self._asked(query, now):
            if number not in found or found[number].at < at:
                found[number] = Elsewhere(at, batch)
        return found

    def _asked(self, query: str, now: float, **values: str) -> Iterator[tuple[Any, ...]]:
        for folder in self._folders:
            folder.look()
            for path, (_, connection) in folder.open.items():
                with _told(path):
                    given = {"since": now - self._within, "server": self._server, **values}
                    rows = connection.execute(query, given).fetchall()
                yield from rows


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, LedgerError) as error:
        raise LedgerError(
            f"{path}: this ledger of another batch cannot be read ({error.__cause__ or error}).\n"
            f"So it is not known whom that batch called today, and this one might call them again. Bring the ledger "
            f"back from a backup, or rebuild it from its results (run its campaign with --adopt). If that batch "
            f'called nobody lately, move the file away, or set called_elsewhere = "call" in [screening] to ignore '
            f"other batches."
        ) from error
