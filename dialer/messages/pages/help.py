"""What `dialer help` shows besides the manual itself."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from dialer.manual.markdown import Heading, Paragraph, Table
from dialer.messages.commands import command_text, quoted
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dialer.manual.markdown import Block
    from dialer.manual.search import Passage

_SHOWN = 3
"""How many passages of one page are shown."""


def topics_text(titles: Mapping[str, str]) -> str:
    """Return the topics, a line each."""
    width = max(map(len, titles))
    lines = [f"  {topic:{width}}  {title.replace('`', '')}" for topic, title in titles.items()]
    show, options, search = (command_text("help", what) for what in ("TOPIC", "COMMAND", "WORDS"))
    return "\n".join(
        [
            f"Show a page with `{show}`, the options of a command with `{options}`.",
            f"Search with `{search}`.",
            "",
            *lines,
        ]
    )


def no_such_topic(typed: str, near: str | None, topics: Iterable[str]) -> str:
    listed = f"`{command_text('help')}` lists the pages: {', '.join(topics)}."
    return f"{_not_a_page(typed, near)} Nothing in the manual speaks of it. {listed}"


def passages_text(typed: str, near: str | None, found: Mapping[str, Sequence[Passage]], *, width: int) -> str:
    """Return where the manual speaks of something.

    Args:
        typed: what was asked for.
        near: the page that may have been meant.
        found: the passages of each page.
        width: how long a line may be.
    """
    lines = [f"{_not_a_page(typed, near)} The manual speaks of it here:"]
    for topic, passages in found.items():
        lines += ["", command_text("help", topic)]
        for passage in passages[:_SHOWN]:
            text = passage.heading if passage.text is None else f"{passage.heading}: {passage.text}"
            lines += wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
        if (more := len(passages) - _SHOWN) > 0:
            lines.append(f"  and {many(more, 'more place')}")
    return "\n".join(lines)


def _not_a_page(typed: str, near: str | None) -> str:
    guess = f' Did you mean "{near}"?' if near else ""
    return f'There is no page "{typed}".{guess}'


# -- man pages ---------------------------------------------------------------------------------------------------------

SYNOPSIS = "SYNOPSIS"
OPTION_COLUMNS = ("option", "means")
MAN_FOR_ALL = "--man writes all pages: leave TOPIC out."


def man_written(pages: int, folder: Path) -> str:
    return f"{many(pages, 'man page')} in {folder}. To read one: man -M {quoted(folder)} dialer-run"


def program_page(usage: str, verbs: Iterable[tuple[str, str]], titles: Mapping[str, str]) -> list[Block]:
    """Return the man page of the program itself."""
    return [
        Heading(1, "Call everybody in a CSV with a voice agent, each person once"),
        Heading(2, SYNOPSIS),
        Paragraph(usage),
        Heading(2, "COMMANDS"),
        Table((("command", "does"), *((f"dialer-{verb}(1)", line) for verb, line in verbs))),
        Heading(2, "MANUAL"),
        Table((("page", "about"), *((f"dialer-{topic}(7)", title) for topic, title in titles.items()))),
    ]
