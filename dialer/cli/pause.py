"""`dialer pause`."""

from __future__ import annotations

from typing import Any

import click

from dialer.cli.asking import say
from dialer.cli.group import cli, output_option, paused_options
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages import pause as words
from dialer.messages import values
from dialer.messages.pages.pause import paused_text


@cli.command()
@paused_options
@click.option("--until", metavar="TIME", help='Until then: "2026-12-01 09:00". Default: until it is resumed.')
@click.option("--for", "length", metavar="LENGTH", help="For so long: 2h.")
@click.option("--note", default="", metavar="TEXT", help="Why, for everybody who is held by it.")
@output_option
def pause(until: str | None, length: str | None, note: str, output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Have no run call anybody, until `dialer resume`."""
    from dialer.operations import pause_campaigns, targets_of, until_in  # noqa: PLC0415 - only this command needs it

    end, targets = until_in(until, length), targets_of(**which)
    try:
        paused = pause_campaigns(targets, until=end, why=note, tell=say)
    except KeyboardInterrupt:
        say(words.INTERRUPTED)
        return ExitCode.INTERRUPTED
    echo(values.as_json(paused) if output == "json" else paused_text(paused))
    return paused.exit_code
