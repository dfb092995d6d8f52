"""A text that is shown again and again: in place on a terminal, one after the other elsewhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import unicodedata
from typing import TYPE_CHECKING

from dialer.cli.colour import painted
from dialer.escaping import visible
from dialer.streams import steady

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from dialer.streams import Steady

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_REST_OF_LINE, _REST_OF_SCREEN = "\x1b[K", "\x1b[J"


def width_of_output() -> int | None:
    """Return how wide the terminal is that standard output goes to; None where it goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


class Screen:
    """Shows a text that changes.

    On a terminal each text takes the place of the one before, written at once and over it, so that nothing flickers;
    what is too long for it is cut. Elsewhere a text is written when it has changed, with an empty line behind it.

    Args:
        stream: where to; standard output by default.
    """

    def __init__(self, stream: TextIO | Steady | None = None) -> None:
        self._stream = steady(stream or sys.stdout)
        self._is_terminal = self._stream.isatty()
        self._shown: list[str] = []
        self._text = ""

    @property
    def is_unseen(self) -> bool:
        """Whether the reader has closed the stream."""
        return self._stream.is_gone

    def show(self, text: str) -> None:
        """Show a text in place of the one before."""
        text = visible(text)
        if self._is_terminal:
            self._write(self._over_the_last(text.splitlines()))
        elif text != self._text:
            self._write(f"{painted(text, self._stream)}\n\n")
        self._text = text

    def width(self) -> int:
        """Return how long a line may be that is not broken."""
        columns, _ = self._size()
        return columns - 1

    def clear(self) -> None:
        """Take away what is shown, so that something else can be written above it."""
        if self._is_terminal and self._shown:
            self._write(f"{self._up()}{_REST_OF_SCREEN}")
            self._shown = []

    def keep(self) -> None:
        """Leave what is shown where it is: the next text comes below it."""
        self._shown = []

    def _over_the_last(self, lines: list[str]) -> str:
        columns, height = self._size()
        up = self._up()
        self._shown = [row for line in lines for row in _rows(line, columns - 1)][: height - 1]
        shown = (f"{painted(line, self._stream)}{_REST_OF_LINE}\n" for line in self._shown)
        return f"{up}{''.join(shown)}{_REST_OF_SCREEN}"

    def _up(self) -> str:
        # A terminal that has become narrower wraps the lines that were written for it before.
        columns, _ = self._size()
        rows = sum(1 for line in self._shown for _ in _rows(line, columns))
        return f"\r\x1b[{rows}A" if rows else ""

    def _size(self) -> os.terminal_size:
        # `shutil` looks at standard output, which may be a file; a terminal without a size reports 0.
        with contextlib.suppress(OSError, ValueError):
            size = os.get_terminal_size(self._stream.fileno())
            if size.columns and size.lines:
                return size
        return shutil.get_terminal_size()

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the cursor out of the way meanwhile."""
        try:
            self._write(_HIDE if self._is_terminal else "")
            yield
        finally:
            self._write(_SHOW if self._is_terminal else "")


def _rows(line: str, width: int) -> Iterator[str]:
    """Yield what a line takes up on a terminal, row by row."""
    row, used = "", 0
    for character in line:
        cells = _cells(character)
        if used + cells > width:
            yield row
            row, used = "", 0
        row, used = row + character, used + cells
    yield row


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
