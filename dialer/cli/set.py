"""`dialer set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dialer.cli.campaigns import load
from dialer.cli.group import batch_options, campaign_argument, cli, output_option
from dialer.cli.printing import echo_outcome
from dialer.errors import ExitCode
from dialer.messages.pages.set import changed_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command(name="set")
@campaign_argument
@click.argument("settings", nargs=-1, required=True, metavar="rate=RATE|lines=N...")
@batch_options
@output_option
def set_(campaign: Path, settings: tuple[str, ...], output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Change the rate or the lines of a run that is going on."""
    from dialer.operations import set_live  # noqa: PLC0415 - only this command needs it

    changed = set_live(load(campaign, **which), settings)
    echo_outcome(changed, changed_text, output=output)
    return ExitCode.DONE
