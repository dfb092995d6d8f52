"""What a report is put together from, however it is written: tiles; sections of a sentence, a chart, a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from unicodedata import bidirectional

from dialer.messages.export import report as say

if TYPE_CHECKING:
    from collections.abc import Sequence


ISOLATED: Final = re.compile("\u2068([^\u2068\u2069]*)\u2069")
"""What is written from right to left and must not turn its neighbours around; its group is the text."""


_TURNING: Final = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI"})


def isolated(cell: str) -> str:
    """Return a text that cannot turn its neighbours round, when it is written from right to left."""
    turns = any(bidirectional(letter) in _TURNING for letter in cell)
    return f"\N{FIRST STRONG ISOLATE}{cell}\N{POP DIRECTIONAL ISOLATE}" if turns else cell


class Tone(StrEnum):
    """What a bar says besides its length; the page has a colour for each."""

    ACCENT = "accent"
    """What the report is about: a person was reached."""
    QUIET = "quiet"
    """Neither good nor bad."""
    WARN = "warn"
    """Not over yet, or in doubt."""
    BAD = "bad"
    """It failed."""
    DOUBT = "doubt"
    """Not known; drawn as an outline."""


def parted(*, in_doubt: bool) -> Sequence[tuple[Tone, str]]:
    """Return the legend of bars that are parted: who was reached, and who was not."""
    doubt = [(Tone.DOUBT, say.IN_DOUBT)] if in_doubt else []
    return ((Tone.ACCENT, say.REACHED), (Tone.QUIET, say.NOT_REACHED_YET), *doubt)


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure.

    Attributes:
        label: what it counts.
        value: the figure.
        note: what it is to be held against.
    """

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        label: text at its start.
        value: its length.
        note: text at its end.
        tone: colour of the whole bar.
        part: how much of it counts people who were reached; None if it is not counted separately.
        doubt: how much of it counts people for whom that is not known.
    """

    label: str
    value: float
    note: str
    tone: Tone = Tone.ACCENT
    part: float | None = None
    doubt: float = 0


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below each other, at least one."""

    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side, for values with an order.

    Attributes:
        labels: text below each.
        values: height of each.
        parts: how much of each counts people who were reached; None if it is not counted separately.
        doubts: how much of each counts people for whom that is not known; empty if it is known for all.
        tone: colour of all of them.
        every: show every n-th label only.
    """

    labels: Sequence[str]
    values: Sequence[float]
    parts: Sequence[float] | None = None
    doubts: Sequence[float] = ()
    tone: Tone = Tone.ACCENT
    every: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text.

    Attributes:
        names: of the columns.
        rows: as many cells each.
        numbers: which columns hold numbers.
        whole: which columns hold short words that are not to be broken.
        link: which column holds addresses, or nothing; None where none does.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    link: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a heading.

    Attributes:
        name: unique, for links.
        title: the heading.
        lead: what it shows, in a sentence or two.
        chart: None where there is nothing to draw.
        table: behind the chart, or by itself; None where the lead says all.
        legend: what the chart's tones stand for.
        note: what has to be known to read it.
        wide: it needs the whole width.
    """

    name: str
    title: str
    lead: str
    chart: Bars | Columns | None = None
    table: Table | None = None
    legend: Sequence[tuple[Tone, str]] = field(default=())
    note: str = ""
    wide: bool = False
