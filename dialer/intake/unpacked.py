"""How large a packed file is when it is unpacked: a few bytes may stand for more than any machine holds."""

from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING, Final

from dialer.errors import InputError
from dialer.messages.intake import table as say

if TYPE_CHECKING:
    from pathlib import Path

MOST: Final = 1 << 32
"""Bytes of an unpacked file at most: a million rows of 4,000 characters."""
_ANY_SHARE: Final = 1 << 26
"""Bytes of a part of a workbook that may come from as few bytes as they like."""
_SHARE: Final = 100
"""A larger part unpacks to so many times its packed size at most, as in Apache POI; a sheet of one value reaches 13."""


def refuse_bomb(path: Path) -> None:
    """Refuse a workbook that unpacks to more than a list can be, before any of it is unpacked.

    `zipfile` unpacks no more of a part than the archive says of it, so what is said is a bound.

    Raises:
        InputError: it does.
        BadZipFile: it is not an archive.
    """
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    packed, unpacked = path.stat().st_size, sum(part.file_size for part in parts)
    shares = ((part.file_size, _SHARE * min(part.compress_size, packed)) for part in parts)
    if unpacked > MOST or any(size > max(_ANY_SHARE, most) for size, most in shares):
        raise InputError(say.unpacks_to(path, unpacked, packed=packed))


class BoundedGzip(gzip.GzipFile):
    """A compressed text that is read as far as a list can reach."""

    def __init__(self, path: Path, stream: gzip._ReadableFileobj) -> None:
        super().__init__(fileobj=stream)
        self._path = path

    def read1(self, size: int = -1) -> bytes:
        """Read some bytes.

        Raises:
            InputError: there are more than a list can have.
        """
        return self._bounded(super().read1(size))

    def read(self, size: int | None = -1) -> bytes:
        """Read some bytes, as above."""
        return self._bounded(super().read(size))

    def _bounded(self, block: bytes) -> bytes:
        if self.tell() > MOST:
            raise InputError(say.unpacks_to_more(self._path, MOST))
        return block
