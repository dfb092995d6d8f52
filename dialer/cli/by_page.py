"""A command started by the page: it writes output and questions as events, and reads answers from standard input.

Its log outlives the page. If the page ends while a question is open, standard input ends, and the answer is no.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from dialer.cli.asking import answer_line
from dialer.errors import DialerError
from dialer.messages.commands import speak_to_page
from dialer.messages.operations import serve
from dialer.operations.serve.turn import turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.cli.events import JsonLines
    from dialer.engine.control import Control
    from dialer.errors import ExitCode


def _speak(_context: click.Context, _parameter: click.Parameter, is_on: bool) -> bool:  # noqa: FBT001 - click's callback
    speak_to_page(is_page=is_on)
    return is_on


by_page_option = click.option(
    "--by-page", is_flag=True, hidden=True, is_eager=True, callback=_speak, help="The page has started this command."
)
for_page_option = click.option(
    "--by-page", is_flag=True, hidden=True, is_eager=True, callback=_speak, expose_value=False, help="As above."
)
"""For a command that talks to nobody, but may say why it does not do what was asked."""


@dataclass(frozen=True, slots=True)
class ByPage:
    """Talks to the page.

    Attributes:
        events: the log.
    """

    events: JsonLines

    async def ask(self, question: str, *, control: Control, about: str = "", count: int | None = None) -> bool:
        """Ask the user of the page.

        Args:
            question: in words.
            control: receives Ctrl-C meanwhile.
            about: the subject of the question, in several lines.
            count: number of calls to place or stop, which the user types to confirm; None: a yes is enough.
        """
        mark = uuid4().hex
        self.events.event("question", id=mark, about=about, text=question, count=count)
        answer = await answer_line(sys.stdin, control=control)
        is_yes = answer == f"{mark} yes"
        self.events.event("answered", id=mark, yes=is_yes)
        return is_yes

    def say(self, words: str) -> None:
        """Write a note."""
        self.events.note(words)

    def end(self, words: str, code: ExitCode, **figures: object) -> None:
        """Write how the command ended."""
        self.events.event("summary", text=words, exit_code=int(code), **figures)

    @contextlib.contextmanager
    def turn(self, folder: Path) -> Iterator[None]:
        """Do something once it is this command's turn, and tell the page while it waits."""
        with turn(folder, waits=lambda: self.events.event("doing", text=serve.OTHER_CHECKS)):
            self.events.event("begin")
            yield

    @contextlib.contextmanager
    def failures_shown(self) -> Iterator[None]:
        """Write why the command failed, if it does."""
        try:
            yield
        except DialerError as error:
            self.events.event("error", text=str(error), exit_code=int(error.exit_code))
            raise
