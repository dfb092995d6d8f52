"""Whom other batches attempted lately: their ledgers, read while their runs go on."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from dialer.errors import LedgerError, UsageError
from dialer.ledger.opening import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

_SETTLED = 2.0
"""Seconds after which a folder that was not changed since surely looks as it did: file systems' clocks are coarse."""
_LATELY = """
    FROM recipient WHERE (state IN ('sending', 'queued', 'unknown') OR former IN ('queued', 'unknown'))
    AND updated_at >= ? AND ? = (SELECT value FROM meta WHERE name = 'server')
"""
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


class _Folder:
    """A folder of ledgers, each held open from when it is of interest."""

    def __init__(self, path: Path, *, own: Path, within: float) -> None:
        self._path = path
        self._own = own
        self._within = within
        self._changed = -1
        self._looked_at = 0.0
        self.open: dict[Path, tuple[int, sqlite3.Connection]] = {}

    def look(self) -> None:
        """Open what came, and close what went, since it was last looked at."""
        changed = self._changed_at()
        if changed == self._changed and self._looked_at - changed / 1e9 > _SETTLED:
            return
        self._changed, self._looked_at = changed, time.time()
        there = dict(filter(None, map(_inode, self._ledgers())))
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

    def _ledgers(self) -> Iterator[Path]:
        """Yield the ledgers that are in use, or were written to within the time; any other has nobody to tell of."""
        # By their names first: asked for each call while the folder is young, and a folder of results may be large.
        try:
            with os.scandir(self._path) as found:
                named = [self._path / one.name for one in found if one.name.endswith((".ledger", self._own.suffix))]
        except (FileNotFoundError, NotADirectoryError):
            return
        yield from filter(self._is_of_interest, named)

    def _is_of_interest(self, path: Path) -> bool:
        is_trial = path.stem.endswith(".sandbox")
        # A link to our own ledger is our own.
        if is_trial or path.suffix not in {".ledger", self._own.suffix} or path.resolve() == self._own:
            return False
        try:
            in_use = path.with_name(f"{path.name}-wal").exists()
            return path.is_file() and (in_use or path.stat().st_mtime >= self._looked_at - self._within)
        except FileNotFoundError:
            return False

    def _add(self, path: Path, inode: int) -> None:
        with _told(path):
            try:
                self.open[path] = inode, open_for_reading(path, any_version=True)
            except UsageError:
                self._expect_more(path)

    def _expect_more(self, path: Path) -> None:
        """Look at a ledger again that is just being made: nobody is in it yet, but may be in a moment."""
        self._changed = -1
        if self._looked_at - path.stat().st_mtime > _SETTLED:
            raise LedgerError("it is empty")


def _inode(path: Path) -> tuple[Path, int] | None:
    """Return a ledger with its inode; None where it has gone by now."""
    try:
        return path, path.stat().st_ino
    except FileNotFoundError:
        return None


class Neighbours:
    """The other ledgers of some folders, of calls placed at the same server.

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

    def called(self, number: int, *, now: float) -> Elsewhere | None:
        """Return the last call to a number by another batch within the time, or None.

        Args:
            number: E.164 digits.
            now: Unix seconds.

        Raises:
            LedgerError: another ledger cannot be read, so that nobody knows.
        """
        query = f"SELECT updated_at, {_BATCH} {_LATELY} AND number = ?"
        found = (Elsewhere(at, batch) for at, batch in self._asked(query, now, number))
        return max(found, key=lambda one: one.at, default=None)

    def recent(self, *, now: float) -> dict[int, Elsewhere]:
        """Return whom other batches called within the time, by number; Bolna's rate bounds how many that are.

        Raises:
            LedgerError: another ledger cannot be read.
        """
        query = f"SELECT number, updated_at, {_BATCH} {_LATELY}"
        found: dict[int, Elsewhere] = {}
        for number, at, batch in self._asked(query, now):
            if number not in found or found[number].at < at:
                found[number] = Elsewhere(at, batch)
        return found

    def _asked(self, query: str, now: float, *values: int) -> Iterator[tuple[Any, ...]]:
        for folder in self._folders:
            folder.look()
            for path, (_, connection) in folder.open.items():
                with _told(path):
                    rows = connection.execute(query, (now - self._within, self._server, *values)).fetchall()
                yield from rows


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, LedgerError) as error:
        raise LedgerError(
            f"{path}: whom that batch called cannot be read, so somebody might be called twice in a day.\n"
            f"Bring that ledger back, or rebuild it from its results (dialer run ITS CAMPAIGN --adopt). If that batch "
            f'called nobody lately, move it away; or set called_elsewhere = "call" in [screening] to go on without.\n'
            f"({error})"
        ) from error
