"""`dialer results`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dialer.cli.group import PATH, batch_options, campaign_argument, cli
from dialer.cli.printing import echo
from dialer.errors import ExitCode
from dialer.messages.cli import results_written

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@campaign_argument
@batch_options
@click.option("--to", type=PATH, metavar="FILE.xlsx", help="Write only a workbook, to this file, also during a run.")
def results(campaign: Path, *, to: Path | None, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Write the results again from the ledger, also as a workbook."""
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import rewrite_results, save_workbook  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    if to is None:
        echo(results_written(files.results, rewrite_results(files)))
    if to is not None or files.workbook is not None:
        saved = save_workbook(files, to=to)
        echo("\n".join([results_written(saved.path, saved.rows), *saved.notes]))
    return ExitCode.DONE
