"""Standard input, output and error: always there, and writing to them never fails.

A run that has placed calls must not end, or end with another exit code, because a terminal was closed, the reader of a
pipe has gone or a disk is full.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TextIO, cast

_STANDARD = 3
"""So many file descriptors are standard input, output and error."""
_ESCAPED = "dialer.escaped"


def install() -> None:
    """Make this process's standard streams steady; to be called before any file is opened."""
    _occupy_descriptors()
    sys.stdin = sys.stdin or io.StringIO()
    # They stay until the interpreter ends: it writes what is left, and makes 120 of the exit code where that fails.
    sys.stdout, sys.stderr = cast("TextIO", steady(sys.stdout)), cast("TextIO", steady(sys.stderr))


def _occupy_descriptors() -> None:
    """Put the null device where a standard stream is closed: the next file, a ledger, would be opened there."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
        pass
    os.close(descriptor)


def steady(stream: TextIO | Steady | None) -> Steady:
    """Return a stream made steady, or itself where it is so already."""
    return stream if isinstance(stream, Steady) else Steady(stream)


def lost() -> str:
    """Return why something was lost on standard output, of which a script may read half; empty where nothing was."""
    return steady(sys.stdout).trouble


class Steady(io.TextIOBase):
    """A text stream whose writes never fail: drop text that cannot be written, escape what cannot be encoded.

    Args:
        stream: the target; None discards all text: Python sets a closed standard stream to None.

    Attributes:
        is_gone: the reader has closed it.
        trouble: why output was lost that the reader may need; empty if none was.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_gone = stream is None
        self.trouble = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # io's own is an attribute
        """What it can show."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # as above
        """What becomes of what it cannot show."""
        return getattr(self._stream, "errors", None) or "strict"

    def write(self, text: str, /) -> int:
        """Write a text, as far as that can be done."""
        self._try("write", self._encodable(text))
        return len(text)

    def flush(self) -> None:
        """Let it be seen, as far as that can be done."""
        self._try("flush")

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return bool(self._try("isatty"))

    def fileno(self) -> int:
        """Return its file descriptor.

        Raises:
            OSError: it has none.
        """
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def _try(self, method: str, *values: str) -> object:
        if self._stream is None:
            return None
        try:
            return getattr(self._stream, method)(*values)
        except BrokenPipeError:
            self.is_gone = True
        except OSError as error:
            # It is tried again: a full disk may have room later.
            self.trouble = error.strerror or str(error)
        except ValueError:
            self.is_gone = True  # It is closed.
        return None

    def _encodable(self, text: str) -> str:
        try:
            text.encode(self.encoding, self.errors)
        except UnicodeEncodeError:
            return text.encode(self.encoding, _ESCAPED).decode(self.encoding)
        return text


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a stream cannot show; JSON stays JSON, and means the same."""
    import json  # noqa: PLC0415 - seldom needed, and `--help` is to be there at once

    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_ESCAPED, _escaped)
