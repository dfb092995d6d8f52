"""A report as Markdown, for a chat or an issue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialer.escaping import visible
from dialer.export.report.head import facts, flags, glossary
from dialer.export.report.headline import tiles
from dialer.export.report.parts import ISOLATED
from dialer.export.report.sections import sections
from dialer.messages.export import report as say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.export.report.figures import Report
    from dialer.export.report.parts import Section, Table

_SPECIAL = re.compile(r"([\\`*_~$\[\]<>|#&])")


def markdown(report: Report) -> str:
    """Return a report as Markdown with tables; what stands in the cells of the list stays text."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {_text(report.batch)}"
    yield ""
    yield from (f"- {_text(name)}: {_text(words)}" for name, words in facts(report))
    for words in flags(report):
        yield from ("", f"**{_text(words)}**")
    yield ""
    yield from (f"- **{_text(tile.label)}** {_text(tile.value)} ({_text(tile.note)})" for tile in tiles(report))
    for section in sections(report):
        yield from _section(section)
    yield from ("", f"## {say.GLOSSARY}", "")
    yield from (f"- {_text(term)}: {_text(words)}" for term, words in glossary(report))


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {_text(section.title)}", "", _text(section.lead))
    if section.table is not None:
        yield ""
        yield from _table(section.table)
    if section.note:
        yield from ("", _text(section.note))


def _table(table: Table) -> Iterator[str]:
    yield _row([_text(name) for name in table.names])
    yield _row(["---:" if at in table.numbers else "---" for at in range(len(table.names))])
    for row in table.rows:
        yield _row([_link(cell) if at == table.link else _text(cell) for at, cell in enumerate(row)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(words: str) -> str:
    plain = visible(" ".join(ISOLATED.sub(r"\1", words).split()))
    return _SPECIAL.sub(r"\\\1", plain)


def _link(address: str) -> str:
    return f"[{say.LISTEN_LINK}](<{address}>)" if address else ""
