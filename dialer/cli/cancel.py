"""`dialer cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dialer.cli.asking import ask, say
from dialer.cli.campaigns import load
from dialer.cli.group import batch_options, campaign_argument, cli, output_option, yes_option
from dialer.cli.printing import echo_data
from dialer.cli.signals import unless_terminated, with_signals
from dialer.messages import cli as words
from dialer.messages import values
from dialer.messages.pages.cancel import braking_text, cancelled_text

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.engine.control import Control
    from dialer.errors import ExitCode
    from dialer.operations import Braking, Cancelled


@cli.command()
@campaign_argument
@batch_options
@click.option("--no-pause", is_flag=True, help="Do not pause the batch: the next run calls the rest.")
@yes_option
@output_option
def cancel(campaign: Path, output: str, *, no_pause: bool, yes: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Stop a run, and every call that still waits at the provider."""
    from dialer.operations import cancel_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    loaded = load(campaign, **which)

    async def stop(control: Control) -> Cancelled:
        async def confirm(braking: Braking) -> bool:
            return yes or await ask(words.cancel(braking_text(braking)), control=control)

        return await cancel_campaign(loaded, confirm=confirm, pause=not no_pause, tell=say, control=control)

    cancelled, stopped_by = with_signals(stop)
    if output == "json":
        echo_data(values.as_json(cancelled))
    else:
        say(cancelled_text(cancelled, selection=loaded.batch.selection))
    return unless_terminated(cancelled.exit_code, stopped_by)
