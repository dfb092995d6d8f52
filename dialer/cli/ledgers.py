"""What the ledgers tell, without a network."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Literal

import click

from dialer.cli.group import (
    PATH,
    batch_option,
    campaign_argument,
    campaigns_argument,
    cli,
    folder_option,
    output_option,
    recipients_option,
    sandbox_option,
)
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages import values
from dialer.messages.pages.status import listing_text, saved_text, shown_text, standing_text

if TYPE_CHECKING:
    from pathlib import Path

STATUS_EVERY = 2.0
"""Seconds between two looks of `status --watch`."""


@cli.command()
@campaigns_argument
@recipients_option
@batch_option
@sandbox_option
@output_option
@click.option("--watch", is_flag=True, help="Show it again every 2 seconds, until all is over or Ctrl-C.")
def status(campaigns: tuple[Path, ...], *, output: str, watch: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Show how many stand where; works while a run is going on."""
    from dialer.cli.terminal import Screen  # noqa: PLC0415 - as above
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import standing  # noqa: PLC0415 - as above

    batches = [locate(path, **which) for path in campaigns]
    screen = Screen()
    # Ctrl-C is the way to end it.
    with contextlib.suppress(KeyboardInterrupt), screen.shown() if watch else contextlib.nullcontext():
        while True:
            standings = [standing(batch) for batch in batches]
            if output == "json":
                echo(values.as_json(standings, indent=None if watch else 2))
            else:
                text = standing_text([(one, batch.selection) for one, batch in zip(standings, batches, strict=True)])
                (screen.show if watch else echo)(text)
            if not watch or screen.is_unseen or all(one.is_over for one in standings):
                break
            time.sleep(STATUS_EVERY)
    return ExitCode.DONE


@cli.command()
@campaign_argument
@recipients_option
@batch_option
@sandbox_option
@click.option("--to", type=PATH, metavar="FILE", help="Write here; default: beside the results.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "json"]),
    default="html",
    help="A page, or text that is printed unless --to is given.",
)
@click.option(
    "--timezone",
    metavar="NAME",
    default="UTC",
    show_default=True,
    help="Show times as in this zone, for instance Asia/Kolkata.",
)
@click.option("--full-numbers", is_flag=True, help="Show whole phone numbers, not only the last three digits.")
def report(
    campaign: Path,
    *,
    to: Path | None,
    form: Literal["html", "md", "json"],
    timezone: str,
    full_numbers: bool,
    **which: Any,  # noqa: ANN401 - options handed on
) -> ExitCode:
    """Write a page with charts of how the calls went."""
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import report_batch, report_text, save_report  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    found = report_batch(files, zone=timezone, full_numbers=full_numbers)
    text = values.as_json(found) if form == "json" else report_text(found, form)
    if form != "html" and to is None:
        echo(text.rstrip())
    else:
        echo(f"{save_report(text, files, to=to)} is written.")
    return ExitCode.DONE


@cli.command()
@campaign_argument
@recipients_option
@batch_option
@sandbox_option
def results(campaign: Path, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Write the results CSV again from the ledger."""
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import rewrite_results  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    echo(f"{files.results}: {rewrite_results(files):,} rows written")
    return ExitCode.DONE


@cli.command(name="list")
@click.option("--forget", type=PATH, metavar="LEDGER", help="This ledger is gone or damaged: go on without it.")
@folder_option
@sandbox_option
@output_option
def list_(*, forget: Path | None, folder: Path, sandbox: bool, output: str) -> ExitCode:
    """Show the ledgers of the workspace, also those that are missing."""
    from dialer.operations import forget_ledger, list_ledgers  # noqa: PLC0415 - only this command needs it

    if forget is not None:
        forget_ledger(forget, folder, sandbox=sandbox)
        echo(f"{forget} is forgotten: runs go on without it until its batch is run again.")
        return ExitCode.DONE
    found = list_ledgers(folder, sandbox=sandbox)
    echo(values.as_json(found) if output == "json" else listing_text(found))
    return found.exit_code


@cli.command()
@click.argument("to", type=PATH, metavar="DIR")
@folder_option
@sandbox_option
@output_option
def backup(to: Path, *, folder: Path, sandbox: bool, output: str) -> ExitCode:
    """Save the ledgers and settings of the workspace, also while runs go on."""
    from dialer.operations import back_up  # noqa: PLC0415 - only this command needs it

    saved = back_up(to, folder, sandbox=sandbox)
    echo(values.as_json(saved) if output == "json" else saved_text(saved))
    return saved.exit_code


@cli.command()
@click.argument("number", nargs=-1, required=True)
@click.option(
    "--in",
    "folder",
    type=PATH,
    metavar="FOLDER",
    help="Search this folder and those in it; default: all ledgers of the workspace.",
)
@sandbox_option
@output_option
def show(number: tuple[str, ...], *, folder: Path | None, sandbox: bool, output: str) -> ExitCode:
    """Show every attempt at a number, in all ledgers of the workspace."""
    from dialer.operations import show_number  # noqa: PLC0415 - heavy, and only this command needs it

    # A number with spaces may come without quotes.
    shown = show_number(" ".join(number), folder=folder, sandbox=sandbox)
    echo(values.as_json(shown) if output == "json" else shown_text(shown))
    for path, why in shown.unread:
        echo(f"Not read: {path}\n  {why}", err=True)
    return ExitCode(shown.exit_code)
