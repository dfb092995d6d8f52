"""The workspace's do-not-call list, the same for every engine: rows are only ever added; a number is text here.

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
        number: as written in the list.
        since: when the number was added, as written in the list.
        source: who or what asked for it.
        ended: when the number was removed, as written in the list; empty if it was not.
        reason: why it was removed.
        line: its line number; 0 if not known yet.
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
"""The extent of a list that has not been read yet."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A person's confirmation that the list is the right one, even if it differs from the list before.

    Attributes:
        id: unique.
        extent: the list then.
    """

    id: str
    extent: Extent


class Part(Protocol):
    """The content of the list from some position on."""

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
    """Adds rows, with exclusive access to the list."""

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
        """Return the content of the list, or what was added since an earlier read.

        Args:
            after: what was read before.
            expected: what the list must begin with; not shorter than `after`.

        Raises:
            DoNotCallError: it cannot be read, or no longer begins like that.
        """

    def begins_with(self, extent: Extent) -> bool:
        """Tell whether it still begins with what was read once."""

    def adding(self) -> AbstractContextManager[Adding]:
        """Have it alone, to look and to add.

        Raises:
            DoNotCallError: it cannot be written.
        """

    def accepted(self) -> Acceptance | None:
        """Return what a person accepted last; None if there is no acceptance, or it cannot be read."""

    def accept(self, extent: Extent) -> None:
        """Note that a person accepts the list as it is; durable when this returns.

        Raises:
            DoNotCallError: that cannot be written.
        """
