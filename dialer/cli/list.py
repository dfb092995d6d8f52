"""`dialer list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import PATH, cli, folder_option, output_option, sandbox_option
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages import cli as words
from dialer.messages import values
from dialer.messages.pages.list import listing_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command(name="list")
@click.option("--forget", type=PATH, metavar="LEDGER", help="This ledger is gone or damaged: go on without it.")
@click.option("--rebuild", is_flag=True, help="Make the list again that runs keep, after it was lost.")
@click.option("--add", type=PATH, multiple=True, metavar="LEDGER", help="With --rebuild: a ledger that lies elsewhere.")
@folder_option
@sandbox_option
@output_option
def list_(
    *, forget: Path | None, rebuild: bool, add: tuple[Path, ...], folder: Path, sandbox: bool, output: str
) -> ExitCode:
    """Show the ledgers of the workspace, also those that are missing."""
    from dialer.operations import forget_ledger, list_ledgers, rebuild_list  # noqa: PLC0415 - only this command needs it

    if add and not rebuild:
        raise click.UsageError(words.ADD_NEEDS_REBUILD)
    if rebuild:
        for path in rebuild_list(folder, add=add):
            echo(f"{path} is listed again.")
    if forget is not None:
        forget_ledger(forget, folder, sandbox=sandbox)
        echo(words.forgotten(forget))
        return ExitCode.DONE
    listing = list_ledgers(folder, sandbox=sandbox)
    echo(values.as_json(listing) if output == "json" else listing_text(listing))
    return listing.exit_code
