"""`dialer dnc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.asking import ask
from dialer.cli.group import PATH, Verbs, cli, folder_option, output_option, yes_option
from dialer.cli.printing import echo, echo_data, echo_outcome
from dialer.cli.signals import unless_terminated, with_signals
from dialer.errors import ExitCode
from dialer.messages import cli as words
from dialer.messages.pages.dnc import added_text, change_text, entries_text, removed_text

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.engine.control import Control
    from dialer.operations.dnc import Change


@cli.group(cls=Verbs)
def dnc() -> None:
    """Add, remove and list the numbers that nobody may call."""


@dnc.command()
@click.argument("number", nargs=-1)
@click.option(
    "--file", type=PATH, metavar="FILE", help="Add all numbers in this file; if one of them is wrong, add none."
)
@click.option("--source", default="", metavar="TEXT", help="Who or what asked for it.")
@click.option("--region", metavar="CC", help="The country of numbers without a +, such as IN.")
@folder_option
@output_option
def add(
    number: tuple[str, ...], *, file: Path | None, source: str, region: str | None, folder: Path, output: str
) -> ExitCode:
    """Put numbers on the list; no new call to them begins."""
    from dialer.operations import add_numbers  # noqa: PLC0415 - heavy, and only this command needs it

    if not number and file is None:
        raise click.UsageError(words.DNC_ADD_NEEDS)
    added = add_numbers(number, folder, file=file, source=source, region=region)
    echo_outcome(added, added_text, output=output)
    return ExitCode.DONE


@dnc.command(name="list")
@folder_option
@output_option
def list_(*, folder: Path, output: str) -> ExitCode:
    """Show every entry, when it began and who asked for it."""
    from dialer.operations import listed_numbers  # noqa: PLC0415 - as above

    entries = listed_numbers(folder)
    echo_outcome(entries, entries_text, output=output)
    return ExitCode.DONE


@dnc.command()
@click.argument("number")
@click.option("--reason", required=True, metavar="TEXT", help="Why the number may be called again.")
@click.option("--source", metavar="TEXT", help="End the entry with this source, if there are several.")
@folder_option
@output_option
def remove(number: str, *, reason: str, source: str | None, folder: Path, output: str) -> ExitCode:
    """End the entry of a number; the entry stays in the file."""
    from dialer.operations import entries_of, remove_number  # noqa: PLC0415 - as above

    entry = remove_number(number, folder, reason=reason, source=source)
    others = [other for other in entries_of(int(entry.number), folder) if other.is_in_force]
    ended = {"ended": entry, "others": others}
    echo_outcome(ended, lambda _: removed_text(entry, others), output=output)
    return ExitCode.DONE


@dnc.command()
@click.option("--to", type=PATH, metavar="FILE", help="Write them to this file; default: print them.")
@folder_option
def export(*, to: Path | None, folder: Path) -> ExitCode:
    """Write the numbers on the list as a CSV."""
    from dialer.operations import export_numbers  # noqa: PLC0415 - as above

    text = export_numbers(folder, to)
    if to is None:
        echo_data(text, nl=False)
    else:
        echo(words.report_written(to))
    return ExitCode.DONE


@dnc.command()
@yes_option
@folder_option
@output_option
def accept(*, yes: bool, folder: Path, output: str) -> ExitCode:
    """Accept the list as it is, after entries were lost."""
    from dialer.operations import accept_list  # noqa: PLC0415 - as above

    async def work(control: Control) -> Change:
        async def confirm(change: Change) -> bool:
            echo(change_text(change), err=output == "json")
            return yes or await ask(words.DNC_ACCEPT, control=control)

        return await accept_list(folder, confirm=confirm)

    change, stopped_by = with_signals(work)
    echo_outcome(change, lambda accepted: words.dnc_accepted(accepted.path), output=output)
    return unless_terminated(ExitCode.DONE, stopped_by)
