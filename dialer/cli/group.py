"""The command, and the options that several of its commands share."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from dialer.cli.printing import echo
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDER = VENDOR.names.name
_Command = TypeVar("_Command", bound="Callable[..., object]")
PATH = click.Path(path_type=Path)
campaigns_argument = click.argument("campaigns", nargs=-1, required=True, type=PATH, metavar="CAMPAIGN...")
some_campaigns_argument = click.argument("campaigns", nargs=-1, type=PATH, metavar="[CAMPAIGN...]")
campaign_argument = click.argument("campaign", type=PATH)
recipients_option = click.option(
    "--recipients", type=PATH, metavar="FILE", help="Take this CSV instead of the campaign file's."
)
batch_option = click.option("--batch", metavar="NAME", help="Fill {batch} in the names of results and ledger.")
sandbox_option = click.option("--sandbox", is_flag=True, help=f"Of a trial in the built-in stand-in for {PROVIDER}.")
strict_option = click.option(
    "--strict", is_flag=True, help="Variables that the prompt asks for and does not get are an error."
)
folder_option = click.option(
    "--in",
    "folder",
    type=PATH,
    default=Path(),
    metavar="FOLDER",
    help="A folder of the workspace; default: here.",
)
output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How the outcome is printed."
)


def batch_options(command: _Command) -> _Command:
    """Add the options that say which batch of a campaign is meant."""
    return recipients_option(batch_option(sandbox_option(command)))


def paused_options(command: _Command) -> _Command:
    """Add what says whom `pause` and `resume` concern."""
    campaigns = click.argument("campaigns", nargs=-1, type=PATH, metavar="[CAMPAIGN]...")
    everything = click.option("--all", "everything", is_flag=True, help="Every campaign of the workspace.")
    return campaigns(batch_options(everything(folder_option(command))))


def _verbose(context: click.Context, _parameter: click.Parameter, is_on: bool) -> None:  # noqa: FBT001 - click's callback
    """Show the log while a command runs."""
    if is_on:
        from dialer.cli import log  # noqa: PLC0415 - the standard library's logging takes a fifth of what --help may take

        log.show(partial(echo, err=True))
        context.call_on_close(log.hide)


class Verbs(click.Group):
    """The commands; each has the options that every one has."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command with them."""
        cmd.params.append(
            click.Option(
                ["-v", "--verbose"],
                is_flag=True,
                expose_value=False,
                callback=_verbose,
                help="Show a log of each step.",
            )
        )
        super().add_command(cmd, name)


_HELP = f"""Call everybody in a CSV with a {PROVIDER} voice agent: nobody twice, nobody lost.

\b
Exit codes: 0 all done · 1 done, some need a look · 2 something is wrong, nothing dialled · 3 some are left, run
again · 4 another run holds this batch · 5 stopped, a person must act · 130 interrupted (143 by SIGTERM)
"""


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, help=_HELP)
@click.version_option(package_name="dialer", message="dialer %(version)s")
def cli() -> None:
    """Run one of the commands."""
