"""A file at a name that a person gave takes the place of a former one only if that is as it was written here."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dialer.export.results.replacing import replaced
from dialer.export.results.stamp import stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def was_changed(path: Path) -> bool:
    """Tell whether a file stands there not written here, or changed since; an empty one is neither."""
    target = Path(os.path.realpath(path))
    if not target.exists() or not target.stat().st_size:
        return False
    try:
        return stamp_of(target) != mark_of(target).read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return True


@contextlib.contextmanager
def rewritten(path: Path) -> Iterator[TextIO]:
    """Yield a file like `replaced`, and note what it holds, so that it can be written again.

    After a crash between the two, the new file counts as changed: it is kept.

    Raises:
        OSError: it cannot be written, or `was_changed`; the former file is as it was.
    """
    target = Path(os.path.realpath(path))
    with replaced(target) as file:
        yield file
        if was_changed(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    with replaced(mark_of(target)) as mark:
        mark.write(stamp_of(target))


def mark_of(path: Path) -> Path:
    """Return the file that notes what was written to another one."""
    return path.with_name(f".{path.name}.mark")
