"""`dialer database`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import Verbs, cli, folder_option, output_option
from dialer.cli.printing import echo_outcome
from dialer.errors import ExitCode
from dialer.messages.pages.database import checked_text, created_text, imported_text, upgraded_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.group(cls=Verbs)
def database() -> None:
    """Set up the database that several hosts share."""


@database.command()
@click.option("--run", default="", metavar="ROLE", help="Let this role run campaigns.")
@click.option("--read", default="", metavar="ROLE", help="Let this role look at campaigns, and change nothing.")
@folder_option
@output_option
def create(*, run: str, read: str, folder: Path, output: str) -> ExitCode:
    """Make the tables, and let roles use them."""
    from dialer.operations import create_database  # noqa: PLC0415 - only this command needs it

    created = create_database(folder, run=run, read=read)
    echo_outcome(created, created_text, output=output)
    return ExitCode.DONE


@database.command()
@folder_option
@output_option
def upgrade(*, folder: Path, output: str) -> ExitCode:
    """Bring the tables up to this version."""
    from dialer.operations import upgrade_database  # noqa: PLC0415 - as above

    upgraded = upgrade_database(folder)
    echo_outcome(upgraded, upgraded_text, output=output)
    return ExitCode.DONE


@database.command()
@folder_option
@output_option
def check(*, folder: Path, output: str) -> ExitCode:
    """Show what the database lacks."""
    from dialer.operations import check_database  # noqa: PLC0415 - as above

    checked = check_database(folder)
    echo_outcome(checked, checked_text, output=output)
    return checked.exit_code


@database.command(name="import")
@folder_option
@output_option
def import_(*, folder: Path, output: str) -> ExitCode:
    """Move the workspace's ledgers, do-not-call list and pauses into it."""
    from dialer.operations import import_workspace  # noqa: PLC0415 - as above

    imported = import_workspace(folder)
    echo_outcome(imported, imported_text, output=output)
    return ExitCode.DONE
