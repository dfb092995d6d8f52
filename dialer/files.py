"""Which files there are, and that they are files: a pipe, a device or a socket is neither waited for nor replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.messages import files as say

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def named_below(folder: Path, ending: str) -> Iterator[Path]:
    """Yield the files in a folder and below whose names end so, in order; hidden and linked folders are left out."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(at, name) for name in sorted(names) if name.endswith(ending))


def unreadable(path: Path) -> str:
    """Return why a path is not a readable file, and what to do, in words; empty if opening it will show that.

    A pipe without a writer is never opened: that would block for ever.
    """
    try:
        kind = _kind(path)
    except OSError:
        return say.not_a_file(say.ADDRESS) if say.web_address(path) else ""
    return say.not_a_file(kind) if kind not in {"", "a folder"} else ""


def unwritable(path: Path) -> str:
    """Return why nothing may be written there, and what to do, in words; empty for a file, a link to one, a new name.

    What is written takes the place of what was there, and a device replaced by a file is gone.
    """
    try:
        kind = _kind(path)
    except FileNotFoundError:
        return _leads_nowhere(path)
    except OSError as error:
        return say.unusable(error.strerror)
    if kind == "a folder":
        return say.IS_FOLDER
    return say.is_not_a_file(kind) if kind else ""


def _kind(path: Path) -> str:
    """Return what a path is, its links followed; empty for a regular file."""
    mode = path.stat().st_mode
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "something else")


def _leads_nowhere(path: Path) -> str:
    # A disk that is not mounted; a new name in a folder that exists is made there.
    target = os.path.realpath(path)
    if not path.is_symlink() or os.path.isdir(os.path.dirname(target)):  # noqa: PTH112, PTH120 - of a text
        return ""
    return say.leads_nowhere(target)
