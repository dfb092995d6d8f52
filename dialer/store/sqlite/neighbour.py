"""One other batch's ledger: whom it called, or may have called, read also while its run goes on."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dialer.errors import DialerError, LedgerError, UsageError
from dialer.messages import store as say
from dialer.store.ledger.queries import reading
from dialer.store.shared import Elsewhere, LiveCalls
from dialer.store.sqlite.call_index import CallIndex
from dialer.store.sqlite.live_calls import LiveRows
from dialer.store.sqlite.lock import holder, lock_of
from dialer.store.sqlite.mark import Mark, mark_of, read_mark
from dialer.store.sqlite.older import let_read_bodies
from dialer.store.sqlite.opening import open_for_reading
from dialer.store.sqlite.queries import neighbours
from dialer.store.sqlite.schema import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SETTLED = 2.0
"""Seconds after which an empty file is surely not just being made."""
_LONGEST = 31 * 86_400.0
"""Seconds after which an accepted call has surely rung, its retries included: none is placed over 30 days ahead."""


class _Stamp(NamedTuple):
    """A ledger as it was when it was last looked at: which file, how large, how old, and whether its log is in use."""

    inode: int
    size: int
    changed: int
    log: bool


class Neighbour:
    """Another batch's ledger.

    While no process writes to it, it is read once and the file is closed: there may be hundreds of them.

    Args:
        path: the file, its links followed.
        server: the provider's server; calls placed at another one do not count.
        within: seconds for which a call counts.
    """

    def __init__(self, path: Path, *, server: str, within: float) -> None:
        self.path = path
        self.batch = ""
        self._server = server
        self._within = within
        self._file, self._wal = str(path), f"{path}-wal"
        self._later = True
        self._connection: sqlite3.Connection | None = None
        self._version = 0
        self._counts = False
        self._behind_until = self._missing_until = -math.inf
        self._read: CallIndex | None = None
        self._live = LiveRows(path)
        self._seen: _Stamp | None = None
        self._seen_at = -math.inf

    def close(self) -> None:
        """Close it; it is opened again where it is asked."""
        self._read = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def called(self, numbers: Sequence[int], *, now: float, seen_within: float = 0.0) -> Elsewhere | None:
        """Return the last call to any of some numbers, an open one first; None where there is none.

        Args:
            numbers: E.164 digits.
            now: Unix seconds.
            seen_within: seconds; a file that was read to its end is not looked at where it was so shortly before.

        Raises:
            FileNotFoundError: the ledger is gone.
            LedgerError: it cannot be read, or does not know all calls.
        """
        # This runs for each ledger and each call.
        try:
            if not self._is_ready(now, seen_within):
                return None
            self._refuse_incomplete(now)
            if self._read is not None:
                found = self._read.of(numbers, since=now - self._within)
            else:
                found = self._rows(now, extra=neighbours.AMONG, numbers=json.dumps(list(numbers)))
            return self._last(found) if found else None
        except (FileNotFoundError, _IncompleteError):
            raise
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def recent(self, *, now: float) -> Iterator[tuple[int, float]]:
        """Yield number and moment of all calls within the time, but for those that are only about to be placed.

        Raises:
            FileNotFoundError: the ledger is gone.
            LedgerError: it cannot be read.
        """
        with self._in_words():
            if not self._is_ready(now):
                return
            rows = self._rows(now) if self._read is None else self._read.rows()
            yield from ((number, at) for number, at, is_open in rows if not (is_open and self._is_held()))

    def known(self, numbers: Sequence[int]) -> set[int]:
        """Return which of some numbers were ever called, or may have been.

        Raises:
            FileNotFoundError: the ledger is gone.
            LedgerError: it cannot be read.
        """
        with self._in_words():
            if not self._is_ready(time.time()) or not self._counts:
                return set()
            with self._opened(alone=True) as db:
                return {number for (number,) in db.execute(neighbours.KNOWN, {"numbers": json.dumps(list(numbers))})}

    def calls_since(self, since: float, *, agent: str) -> dict[int, float]:
        """Return a hash of each id that a call got since then, and when; of a ledger that has calls of an agent.

        Raises:
            FileNotFoundError: the ledger is gone.
            LedgerError: it cannot be read.
        """
        with self._in_words():
            if not self._is_ready(time.time()) or not self._counts:
                return {}
            with self._opened(alone=True) as db:
                rows = db.execute(reading.CALLS_OF_AGENT_SINCE, {"since": since, "agent": agent})
                return {hash(one): at for one, at in rows}

    def live(self, *, now: float) -> LiveCalls:
        """Return which calls may be live.

        Raises:
            FileNotFoundError: the ledger is gone.
            LedgerError: it cannot be read, or does not know all calls.
        """
        with self._in_words():
            if not self._is_ready(now):
                return LiveCalls(str(self.path))
            self._refuse_incomplete(now)
            if self._connection is not None:
                self._live.read(self._connection, self._version, now=now)
            return self._live.found(now=now, is_held=self._is_held)

    def _last(self, rows: Sequence[tuple[int, float, int]]) -> Elsewhere:
        at = max(at for _, at, _ in rows)
        # It is unknown which calls a run that died has placed.
        is_open = any(is_open for *_, is_open in rows) and self._is_held()
        return Elsewhere(at, self.batch, is_open)

    def _is_held(self) -> bool:
        return bool(holder(lock_of(self.path)))

    # -- the file ------------------------------------------------------------------------------------------------

    def _is_ready(self, now: float, seen_within: float = 0.0) -> bool:
        """Read it, or open it if a run may be writing to it; return False if it has no calls that count."""
        if self._read is not None and 0 <= now - self._seen_at < seen_within:
            return self._counts
        stamp = self._stamp()
        if stamp != self._seen or (self._connection is not None and not stamp.log):
            self.close()
        if self._read is None and self._connection is None:
            try:
                self._load(stamp, now)
            except UsageError:
                self._expect_more()
                return False
        self._seen_at = now
        return self._counts

    def _stamp(self) -> _Stamp:
        """Return a stamp that tells whether it has changed: every change goes to its log first."""
        found = os.stat(self._file)  # noqa: PTH116 - runs for each call
        # Opening a FIFO would wait for a writer.
        if not stat.S_ISREG(found.st_mode):
            raise LedgerError(say.NOT_A_FILE)
        if os.access(self._wal, os.F_OK) and os.stat(self._wal).st_size:  # noqa: PTH116 - as above
            # While it is open only its place counts: SQLite tells what is in it.
            return _Stamp(found.st_ino, 0, 0, log=True)
        return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns, log=False)

    def _load(self, stamp: _Stamp, now: float) -> None:
        """Read all of it if no process writes to it, else keep it open."""
        if not stamp.log and self._load_alone(stamp, now):
            self._seen = stamp
            return
        self._connection = open_for_reading(self.path, any_version=True)
        self._learn(self._connection)
        self._seen = self._stamp()

    def _load_alone(self, stamp: _Stamp, now: float) -> bool:
        """Read all of it; return False if a process began to write meanwhile."""
        try:
            with self._opened(alone=True) as db:
                self._learn(db)
                found = self._all(db, now) if self._counts else []
                self._live.read(db, self._version, now=now)
        except (sqlite3.Error, DialerError):
            if self._stamp() == stamp:
                raise
            return False
        if self._stamp() != stamp:
            return False
        self._read = CallIndex(sorted(found))
        return True

    @contextlib.contextmanager
    def _opened(self, *, alone: bool) -> Iterator[sqlite3.Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with contextlib.closing(open_for_reading(self.path, any_version=True, alone=alone)) as db:
            yield db

    def _learn(self, db: sqlite3.Connection) -> None:
        notes = dict(db.execute(neighbours.BELONGS_TO))
        self._live.begin(agent=notes.get("agent", ""))
        let_read_bodies(db)
        self._version = version_of(db)
        self.batch = notes.get("batch", "")
        # Older ledgers do not record it.
        self._later = notes.get("later", "yes") == "yes"
        self._counts = notes.get("server") == self._server and not is_trial(self.path, notes.get("trial"))
        mark = mark_of(self.path)
        # Before the ledger's own figures, which are ahead of it.
        left = read_mark(mark)
        figures = _figures(db)
        self._behind_until = mark.stat().st_mtime if left is not None and figures.is_behind(left) else -math.inf
        self._learn_gaps(db)

    def _refuse_incomplete(self, now: float) -> None:
        if self._connection is not None:
            self._learn_gaps(self._connection)
        if self._missing_until >= now - self._within - (_LONGEST if self._later else 0.0):
            raise _IncompleteError(say.neighbour_incomplete(self.path))

    def _learn_gaps(self, db: sqlite3.Connection) -> None:
        """Learn until when calls may have been placed of which it does not know."""
        gaps = json.loads(dict(db.execute(neighbours.FIGURES)).get("calls_missing", "[]"))
        self._missing_until = max([self._behind_until, *(end for _, end in gaps)])

    def _all(self, db: sqlite3.Connection, now: float) -> list[tuple[int, float, int]]:
        last = db.execute(neighbours.LAST_MOMENT).fetchone()[0]
        if last is None or last < now - self._within - (_LONGEST if self._later else 0.0):
            return []
        return self._asked(db, now)

    def _rows(self, now: float, *, extra: str = "", **values: str) -> list[tuple[int, float, int]]:
        assert self._connection is not None
        return self._asked(self._connection, now, extra=extra, **values)

    def _asked(self, db: sqlite3.Connection, now: float, *, extra: str = "", **values: str) -> list[Any]:
        return db.execute(
            neighbours.called(self._version, later=self._later, extra=extra), {"since": now - self._within, **values}
        ).fetchall()

    def _expect_more(self) -> None:
        """Look again at a ledger that is just being created: it has no calls yet, but may have some in a moment."""
        # A run that was killed while it created its ledger has placed no call.
        if read_mark(mark_of(self.path)) is not None and time.time() - self.path.stat().st_mtime > _SETTLED:
            raise LedgerError(say.EMPTY)

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, _IncompleteError):
            raise
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> LedgerError:
        return LedgerError(say.neighbour_unreadable(self.path, why=str(error.__cause__ or error)))


class _IncompleteError(LedgerError):
    """It does not know all calls that were placed with it."""


_UNREADABLE = (sqlite3.Error, LedgerError, OSError)


def _figures(db: sqlite3.Connection) -> Mark:
    """Return how far a ledger has come."""
    notes = dict(db.execute(neighbours.FIGURES))
    return Mark(int(notes.get("start", 0)), notes.get("work", ""), int(notes.get("intents", 0)), made=0.0)


def is_trial(path: Path, mark: str | None) -> bool:
    """Tell whether a ledger belongs to a trial with the built-in stand-in, which places no calls.

    Args:
        path: the ledger.
        mark: what the ledger records about this; None for an older ledger without a record, which the name tells.
    """
    return ".sandbox" in {path.suffix, Path(path.stem).suffix} if mark is None else bool(mark)
