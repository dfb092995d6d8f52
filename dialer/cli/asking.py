"""What is said to a person, and asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO, TypeVar

from dialer.cli.printing import echo
from dialer.errors import InterruptedRunError, UnansweredError
from dialer.messages import cli as messages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.engine.control import Control
    from dialer.operations.init.interview import Question

_Answer = TypeVar("_Answer")


def say(words: str) -> None:
    """Say something to a person."""
    echo(words, err=True)


def is_anybody_there() -> bool:
    """Tell whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def ask(question: str, *, control: Control) -> bool:
    """Ask on the terminal; Ctrl-C is heard while it waits."""
    if not is_anybody_there():
        raise UnansweredError(messages.cannot_ask(question))
    return (await _answer(messages.yes_or_no(question), control=control) or "").lower() in {"y", "yes"}


async def choose(words: str, options: Sequence[str], *, control: Control) -> str | None:
    """Ask which one of several it is; None where none of them was named."""
    echo(words, err=True)
    _show_options(options)
    answer = await _answer(messages.which_one(len(options)), control=control)
    return next((option for at, option in enumerate(options, 1) if answer == str(at)), None)


async def interview(question: Question[_Answer], *, control: Control) -> _Answer:
    """Ask until the answer is valid; Enter accepts the default.

    Raises:
        UnansweredError: the input ended before an answer (Ctrl-D).
        InterruptedRunError: Ctrl-C, or a signal.
    """
    from dialer.operations.init.interview import AnswerError  # noqa: PLC0415 - heavy, and only `init` needs it

    echo(f"\n{question.words}", err=True)
    _show_options(question.options)
    while True:
        prompt = messages.prompt(question.prompt, question.proposed)
        answer = await _answer(prompt, control=control, interrupted=messages.not_written)
        if answer is None:
            # Ctrl-D ends no line.
            echo("", err=True)
            raise UnansweredError(messages.NOT_ANSWERED)
        try:
            return question.read(answer or question.proposed)
        except AnswerError as why:
            echo(str(why), err=True)


def _show_options(options: Sequence[str]) -> None:
    for at, option in enumerate(options, 1):
        echo(f"  {at}  {option}", err=True)


async def _answer(
    question: str, *, control: Control, interrupted: Callable[[str], str] = messages.not_dialled
) -> str | None:
    """Return the typed line, or None at the end of input; `interrupted` is set if a signal arrived instead."""
    echo(question, err=True, nl=False)
    return await answer_line(sys.stdin, control=control, interrupted=interrupted)


async def answer_line(
    stream: TextIO, *, control: Control, interrupted: Callable[[str], str] = messages.not_dialled
) -> str | None:
    """Return the next line of a stream that a person answers on; see `_answer`."""
    import anyio  # noqa: PLC0415 - as above

    answer = ""
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await control.drain.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        await anyio.wait_readable(stream)
        answer = stream.readline()
        tasks.cancel_scope.cancel()
    if control.drain.is_set():
        raise InterruptedRunError(interrupted(control.stopped))
    return answer.strip() if answer else None
