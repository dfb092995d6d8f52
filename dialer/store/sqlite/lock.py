"""One run at a time on a ledger."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from dialer.errors import LedgerError, LockedError
from dialer.files import unreadable
from dialer.messages import store as say
from dialer.store.shared import Holder
from dialer.store.sqlite.place import network_file_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_GLANCE = 10.0
"""Seconds to wait for another process that only looks whether a lock is held."""


class Lock:
    """A lock file while this process holds it.

    Args:
        path: the file.
        holder: who holds it, shown to a process that is refused.

    Attributes:
        former: the last work of version 0.1 that it names; None if there is none. Kept until work has begun.
    """

    def __init__(self, path: Path, holder: Mapping[str, object]) -> None:
        self._path = path
        self._left = left_in(path) or {}
        self._holder = holder
        self.former: str | None = self._left.get("work")
        self._write(holder)

    def begun(self) -> None:
        """Say that work has begun: from now on the ledger's mark tells which was the last."""
        if self._left:
            self._left = {}
            self._write(self._holder)

    def let_go(self) -> None:
        """Write that no process holds it."""
        self._write({})

    def _write(self, holder: Mapping[str, object]) -> None:
        # What cannot be written is empty then, and tells nothing wrong.
        with contextlib.suppress(OSError), self._path.open("w", encoding="utf-8") as file:
            json.dump({**holder, "left": self._left}, file)
            file.flush()
            os.fsync(file.fileno())


@contextlib.contextmanager
def locked(path: Path, *, command: str, campaign: Path | None = None, status: str = "") -> Iterator[Lock]:
    """Hold the lock file, which says who holds it; the kernel frees it when the process dies.

    The file is never deleted: a second process might lock the deleted one while a third locks its successor.

    Args:
        path: the lock file.
        command: what this process does, shown to a process that is refused.
        campaign: the campaign file, by which `pause` finds its runs.
        status: the command that shows the holder's progress, if there is one.

    Raises:
        LockedError: another process holds it.
        LedgerError: the lock file cannot be written.
    """
    lock = FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, path)
    except Timeout:
        by = held_by(path)
        words = say.held(path, by=holder(path), status=status)
        if by is None:
            raise LockedError(words) from None
        raise LockedError(words, pid=by.pid, host=by.host, since=by.since, does=by.does) from None
    except OSError as error:
        raise LedgerError(say.lock_not_writable(path, why=error.strerror)) from error
    try:
        held = Lock(path, _this_process(command, campaign))
        try:
            yield held
        finally:
            held.let_go()
    finally:
        lock.release()


def _acquire(lock: FileLock, path: Path) -> None:
    """Take a lock that no process holds; another one may be looking at it.

    Raises:
        Timeout: a process holds it.
        OSError: it cannot be written.
    """
    end = time.monotonic() + _GLANCE
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if _is_locked(path) or time.monotonic() > end:
                raise
            time.sleep(0.005)
        else:
            return


def lock_of(ledger: Path) -> Path:
    """Return the lock of a ledger."""
    return ledger.with_name(f"{ledger.name}.lock")


def left_in(path: Path) -> Mapping[str, Any] | None:
    """Return what version 0.1 left in a lock, later ones nothing; None where the file is not a lock of ours."""
    left = _content(path).get("left")
    return left if isinstance(left, dict) else None


def holder(path: Path) -> str:
    """Return who holds a lock file, in words; empty if no process does."""
    by = held_by(path)
    return "" if by is None else say.holder(by.does, process=by.pid, host=by.host, since=by.since)


def held_by(path: Path) -> Holder | None:
    """Return who holds a lock file; None if no process does.

    A killed process leaves its name there. By now its number may be another program's, and in a container its host is
    gone as well; one that lives in a container may have this host's name, and a number that is free here: so the kernel
    is asked.
    """
    noted = _content(path)
    if not {"pid", "host", "since", "command"} <= noted.keys():
        return None
    if not _is_locked(path):
        # On a network share another machine's lock may not show here.
        is_here = noted["host"] == socket.gethostname()
        if is_here or network_file_system(path) is None:
            return None
    return Holder(noted["pid"], noted["host"], noted["since"], noted["command"], noted.get("campaign", ""))


def _this_process(command: str, campaign: Path | None) -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "command": command}
    return holder if campaign is None else {**holder, "campaign": os.path.realpath(campaign)}


def _content(path: Path) -> Mapping[str, Any]:
    """Return what a lock file says; nothing where it cannot be read."""
    if unreadable(path):
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_locked(path: Path) -> bool:
    """Tell whether a process holds a lock file; one that this process may not open counts as held."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        finally:
            os.close(file)
    except OSError:
        return True
    return False
