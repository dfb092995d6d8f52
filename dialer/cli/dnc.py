"""`dialer dnc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.asking import ask
from dialer.cli.group import PATH, Verbs, cli, folder_option, output_option
from dialer.cli.printing import echo
from dialer.cli.signals import unless_terminated, with_signals
from dialer.errors import ExitCode
from dialer.messages import cli as words
from dialer.messages import values
from dialer.messages.pages.dnc import added_text, change_text, entries_text, removed_text

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.engine.control import Control
    from dialer.operations.dnc import Change


@cli.group(cls=Verbs)
def dnc() -> None:
    """Keep the workspace's do-not-call list."""


@dnc.command()
@click.argument("number", nargs=-1)
@click.option("--file", type=PATH, metavar="FILE", help="Add all numbers in this file, or none.")
@click.option("--source", default="", metavar="TEXT", help="Who or what asked for it.")
@click.option("--region", metavar="CC", help="The country of numbers without a plus, such as IN.")
@folder_option
@output_option
def add(
    number: tuple[str, ...], *, file: Path | None, source: str, region: str | None, folder: Path, output: str
) -> ExitCode:
    """Put numbers on it; no call to them begins any more."""
    from dialer.operations import add_numbers  # noqa: PLC0415 - heavy, and only this command needs it

    if not number and file is None:
        raise click.UsageError(words.DNC_ADD_NEEDS)
    added = add_numbers(number, folder, file=file, source=source, region=region)
    echo(values.as_json(added) if output == "json" else added_text(added))
    return ExitCode.DONE


@dnc.command(name="list")
@folder_option
@output_option
def list_(*, folder: Path, output: str) -> ExitCode:
    """Show who is on it, since when and from which source."""
    from dialer.operations import listed_numbers  # noqa: PLC0415 - as above

    entries = listed_numbers(folder)
    echo(values.as_json(entries) if output == "json" else entries_text(entries))
    return ExitCode.DONE


@dnc.command()
@click.argument("number")
@click.option("--reason", required=True, metavar="TEXT", help="Why the number may be called again.")
@click.option("--source", metavar="TEXT", help="Whose entry ends, where there are several.")
@folder_option
@output_option
def remove(number: str, *, reason: str, source: str | None, folder: Path, output: str) -> ExitCode:
    """End the entry of a number; nothing is deleted."""
    from dialer.operations import entries_of, remove_number  # noqa: PLC0415 - as above

    entry = remove_number(number, folder, reason=reason, source=source)
    others = [other for other in entries_of(int(entry.number), folder) if other.is_in_force]
    echo(values.as_json({"ended": entry, "others": others}) if output == "json" else removed_text(entry, others))
    return ExitCode.DONE


@dnc.command()
@click.option("--to", type=PATH, metavar="FILE", help="Write it there; default: to standard output.")
@folder_option
def export(*, to: Path | None, folder: Path) -> ExitCode:
    """Write the numbers that are on it as a CSV."""
    from dialer.operations import export_numbers  # noqa: PLC0415 - as above

    echo(export_numbers(folder, to), nl=False)
    return ExitCode.DONE


@dnc.command()
@click.option("--yes", is_flag=True, help="Ask nothing; needed without a terminal.")
@folder_option
def accept(*, yes: bool, folder: Path) -> ExitCode:
    """Go on with the list as it is, though it lost entries."""
    from dialer.operations import accept_list  # noqa: PLC0415 - as above

    async def work(control: Control) -> Change:
        async def confirm(change: Change) -> bool:
            echo(change_text(change))
            return yes or await ask(words.DNC_ACCEPT, control=control)

        return await accept_list(folder, confirm=confirm)

    change, stopped_by = with_signals(work)
    echo(words.dnc_accepted(change.path))
    return unless_terminated(ExitCode.DONE, stopped_by)
