"""`dialer help`."""

from __future__ import annotations

import os
from difflib import get_close_matches
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from dialer import manual
from dialer.cli.group import PATH, cli
from dialer.cli.printing import echo
from dialer.cli.terminal import width_of_output
from dialer.errors import ExitCode
from dialer.manual.text import as_text
from dialer.messages.pages.help import MAN_FOR_ALL, man_written, no_such_topic, topics_text

if TYPE_CHECKING:
    from pathlib import Path

_WIDEST = 100
"""Longer lines are hard to read, however wide the terminal is."""


@cli.command(name="help")
@click.argument("topic", required=False)
@click.option("--man", type=PATH, metavar="DIR", help="Write man pages of all commands and topics below this folder.")
@click.pass_context
def help_(context: click.Context, topic: str | None, *, man: Path | None) -> ExitCode:
    """Show a page of the manual, or the options of a command."""
    if man is not None:
        echo(_written(man, topic, context))
        return ExitCode.DONE
    _show(topics_text(manual.topics()) if topic is None else _page(topic, context))
    return ExitCode.DONE


def _page(topic: str, context: click.Context) -> str:
    """Return the page of a topic, with the options of the command of that name.

    Raises:
        click.UsageError: it is neither a topic nor a command.
    """
    command = cli.get_command(context, topic)
    shown = []
    if topic in manual.topics():
        shown.append(as_text(manual.page(topic), width=min(get_terminal_size().columns, _WIDEST)))
    if command is not None:
        shown.append(command.get_help(click.Context(command, info_name=topic, parent=context.parent)))
    if not shown:
        near = get_close_matches(topic, [*manual.topics(), *cli.list_commands(context)], n=1)
        raise click.BadParameter(no_such_topic(topic, near), param_hint="TOPIC")
    return "\n\n".join(shown)


def _written(folder: Path, topic: str | None, context: click.Context) -> str:
    """Write the man pages and say where."""
    from dialer.cli import man_pages  # noqa: PLC0415 - only this option needs it

    if topic is not None:
        raise click.UsageError(MAN_FOR_ALL)
    assert context.parent is not None
    return man_written(man_pages.write(folder, context.parent), folder)


def _show(text: str) -> None:
    """Show a text, screen by screen on a terminal."""
    if width_of_output() is None:
        echo(text)
    else:
        os.environ.setdefault("LESS", "FRX")  # as git does: what fits on one screen needs no pager
        click.echo_via_pager(text)
