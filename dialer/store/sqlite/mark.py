"""The high-water mark: a small file beside the ledger that exposes an older copy of the ledger.

The ledger holds the same figures, which never fall. They rise in the transaction that begins work or writes intents,
and the mark follows:

    commit      figures and intents, durable               -> before: neither; the mark is that of before
    mark        written                                    -> before: the ledger is ahead, which is fine
    (the body may leave)

So every request that has left is in the mark. A ledger with less than its mark, or with another start of the same
number, is an older copy, or a copy of a ledger that was used elsewhere since.

The mark is written in place, in one write of one sector, with a digest. A killed process has written all of it or
nothing. It is synced when work begins, not for each group of intents: after a power loss it may be older than the
ledger, which is fine, or torn, which counts as missing. It is never newer, since the ledger was durable before.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from dialer.files import unreadable

if TYPE_CHECKING:
    from pathlib import Path

_SIZE = 160
"""Bytes of the record, always: less than a sector, which a disk writes whole."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a ledger has come.

    Attributes:
        start: how many times work on it was begun.
        work: the id of the last of them.
        intents: how many calls were ever about to be placed.
        made: when it was made (Unix seconds): from then on calls may be missing where all of it is lost.
    """

    start: int
    work: str
    intents: int
    made: float

    def is_behind(self, other: Mark) -> bool:
        """Tell whether a ledger with these figures cannot be the one that left another mark."""
        is_another = self.start == other.start and self.work != other.work
        return self.start < other.start or self.intents < other.intents or is_another

    def furthest(self, other: Mark) -> Mark:
        """Return the higher figures of two, and the earlier moment."""
        start, intents = max(self.start, other.start), max(self.intents, other.intents)
        return Mark(start, self.work, intents, min(self.made, other.made))


class MarkFile:
    """The mark beside a ledger, open for writing.

    Args:
        ledger: the ledger; its lock is held.

    Attributes:
        left: the mark that the last work left; None where there is none, or it cannot be read.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, ledger: Path) -> None:
        path = mark_of(ledger)
        self.left = read_mark(path)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, mark: Mark) -> None:
        """Replace the mark.

        Raises:
            OSError: it cannot be written.
        """
        record = _record(mark)
        if os.pwrite(self._handle, record, 0) < len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Bring the mark to the disk.

        Raises:
            OSError: it cannot be written.
        """
        os.fsync(self._handle)

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            os.close(self._handle)


def mark_of(ledger: Path) -> Path:
    """Return the mark of a ledger."""
    return ledger.with_name(f"{ledger.name}.mark")


def read_mark(path: Path) -> Mark | None:
    """Return what a mark says; None where there is none, or it is damaged."""
    if unreadable(path):
        return None
    try:
        with path.open("rb") as file:
            body, _, digest = file.read(_SIZE).decode("ascii").rstrip().rpartition(" ")
        start, work, intents, made = body.split(" ")
        return Mark(int(start), work, int(intents), float(made)) if digest == _digest(body) else None
    except (OSError, ValueError):
        return None


def _record(mark: Mark) -> bytes:
    body = f"{mark.start} {mark.work} {mark.intents} {mark.made}"
    return f"{body} {_digest(body)}".ljust(_SIZE - 1).encode("ascii") + b"\n"


def _digest(body: str) -> str:
    return blake2b(body.encode(), digest_size=8).hexdigest()
