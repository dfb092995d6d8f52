"""Man pages: one for each command, made of its options, and one for each page of the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer import manual
from dialer.cli.option_groups import grouped
from dialer.manual.markdown import Heading, Paragraph, Table
from dialer.manual.roff import as_man
from dialer.messages.pages import help as words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.manual.markdown import Block


def write(folder: Path, program: click.Context) -> int:
    """Write every man page below a folder, as `man -M FOLDER` finds them, and return how many there are."""
    pages = [
        *((f"{name}.1", as_man(page, name=name, section=1)) for name, page in _commands(program)),
        *(
            (f"dialer-{topic}.7", as_man(manual.page(topic), name=f"dialer-{topic}", section=7))
            for topic in manual.topics()
        ),
    ]
    for file, text in pages:
        path = folder / f"man{file[-1]}" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return len(pages)


def _commands(program: click.Context) -> Iterator[tuple[str, list[Block]]]:
    assert isinstance(program.command, click.Group)
    verbs = {verb: program.command.get_command(program, verb) for verb in program.command.list_commands(program)}
    contexts = [click.Context(verb, info_name=name, parent=program) for name, verb in verbs.items() if verb is not None]
    yield (
        "dialer",
        words.program_page(_usage(program), [(one.info_name or "", _help(one)) for one in contexts], manual.topics()),
    )
    for context in contexts:
        yield f"dialer-{context.info_name}", [Heading(1, _help(context).rstrip(".")), *_page(context)]


def _page(context: click.Context, *, level: int = 2) -> Iterator[Block]:
    """Yield what a command takes, and then each command below it."""
    yield Heading(level, words.SYNOPSIS)
    yield Paragraph(_usage(context))
    for heading, options in grouped(context):
        yield Heading(level, heading)
        yield Table((words.OPTION_COLUMNS, *((f"`{names}`", text) for names, text in options)))
    below = context.command.commands if isinstance(context.command, click.Group) else {}
    for name, command in below.items():
        inner = click.Context(command, info_name=name, parent=context)
        yield Heading(level, inner.command_path)
        yield Paragraph(_help(inner))
        yield from _page(inner, level=level + 1)


def _usage(context: click.Context) -> str:
    return f"`{' '.join([context.command_path, *context.command.collect_usage_pieces(context)])}`"


def _help(context: click.Context) -> str:
    return " ".join((context.command.help or "").split())
