"""`dialer login`."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

import click

from dialer import provider
from dialer.cli.asking import is_anybody_there
from dialer.cli.group import cli, folder_option, output_option
from dialer.cli.printing import echo_outcome
from dialer.errors import ExitCode, InterruptedRunError, UnansweredError
from dialer.messages import cli as words
from dialer.messages.pages.login import logged_in_text, logged_out_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@click.option("--forget", is_flag=True, help="Delete the key that was kept.")
@click.option("--file", "in_file", is_flag=True, help="Keep it in a .env in the folder, not in the system's keyring.")
@folder_option
@output_option
def login(*, forget: bool, in_file: bool, folder: Path, output: str) -> ExitCode:
    """Save the provider's API key, so that every command finds it."""
    from dialer.operations.login import log_in, log_out  # noqa: PLC0415 - heavy, and only this command needs it

    if forget:
        echo_outcome(log_out(folder), logged_out_text, output=output)
    else:
        echo_outcome(log_in(_key(), folder, in_file=in_file), logged_in_text, output=output)
    return ExitCode.DONE


def _key() -> str:
    """Return the key that a person types, unseen, or that a program gives.

    Raises:
        InterruptedRunError: Ctrl-C.
        UnansweredError: there is none.
    """
    if not is_anybody_there():
        return sys.stdin.readline()
    try:
        return getpass.getpass(words.key_prompt(provider.NAME))
    except KeyboardInterrupt:
        raise InterruptedRunError(words.KEY_INTERRUPTED) from None
    except EOFError:
        raise UnansweredError(words.NO_KEY_TYPED) from None
