"""`dialer backup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import PATH, cli, folder_option, output_option, sandbox_option
from dialer.cli.printing import echo_outcome
from dialer.messages.pages.backup import saved_text

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.errors import ExitCode


@cli.command()
@click.argument("to", type=PATH, metavar="DIR")
@folder_option
@sandbox_option
@output_option
def backup(to: Path, *, folder: Path, sandbox: bool, output: str) -> ExitCode:
    """Copy the ledgers and settings of the workspace, even during a run."""
    from dialer.operations import back_up  # noqa: PLC0415 - only this command needs it

    saved = back_up(to, folder, sandbox=sandbox)
    echo_outcome(saved, saved_text, output=output)
    return saved.exit_code
