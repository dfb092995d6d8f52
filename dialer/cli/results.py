"""`dialer results`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialer.cli.group import batch_options, campaign_argument, cli
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages.cli import results_written

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@campaign_argument
@batch_options
def results(campaign: Path, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Write the results CSV again from the ledger."""
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import rewrite_results  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    echo(results_written(files.results, rewrite_results(files)))
    return ExitCode.DONE
