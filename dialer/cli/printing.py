"""The one door through which a command prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from dialer.cli.colour import painted
from dialer.escaping import visible
from dialer.messages import values

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text for a person; what a terminal would obey in the names and texts of others is shown, not sent.

    A bar or a screen that is drawn over itself needs a terminal's controls: `progress` and `terminal` write those
    themselves, around texts that they have made visible.

    Args:
        text: the lines.
        err: to standard error.
        nl: end the last line.
    """
    # click would remove colours that were asked for.
    click.echo(painted(visible(text), sys.stderr if err else sys.stdout), err=err, nl=nl, color=True)


def echo_data(text: str, *, nl: bool = True) -> None:
    """Print a text for a program, or a file, to standard output: it never has colours."""
    click.echo(visible(text), nl=nl)


def echo_outcome(value: _Value, in_words: Callable[[_Value], str], *, output: str) -> None:
    """Print what came of a command.

    Args:
        value: its outcome.
        in_words: puts it into words.
        output: "text" or "json".
    """
    if output == "json":
        echo_data(values.as_json(value))
    else:
        echo(in_words(value))
