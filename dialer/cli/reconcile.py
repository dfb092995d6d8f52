"""`dialer reconcile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialer.cli.campaigns import load
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
def reconcile(campaign: Path, output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Look at the provider for calls whose outcome is unknown."""
    from dialer.operations import reconcile_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    loaded = load(campaign, **which)
    settled, _ = with_signals(lambda control: reconcile_campaign(loaded, control=control))
    echo_outcome(settled, lambda one: settled_text(one, selection=loaded.batch.selection), output=output)
    return ExitCode(settled.exit_code)
