"""In which order the people of a list come who can be called at different times: a run goes through it in that order.

A list that is sorted by country is called otherwise than one in which the countries are mixed. It is kept as stretches
in which people are mixed, as long as few of those tell it exactly, and as coarser ones where they do not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dialer.models import Whereabouts
    from dialer.store.records import Located

_BLOCKS = 128
"""Blocks of the list in which it is looked who is where."""
_STRETCHES = 256
"""Stretches at most; then each two become one."""
_PARTS = 1000
"""Groups of people in all stretches, at most, where there are more stretches than one."""
_ALIKE = 0.1
"""Where there are more, stretches become one that differ in so small a share of their people."""
_PIECES = 64
"""Pieces of a chunk of rows that are counted separately."""


class Kind(NamedTuple):
    """What decides when somebody can be called.

    Attributes:
        where: in which time zones they may be.
        scheduled_at: when the provider is to dial, ISO 8601 with an offset; None: at once.
        again_at: time until which a call of another batch counts (Unix seconds); None if there is none.
    """

    where: Whereabouts
    scheduled_at: str | None = None
    again_at: float | None = None


@dataclass(slots=True)
class ListOrder:
    """The order of a list, learned row by row from its top."""

    _stretches: list[Counter[Kind]] = field(default_factory=list)
    _runs: int = 0
    _unit: int = 1

    def add_people(self, kinds: Sequence[Kind]) -> None:
        """Say of which kinds the people are who come next, each of them."""
        size = max(1, len(kinds) // _PIECES)
        for at in range(0, len(kinds), size):
            piece = kinds[at : at + size]
            counts = Counter(piece)
            if list(counts.elements()) == piece:
                self.add_sorted(counts)
            else:
                self.add_mixed(counts)

    def add_sorted(self, counts: Mapping[Kind, int]) -> None:
        """Say that so many of a kind come next, and then so many of the next kind."""
        for kind, count in counts.items():
            self.add_mixed({kind: count})

    def add_mixed(self, counts: Mapping[Kind, int]) -> None:
        """Say that so many of some kinds come next, mixed."""
        if self._runs % self._unit == 0:
            self._stretches.append(Counter())
        self._runs += 1
        last = self._stretches[-1]
        for kind, count in counts.items():
            last[kind] += count
        if len(self._stretches) > _STRETCHES:
            self._stretches = _halved(self._stretches)
            self._unit *= 2
            self._runs = 0

    def stretches(self) -> Sequence[Counter[Kind]]:
        """Return how many of each kind there are in each stretch."""
        found = _joined(self._stretches)
        if sum(map(len, found)) > _PARTS:
            found = _joined(found, alike=_ALIKE)
        while len(found) > 1 and sum(map(len, found)) > _PARTS:
            found = _joined(_halved(found), alike=_ALIKE)
        return found


def width_of(rows: int) -> int:
    """Return how many rows of a list are a block in which it is looked who is where."""
    return max(1, rows // _BLOCKS)


def in_order(located: Iterable[Located], elsewhere: Iterable[tuple[int, Kind]], *, width: int) -> ListOrder:
    """Return the order of a list of which is known who is in each block.

    Args:
        located: how many may be where, by block.
        elsewhere: position and kind of those of them whom another batch called.
        width: rows in a block: see `width_of`.
    """
    blocks: dict[int, dict[Kind, list[int]]] = {}
    for one in located:
        spans = blocks.setdefault(one.block, {})
        spans[Kind(one.where, one.scheduled_at)] = [one.count, one.first, one.last]
    for position, kind in elsewhere:
        spans = blocks[position // width]
        spans[kind._replace(again_at=None)][0] -= 1
        span = spans.setdefault(kind, [0, position, position])
        span[:] = span[0] + 1, min(span[1], position), max(span[2], position)
    order = ListOrder()
    for block in sorted(blocks):
        spans = dict(sorted(blocks[block].items(), key=lambda item: item[1][1]))
        counts = {kind: count for kind, (count, _, _) in spans.items() if count}
        if all(before[2] < after[1] for before, after in pairwise(spans.values())):
            order.add_sorted(counts)
        else:
            order.add_mixed(counts)
    return order


def _halved(stretches: Sequence[Counter[Kind]]) -> list[Counter[Kind]]:
    return [sum(stretches[at : at + 2], Counter()) for at in range(0, len(stretches), 2)]


def _joined(stretches: Sequence[Counter[Kind]], *, alike: float = 0.0) -> list[Counter[Kind]]:
    """Return stretches of which none is like the one before it."""
    found: list[Counter[Kind]] = []
    for stretch in stretches:
        if found and _difference(found[-1], stretch) <= alike:
            found[-1] = found[-1] + stretch
        else:
            found.append(stretch)
    return found


def _difference(one: Counter[Kind], other: Counter[Kind]) -> float:
    """Return which share of the people of a stretch would have to be of another kind for it to be like another one."""
    size, others = one.total(), other.total()
    kinds = one.keys() | other.keys()
    return sum(abs(one[kind] / size - other[kind] / others) for kind in kinds) / 2
