"""Which ids came before: 96 bits of each, of which no two ids have the same."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from dialer.intake.seen_numbers import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DIGEST = np.dtype([("hash", "<i8"), ("mark", "<i4")])
"""By the hash an id is found, by the mark as well it is known."""


def _digest(id_: str) -> bytes:
    return blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=_DIGEST.itemsize).digest()


class SeenIds:
    """The first row of every id.

    Args:
        digest_of: 96 bits of an id; of two ids with the same first 64 the others tell them apart.
    """

    def __init__(self, digest_of: Callable[[str], bytes] = _digest) -> None:
        self._digest_of = digest_of
        self._seen = Seen()
        # Those with the hash of another id.
        self._others: dict[str, int] = {}

    def repeats(self, ids: Sequence[str], *, start: int) -> dict[int, int]:
        """Find the ids that came before, among these or earlier, and remember the others.

        Args:
            ids: of rows that follow each other.
            start: the position of the first of these rows.

        Returns:
            By place among these from 0, the position of the first row with the id.
        """
        positions = np.arange(start, start + len(ids), dtype=np.int32)
        digests = np.frombuffer(b"".join(map(self._digest_of, ids)), dtype=_DIGEST)
        firsts, marks = self._seen.firsts(digests["hash"], positions, digests["mark"])
        found: dict[int, int] = {}
        for at in np.flatnonzero(firsts != positions).tolist():
            is_same = marks[at] == digests["mark"][at]
            position = int(firsts[at]) if is_same else self._others.setdefault(ids[at], start + at)
            if position != start + at:
                found[at] = position
        return found
