"""A command that is typed: read, carried out, its errors put into words."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

import click

from dialer.cli import colour
from dialer.cli.group import cli
from dialer.cli.mistyped import usage_text
from dialer.cli.printing import echo
from dialer.errors import DeclinedError, DialerError, ExitCode, InterruptedRunError, LockedError
from dialer.messages import cli as words

if TYPE_CHECKING:
    from collections.abc import Sequence


def carry_out(arguments: Sequence[str] | None) -> int:
    """Run a command and return its exit code; errors are shown in words, never as a traceback."""
    colour.choose("auto")
    try:
        # In its standalone mode, click turns Ctrl-C into "Aborted!" and exit code 1.
        code = cli.main(arguments, prog_name="dialer", standalone_mode=False)
    except DialerError as error:
        echo(_in_words(error), err=True)
        return int(error.exit_code)
    except click.ClickException as error:
        echo(usage_text(error), err=True)
        return int(ExitCode.USAGE)
    except OSError as error:
        echo(words.file_error(error.filename, error.strerror), err=True)
        return int(ExitCode.MUST_ACT)
    except (KeyboardInterrupt, click.Abort):
        echo(words.INTERRUPTED, err=True)
        return int(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - Python's own exit code for it, 1, would say that the run has finished
        echo(words.unforeseen(error), err=True)
        if os.environ.get("DIALER_DEBUG"):
            echo("".join(traceback.format_exception(error)), err=True)
        return int(ExitCode.MUST_ACT)
    return int(code or 0)


def _in_words(error: DialerError) -> str:
    """Return an error as a person reads it."""
    match error:
        case DeclinedError() | InterruptedRunError():  # as that person wanted it
            return str(error)
        case LockedError():  # a timer may start what runs already, and nothing is wrong
            return words.running(error)
    return words.error(error)
