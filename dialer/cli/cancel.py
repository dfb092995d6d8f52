"""`dialer cancel`."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dialer.cli.asking import ask, say
from dialer.cli.by_page import ByPage, by_page_option
from dialer.cli.campaigns import load
from dialer.cli.events import JsonLines
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
@by_page_option
def cancel(campaign: Path, output: str, *, no_pause: bool, yes: bool, by_page: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Stop a run, and every call that still waits at the provider."""
    from dialer.operations import cancel_campaign  # noqa: PLC0415 - heavy, and only this command needs it
    from dialer.operations.ledger_identity import going_on_with  # noqa: PLC0415 - as above

    page = ByPage(JsonLines()) if by_page else None

    async def stop(control: Control) -> Cancelled:
        async def confirm(braking: Braking) -> bool:
            if page is not None:
                about, calls = braking_text(braking), braking.calls
                return await page.ask(words.CANCEL_THEM, control=control, about=about, count=calls)
            return yes or await ask(words.cancel(braking_text(braking)), control=control)

        tell = say if page is None else page.say
        return await cancel_campaign(loaded, confirm=confirm, pause=not no_pause, tell=tell, control=control)

    with contextlib.nullcontext() if page is None else page.failures_shown():
        loaded = load(campaign, **which)
        cancelled, stopped_by = with_signals(stop, say=say if page is None else page.say)
    text = partial(cancelled_text, selection=going_on_with(loaded.batch))
    if page is not None:
        page.end(text(cancelled), cancelled.exit_code)
    elif output == "json":
        echo_data(values.as_json(cancelled))
    else:
        say(text(cancelled))
    return unless_terminated(cancelled.exit_code, stopped_by)
