"""Is a ledger the one that was last worked on here? An older copy does not know who was called since.

The lock file tells, which outlives the ledger: it names the work that wrote the ledger last, as the ledger does itself,
and once that work had ended, when the file last changed: nothing that restores a file sets that back (`st_ctime`,
https://man7.org/linux/man-pages/man7/inode.7.html). Whoever was killed could not say it; but then the file changed
last when it recorded something last.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dialer.ledger import Lock
    from dialer.store import Store

_MISSING = "calls_missing"
"""Under this name the ledger notes when calls may have been placed of which it does not know."""
GRACE = 30.0
"""Seconds within which a change of a ledger belongs to what it recorded last."""
_AHEAD = 30 * 86_400.0
"""Seconds before now that are looked through where the last thing is recorded as later than now."""


class Lineage:
    """One piece of work on a ledger, from before it is opened until it is closed.

    Args:
        lock: the batch's lock, held.
        path: the ledger.

    Attributes:
        work: the name of this work.
        is_certain: the ledger is surely the one that was left here.
    """

    def __init__(self, lock: Lock, path: Path) -> None:
        self.work = uuid4().hex
        self._lock = lock
        self._path = path
        # Opening it may change it already.
        self._changed = _changed(path)
        self._has_wal = _stat(_wal(path)) is not None
        self._begun = False
        self.is_certain = False

    def begin(self, store: Store) -> None:
        """Begin work: what a dead run left is `unknown`, and that calls may be missing is noted."""
        now = time.time()

        with store.transaction():
            since = self._missing_since(store)
            if since is not None:
                note_missing(store, since, now)
            store.recover()
            store.begin(self.work, now=now)
        self._begun = True
        self._lock.leave({"work": self.work, "first": self._first() or store.first_moment() or now})

    def end(self) -> None:
        """Leave in the lock file which ledger the next work has to find, once this one is closed."""
        if self._begun:
            self._lock.leave({"work": self.work, "first": self._first(), "changed": _changed(self._path)})

    def _missing_since(self, store: Store) -> float | None:
        """Return from when on calls may have been placed of which the ledger does not know; None: it knows of all."""
        left = self._lock.left
        is_known = "work" in left and left["work"] == store.work()
        if is_known and left.get("changed") == self._changed:
            self.is_certain = True
            return None
        last = store.last_moment()
        if last is None:
            # Nothing was ever recorded here; but under this lock something was.
            return self._first()
        # What a killed run recorded is in the `-wal`: without it the ledger is that of before.
        was_killed = is_known and "changed" not in left and self._has_wal
        return None if was_killed and self._changed <= last + GRACE else last

    def _first(self) -> float | None:
        """Return when a ledger was first worked on under this lock; None: never, or nobody knows."""
        first = self._lock.left.get("first")
        return float(first) if isinstance(first, int | float) else None


def note_missing(store: Store, since: float, until: float) -> None:
    """Note that in a span of time (Unix seconds) calls may have been placed of which the ledger does not know.

    It is kept for good: whoever comes into the list later may have been called then as well.
    """
    # A clock that was ahead says nothing of when that was.
    begun = since if since <= until else until - _AHEAD
    spans = sorted([*missing(store), (begun, until)])
    merged = [spans[0]]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    store.set_note(_MISSING, json.dumps(merged))


def missing(store: Store) -> list[tuple[float, float]]:
    """Return when calls may have been placed of which a ledger does not know (Unix seconds), in order."""
    return [(start, end) for start, end in json.loads(store.note(_MISSING) or "[]")]


def _changed(path: Path) -> float:
    """Return when a ledger, or its `-wal`, was changed last (Unix seconds, as the file system notes it)."""
    return max((found.st_ctime for found in map(_stat, (path, _wal(path))) if found is not None), default=0.0)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _stat(path: Path) -> os.stat_result | None:
    """Return what is known of a file; None where it holds nothing: whoever only reads leaves an empty `-wal` behind."""
    with contextlib.suppress(OSError):
        found = path.stat()
        return found if found.st_size else None
    return None
