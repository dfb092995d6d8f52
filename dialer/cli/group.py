"""The command, and the options that several of its commands share."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from dialer import provider
from dialer.cli import colour
from dialer.cli.option_groups import write_options
from dialer.cli.printing import echo
from dialer.messages.examples import EXAMPLES, HEAD
from dialer.messages.verbs import VERBS, help_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click.shell_completion import CompletionItem

_Command = TypeVar("_Command", bound="Callable[..., object]")
PATH = click.Path(path_type=Path)


def _campaign_files(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Return what a shell may complete a campaign to."""
    from dialer.cli.completion import campaign_files  # noqa: PLC0415 - only a shell asks for it

    return campaign_files(typed)


campaigns_argument = click.argument(
    "campaigns", nargs=-1, required=True, type=PATH, metavar="CAMPAIGN...", shell_complete=_campaign_files
)
some_campaigns_argument = click.argument(
    "campaigns", nargs=-1, type=PATH, metavar="[CAMPAIGN...]", shell_complete=_campaign_files
)
campaign_argument = click.argument("campaign", type=PATH, shell_complete=_campaign_files)
recipients_option = click.option(
    "--recipients", type=PATH, metavar="FILE", help="Use this CSV instead of the one that the campaign file names."
)
batch_option = click.option("--batch", metavar="NAME", help="The batch: fills {batch} in the names of its files.")
sandbox_option = click.option("--sandbox", is_flag=True, help="Use the trial in the sandbox, not the real calls.")
any_hour_option = click.option("--any-hour", is_flag=True, help="Trial: call outside the calling hours as well.")
strict_option = click.option(
    "--strict", is_flag=True, help="Refuse to call when the prompt needs a variable that is not sent."
)
folder_option = click.option(
    "--in",
    "folder",
    type=PATH,
    default=Path(),
    metavar="FOLDER",
    help="A folder of the workspace; default: this one.",
)
yes_option = click.option("--yes", is_flag=True, help="Ask nothing; needed without a terminal.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
_JSON = "dialer.json"
"""Under this key the context of a command keeps that `--json` was given."""


def output_option(command: _Command) -> _Command:
    """Add how the outcome is printed; `--json` is another name for `-o json`."""
    output = click.option(
        *("-o", "--output"),
        type=click.Choice(["text", "json"]),
        default="text",
        callback=or_json,
        help="Print the outcome as text or as JSON.",
    )
    return output(json_option(command))


def json_option(command: _Command) -> _Command:
    """Add `--json`; the option it stands for has `or_json` as its callback."""
    flag = click.option(
        "--json", is_flag=True, is_eager=True, expose_value=False, callback=_json, help="The same as -o json."
    )
    return flag(command)


def or_json(context: click.Context, _parameter: click.Parameter, chosen: str | None) -> str | None:
    """Return what was chosen, or "json" where `--json` was given."""
    return "json" if _JSON in context.meta else chosen


def _json(context: click.Context, _parameter: click.Parameter, is_on: bool) -> None:  # noqa: FBT001 - click's callback
    # It is eager, so that `or_json` finds it in whatever order the two are given.
    if is_on:
        context.meta[_JSON] = True


def batch_options(command: _Command) -> _Command:
    """Add the options that say which batch of a campaign is meant."""
    return recipients_option(batch_option(sandbox_option(command)))


def paused_options(command: _Command) -> _Command:
    """Add what says whom `pause` and `resume` concern."""
    everything = click.option("--all", "everything", is_flag=True, help="All campaigns of the workspace.")
    return some_campaigns_argument(batch_options(everything(folder_option(command))))


def _verbose(context: click.Context, _parameter: click.Parameter, is_on: bool) -> None:  # noqa: FBT001 - click's callback
    """Show the log while a command runs."""
    if is_on:
        from dialer.cli import log  # noqa: PLC0415 - the standard library's logging takes a fifth of what --help may take

        log.show(partial(echo, err=True))
        context.call_on_close(log.hide)


def colour_option(command: click.Command) -> None:
    """Add to a command when colours are used."""
    command.params.append(
        click.Option(
            ["--color"],
            type=click.Choice(colour.CHOICES),
            metavar="WHEN",
            expose_value=False,
            is_eager=True,
            callback=_colour,
            help="Use colours: always, never or auto (on a terminal, unless NO_COLOR is set).",
        )
    )


def _colour(_context: click.Context, _parameter: click.Parameter, choice: str | None) -> None:
    if choice is not None:
        colour.choose(choice)


class _WithExamples(click.Command):
    """A command whose page of help has its options in groups, and ends with its examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands below this one, and its options."""
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        write_options(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        _, _, verb = ctx.command_path.partition(" ")
        found = EXAMPLES.get(verb, {})
        if found:
            with formatter.section(HEAD):
                _write_examples(found, formatter)


def _write_examples(examples: Mapping[str, str], formatter: click.HelpFormatter) -> None:
    """Write commands with what they do beside them, or below where that is too wide."""
    widest = max(map(len, examples))
    rows = [f"{command:{widest}}  # {what}" for command, what in examples.items()]
    indent = " " * formatter.current_indent
    if max(map(len, rows)) + len(indent) > formatter.width:
        rows = [f"{command}\n{indent}    # {what}" for command, what in examples.items()]
    formatter.write("".join(f"{indent}{row}\n" for row in rows))


class Verbs(_WithExamples, click.Group):
    """Several commands; each has the options that every one has."""

    command_class = _WithExamples

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
        colour_option(cmd)
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

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; its page begins with its line on the page of all commands."""
        verb = name or cmd.name or ""
        cmd.help = VERBS[verb].format(provider=provider.NAME)
        super().add_command(cmd, name)

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's name
        """Return the page that `main` shows without loading any of this."""
        return help_page(provider.NAME).rstrip("\n")


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dialer", message="dialer %(version)s")
def cli() -> None:
    """Run one of the commands."""


colour_option(cli)
