"""What `dialer help` shows besides the manual itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.manual.markdown import Heading, Paragraph, Table
from dialer.messages.commands import command_text, quoted
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dialer.manual.markdown import Block


def topics_text(titles: Mapping[str, str]) -> str:
    """Return the topics, a line each."""
    width = max(map(len, titles))
    lines = [f"  {topic:{width}}  {title.replace('`', '')}" for topic, title in titles.items()]
    show, options = command_text("help", "TOPIC"), command_text("help", "COMMAND")
    return "\n".join([f"Show a page with `{show}`, the options of a command with `{options}`.", "", *lines])


def no_such_topic(topic: str, near: Sequence[str]) -> str:
    guess = f' Did you mean "{near[0]}"?' if near else ""
    return f'There is no page "{topic}".{guess} `{command_text("help")}` lists them all.'


# -- man pages ---------------------------------------------------------------------------------------------------------

SYNOPSIS, OPTIONS = "SYNOPSIS", "OPTIONS"
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
