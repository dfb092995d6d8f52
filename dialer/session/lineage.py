"""Is a ledger the one that was last worked on here? An older copy does not know who was called since.

The lock file tells, which outlives the ledger: it names the work that wrote the ledger last, as the ledger does itself,
and once that work had ended, when the file last changed: nothing that restores a file sets that back (`st_ctime`,
https://man7.org/linux/man-pages/man7/inode.7.html). Whoever was killed could not say it; but then the file changed
last when it recorded something last.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.ledger import Ledger, Lock

IN_FLIGHT = "in_flight_since"
"""Under this name the ledger notes that calls may have been placed of which it does not know: everybody pending is to
be looked for at Bolna from then on (Unix seconds) before anybody is dialled."""
GRACE = 600.0
"""Seconds within which a change of a ledger belongs to what it recorded last."""


class Lineage:
    """One piece of work on a ledger, from before it is opened until it is closed.

    Args:
        lock: the batch's lock, held.
        path: the ledger.

    Attributes:
        work: the name of this work.
    """

    def __init__(self, lock: Lock, path: Path) -> None:
        self.work = uuid4().hex
        self._lock = lock
        self._path = path
        # Opening it may change it already.
        self._changed = _changed(path)
        self._begun = False

    def begin(self, store: Ledger) -> None:
        """Begin work: what a dead run left is `unknown`, and that calls may be missing is noted."""
        now = time.time()

        def write() -> None:
            since = self._missing_since(store)
            if since is not None:
                note_in_flight(store, since)
            store.recover()
            store.begin(self.work, now=now)

        store.together([write])
        self._begun = True
        self._lock.leave({"work": self.work, "first": self._first() or store.first_moment() or now})

    def end(self) -> None:
        """Leave in the lock file which ledger the next work has to find, once this one is closed."""
        if self._begun:
            self._lock.leave({"work": self.work, "first": self._first(), "changed": _changed(self._path)})

    def _missing_since(self, store: Ledger) -> float | None:
        """Return from when on calls may have been placed of which the ledger does not know; None: it knows of all."""
        left = self._lock.left
        is_known = "work" in left and left["work"] == store.work()
        if is_known and left.get("changed") == self._changed:
            return None
        last = store.last_moment()
        if last is None:
            # Nothing was ever recorded here; but under this lock something was.
            return self._first()
        if is_known and "changed" not in left and self._changed <= last + GRACE:
            return None
        return last

    def _first(self) -> float | None:
        """Return when a ledger was first worked on under this lock; None: never, or nobody knows."""
        first = self._lock.left.get("first")
        return float(first) if isinstance(first, int | float) else None


def note_in_flight(store: Ledger, since: float) -> None:
    """Note that calls may have been placed since then (Unix seconds) of which the ledger does not know."""
    store.set_note(IN_FLIGHT, str(min(since, float(store.note(IN_FLIGHT) or "inf"))))


def _changed(path: Path) -> float:
    """Return when a ledger, or its `-wal`, was changed last (Unix seconds, as the file system notes it)."""
    files = (file.stat() for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())
    # Whoever only reads leaves an empty `-wal` behind.
    return max((found.st_ctime for found in files if found.st_size), default=0.0)
