"""`dialer show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import PATH, cli, output_option, sandbox_option
from dialer.cli.printing import echo, echo_outcome
from dialer.errors import ExitCode
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
    help="Search this folder and all below it; default: every ledger of the workspace.",
)
@sandbox_option
@output_option
def show(number: tuple[str, ...], *, folder: Path | None, sandbox: bool, output: str) -> ExitCode:
    """Show every attempt to call a number."""
    from dialer.operations import show_number  # noqa: PLC0415 - heavy, and only this command needs it

    # A number with spaces may come without quotes.
    shown = show_number(" ".join(number), folder=folder, sandbox=sandbox)
    echo_outcome(shown, shown_text, output=output)
    for path, why in shown.unread:
        echo(ledger_not_read(path, why), err=True)
    return ExitCode(shown.exit_code)
