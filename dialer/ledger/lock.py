"""One run at a time on a ledger."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from dialer.errors import LedgerError, LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(path: Path, *, command: str) -> Iterator[None]:
    """Hold the lock file, which says who holds it; the kernel frees it when the process dies.

    The file is never deleted: a second process might lock the deleted one while a third locks its successor.

    Args:
        path: the lock file.
        command: what this process does, for whoever is turned away.

    Raises:
        LockedError: another process holds it.
        LedgerError: the lock file cannot be written.
    """
    lock = FileLock(path, timeout=0, mode=0o600, thread_local=False, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise LockedError(_turned_away(path)) from None
    except OSError as error:
        raise LedgerError(
            f"{path}: the lock file cannot be written ({error.strerror}). Nothing was dialled."
        ) from error
    try:
        with contextlib.suppress(OSError):
            path.write_text(json.dumps(_this_process(command)), encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            path.write_text("", encoding="utf-8")
        lock.release()


def holder(path: Path) -> str:
    """Return who holds a lock file, in words; empty when nobody does.

    It does not try the lock: that would turn away a run that starts at that moment.
    """
    noted = _noted(path)
    if noted is None or (noted["host"] == socket.gethostname() and not _is_alive(noted["pid"])):
        return ""
    return f"`dialer {noted['command']}` (process {noted['pid']} on {noted['host']}, since {noted['since']})"


def _this_process(command: str) -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "command": command}


def _noted(path: Path) -> dict[str, Any] | None:
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return noted if isinstance(noted, dict) and {"pid", "host", "since", "command"} <= noted.keys() else None


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _turned_away(path: Path) -> str:
    who = holder(path) or "another process"
    return (
        f"{path}: {who} is working on this batch. Wait until it ends, or stop it there with Ctrl-C; `dialer "
        f"status` shows how far it is."
    )
