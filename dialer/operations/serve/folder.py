"""The folder in a workspace in which the page keeps what is its own: its secret, its links, its logs, its lists."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from dialer.config.workspace import folder_of_all
from dialer.errors import LockedError, MustActError
from dialer.messages.operations import serve as say
from dialer.store.sqlite import held_by, locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NAME = ".dialer"
_OF_TRIALS = "sandbox"
_LOCK = "page.lock"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def own_folder(folder: Path, *, sandbox: bool = False) -> Path:
    """Return the page's folder in the workspace around a folder; only its owner may look into it.

    Args:
        folder: in the workspace, or the workspace's own.
        sandbox: of the page that shows trials, which has its own secret, lists and logs.

    Raises:
        MustActError: it cannot be made, or others can look into it.
    """
    path = _private(folder_of_all(folder) / _NAME)
    # Its contents are not shared with the team.
    ignored = path / ".gitignore"
    try:
        if not ignored.exists():
            ignored.write_text("*\n", encoding="ascii")
    except OSError as error:
        raise MustActError(say.folder_unwritable(path, why=error.strerror)) from None
    return _private(path / _OF_TRIALS) if sandbox else path


def _private(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise MustActError(say.folder_unwritable(path, why=error.strerror)) from None
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & _OTHERS or status.st_uid != os.geteuid():
        raise MustActError(say.folder_open(path))
    return path


@contextlib.contextmanager
def only_page(folder: Path, *, address: Callable[[], str]) -> Iterator[None]:
    """Be the only page of a workspace: of two, each would know nothing of the commands that the other has started.

    Args:
        folder: the page's own.
        address: returns where the page was reached last.

    Raises:
        LockedError: another one runs.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(folder / _LOCK, command="serve"))
        except LockedError as error:
            words = say.served_already(address(), process=error.pid, since=error.since)
            raise LockedError(words, pid=error.pid, host=error.host, since=error.since, does=error.does) from None
        yield


def is_served(folder: Path) -> bool:
    """Tell whether a page runs."""
    return held_by(folder / _LOCK) is not None


def private_file(path: Path, content: bytes) -> bool:
    """Write a new file that only its owner may read, whole; False where it is there already.

    Raises:
        MustActError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        # Of two servers that begin at once both then have the same secret.
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise MustActError(say.folder_unwritable(path, why=error.strerror)) from None
    finally:
        beside.unlink(missing_ok=True)
    return True


def read_private_file(path: Path) -> bytes:
    """Return what is in a file that only its owner may read.

    Raises:
        MustActError: it cannot be read, or others can read it.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_mode & _OTHERS or status.st_uid != os.geteuid():
                raise MustActError(say.file_open(path))
            return file.read(1 << 12)
    except OSError as error:
        raise MustActError(say.file_unreadable(path, why=error.strerror)) from None
