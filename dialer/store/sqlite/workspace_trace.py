"""What stays in `dialer.rate` of a workspace: how many ledgers it has listed, and whether it had a `dialer.toml`.

By this it is noticed that one of these two files is gone, or is an older copy of itself. It lies behind the record of
the rate (see `engine.shared_rate`), which is not touched.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.errors import LedgerError
from dialer.messages import workspace as words
from dialer.messages.store import NOT_A_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = 128
"""Its first byte in the file."""
_RECORD = struct.Struct("<8sQ?")
_CHECK = struct.Struct("<I")
_WHOLE = _RECORD.size + _CHECK.size
_MAGIC = b"ledgers1"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Trace:
    """What a workspace had.

    Attributes:
        ledgers: so many were listed.
        has_settings: there was a `dialer.toml`.
    """

    ledgers: int
    has_settings: bool


def read_trace(path: Path) -> Trace | None:
    """Return what a workspace had; None where nothing tells."""
    # A pipe would be waited for.
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                return _unpacked(os.pread(file, _WHOLE, AT))
        finally:
            os.close(file)
    return None


def write_trace(path: Path, trace: Trace) -> None:
    """Note what a workspace has; durable when this returns.

    Raises:
        LedgerError: the file cannot be written.
    """
    record = _RECORD.pack(_MAGIC, trace.ledgers, trace.has_settings)
    with _opened(path) as file:
        os.pwrite(file, record + _CHECK.pack(zlib.crc32(record)), AT)
        os.fsync(file)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        file = os.open(path, _FLAGS, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(0, NOT_A_FILE)
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise LedgerError(words.rate_file_unwritable(path, error.strerror)) from error


def _unpacked(content: bytes) -> Trace | None:
    record, check = content[: _RECORD.size], content[_RECORD.size :]
    if len(content) < _WHOLE or _CHECK.unpack(check)[0] != zlib.crc32(record):
        return None
    magic, ledgers, has_settings = _RECORD.unpack(record)
    return Trace(ledgers, has_settings) if magic == _MAGIC else None
