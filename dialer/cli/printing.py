"""The one door through which a command prints."""

from __future__ import annotations

import click

from dialer.escaping import visible


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text; what a terminal would obey in the names and texts of others is shown, not sent.

    A bar or a screen that is drawn over itself needs a terminal's controls: `progress` and `terminal` write those
    themselves, around texts that they have made visible.

    Args:
        text: the lines.
        err: to standard error.
        nl: end the last line.
    """
    click.echo(visible(text), err=err, nl=nl)
