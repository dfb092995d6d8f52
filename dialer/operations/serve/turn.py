"""The turn of a check that the page has started: a few go on at a time, and leave the machine to the page and the runs.

A turn is a lock on one of a few files. The kernel lets go of it when the check ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import time
from typing import TYPE_CHECKING

from dialer.errors import UsageError
from dialer.messages.operations import serve as say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

AT_ONCE = 2
_MEMORY = 2 << 30
"""Bytes of a check at most: a workbook of a million rows takes half of it."""
_LESS_URGENT = 10
_LOOK_EVERY = 0.2


@contextlib.contextmanager
def turn(folder: Path, *, waits: Callable[[], None]) -> Iterator[None]:
    """Wait for a turn and keep it, with less of the machine than others have.

    Args:
        folder: of the locks; the same for all checks.
        waits: called once if others have to end first.

    Raises:
        UsageError: the check needs more memory than it may have, or the locks cannot be made.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder, waits))
        except OSError as error:
            raise UsageError(say.folder_unwritable(folder, why=error.strerror)) from None
        os.nice(_LESS_URGENT)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY if most < 0 else min(_MEMORY, most), most))
        try:
            yield
        except MemoryError:
            raise UsageError(say.TOO_MUCH_MEMORY) from None


@contextlib.contextmanager
def _locked(folder: Path, waits: Callable[[], None]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((folder / f"turn-{number}").open("ab")) for number in range(AT_ONCE)]
        has_to_wait = False
        while not any(map(_is_ours, files)):
            if not has_to_wait:
                has_to_wait = True
                waits()
            time.sleep(_LOOK_EVERY)
        yield


def _is_ours(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
