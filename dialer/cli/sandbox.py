"""`dialer sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import PROVIDER, cli
from dialer.cli.printing import echo
from dialer.cli.troubles import trouble_options
from dialer.errors import ExitCode, UsageError
from dialer.messages import cli as words
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from dialer.provider.interface import Troubles


@cli.command(help=f"Run the stand-in for {PROVIDER} by itself, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port on this machine.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="How many times faster calls go by.",
)
@click.option(
    "--lines", type=click.IntRange(min=1), default=10, show_default=True, help="Calls that may be live at once."
)
@trouble_options
def sandbox(port: int, speed: float, lines: int, *, troubles: Troubles) -> ExitCode:
    """Run the stand-in for the provider by itself, until Ctrl-C."""

    def ready(url: str, key: str) -> None:
        echo(words.sandbox_listens(url, key, VENDOR.names), err=True)

    try:
        VENDOR.serve_sandbox(port=port, speed=speed, lines=lines, on_ready=ready, troubles=troubles)
    except OSError as error:
        raise UsageError(words.port_taken(port, error.strerror)) from None
    return ExitCode.DONE
