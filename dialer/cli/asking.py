"""What a person is told, and asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dialer.cli.printing import echo
from dialer.errors import DeclinedError, InterruptedRunError
from dialer.messages import cli as messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.engine.control import Control


def say(words: str) -> None:
    """Tell a person."""
    echo(words, err=True)


def is_anybody_there() -> bool:
    """Tell whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def ask(question: str, *, control: Control) -> bool:
    """Ask on the terminal; Ctrl-C is heard while it waits."""
    if not is_anybody_there():
        raise DeclinedError(messages.nobody_to_ask(question))
    return (await _answer(messages.yes_or_no(question), control=control)).lower() in {"y", "yes"}


async def choose(words: str, options: Sequence[str], *, control: Control) -> str | None:
    """Ask which one of several it is; None where none of them was named."""
    echo(words, err=True)
    for at, option in enumerate(options, 1):
        echo(f"  {at}  {option}", err=True)
    answer = await _answer(messages.which_one(len(options)), control=control)
    return next((option for at, option in enumerate(options, 1) if answer == str(at)), None)


async def _answer(question: str, *, control: Control) -> str:
    import anyio  # noqa: PLC0415 - as above

    echo(question, err=True, nl=False)
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
        raise InterruptedRunError(messages.not_dialled(control.stopped))
    return answer.strip()
