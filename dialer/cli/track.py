"""`dialer track`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dialer.cli.asking import say
from dialer.cli.campaigns import load
from dialer.cli.group import batch_options, campaign_argument, cli, output_option, quiet_option
from dialer.cli.printing import echo, echo_data
from dialer.cli.progress import progress_of
from dialer.cli.signals import unless_terminated, with_signals
from dialer.messages import cli as words
from dialer.messages import values
from dialer.messages.pages.track import tracked_text

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.errors import ExitCode


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    from dialer.config.campaign.values import duration_in  # noqa: PLC0415 - heavy, and only one command needs it

    try:
        return duration_in(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _parts(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    from dialer.store.sqlite import CALL_PARTS  # noqa: PLC0415 - only one command needs it

    names = None if text is None else tuple(name.strip() for name in text.split(",") if name.strip() != "none")
    for name in names or ():
        if name not in CALL_PARTS:
            raise click.BadParameter(words.no_such_part(name, CALL_PARTS))
    return names


@cli.command()
@campaign_argument
@batch_options
@click.option("--watch", is_flag=True, help="Ask again and again, until every call has ended.")
@click.option(
    "--every",
    default="30s",
    show_default=True,
    metavar="TIME",
    callback=_seconds,
    help="How long to wait before --watch asks again.",
)
@click.option(
    "--with",
    "parts",
    metavar="PARTS",
    callback=_parts,
    help="Add long columns to the results from now on: transcript, extracted, both with a comma, or none.",
)
@output_option
@quiet_option
def track(
    campaign: Path,
    *,
    watch: bool,
    every: float,
    parts: tuple[str, ...] | None,
    output: str,
    quiet: bool,
    **which: Any,  # noqa: ANN401 - options handed on
) -> ExitCode:
    """Ask the provider how the accepted calls went; run it again until all have ended."""
    from dialer.operations import track_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    loaded = load(campaign, **which)
    progress = progress_of(quiet=quiet, log_format="text")
    tracked, stopped_by = with_signals(
        lambda control: track_campaign(
            loaded, every=every if watch else None, parts=parts, progress=progress, control=control
        )
    )
    if output == "json":
        echo_data(values.as_json(tracked))
    elif quiet and tracked.trouble:
        say(words.not_all_read(tracked.batch, tracked.trouble))
    elif not quiet:
        echo(tracked_text(tracked, selection=loaded.batch.selection))
    return unless_terminated(tracked.exit_code, stopped_by)
