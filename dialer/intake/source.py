"""The bytes of a text file as text: encoding, compression, and a digest of what was read."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from dialer.errors import InputError
from dialer.files import unreadable
from dialer.intake.formats import HEAD, marked_encoding, refuse_other_than_text
from dialer.intake.unpacked import BoundedGzip
from dialer.messages.intake import table as say
from dialer.messages.words import not_a_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

LIKELY: Final = ("cp1252", "cp1250", "cp1251", "mac_roman", "cp850")
"""What spreadsheets save when it is not UTF-8: Windows (western, central Europe, Cyrillic), old Macs, DOS."""

_GZIP: Final = b"\x1f\x8b"
_WINDOW: Final = 1 << 20
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Source:
    """A text file and how to read it.

    Attributes:
        path: the file; compressed by gzip or not.
        encoding: a name Python knows.
        remedy: what to do when the encoding is wrong.
    """

    path: Path
    encoding: str
    remedy: str = say.REMEDY

    @classmethod
    def of(cls, path: Path, *, encoding: str | None, remedy: str = say.REMEDY) -> Source:
        """Find out how to read a file.

        Args:
            path: the file.
            encoding: the name the user gave; None for UTF-8, or UTF-16 where a byte order mark says so.
            remedy: what to do when the encoding is wrong.

        Raises:
            InputError: it cannot be read, is not a text, or the encoding is unknown.
        """
        with readable(path), _open(path, hashlib.blake2b()) as stream:
            head = stream.read(HEAD)
        refuse_other_than_text(path, head)
        marked = marked_encoding(head)
        if encoding is None:
            return cls(path, marked or "utf-8", remedy)
        named = _named(path, encoding)
        if marked is not None and not named.startswith(marked):
            raise InputError(say.other_mark(path, marked.removesuffix("-sig"), encoding))
        return cls(path, named, remedy)

    @contextmanager
    def open(self) -> Iterator[Reading]:
        """Open the file as text, line ends as they stand.

        Raises:
            InputError: within the block: it cannot be read or is not in this encoding.
        """
        digest = hashlib.blake2b(digest_size=16)
        try:
            with readable(self.path), _open(self.path, digest) as stream:
                yield Reading(io.TextIOWrapper(stream, encoding=self.encoding, newline=""), self.path, digest)
        except UnicodeError as error:
            raise InputError(_undecodable(self, error)) from error

    def line(self, number: int) -> str:
        """Return a physical line, from 1, without its end; nothing where there are not so many.

        Raises:
            InputError: the file cannot be read.
        """
        with self.open() as reading:
            return next(islice(reading.text, number - 1, None), "").rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text file that is open."""

    text: io.TextIOWrapper
    _path: Path
    _digest: hashlib.blake2b

    def digest(self) -> str:
        """Read to the end of the file and return the digest of all its bytes.

        Raises:
            InputError: there is a NUL character in it.
        """
        line = 1
        while block := self.text.read(_WINDOW):
            if "\0" in block:
                line += line_ends(block[: block.index("\0")])
                raise InputError(say.nul(self._path, line))
            line += line_ends(block)
        return self._digest.hexdigest()


def digest_of(path: Path) -> str:
    """Return the digest of a file's bytes, as `Reading.digest` does.

    Raises:
        InputError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    with readable(path), path.open("rb") as file:
        while block := file.read(_WINDOW):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the errors of reading a file into words.

    Raises:
        InputError: instead of an `OSError` or a broken gzip stream; at once where it is not a file.
    """
    refuse_other_than_file(path)
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(say.damaged_gzip(path, str(error))) from error
    except FileNotFoundError:
        raise InputError(say.missing(path)) from None
    except OSError as error:
        raise InputError(say.unreadable(path, error.strerror or str(error))) from error


def refuse_other_than_file(path: Path) -> None:
    """Refuse what could not be read twice, or would be waited for.

    Raises:
        InputError: it is a pipe, a device or a socket.
    """
    kind = unreadable(path)
    if kind:
        raise InputError(not_a_file(path, kind))


class _Digested(io.RawIOBase):
    """A file that takes a digest of what is read from it, in order."""

    def __init__(self, file: io.FileIO, digest: hashlib.blake2b) -> None:
        self._file = file
        self._digest = digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        count = self._file.readinto(view) or 0
        self._digest.update(view[:count])
        return count


@contextmanager
def _open(path: Path, digest: hashlib.blake2b) -> Iterator[io.BufferedReader[_Digested] | gzip.GzipFile]:
    with path.open("rb", buffering=0) as file:
        stream = io.BufferedReader(_Digested(file, digest), _WINDOW)
        if stream.peek(2)[:2] != _GZIP:
            yield stream
            return
        with BoundedGzip(path, stream) as unpacked:
            yield unpacked


def _named(path: Path, encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding)
        b"a".decode(encoding)
    except (LookupError, UnicodeError) as error:
        if isinstance(error, UnicodeDecodeError):
            return codec.name
        raise InputError(say.no_encoding(path, encoding)) from error
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def _undecodable(source: Source, error: UnicodeError) -> str:
    """Name the first place that is not in the encoding, and how it would read in others."""
    place = _first_fault(source)
    if place is None:
        return say.wrong_encoding(source.path, source.encoding, error=str(error), remedy=source.remedy)
    offset, line, cell = place
    name = source.encoding.removesuffix("-sig")
    readings = {encoding: _decoded(cell, encoding) for encoding in ("utf-8", *LIKELY) if encoding != name}
    return say.wrong_byte(
        source.path,
        line,
        byte=offset + 1,
        encoding=name,
        readings={encoding: text for encoding, text in readings.items() if text},
        has_nul=b"\0" in cell,
        remedy=source.remedy,
    )


def _first_fault(source: Source) -> tuple[int, int, bytes] | None:
    """Find the offset (from 0) and line of the first byte that cannot be decoded, and the cell around it."""
    decoder = codecs.getincrementaldecoder(source.encoding)()
    lines, done, kept = 1, 0, b""
    with readable(source.path), _open(source.path, hashlib.blake2b()) as stream:
        while True:
            block = stream.read(_WINDOW)
            pending = decoder.getstate()[0]
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                start = len(kept) - len(pending) + error.start
                around = kept + block
                lines += line_ends(around[len(kept) - len(pending) : start].decode("latin-1"))
                return done + error.start - len(pending), lines, _cell(around, start)
            except UnicodeError:
                # UTF-16 without its mark is wrong as a whole.
                return None
            if not block:
                return None
            lines += line_ends(text)
            done += len(block)
            kept = block[-_WINDOW // 16 :]


def line_ends(text: str) -> int:
    """Count the line ends in a text, of any kind."""
    # A line end that is cut in two between blocks counts twice: a line too many once in a million characters would
    # be named, and only beside a NUL or a byte that cannot be decoded.
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _cell(around: bytes, at: int) -> bytes:
    """Cut the bytes between the delimiters on both sides of a place."""
    ends = b',;\t|\r\n"'
    start = max(around.rfind(bytes([end]), 0, at) for end in ends) + 1
    stops = [stop for stop in (around.find(bytes([end]), at) for end in ends) if stop >= 0]
    return around[max(start, at - _SHOWN) : min([*stops, at + _SHOWN, len(around)])]


def _decoded(cell: bytes, encoding: str) -> str | None:
    try:
        text = cell.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
