"""A page as a man page: roff with the macros of man(7), without a preprocessor for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.manual.markdown import Code, Heading, Items, Table, spans, topic_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.manual.markdown import Block, Span

_ESCAPED = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    '"': r"\(dq",
}
"""What roff would read as a command, or show as another character than the one to be typed."""

_PART = 2
"""The level of the heading of a part; what is below that is a part of a part."""


def as_man(page: Iterable[Block], *, name: str, section: int) -> str:
    """Return a page as a man page.

    Args:
        page: its blocks.
        name: what `man` is asked for.
        section: 1 for commands, 7 for everything else.
    """
    title, *rest = page
    assert isinstance(title, Heading)
    head = [
        f".TH {_text(name.upper())} {section}",
        *(".nh", ".ad l", ".SH NAME", rf"{_text(name)} \- {_inline(title.text)}"),
        *([] if isinstance(rest[0], Heading) else [".SH DESCRIPTION"]),
    ]
    return "\n".join([*head, *(line for block in rest for line in _block(block)), ""])


def _block(block: Block) -> list[str]:
    if isinstance(block, Heading):
        return [f"{'.SH' if block.level == _PART else '.SS'} {_quoted(_inline(block.text))}"]
    if isinstance(block, Code):
        return [".PP", ".RS 4", ".EX", *(_line(_text(line)) for line in block.text.splitlines()), ".EE", ".RE"]
    if isinstance(block, Items):
        return [line for mark, text in block.items for line in (f".IP {_quoted(_mark(mark))} 4", _line(_inline(text)))]
    if isinstance(block, Table):
        return _table(block)
    return [".PP", _line(_inline(block.text))]


def _mark(mark: str) -> str:
    return r"\(bu" if mark == "-" else mark


def _table(table: Table) -> list[str]:
    """Return a table as a list: its first column names what the others say."""
    (_, *names), *rows = table.rows
    lines = []
    for first, *cells in rows:
        named = [
            f"{name}: {cell}" if name and len(names) > 1 else cell for name, cell in zip(names, cells, strict=True)
        ]
        said = [_line(_inline(text)) for text, cell in zip(named, cells, strict=True) if cell]
        lines += [".TP", _line(_bold(_inline(first))), *"\n.br\n".join(said or [r"\&"]).split("\n")]
    return lines


def _inline(text: str) -> str:
    return "".join(map(_span, spans(text)))


def _span(span: Span) -> str:
    if span.kind == "link":
        topic = topic_of(span.target)
        place = f"dialer-{topic}(7)" if topic else span.target
        return f"{_inline(span.text)} ({_text(place)})"
    return _bold(_text(span.text)) if span.kind else _text(span.text)


def _bold(text: str) -> str:
    return rf"\fB{text}\fR"


def _line(text: str) -> str:
    """Return a line of text that roff does not take for a command."""
    return rf"\&{text}" if text.startswith((".", "'")) else text


def _quoted(text: str) -> str:
    return f'"{text}"'


def _text(text: str) -> str:
    return "".join(_ESCAPED.get(one, one if one.isascii() else rf"\[u{ord(one):04X}]") for one in text)
