"""`dialer check`."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dialer.cli import log
from dialer.cli.by_page import ByPage, by_page_option
from dialer.cli.campaigns import Done, each, load
from dialer.cli.columns import with_phone_column
from dialer.cli.events import JsonLines
from dialer.cli.group import (
    PATH,
    any_hour_option,
    batch_options,
    campaigns_argument,
    cli,
    output_option,
    strict_option,
)
from dialer.cli.printing import echo
from dialer.cli.signals import with_signals
from dialer.errors import ExitCode
from dialer.messages import values
from dialer.messages.cli import would_be_called
from dialer.messages.pages.check import check_event, check_text
from dialer.messages.pages.outlook import outlook_value

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@campaigns_argument
@batch_options
@any_hour_option
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Check what a run with this limit would do.")
@strict_option
@click.option(
    "--rejects", type=PATH, metavar="FILE", help="Write the rows that are not called to this CSV, each with the reason."
)
@output_option
@by_page_option
@click.option("--turns", type=PATH, hidden=True, help="The folder in which the checks of the page take turns.")
def check(campaigns: tuple[Path, ...], *, by_page: bool, turns: Path | None, **options: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Check every row and show what would be sent; calls nobody."""
    if by_page:
        page = ByPage(JsonLines())
        with page.failures_shown(), page.turn(turns) if turns is not None else contextlib.nullcontext():
            return check_one(campaigns[0], page=page, **options).code
    return each(campaigns, partial(check_one, **options), output=options["output"])


def check_one(
    path: Path,
    *,
    output: str,
    limit: int | None,
    strict: bool,
    rejects: Path | None = None,
    page: ByPage | None = None,
    **which: Any,  # noqa: ANN401 - options handed on
) -> Done:
    """Check one campaign, and print what was found."""
    from dialer.operations import check_campaign, look_ahead  # noqa: PLC0415 - heavy, and only this command needs it

    campaign = load(path, **which)
    checked = with_phone_column(campaign, partial(check_campaign, limit=limit, rejects=rejects))
    view, _ = with_signals(lambda _control: look_ahead(campaign, checked))
    if page is not None:
        page.end(check_text(checked, view, command=""), checked.exit_code, **check_event(checked))
    elif output == "text":
        selection = campaign.batch.selection
        is_closed_trial = selection.sandbox and view.is_closed_now
        command = (selection.at_any_hour() if is_closed_trial else selection).command("run")
        echo(check_text(checked, view, command=command, requests=log.is_shown()))
    doubtful = bool(view.warnings) or not view.is_prompt_known
    code = ExitCode.USAGE if view.ended is not None or (strict and doubtful) else checked.exit_code
    value = {**values.plain(checked), "outlook": outlook_value(view)}
    return Done(code, would_be_called(checked.to_call), value)
