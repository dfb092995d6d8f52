"""A page of the manual as plain text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dialer.manual.markdown import Code, Heading, Items, Table, spans, topic_of
from dialer.messages.commands import command_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.manual.markdown import Block, Span

_GAP = "  "
_NARROWEST = 8
"""A column of a table keeps this width, whatever the terminal has."""
_HELD = "\xa0"
"""What stands for a space at which no line may end."""


def as_text(page: Iterable[Block], *, width: int) -> str:
    """Return a page as text, in lines of a width at most; code keeps its lines."""
    return "\n\n".join(_block(block, width) for block in page)


def _block(block: Block, width: int) -> str:
    if isinstance(block, Heading):
        return plain(block.text).upper() if block.level == 1 else plain(block.text)
    if isinstance(block, Code):
        return textwrap.indent(block.text, "    ")
    if isinstance(block, Items):
        return "\n".join(line for mark, text in block.items for line in _item(mark, text, width))
    if isinstance(block, Table):
        return "\n".join(_table(block, width - 2))
    return "\n".join(f"  {line}" for line in _wrapped(block.text, width - 2))


def _item(mark: str, text: str, width: int) -> list[str]:
    first, *rest = _wrapped(text, width - len(mark) - 3)
    return [f"  {mark} {first}", *(f"   {' ' * len(mark)}{line}" for line in rest)]


def _table(table: Table, width: int) -> list[str]:
    rows = [tuple(_cell(cell) for cell in row) for row in table.rows]
    widths = _widths(rows, width)
    shown = [_row(row, widths) for row in rows]
    between = [""] if any(len(lines) > 1 for lines in shown) else []
    head, *body = shown
    lines = [*head, _GAP + _GAP.join("-" * one for one in widths)]
    for at, row in enumerate(body):
        lines += [*(between if at else []), *row]
    return lines


def _cell(text: str) -> str:
    whole = spans(text)
    shown = whole[0].text if len(whole) == 1 and whole[0].kind == "code" else plain(text)
    return shown.replace(_HELD, " ")


def _widths(rows: list[tuple[str, ...]], width: int) -> list[int]:
    """Return the widths of columns that fit: the widest one gives first, down to its longest word as far as it can."""
    columns = [*zip(*rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    room = width - len(_GAP) * (len(widths) - 1)
    words = [max(len(word) for cell in column for word in [*cell.split(), ""]) for column in columns]
    for least in (words, [_NARROWEST] * len(columns)):
        while sum(widths) > room and (wide := [at for at, one in enumerate(widths) if one > least[at]]):
            widths[max(wide, key=lambda at: widths[at])] -= 1
    return widths


def _row(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    columns = [_wrapped_plain(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, columns))
    filled = [[*column, *[""] * (height - len(column))] for column in columns]
    lines = zip(*filled, strict=True)
    return [
        (_GAP + _GAP.join(f"{part:{width}}" for part, width in zip(line, widths, strict=True))).rstrip()
        for line in lines
    ]


def _wrapped(text: str, width: int) -> list[str]:
    return _wrapped_plain(plain(text), width, breaks_words=False)


def _wrapped_plain(text: str, width: int, *, breaks_words: bool = True) -> list[str]:
    """Return lines of a width; a long word is broken only in a table, whose columns stand under each other."""
    widest = max(width, _NARROWEST)
    lines = textwrap.wrap(text, widest, break_on_hyphens=False, break_long_words=breaks_words) or [""]
    return [line.replace(_HELD, " ") for line in lines]


def plain(text: str) -> str:
    """Return a line without the marks of Markdown; a command keeps its backticks, and its spaces do not break."""
    return "".join(map(_span, spans(text)))


def _span(span: Span) -> str:
    if span.kind == "code":
        # A command that is pasted has to stand on one line.
        return f"`{span.text.replace(' ', _HELD)}`"
    if span.kind == "link":
        topic = topic_of(span.target)
        place = command_text("help", topic) if topic else span.target
        return f"{plain(span.text)} ({place.replace(' ', _HELD)})"
    return span.text
