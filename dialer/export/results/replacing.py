"""Atomic replacement of a file: it is complete, or unchanged."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """Yield a file that takes the place of the one at a path, atomically, when all is written.

    The former file's mode and a symbolic link to it are kept; a new file is readable by its owner only. Of two
    processes that write it at the same time, that of the later one is there at the end.

    Raises:
        OSError: it cannot be written; as after any other error inside, the former file is as it was.
    """
    target = Path(os.path.realpath(path))
    # Always the same name, so that what a kill leaves behind does not pile up.
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor, not a path
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(handle, target.stat().st_mode & 0o777)
            yield file
            file.flush()
            os.fsync(handle)
            is_ours = _is(temporary, handle)
        if is_ours:
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _is(path: Path, handle: int) -> bool:
    """Tell whether a path names the file that is open: another process may have begun to write it anew."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(handle))
    return False


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may bring the former file back; not every file system can do it.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
