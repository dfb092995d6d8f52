"""`dialer reconcile`."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from dialer.cli.by_page import ByPage, by_page_option
from dialer.cli.campaigns import load
from dialer.cli.events import JsonLines
from dialer.cli.group import batch_options, campaign_argument, cli, output_option
from dialer.cli.printing import echo_outcome
from dialer.cli.signals import with_signals
from dialer.errors import ExitCode
from dialer.messages.pages.reconcile import settled_text

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@campaign_argument
@batch_options
@output_option
@by_page_option
def reconcile(campaign: Path, output: str, *, by_page: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Look at the provider for the `unknown` calls, whose answer was lost."""
    from dialer.operations import reconcile_campaign  # noqa: PLC0415 - heavy, and only this command needs it
    from dialer.operations.ledger_identity import going_on_with  # noqa: PLC0415 - as above

    page = ByPage(JsonLines()) if by_page else None
    with contextlib.nullcontext() if page is None else page.failures_shown():
        loaded = load(campaign, **which)
        settled, _ = with_signals(lambda control: reconcile_campaign(loaded, control=control))
    text = partial(settled_text, selection=going_on_with(loaded.batch))
    if page is None:
        echo_outcome(settled, text, output=output)
    else:
        page.end(text(settled), settled.exit_code)
    return ExitCode(settled.exit_code)
