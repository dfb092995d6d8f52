"""`dialer results`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dialer.cli.by_page import for_page_option
from dialer.cli.group import PATH, batch_options, campaign_argument, cli, output_option
from dialer.cli.printing import echo_outcome
from dialer.errors import ExitCode
from dialer.messages.cli import results_written

if TYPE_CHECKING:
    from pathlib import Path


@cli.command()
@campaign_argument
@batch_options
@click.option("--to", type=PATH, metavar="FILE.xlsx", help="Write only this workbook, even during a run.")
@output_option
@for_page_option
def results(campaign: Path, *, to: Path | None, output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Write the results file again, also as a workbook."""
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import rewrite_results, save_workbook  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    rows = rewrite_results(files) if to is None else None
    saved = save_workbook(files, to=to) if to is not None or files.workbook is not None else None
    lines = [] if rows is None else [results_written(files.results, rows)]
    lines += [] if saved is None else [results_written(saved.path, saved.rows), *saved.notes]
    written = {"results": None if rows is None else {"path": files.results, "rows": rows}, "workbook": saved}
    echo_outcome(written, lambda _: "\n".join(lines), output=output)
    return ExitCode.DONE
