"""A file that the processes of a workspace change, one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE = 10.0
"""Seconds to wait for another process that changes it."""


@contextlib.contextmanager
def opened_alone(path: Path) -> Iterator[int]:
    """Yield a file, made where it is missing, that no other process changes meanwhile; its name is durable then.

    Raises:
        OSError: it cannot be opened, or another process does not let go of it.
    """
    is_new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(file)
        yield file
    finally:
        os.close(file)
    if is_new:
        sync_folder(path.parent)


def is_in_place(file: int, path: Path) -> bool:
    """Tell whether a path still names the file that is open: it may have been deleted or replaced."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), path.stat())
    return False


def sync_folder(path: Path) -> None:
    """Have a new name in a folder survive a crash of the machine."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(file: int) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Who is frozen while it writes is waited for no longer.
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
