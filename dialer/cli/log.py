"""The log: each module has a logger below `dialer`, and each line names the run; `--verbose` shows it.

It says what is done and decided, step by step: by row and attempt, never a phone number, a cell or the key.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final

from dialer.escaping import masked, on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable

RUN_ID: Final = secrets.token_hex(4)
"""Marks the lines of this process: another process may write to the same log."""
_ROOT = logging.getLogger("dialer")


class _Handler(logging.Handler):
    """Hands each record on as text.

    Args:
        write: takes one line; called in whatever thread it is logged in.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write
        self.setFormatter(logging.Formatter(f"%(asctime)s {RUN_ID} %(name)s: %(message)s"))

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line, without the phone numbers in it."""
        return masked(on_one_line(super().format(record)))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a log that cannot be written must not stop a run."""
        try:
            self._write(self.format(record))
        except Exception:  # noqa: BLE001  logging's own way: it reports the error, and the program goes on
            self.handleError(record)


def show(write: Callable[[str], None]) -> None:
    """Hand every line to `write` from now on, and to nothing else."""
    _ROOT.handlers = [_Handler(write)]
    _ROOT.setLevel(logging.DEBUG)
    _ROOT.propagate = False


def hide() -> None:
    """Write no log. This is the default: a program that uses dialer as a library sets up logging itself."""
    _ROOT.handlers = []
    _ROOT.setLevel(logging.NOTSET)
    _ROOT.propagate = True


def is_shown() -> bool:
    """Tell whether there is a log to see."""
    return bool(_ROOT.handlers)
