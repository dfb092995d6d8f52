"""What the ledger last wrote, told from what something else has made of it."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STAMP = "results_stamp"
"""Under this name the ledger notes what it last wrote."""


def stamp_of(path: Path, *, size: int | None = None) -> str:
    """Return the size of a file and the digest of its bytes.

    Args:
        path: the file.
        size: only so many of its first bytes.
    """
    digest, left = blake2b(digest_size=20), path.stat().st_size if size is None else size
    stamp = f"{left}:"
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            digest.update(block)
            left -= len(block)
    return stamp + digest.hexdigest()


def continues(path: Path, stamp: str | None) -> bool:
    """Tell whether a file is what the ledger last wrote, with lines appended: those the ledger knows already."""
    return stamp is not None and stamp_of(path, size=int(stamp.partition(":")[0])) == stamp
