"""Which ids came before: 64 bits of each, and of their text only what compression leaves."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from dialer.intake.seen_numbers import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FAST = 1


class SeenIds:
    """The first row of every id.

    Args:
        hash_of: 64 bits of an id; where two ids have the same, their texts tell them apart.
    """

    def __init__(self, hash_of: Callable[[str], int] = hash) -> None:
        self._hash_of = hash_of
        self._seen = Seen()
        self._texts: list[bytes] = []
        self._starts: list[int] = []
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
        hashes = np.fromiter(map(self._hash_of, ids), dtype=np.int64, count=len(ids))
        firsts, _ = self._seen.firsts(hashes, positions, positions)
        self._starts.append(start)
        self._texts.append(zlib.compress(json.dumps(ids).encode(), _FAST))
        places = np.flatnonzero(firsts != positions)
        # In the order of the rows that they may repeat: so each text is unpacked once.
        places = places[np.argsort(firsts[places], kind="stable")]
        found: dict[int, int] = {}
        for at, first in zip(places.tolist(), self._ids_at(firsts[places].tolist()), strict=True):
            position = int(firsts[at]) if first == ids[at] else self._others.setdefault(ids[at], start + at)
            if position != start + at:
                found[at] = position
        return found

    def _ids_at(self, positions: Sequence[int]) -> Iterator[str]:
        """Yield the ids at positions, which are in ascending order."""
        part, texts = -1, list[str]()
        for position in positions:
            place = bisect_right(self._starts, position) - 1
            if place != part:
                part, texts = place, json.loads(zlib.decompress(self._texts[place]))
            yield texts[position - self._starts[part]]
