"""The part of a results CSV that a rewrite can keep: the lines before the first difference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dialer.export.results.stamp import Stamp
    from dialer.models import ResultRow

PLACES = "results_places"
"""Under this name the ledger notes where the rows of the results stand that it last wrote."""
STEP = 1000
"""Rows between two places that are known."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The part of the former file that stays: by default none of it.

    Attributes:
        position: of the last row of the input in it.
        size: its bytes, with the header.
    """

    position: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Places:
    """Where lines end in a results CSV, each with no row of the input missing before it.

    Attributes:
        ends: some of them, in order: position of a row of the input, and the byte behind its line.
    """

    ends: tuple[Kept, ...] = ()

    @property
    def last(self) -> Kept:
        """The part of a file up to the last of them."""
        return self.ends[-1] if self.ends else Kept()

    @classmethod
    def read(cls, text: str | None) -> Places:
        """Return what was noted; nothing where another version did, which may write lines otherwise."""
        noted = json.loads(text or "[]")
        return cls(tuple(Kept(*end) for end in noted[1:])) if noted[:1] == [version("dialer")] else cls()

    def noted(self) -> str:
        """Return them as text."""
        return json.dumps([version("dialer"), *((end.position, end.size) for end in self.ends)])

    def up_to(self, position: int) -> Places:
        """Return those of them that are not beyond a position."""
        return Places(tuple(end for end in self.ends if end.position <= position))


NO_PLACES = Places()


@dataclass(frozen=True, slots=True)
class LastWritten:
    """What the ledger notes of the file that it last wrote: by default that it wrote none.

    Attributes:
        stamp: of the whole file.
        places: where its lines end.
    """

    stamp: str | None = None
    places: Places = NO_PLACES


class Measured:
    """Finds out where lines end while a file is written.

    Args:
        written: how much of it there is by now.
        places: of the part that is kept.
    """

    def __init__(self, written: Stamp, places: Places) -> None:
        self._written = written
        self._places = places

    def watch(self, rows: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Yield rows, each of which is written before the next one is asked for."""
        last, is_first_part = self._places.last.position, True
        for row in rows:
            # A row that is still to be called gets another line later, and is left out of the file while a run goes on.
            if is_first_part and (row.position != last + 1 or row.status is Status.PENDING):
                is_first_part = False
                self._note(last)
            elif is_first_part and last % STEP == 0:
                self._note(last)
            last = row.position or 0
            yield row
        if is_first_part:
            self._note(last)

    def places(self) -> Places:
        """Return what was found."""
        return self._places

    def _note(self, position: int) -> None:
        if position > self._places.last.position:
            self._places = Places((*self._places.ends, Kept(position, self._written.size)))
