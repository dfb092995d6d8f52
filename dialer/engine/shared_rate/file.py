"""The file `dialer.rate`: one record of fixed size, changed by one process at a time, even if others crash.

No fsync: only a crash of the whole machine loses a write, and then no process is left that could send.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import stat
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dialer.engine.shared_rate.schedule import Schedule
from dialer.errors import MustActError, UsageError
from dialer.messages import engine as say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAGIC = b"dialer 1"
_RECORD = struct.Struct("<8s16sQ5d")
"""Magic, the machine that wrote it, in which file, when, and the schedule; its checksum follows."""
_CHECK = struct.Struct("<I")
_HOLDER = struct.Struct("<q")
_WHOLE = _RECORD.size + _CHECK.size
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def since_start() -> float:
    """Return the seconds since this machine started: the same in every process, independent of the wall clock."""
    return time.clock_gettime(_CLOCK)


def this_start() -> bytes:
    """Return what tells this machine, since its last start, from every other; 16 bytes."""
    try:
        name = _BOOT.read_text(encoding="ascii")
    except OSError:
        name = platform.node()
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Record:
    start: bytes
    inode: int
    at: float
    schedule: Schedule


class RateFile:
    """The record that the runs of a workspace share.

    Args:
        path: the file; it is made where it is missing.
        start: what tells this machine since its last start from every other.
        now: seconds since then.
    """

    def __init__(self, path: Path, *, start: bytes | None = None, now: Callable[[], float] = since_start) -> None:
        self.path = path
        self.now = now
        self._start = start or this_start()
        self._file: int | None = None
        self._identity = (0, 0)
        self._written_at: float | None = None

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            MustActError: it cannot be written.
        """
        with self._as_must_act():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._opened()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._close()

    def try_change(self, change: Callable[[Schedule | None, float], Schedule]) -> Schedule | None:
        """Change the record, and return what it says then; None where another process is changing it at this moment.

        Nothing in here waits, so that a process holds the lock for microseconds, unless it is frozen or killed.

        Args:
            change: given what the record says (None where that is lost) and the time, returns what it is to say.

        Raises:
            MustActError: it cannot be written.
            UsageError: another machine uses it, too.
        """
        with self._as_must_act(), self._locked() as file:
            if file is None:
                return None
            # Before it is found to be in its place: who is frozen after that holds a slot that is over.
            now = self.now()
            if not self._is_in_place():
                self._close()
                return None
            schedule = change(self._known(file, now), now)
            os.pwrite(file, self._packed(schedule, now), 0)
            self._written_at = now
            return schedule

    def read(self) -> Schedule | None:
        """Return what the record says at this moment, without the lock; None where it cannot be used.

        Raises:
            MustActError: it cannot be read.
        """
        with self._as_must_act():
            file = self._opened()
            if not self._is_in_place():
                self._close()
                return None
            record = _unpacked(os.pread(file, _WHOLE, 0))
            return record.schedule if record is not None and self._is_ours(record) else None

    def holder(self) -> int:
        """Return the process that took the lock last; 0 where that is not known."""
        with self._as_must_act():
            content = os.pread(self._opened(), _HOLDER.size, _WHOLE)
        return _HOLDER.unpack(content)[0] if len(content) == _HOLDER.size else 0

    def _known(self, file: int, now: float) -> Schedule | None:
        record = _unpacked(os.pread(file, _WHOLE, 0))
        if record is None:
            return None
        if self._written_at is not None and (record.start != self._start and record.inode == self._identity[1]):
            raise UsageError(say.rate_on_two_machines(self.path))
        # Older than what this process has written: a copy of what the file was before, written over it.
        is_newest = (self._written_at or 0.0) <= record.at <= now
        return record.schedule if is_newest and self._is_ours(record) else None

    def _is_ours(self, record: _Record) -> bool:
        """Tell whether a record was written since this machine started, and into this file: not a copy of another."""
        return (record.start, record.inode) == (self._start, self._identity[1])

    def _packed(self, schedule: Schedule, now: float) -> bytes:
        times = (now, schedule.next, schedule.held_until, schedule.share, schedule.halved_at)
        record = _RECORD.pack(_MAGIC, self._start, self._identity[1], *times)
        return record + _CHECK.pack(zlib.crc32(record))

    # -- the file ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int | None]:
        """Hold the lock; it yields None where another process holds it, and never waits."""
        file = self._opened()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        try:
            os.pwrite(file, _HOLDER.pack(os.getpid()), _WHOLE)
            yield file
        finally:
            # What closed the file has let go of it as well.
            if self._file == file:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _opened(self) -> int:
        if self._file is None:
            # Never truncated: the holder of the lock may be about to write.
            # What a link leads to may be anybody's, and would be written over.
            if self.path.is_symlink():
                raise OSError(0, say.A_LINK)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
            self._file = os.open(self.path, flags, 0o666)
            status = os.fstat(self._file)
            if not stat.S_ISREG(status.st_mode):
                self._close()
                raise OSError(0, say.NOT_A_FILE)
            self._identity = (status.st_dev, status.st_ino)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _is_in_place(self) -> bool:
        """Tell whether the path still names the file that is open: it may have been deleted or replaced."""
        try:
            there = os.stat(self.path)  # noqa: PTH116 - runs for each call
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == self._identity

    @contextlib.contextmanager
    def _as_must_act(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MustActError(say.rate_file_unusable(self.path, why=error.strerror)) from error


def _unpacked(content: bytes) -> _Record | None:
    """Return what a record says; None where it is damaged."""
    record, check = content[: _RECORD.size], content[_RECORD.size :]
    if len(content) < _WHOLE or _CHECK.unpack(check)[0] != zlib.crc32(record):
        return None
    magic, start, inode, at, *times = _RECORD.unpack(record)
    return _Record(start, inode, at, Schedule(*times)) if magic == _MAGIC else None
