"""Whether a list that has come over the page is one that another batch has already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.errors import InputError
from dialer.intake.source import digest_of
from dialer.operations.memory import signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.operations.entries import Entry
    from dialer.operations.memory import Memory

_LASTS = 3600.0


def with_same_list(entry: Entry, others: Iterable[Entry], memory: Memory) -> tuple[Entry, ...]:
    """Return the other batches whose list is the same file, byte for byte, those first of which most were called.

    Args:
        entry: a batch whose list has come over the page, and which was never run.
        others: all batches.
        memory: of the digests of files, each of which is read once.
    """
    size = _size(entry.recipients)
    alike = [one for one in others if one.id != entry.id and size is not None and _size(one.recipients) == size]
    digest = _digest(entry.recipients, memory) if alike else None
    found = [one for one in alike if digest is not None and _digest(one.recipients, memory) == digest]
    return tuple(sorted(found, key=lambda one: -one.sent))


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - of a text
    except OSError:
        return None


def _digest(path: str, memory: Memory) -> str | None:
    file = Path(path)
    return memory.recall(("digest", path), lambda: _read(file), lasts=lambda _: _LASTS, signature=signature(file))


def _read(path: Path) -> str | None:
    try:
        return digest_of(path)
    except InputError:
        return None
