"""`dialer completion`, and what a shell asks for while a command is typed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from dialer.cli.group import cli
from dialer.cli.printing import echo_data
from dialer.errors import ExitCode
from dialer.escaping import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import ShellComplete

ASKS = "_DIALER_COMPLETE"
"""The variable by which a shell asks: `bash_complete`, say. The scripts of click name it so."""
SHELLS = ("bash", "zsh", "fish")


@cli.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> ExitCode:
    """Print the script that lets a shell complete commands, options and campaign files."""
    echo_data(_completion(shell).source())
    return ExitCode.DONE


def answer(asked: str) -> ExitCode:
    """Print what may come next on the command line that a shell has put into the environment."""
    shell = asked.partition("_")[0]
    if shell in SHELLS:
        # A shell reads it, not a person: tabs stay.
        click.echo(_completion(shell).complete())
    return ExitCode.DONE


def _completion(shell: str) -> ShellComplete:
    found = get_completion_class(shell)
    assert found is not None
    return found(cli, {}, "dialer", ASKS)


def campaign_files(typed: str) -> list[CompletionItem[str]]:
    """Return the campaign files that begin as typed, in that folder and those in it; folders where there are none."""
    paths = (path for path in sorted(_campaign_files(typed)) if path.startswith(typed) and is_plain(path))
    found = [CompletionItem(path) for path in paths]
    return found or [CompletionItem(typed, type="dir")]


def _campaign_files(typed: str) -> Iterator[str]:
    from dialer.operations.campaign_files import is_campaign_file  # noqa: PLC0415 - a shell asks seldom

    at = typed[: typed.rfind(os.sep) + 1]
    for path in (*Path(at).glob("*.toml"), *Path(at).glob("[!.]*/*.toml")):
        if is_campaign_file(path):
            yield f"{at}{os.path.relpath(path, at or os.curdir)}"
