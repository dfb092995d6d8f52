"""`dialer report`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import click

from dialer.cli.by_page import for_page_option
from dialer.cli.group import PATH, batch_options, campaign_argument, cli, json_option, or_json
from dialer.cli.printing import echo, echo_data
from dialer.errors import ExitCode
from dialer.messages import values
from dialer.messages.cli import report_written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_Form = Literal["html", "md", "json"]
_BY_NAME: Final[Mapping[str, _Form]] = {".md": "md", ".json": "json"}


@cli.command()
@campaign_argument
@batch_options
@click.option("--to", type=PATH, metavar="FILE", help="Write this file; default: a page beside the results.")
@click.option(
    *("-o", "--output", "--format", "form"),
    type=click.Choice(["html", "md", "json"]),
    callback=or_json,
    help="A page, or text, which is printed unless --to is given; default: as the name in --to ends.",
)
@click.option(
    "--timezone",
    metavar="NAME",
    help="Show times in this zone, like Asia/Kolkata; default: the campaign's, else UTC.",
)
@click.option(
    "--wanted",
    multiple=True,
    metavar="NAME=ANSWER",
    help="Count the people who gave this answer, like interested=yes; may be given several times.",
)
@click.option("--full-numbers", is_flag=True, help="Show whole phone numbers, not only the last three digits.")
@json_option
@for_page_option
def report(
    campaign: Path,
    *,
    to: Path | None,
    form: _Form | None,
    timezone: str | None,
    wanted: tuple[str, ...],
    full_numbers: bool,
    **which: Any,  # noqa: ANN401 - options handed on
) -> ExitCode:
    """Write a page with charts of how the calls went."""
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import report_batch, report_text, save_report  # noqa: PLC0415 - as above

    form = form or _named_after(to)
    files = locate(campaign, **which)
    figures = report_batch(files, zone=timezone, full_numbers=full_numbers, wanted=wanted)
    text = values.as_json(figures) if form == "json" else report_text(figures, form)
    if form != "html" and to is None:
        echo_data(text.rstrip())
    else:
        echo(report_written(save_report(text, files, to=to)))
    return ExitCode.DONE


def _named_after(to: Path | None) -> _Form:
    return "html" if to is None else _BY_NAME.get(to.suffix.lower(), "html")
