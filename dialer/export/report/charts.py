"""Bars and columns as SVG whose text is text and whose colours are the page's (only here: matplotlib).

Matplotlib draws to scale; what it cannot say is put in afterwards: its colours stand for the page's CSS custom
properties, so that dark mode and print need no second drawing, and `title` and `desc` tell what cannot be seen.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Final
from unicodedata import combining, east_asian_width
from xml.etree import ElementTree as ET

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from dialer.escaping import on_one_line, visible
from dialer.export.report.parts import Bars, Columns, Tone

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH: Final = 360.0
"""In points, here the unit of everything: so narrow that text stays readable on a phone."""
_ROW, _COLUMN_HEIGHT, _LETTER = 26.0, 150.0, 6.6
_LABEL_LETTERS: Final = 22
_INK, _MUTED, _LINE = "#000001", "#000002", "#000003"
_FILLS: Final = {Tone.ACCENT: "#000004", Tone.QUIET: "#000005", Tone.WARN: "#000006", Tone.BAD: "#000007"}
_OUTLINE: Final[dict[str, Any]] = {"facecolor": "none", "edgecolor": _MUTED, "linewidth": 1, "linestyle": (0, (3, 2))}
"""For people whose result is not known: a reader sees the difference without colour."""
_PROPERTIES: Final = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _LINE: "var(--line)",
    **{colour: f"var(--{tone})" for tone, colour in _FILLS.items()},
}
_NAMELESS: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}
_SVG: Final = "{http://www.w3.org/2000/svg}"


def draw(chart: Bars | Columns, *, name: str, title: str, words: str) -> str:
    """Return a chart as an SVG element for the page.

    Args:
        chart: what to draw.
        name: unique in the page; its title and description are found by it.
        title: what a screen reader calls it.
        words: what it shows.
    """
    settings = rc_context(
        {
            "svg.fonttype": "none",
            "text.parse_math": False,
            "font.family": "DejaVu Sans",
            "font.size": 11,
        }
    )
    with settings, warnings.catch_warnings():
        # It measures text with a font of its own, which lacks letters that the reader's browser has.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = _bars(chart) if isinstance(chart, Bars) else _columns(chart)
        written = io.BytesIO()
        figure.savefig(written, format="svg", transparent=True, metadata=_NAMELESS)
    return _for_the_page(written.getvalue(), name=name, title=title, words=words)


def _figure(height: float, *, left: float, right: float, top: float, bottom: float) -> tuple[Figure, Axes]:
    """Return a drawing with room on all four sides of the axes."""
    figure = Figure(figsize=(_WIDTH / 72, height / 72))
    FigureCanvasSVG(figure)
    axes = figure.add_axes(
        (
            left / _WIDTH,
            bottom / height,
            (_WIDTH - left - right) / _WIDTH,
            (height - top - bottom) / height,
        )
    )
    axes.set_axis_off()
    return figure, axes


def _bars(chart: Bars) -> Figure:
    labels = [_short(bar.label) for bar in chart.bars]
    left = _LETTER * max(map(_width, labels)) + 8
    right = _LETTER * max(_width(bar.note) for bar in chart.bars) + 8
    figure, axes = _figure(_ROW * len(labels), left=left, right=right, top=0, bottom=0)
    axes.set_xlim(0, max(1, *(bar.value for bar in chart.bars)))
    axes.set_ylim(len(labels) - 0.5, -0.5)
    for at, bar in enumerate(chart.bars):
        if bar.doubt:
            axes.barh(at, bar.value, height=0.62, clip_on=False, **_OUTLINE)
        axes.barh(at, bar.value - bar.doubt, height=0.62, color=_FILLS[bar.tone], clip_on=False)
        if bar.part is not None:
            axes.barh(at, bar.part, height=0.62, color=_FILLS[Tone.ACCENT], clip_on=False)
        _write(axes, labels[at], (0, at), shift=(-8, 0), align="right")
        _write(axes, bar.note, (bar.value, at), shift=(6, 0), align="left", colour=_MUTED)
    return figure


def _columns(chart: Columns) -> Figure:
    highest = max(1, *chart.values)
    lines = _round_values(highest)
    left = _LETTER * len(f"{lines[-1]:,}") + 8
    figure, axes = _figure(_COLUMN_HEIGHT, left=left, right=4, top=8, bottom=20)
    axes.set_xlim(-0.5, len(chart.values) - 0.5)
    axes.set_ylim(0, highest)
    for value in lines:
        axes.axhline(value, color=_LINE, linewidth=1, zorder=0, clip_on=False)
        _write(axes, f"{value:,}", (-0.5, value), shift=(-6, 0), align="right", colour=_MUTED)
    at = range(len(chart.values))
    known = chart.values
    if chart.doubts:
        axes.bar(at, chart.values, width=0.78, clip_on=False, **_OUTLINE)
        known = [value - doubt for value, doubt in zip(chart.values, chart.doubts, strict=True)]
    axes.bar(at, known, width=0.78, color=_FILLS[chart.tone], clip_on=False)
    if chart.parts is not None:
        axes.bar(at, chart.parts, width=0.78, color=_FILLS[Tone.ACCENT], clip_on=False)
    for index in range(0, len(chart.labels), chart.every):
        _write(axes, chart.labels[index], (index, 0), shift=(0, -12), align="center", colour=_MUTED)
    return figure


def _write(
    axes: Axes, text: str, at: tuple[float, float], *, shift: tuple[float, float], align: str, colour: str = _INK
) -> None:
    axes.annotate(
        text,
        at,
        xytext=shift,
        textcoords="offset points",
        ha=align,
        va="center_baseline",
        color=colour,
        annotation_clip=False,
    )


def _short(label: str) -> str:
    """Return a label in one line of letters that XML may hold, however the provider spells an outcome."""
    plain = "".join(letter if letter.isprintable() else " " for letter in on_one_line(label))
    if _width(plain) <= _LABEL_LETTERS:
        return plain
    shorter = next(at for at in range(len(plain), 0, -1) if _width(plain[:at]) < _LABEL_LETTERS)
    return plain[:shorter] + "…"


def _width(text: str) -> int:
    """Return for how many letters of ours a text needs room: East Asian letters and emoji are twice as wide."""
    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in {"W", "F"}) for letter in text)


def _round_values(highest: float) -> list[int]:
    """Return a few round values up to the highest one, for the lines behind columns."""
    step = next(
        unit * 10**power
        for power in range(16)
        for unit in (1, 2, 5)
        if highest / (unit * 10**power) <= 4  # noqa: PLR2004 - lines
    )
    return list(range(0, int(highest) + 1, step))


def _for_the_page(drawing: bytes, *, name: str, title: str, words: str) -> str:
    root = ET.fromstring(drawing)  # noqa: S314 - drawn a moment ago
    for element in root.iter():
        element.attrib.pop("id", None)
        element.tag = element.tag.removeprefix(_SVG)
        if "style" in element.attrib:
            element.set("style", _restyled(element.attrib["style"]))
    for definitions in root.findall("defs"):
        root.remove(definitions)
    for side in ("width", "height"):
        root.attrib.pop(side)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-words"}
    for at, (tag, text) in enumerate((("title", title), ("desc", words))):
        element = ET.Element(tag, id=f"{name}-{'words' if at else 'title'}")
        element.text = visible(text)
        root.insert(at, element)
    return ET.tostring(root, encoding="unicode")


def _restyled(style: str) -> str:
    for colour, value in _PROPERTIES.items():
        style = style.replace(colour, value)
    return style.replace("font-family: 'DejaVu Sans'", "font-family: inherit")
