"""`dialer list`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from dialer.cli.group import PATH, cli, folder_option, output_option, sandbox_option
from dialer.cli.printing import echo, echo_outcome
from dialer.errors import ExitCode
from dialer.messages import cli as words
from dialer.messages.pages.list import listing_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command(name="list")
@click.option("--forget", type=PATH, metavar="LEDGER", help="Go on without this ledger, which is gone or damaged.")
@click.option("--rebuild", is_flag=True, help="Make the list of ledgers again, after it was lost.")
@click.option("--add", type=PATH, multiple=True, metavar="LEDGER", help="With --rebuild: a ledger in another folder.")
@folder_option
@sandbox_option
@output_option
def list_(
    *, forget: Path | None, rebuild: bool, add: tuple[Path, ...], folder: Path, sandbox: bool, output: str
) -> ExitCode:
    """Show every campaign and batch of the workspace."""
    from dialer.operations import forget_ledger, rebuild_list  # noqa: PLC0415 - only this command needs it

    if add and not rebuild:
        raise click.UsageError(words.ADD_NEEDS_REBUILD)
    if rebuild:
        for path in rebuild_list(folder, add=add):
            echo(words.listed_again(path), err=output == "json")
    if forget is not None:
        forget_ledger(forget, folder, sandbox=sandbox)
        echo_outcome({"forgotten": forget}, lambda _: words.forgotten(forget), output=output)
        return ExitCode.DONE
    return show_batches(folder, sandbox=sandbox, output=output)


def show_batches(folder: Path, *, sandbox: bool, output: str) -> ExitCode:
    """Show every batch of the workspace around a folder."""
    from dialer.cli.terminal import width_of_output  # noqa: PLC0415 - only these two commands need it
    from dialer.operations import list_batches  # noqa: PLC0415 - as above

    listing = list_batches(folder, sandbox=sandbox)
    echo_outcome(listing, partial(listing_text, width=width_of_output()), output=output)
    return listing.exit_code
