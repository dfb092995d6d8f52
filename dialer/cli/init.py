"""`dialer init`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from dialer.cli.asking import interview, is_anybody_there, say
from dialer.cli.group import PATH, cli, output_option
from dialer.cli.printing import echo_outcome
from dialer.cli.signals import with_signals
from dialer.errors import ExitCode, InterruptedRunError
from dialer.messages.cli import not_written
from dialer.messages.commands import Selection
from dialer.messages.operations.init import written

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.engine.control import Control
    from dialer.operations.init import Written


@cli.command()
@click.argument("recipients", type=PATH)
@click.option("--to", type=PATH, metavar="FILE", help="Write this file; default: named after the CSV, in this folder.")
@click.option(
    "--encoding", metavar="NAME", help="Encoding of the CSV, unless it is UTF-8, or UTF-16 with a byte order mark."
)
@click.option(
    "--yes", is_flag=True, help="Ask nothing: take what is certain, refuse the rest. So it is without a terminal."
)
@output_option
def init(recipients: Path, *, to: Path | None, encoding: str | None, yes: bool, output: str) -> ExitCode:
    """Write a campaign file for a CSV."""
    from dialer.operations.init import init_campaign, new_list  # noqa: PLC0415 - heavy, and only this command needs it

    new = new_list(recipients, to=to, encoding=encoding)

    async def settle(control: Control) -> Written:
        from dialer.engine.control import until  # noqa: PLC0415 - as above

        person = partial(interview, control=control) if is_anybody_there() and not yes else None
        # Also while the provider is asked.
        async with until(control.drain):
            return await init_campaign(new, ask=person)
        raise InterruptedRunError(not_written(control.stopped))

    # Where it is interrupted, the error says all there is to say.
    done, _ = with_signals(settle, say=lambda _words: say(""))
    selection = Selection(done.path)
    following = partial(
        written,
        command=selection.command("check"),
        trial=selection.at_any_hour().command("run"),
        needs_agent=done.needs_agent,
    )
    echo_outcome(done, lambda _: following(done.path, done.lines), output=output)
    return ExitCode.DONE
