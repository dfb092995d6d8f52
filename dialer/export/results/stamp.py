"""Tells results that the ledger last wrote from results that another program changed."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAMP = "results_stamp"
"""Under this name the ledger notes what it last wrote."""
_BLOCK = 1 << 20


class Stamp:
    """The size and the digest of bytes as they come."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = blake2b(digest_size=20)

    def add(self, block: bytes) -> None:
        """Take in the next bytes."""
        self.size += len(block)
        self._digest.update(block)

    def copy(self) -> Stamp:
        """Return one that has taken in the same."""
        other = Stamp()
        other.size, other._digest = self.size, self._digest.copy()
        return other

    def text(self) -> str:
        """Return both as text."""
        return f"{self.size}:{self._digest.hexdigest()}"


def size_in(stamp: str) -> int:
    """Return the size of what a stamp was made of."""
    return int(stamp.partition(":")[0])


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next so many bytes of a file, or as many as there are."""
    while size > 0 and (block := file.read(min(size, _BLOCK))):
        size -= len(block)
        yield block


def stamp_of(path: Path, *, size: int | None = None) -> str:
    """Return the stamp of a file.

    Args:
        path: the file.
        size: only so many of its first bytes.
    """
    stamp = Stamp()
    with path.open("rb") as file:
        for block in blocks(file, path.stat().st_size if size is None else size):
            stamp.add(block)
    return stamp.text()


def known_part(path: Path, stamp: str | None) -> int:
    """Return how many bytes at the beginning of a file are what the ledger last wrote: all of that, or 0."""
    size = 0 if stamp is None else size_in(stamp)
    return size if size and stamp_of(path, size=size) == stamp else 0
