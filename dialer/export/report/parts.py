"""What a report is put together from, however it is written: tiles; sections of a sentence, a chart, a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


ISOLATED: Final = re.compile("\u2068([^\u2068\u2069]*)\u2069")
"""What is written from right to left and must not turn its neighbours around; its group is the text."""


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


REACHED_OR_NOT: Final = ((Tone.ACCENT, "reached"), (Tone.QUIET, "not reached"))
"""The legend of bars that are parted in two."""


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
        label: at its begin.
        value: its length.
        note: at its end.
        tone: of all of it.
        part: how much of it is about people who were reached; None where that is not told apart.
    """

    label: str
    value: float
    note: str
    tone: Tone = Tone.ACCENT
    part: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below each other, at least one."""

    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns beside each other, for what has an order.

    Attributes:
        labels: below each.
        values: how high each is.
        parts: how much of each is about people who were reached; None where that is not told apart.
        tone: of all of them.
        every: of so many labels one is shown.
    """

    labels: Sequence[str]
    values: Sequence[float]
    parts: Sequence[float] | None = None
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
        code: which column holds what can be typed; None where none does.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    code: int | None = None


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
