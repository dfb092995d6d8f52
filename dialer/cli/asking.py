"""What a person is told, and asked."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from dialer.errors import DeclinedError, InterruptedRunError

if TYPE_CHECKING:
    from dialer.control import Control


def say(words: str) -> None:
    """Tell a person, if anybody is left to hear it: a terminal that is gone must not end a run."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(words, err=True)


async def ask(words: str, *, control: Control) -> bool:
    """Ask on the terminal; Ctrl-C is heard while it waits."""
    import anyio  # noqa: PLC0415 - as above

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise DeclinedError(f"Nobody can be asked without a terminal: add --yes. Nothing was dialled.\n({words})")
    click.echo(f"{words} [y/N] ", err=True, nl=False)
    answer = ""
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await control.drain.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        await anyio.wait_readable(sys.stdin)
        answer = sys.stdin.readline()
        tasks.cancel_scope.cancel()
    if control.drain.is_set():
        raise InterruptedRunError(f"{control.stopped}; nothing was dialled.")
    return answer.strip().lower() in {"y", "yes"}
