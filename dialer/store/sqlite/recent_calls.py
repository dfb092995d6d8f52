"""Whom other batches attempted lately: their ledgers, found by the list of the workspace and in the folders."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dialer.errors import LedgerError
from dialer.messages.store import MISSING, neighbour_unreadable
from dialer.store.sqlite.lock import left_in, lock_of
from dialer.store.sqlite.neighbour import Neighbour
from dialer.store.sqlite.schema import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from dialer.store.shared import Elsewhere, LiveCalls
    from dialer.store.sqlite.registry import Listed, Registry

_SETTLED = 2.0
"""Seconds after which a folder that was not changed since surely looks as it did: file systems' clocks are coarse."""
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".mark")
"""What SQLite and a run keep beside a ledger."""


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
    """The ledgers that lie in a folder, not deeper."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = -1
        self._looked_at = 0.0
        self._foreign: dict[str, _Seen] = {}
        self.ledgers: dict[Path, int] = {}

    def has_changed(self) -> bool:
        """Look at it again where something came or went since; tell whether it did."""
        # Asked for each call, so no more than one question to the system.
        try:
            changed = os.stat(self._path).st_mtime_ns  # noqa: PTH116 - as said above
        except FileNotFoundError:
            changed = 0
        if changed == self._changed and self._looked_at - changed / 1e9 > _SETTLED:
            return False
        self._changed, self._looked_at = changed, time.time()
        before, self.ledgers = self.ledgers, dict(self._ledgers())
        return before != self.ledgers

    def _ledgers(self) -> Iterator[tuple[Path, int]]:
        """Yield the ledgers, their links followed, with their inodes."""
        try:
            with os.scandir(self._path) as found:
                names = {one.name for one in found}
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            if not name.endswith(_BESIDE):
                path = self._path / name
                inode = self._inode(path, has_lock=lock_of(path).name in names)
                if inode is not None:
                    yield path.resolve(), inode

    def _inode(self, path: Path, *, has_lock: bool) -> int | None:
        """Return the inode of a ledger; None for any other file."""
        try:
            found = path.stat()
        except OSError:
            return None
        seen = _Seen(found.st_ino, found.st_size, found.st_mtime_ns, has_lock)
        if self._foreign.get(path.name) == seen:
            return None
        if is_ledger(path):
            return found.st_ino
        self._foreign[path.name] = seen
        return None


def is_ledger(path: Path) -> bool:
    """Tell whether there is a ledger: by what it says of itself; damaged or being made, by its lock."""
    return _says_so(path) or left_in(lock_of(path)) is not None


def _says_so(path: Path) -> bool:
    # By SQLite alone: closing the file otherwise would take from it the locks that this process may have on it.
    with contextlib.suppress(sqlite3.Error, OSError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size:
            uri = f"{path.resolve().as_uri()}?immutable=1"
            with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
                return bool(db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)
    return False


class Neighbours:
    """The other ledgers of a workspace, for calls placed at the same server.

    They are recognised by their content, not by their names; other files are left alone.

    The check before each request keeps two simultaneous runs apart: an intent is durable before the check, so if two
    runs are about to call one number, the later one sees the other's intent; if both see each other, neither calls
    now. This does not depend on any clock.

    Args:
        folders: folders with ledgers, besides the listed ones.
        registry: the list of the workspace's ledgers.
        own: this batch's own ledger, which is skipped.
        server: as in `Binding`.
        within: seconds for which a call counts.
    """

    has_own_batch = False

    def __init__(self, folders: Sequence[Path], *, registry: Registry, own: Path, server: str, within: float) -> None:
        self._folders = [_Folder(path) for path in dict.fromkeys(path.resolve() for path in folders)]
        self._registry = registry
        self._stamp: tuple[int, int, int] | None = None
        self._listed: dict[Path, Listed] = {}
        self._own = own.resolve()
        self._server = server
        self._within = within
        self._others: dict[Path, Neighbour] = {}
        self._find_lost: Callable[[], object] | None = None
        self._seen_at = -math.inf

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        for other in self._others.values():
            other.close()

    def called(self, numbers: Sequence[int], *, now: float, seen_within: float = 0.0) -> Elsewhere | None:
        """Return the last call to any of some numbers by another batch within the time, or None.

        A call that is about to be placed comes first.

        Args:
            numbers: E.164 digits; more than one where one line has several spellings.
            now: Unix seconds.
            seen_within: seconds; a file that was read within this time is not read again.

        Raises:
            LedgerError: another ledger cannot be read, so the answer is unknown.
        """
        last: Elsewhere | None = None
        for other in self._current(now, seen_within):
            try:
                found = other.called(numbers, now=now, seen_within=seen_within)
            except (FileNotFoundError, LedgerError) as error:
                self._tolerate(other.path, error, now)
                continue
            if found is not None and (last is None or (found.is_open, found.at) > (last.is_open, last.at)):
                last = found
        return last

    def recent(self, *, now: float) -> Iterator[list[tuple[int, float]]]:
        """Yield whom each of the other batches called within the time, and when.

        Raises:
            LedgerError: another ledger cannot be read.
        """
        for other in self._current(now):
            with self._tolerated(other.path, now):
                yield list(other.recent(now=now))

    def calls_since(self, since: float, *, agent: str) -> dict[int, float]:
        """Return a hash of each id that calls got since then, an agent's at least, and when (Unix seconds).

        Raises:
            LedgerError: another ledger cannot be read.
        """
        found: dict[int, float] = {}
        now = time.time()
        for other in self._current(now):
            with self._tolerated(other.path, now):
                found |= other.calls_since(since, agent=agent)
        return found

    def live(self) -> list[LiveCalls]:
        """Return which calls of each of the other batches may be live.

        Raises:
            LedgerError: another ledger cannot be read.
        """
        found: list[LiveCalls] = []
        now = time.time()
        for other in self._current(now):
            with self._tolerated(other.path, now):
                found.append(other.live(now=now))
        return found

    def known(self, numbers: Sequence[int], *, now: float) -> Iterator[tuple[str, set[int]]]:
        """Yield each other batch that ever called some of these numbers, with those.

        Raises:
            LedgerError: another ledger cannot be read.
        """
        for other in self._current(now):
            with self._tolerated(other.path, now):
                found = other.known(numbers)
                if found:
                    yield other.batch, found

    def expect(self, listed: Mapping[Path, Listed]) -> None:
        """Keep these ledgers as listed to the end, even if the list changes."""
        self._listed |= listed

    def when_lost(self, find: Callable[[], object]) -> None:
        """Have the list's ledgers found, and expected, whenever it names fewer than were listed.

        A line that came and was lost between two looks would not be known.
        """
        self._find_lost = find

    # -- which they are ------------------------------------------------------------------------------------------

    def _current(self, now: float, seen_within: float = 0.0) -> list[Neighbour]:
        if 0 <= now - self._seen_at < seen_within:
            return list(self._others.values())
        self._seen_at = -math.inf
        changed = [folder.has_changed() for folder in self._folders]
        stamp = self._registry.stamp()
        if stamp != self._stamp:
            # What was listed once counts to the end of this run, also where the list is lost meanwhile.
            noted, listed = self._registry.noted(), self._registry.read()
            self._listed |= listed
            if self._find_lost is not None and (noted is None or len(listed) < noted):
                self._find_lost()
            self._stamp, changed = stamp, [True]
        if any(changed):
            self._find()
        for path in self._listed.keys() - self._others.keys() - {self._own}:
            self._look_for(self._listed[path], now)
        self._seen_at = now
        return list(self._others.values())

    def _find(self) -> None:
        """Take up what came, and close what went."""
        there = {path: inode for folder in self._folders for path, inode in folder.ledgers.items()}
        there.pop(self._own, None)
        for path in [path for path in self._others if path not in there and path not in self._listed]:
            self._others.pop(path).close()
        for path in there.keys() - self._others.keys():
            self._add(path)

    def _add(self, path: Path) -> None:
        self._others[path] = Neighbour(path, server=self._server, within=self._within)

    def _look_for(self, listed: Listed, now: float) -> None:
        if listed.path.exists():
            self._add(listed.path)
        elif not listed.is_forgotten and listed.at >= now - self._within and not self._is_moved(listed):
            raise LedgerError(neighbour_unreadable(listed.path, why=MISSING))

    def _is_moved(self, listed: Listed) -> bool:
        """Tell whether a ledger that is not in its place is listed in another one."""
        return any(
            one.identity == listed.identity and one.path != listed.path and one.path.exists()
            for one in self._listed.values()
            if one.identity
        )

    @contextlib.contextmanager
    def _tolerated(self, path: Path, now: float) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, LedgerError) as error:
            self._tolerate(path, error, now)

    def _tolerate(self, path: Path, error: FileNotFoundError | LedgerError, now: float) -> None:
        """Skip a ledger that is gone or unreadable, if it cannot hold calls that count, or a person allowed it."""
        listed = self._listed.get(path)
        if isinstance(error, FileNotFoundError):
            self._others.pop(path).close()
            if listed is not None:
                self._look_for(listed, now)
        elif listed is None or not listed.is_forgotten:
            raise error
