"""`dialer help`."""

from __future__ import annotations

import os
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from dialer import manual
from dialer.cli.group import PATH, cli
from dialer.cli.printing import echo
from dialer.cli.terminal import width_of_output
from dialer.errors import ExitCode
from dialer.manual.search import search
from dialer.manual.text import as_text
from dialer.messages.pages.help import MAN_FOR_ALL, man_written, no_such_topic, passages_text, topics_text
from dialer.messages.verbs import VERBS
from dialer.nearest import nearest

if TYPE_CHECKING:
    from pathlib import Path

_WIDEST = 100
"""Longer lines are hard to read, however wide the terminal is."""


@cli.command(name="help")
@click.argument("topic", nargs=-1)
@click.option("--man", type=PATH, metavar="DIR", help="Write man pages of all commands and topics below this folder.")
@click.pass_context
def help_(context: click.Context, topic: tuple[str, ...], *, man: Path | None) -> ExitCode:
    """Show a page of the manual, or the options of a command."""
    if man is not None:
        echo(_written(man, topic, context))
        return ExitCode.DONE
    _show(_page(topic, context) if any(map(str.strip, topic)) else topics_text(manual.topics()))
    return ExitCode.DONE


def _page(words: tuple[str, ...], context: click.Context) -> str:
    """Return the page of a topic, with the options of the command of that name; else where the manual speaks of it.

    Raises:
        click.BadParameter: it is neither a topic nor a command, and nothing speaks of it.
    """
    topic = "-".join(words).lower()
    shown = []
    if topic in manual.topics():
        shown.append(as_text(manual.page(topic), width=_width()))
    command = _command(words, context.find_root())
    if command is not None:
        shown.append(command.get_help())
    return "\n\n".join(shown) or _searched(words, nearest(topic, [*manual.topics(), *VERBS]))


def _searched(words: tuple[str, ...], near: str | None) -> str:
    """Return where the manual speaks of words.

    Raises:
        click.BadParameter: nowhere.
    """
    typed = " ".join(words)
    found = search(typed.split())
    if not found:
        raise click.BadParameter(no_such_topic(typed, near, manual.topics()), param_hint="TOPIC")
    return passages_text(typed, near, found, width=_width())


def _width() -> int:
    return min(get_terminal_size().columns, _WIDEST)


def _command(words: tuple[str, ...], context: click.Context) -> click.Context | None:
    """Return a command that is named, as in `dnc add`; None where there is none of that name."""
    for word in words:
        command = context.command.get_command(context, word) if isinstance(context.command, click.Group) else None
        if command is None:
            return None
        context = click.Context(command, info_name=word, parent=context)
    return context


def _written(folder: Path, topic: tuple[str, ...], context: click.Context) -> str:
    """Write the man pages and say where."""
    from dialer.cli import man_pages  # noqa: PLC0415 - only this option needs it

    if topic:
        raise click.UsageError(MAN_FOR_ALL)
    return man_written(man_pages.write(folder, context.find_root()), folder)


def _show(text: str) -> None:
    """Show a text, screen by screen on a terminal."""
    if width_of_output() is None:
        echo(text)
    else:
        os.environ.setdefault("LESS", "FRX")  # as git does: what fits on one screen needs no pager
        click.echo_via_pager(text)
