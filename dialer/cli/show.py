"""`dialer show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import PATH, cli, output_option, sandbox_option
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages import values
from dialer.messages.cli import ledger_not_read
from dialer.messages.pages.show import shown_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@click.argument("number", nargs=-1, required=True)
@click.option(
    "--in",
    "folder",
    type=PATH,
    metavar="FOLDER",
    help="Search this folder and those in it; default: all ledgers of the workspace.",
)
@sandbox_option
@output_option
def show(number: tuple[str, ...], *, folder: Path | None, sandbox: bool, output: str) -> ExitCode:
    """Show every attempt at a number, in all ledgers of the workspace."""
    from dialer.operations import show_number  # noqa: PLC0415 - heavy, and only this command needs it

    # A number with spaces may come without quotes.
    shown = show_number(" ".join(number), folder=folder, sandbox=sandbox)
    echo(values.as_json(shown) if output == "json" else shown_text(shown))
    for path, why in shown.unread:
        echo(ledger_not_read(path, why), err=True)
    return ExitCode(shown.exit_code)
