"""The workspace's do-not-call list, whatever keeps it: rows are only ever added, and a number is text here.

A row begins what holds for its number and source, or ends it: the last row of both decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

Stamp = tuple[int, int, int]
"""What changes whenever a row is added."""


class Row(NamedTuple):
    """A row of the list.

    Attributes:
        number: as it stands there.
        since: when the number was put on it, as it stands there.
        source: who or what asked for it.
        ended: when that was taken back, as it stands there; empty where it was not.
        reason: why it was.
        line: on which line it stands; 0 where that is not known yet.
    """

    number: str
    since: str = ""
    source: str = ""
    ended: str = ""
    reason: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the list was read.

    Attributes:
        length: so many bytes, up to the end of a line.
        digest: of these.
        lines: so many lines.
        at: when that was (Unix seconds).
    """

    length: int
    digest: str
    lines: int
    at: float = 0.0


NOTHING = Extent(0, blake2b(digest_size=16).hexdigest(), 0)
"""Of a list that nobody has seen yet."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That a person took the list as it was for the right one, whatever was there before.

    Attributes:
        id: no two are the same.
        extent: the list then.
    """

    id: str
    extent: Extent


class Part(Protocol):
    """What stands in the list from some place on."""

    @property
    def extent(self) -> Extent:
        """How far it goes; a last line without its end is not counted."""

    @property
    def unended(self) -> int:
        """The line that has no end, and may be cut short; 0 where there is none."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows.

        Raises:
            DoNotCallError: a line cannot be read.
        """


class Adding(Protocol):
    """Adds rows, while nobody else does."""

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none; durable when this returns.

        Raises:
            DoNotCallError: they cannot be written.
        """


class DoNotCall(Protocol):
    """The list that all batches of a workspace share."""

    @property
    def path(self) -> Path:
        """What it is called, for people."""

    @property
    def files(self) -> Sequence[Path]:
        """What a backup has to save, as far as it is there."""

    def stamp(self) -> Stamp:
        """Return what changes whenever a row is added."""

    def read(self, *, after: Extent = NOTHING, expected: Extent = NOTHING) -> Part:
        """Return what stands there, or what was added since.

        Args:
            after: what was read before.
            expected: what it has to begin with; not shorter than `after`.

        Raises:
            DoNotCallError: it cannot be read, or does not begin so any more.
        """

    def begins_with(self, extent: Extent) -> bool:
        """Tell whether it still begins with what was read once."""

    def adding(self) -> AbstractContextManager[Adding]:
        """Have it alone, to look and to add.

        Raises:
            DoNotCallError: it cannot be written.
        """

    def accepted(self) -> Acceptance | None:
        """Return what a person accepted last; None where nobody has, or it cannot be read."""

    def accept(self, extent: Extent) -> None:
        """Note that a person accepts the list as it is; durable when this returns.

        Raises:
            DoNotCallError: that cannot be written.
        """
