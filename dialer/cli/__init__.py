"""The command line: parse, ask, signals, print, exit."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dialer.messages.verbs import help_page
from dialer.provider import NAME
from dialer.streams import steady

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = (["--help"], ["-h"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; errors are shown in words, never as a traceback."""
    if arguments is None and (asked := os.environ.get("_DIALER_COMPLETE")):
        from dialer.cli.completion import answer  # noqa: PLC0415 - a shell asks, seldom

        return answer(asked)
    if [*(sys.argv[1:] if arguments is None else arguments)] in _HELP:
        steady(sys.stdout).write(help_page(NAME))
        return 0
    from dialer.cli.command_line import carry_out  # noqa: PLC0415 - click takes longer to load than this page may take

    return carry_out(arguments)
