"""Markdown, as far as the manual uses it: headings, paragraphs, code, lists and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"(#+) (.*)")
_ITEM = re.compile(r"(?:-|\d+\.) ")
_CELLS = re.compile(r"(?<!\\)\|")
_SPAN = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>.+?)\*\*|\[(?P<text>[^\]]+)\]\((?P<target>[^)]+)\)")


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of the page (level 1), or of a part of it."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph on one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines as they stand."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; each item on one line, with its bullet or number."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the names of its columns first."""

    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Code | Items | Table


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line.

    Attributes:
        text: its text.
        kind: `code`, `bold`, `link`, or empty.
        target: where a link goes.
    """

    text: str
    kind: str = ""
    target: str = ""


def blocks(source: str) -> list[Block]:
    """Return the blocks of a page."""
    lines = source.splitlines()
    found: list[Block] = []
    while lines:
        if not lines[0].strip():
            lines.pop(0)
        elif lines[0].startswith("```"):
            lines.pop(0)  # with the language, which no form of the manual shows
            body = []
            while not (line := lines.pop(0)).startswith("```"):
                body.append(line)
            found.append(Code("\n".join(body)))
        else:
            together = [lines.pop(0)]
            while lines and lines[0].strip() and not lines[0].startswith(("```", "#")):
                together.append(lines.pop(0))
            found.append(_block(together))
    return found


def _block(lines: list[str]) -> Block:
    if heading := _HEADING.fullmatch(lines[0]):
        return Heading(len(heading[1]), heading[2])
    if lines[0].startswith("|"):
        rows = (tuple(cell.strip().replace(r"\|", "|") for cell in _CELLS.split(line)[1:-1]) for line in lines)
        return Table(tuple(row for row in rows if any(cell.strip("-:") or not cell for cell in row)))
    if _ITEM.match(lines[0]):
        return Items(tuple(_items(lines)))
    return Paragraph(" ".join(line.strip() for line in lines))


def _items(lines: list[str]) -> list[tuple[str, str]]:
    items: list[tuple[str, str]] = []
    for line in lines:
        if _ITEM.match(line):
            mark, text = line.split(" ", maxsplit=1)
            items.append((mark, text.strip()))
        else:
            mark, text = items.pop()
            items.append((mark, f"{text} {line.strip()}"))
    return items


def spans(text: str) -> list[Span]:
    """Return the parts of a line: code, bold, links, and the text between them."""
    found, end = [], 0
    for match in _SPAN.finditer(text):
        found += [Span(text[end : match.start()])] if match.start() > end else []
        if match["code"]:
            found.append(Span(match["code"], "code"))
        elif match["bold"]:
            found.append(Span(match["bold"], "bold"))
        else:
            found.append(Span(match["text"], "link", match["target"]))
        end = match.end()
    return [*found, Span(text[end:])] if end < len(text) else found


def topic_of(target: str) -> str:
    """Return the page of the manual that a link leads to; empty where it leads elsewhere."""
    page, _, _ = target.partition("#")
    return page.removesuffix(".md") if page.endswith(".md") else ""
