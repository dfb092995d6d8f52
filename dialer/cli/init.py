"""`dialer init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import (
    PATH,
    cli,
)
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages.cli import campaign_written
from dialer.messages.commands import command_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@click.argument("recipients", type=PATH)
@click.option("--to", type=PATH, metavar="FILE", help="Write here; default: named after the CSV, in this folder.")
@click.option("--encoding", metavar="NAME", help="Of the CSV, if it is neither UTF-8 nor UTF-16 with its mark.")
def init(recipients: Path, to: Path | None, encoding: str | None) -> ExitCode:
    """Write a campaign file for a CSV."""
    from dialer.operations import write_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    written = write_campaign(recipients, to=to, encoding=encoding)
    echo(campaign_written(written, command=command_text("check", written)))
    return ExitCode.DONE
