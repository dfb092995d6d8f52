"""`dialer sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dialer.cli.group import cli, output_option
from dialer.cli.printing import echo, echo_data
from dialer.cli.troubles import trouble_options
from dialer.errors import ExitCode, UsageError
from dialer.messages import cli as words
from dialer.messages import values
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from dialer.provider.interface import Troubles


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Listen on this port of this machine.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Let calls end this many times faster.",
)
@click.option(
    "--lines", type=click.IntRange(min=1), default=10, show_default=True, help="How many calls may be live at once."
)
@trouble_options
@output_option
def sandbox(port: int, speed: float, lines: int, *, troubles: Troubles, output: str) -> ExitCode:
    """Run the built-in stand-in for the provider, until Ctrl-C."""

    def ready(url: str, key: str) -> None:
        if output == "json":
            echo_data(values.as_json({"base_url": url, "key": key}, indent=None))
        else:
            echo(words.sandbox_listens(url, key, VENDOR.names), err=True)

    try:
        VENDOR.serve_sandbox(port=port, speed=speed, lines=lines, on_ready=ready, troubles=troubles)
    except OSError as error:
        raise UsageError(words.port_taken(port, error.strerror)) from None
    return ExitCode.DONE
