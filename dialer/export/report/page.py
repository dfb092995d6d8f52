"""A report as one HTML file that needs no network (only here: Jinja2)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dialer.escaping import visible
from dialer.export.report.charts import draw
from dialer.export.report.head import facts, flags, glossary
from dialer.export.report.headline import tiles
from dialer.export.report.parts import ISOLATED
from dialer.export.report.sections import sections
from dialer.messages.export import report as say

if TYPE_CHECKING:
    from dialer.export.report.figures import Report
    from dialer.export.report.parts import Section


def page(report: Report) -> str:
    """Return a report as an HTML page, whatever stands in the cells of the list."""
    # Everything is escaped but the drawings, whose words matplotlib and ElementTree have escaped.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        report=report,
        facts=facts(report),
        flags=flags(report),
        tiles=tiles(report),
        sections=sections(report),
        glossary=glossary(report),
        drawn=_drawn,
        title=say.title(report.batch),
        about=say.HOW_THEY_WENT,
        as_table=say.AS_TABLE,
        recording=say.LISTEN_LINK,
        meanings=say.GLOSSARY,
    )


def _seen(value: object) -> object:
    """Return a text in which every character can be seen, and what is isolated cannot turn its neighbours around."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    parts = ISOLATED.split(value)
    return Markup("").join(
        Markup("<bdi>{}</bdi>").format(visible(part)) if at % 2 else visible(part) for at, part in enumerate(parts)
    )


def _drawn(section: Section) -> Markup:
    assert section.chart is not None
    title, words = (ISOLATED.sub(r"\1", text) for text in (section.title, section.lead))
    drawing = draw(section.chart, name=section.name, title=title, words=words)
    return Markup(drawing)  # noqa: S704 - as said above
