"""`dialer pause`."""

from __future__ import annotations

from typing import Any

import click

from dialer.cli.asking import say
from dialer.cli.group import cli, output_option, paused_options
from dialer.cli.printing import echo_outcome
from dialer.errors import ExitCode
from dialer.messages import pause as words
from dialer.messages.pages.pause import paused_text


@cli.command()
@paused_options
@click.option(
    "--until", metavar="TIME", help='End the pause at this time, like "2026-12-01 09:00"; default: at `dialer resume`.'
)
@click.option("--for", "length", metavar="LENGTH", help="End the pause after this time, like 2h.")
@click.option("--note", default="", metavar="TEXT", help="Why; everybody whose run is paused sees it.")
@output_option
def pause(until: str | None, length: str | None, note: str, output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Place no more calls of a campaign until `dialer resume`."""
    from dialer.operations import pause_campaigns, targets_of, until_in  # noqa: PLC0415 - only this command needs it

    end, targets = until_in(until, length), targets_of(**which)
    try:
        paused = pause_campaigns(targets, until=end, why=note, tell=say)
    except KeyboardInterrupt:
        say(words.INTERRUPTED)
        return ExitCode.INTERRUPTED
    echo_outcome(paused, paused_text, output=output)
    return paused.exit_code
