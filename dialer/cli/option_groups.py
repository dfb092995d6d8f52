"""The options of a command in groups, as its page of help and its man page show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.messages.option_groups import HELP, groups_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST = 30
"""What a longer option does stands on the next line: click's own limit."""


def grouped(context: click.Context) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the groups of a command's options: each a heading, with how each option is typed and what it does."""
    _, _, verb = context.command_path.partition(" ")
    rows = dict(_rows(context))
    groups = groups_of(verb)
    named = {name for members in groups.values() for name in members}
    others = [name for name in rows if name not in named]
    found = [
        (heading, [rows[name] for name in members or others if name in rows]) for heading, members in groups.items()
    ]
    return [(heading, options) for heading, options in found if options]


def write_options(context: click.Context, formatter: click.HelpFormatter) -> None:
    """Write the options of a command, each group under its heading; what they do starts in one column."""
    groups = grouped(context)
    widest = min(_WIDEST, max(len(names) for _, options in groups for names, _ in options))
    for heading, options in groups:
        with formatter.section(heading):
            formatter.write_dl([(f"{names:{widest}}", text) for names, text in options])


def _rows(context: click.Context) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each option that is shown: its name, how it is typed and what it does."""
    for option in context.command.get_params(context):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if option.name is not None and record is not None:
            yield (HELP if "--help" in option.opts else option.name), record
