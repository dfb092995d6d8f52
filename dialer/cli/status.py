"""`dialer status`."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dialer.cli.group import batch_options, cli, output_option, some_campaigns_argument
from dialer.cli.list import show_batches
from dialer.cli.printing import echo, echo_data
from dialer.messages import values
from dialer.messages.pages.status import standing_text

if TYPE_CHECKING:
    from dialer.errors import ExitCode


STATUS_EVERY = 2.0
"""Seconds between two looks of `status --watch`."""


@cli.command()
@some_campaigns_argument
@batch_options
@click.option("--watch", is_flag=True, help="Show it again every 2 seconds, until all calls have ended or Ctrl-C.")
@output_option
def status(campaigns: tuple[Path, ...], *, output: str, watch: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Show how far a campaign is; without a name, every batch, as `list`."""
    from dialer.cli.campaigns import gravest  # noqa: PLC0415 - as above
    from dialer.cli.terminal import Screen  # noqa: PLC0415 - as above
    from dialer.config.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.operations import standings  # noqa: PLC0415 - as above

    if not campaigns:
        return show_batches(Path(), sandbox=bool(which["sandbox"]), output=output)
    batches = [locate(path, **which) for path in campaigns]
    screen = Screen()
    # Ctrl-C is the way to end it.
    with contextlib.suppress(KeyboardInterrupt), screen.shown() if watch else contextlib.nullcontext():
        while True:
            found = standings(batches)
            if output == "json":
                echo_data(values.as_json(found, indent=None if watch else 2))
            else:
                text = standing_text([(one, batch.selection) for one, batch in zip(found, batches, strict=True)])
                (screen.show if watch else echo)(text)
            if not watch or screen.is_unseen or all(one.is_over for one in found):
                break
            time.sleep(STATUS_EVERY)
    return gravest(one.exit_code for one in found)
