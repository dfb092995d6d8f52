"""The command, and the options that several of its commands share."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from dialer.cli.printing import echo
from dialer.messages.verbs import VERBS, help_page
from dialer.provider import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDER = NAME
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


class _Program(Verbs):
    """The commands of the program, each of which is loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's name
        """Return the commands."""
        return [*VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None where there is none of that name."""
        if cmd_name in VERBS:
            # Its module adds it.
            import_module(f"dialer.cli.{cmd_name}")
        return super().get_command(ctx, cmd_name)

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's name
        """Return the page that `main` shows without loading any of this."""
        return help_page(PROVIDER).rstrip("\n")


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dialer", message="dialer %(version)s")
def cli() -> None:
    """Run one of the commands."""
