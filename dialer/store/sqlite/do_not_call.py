"""The file `do_not_call.csv`: one line per row, only ever appended; people may read and edit it as well.

After a crash or an edit, no unreadable line is skipped. A command writes with one system call: if it is killed
during it, the first of its lines are in the file, and the last of these may be cut short.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from dialer.errors import DoNotCallError
from dialer.escaping import guarded, unguarded
from dialer.files import unreadable, unwritable
from dialer.messages import do_not_call as say
from dialer.store.do_not_call import NOTHING, Acceptance, Extent, Row, Stamp
from dialer.store.sqlite.shared_file import is_in_place, opened_alone, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

COLUMNS = ("number", "since", "source", "ended", "reason")
_DELIMITERS = ",;\t"
_WINDOW = 1 << 20
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class FilePart:
    """The lines from some position on.

    Attributes:
        path: the file.
        content: the lines.
        before: number of lines before them.
        delimiter: character between their cells.
        extent: their extent, without a last line that has no line end.
    """

    path: Path
    content: bytes
    before: int
    delimiter: str
    extent: Extent

    @property
    def unended(self) -> int:
        """The line that has no end; `Part.unended`."""
        return 0 if self.content.endswith(b"\n") or not self.content else self.extent.lines + 1

    def rows(self) -> Iterator[Row]:
        """Yield the rows; `Part.rows`."""
        for line, cells in self._lines():
            if line == 1 and _is_header(cells, self.path):
                continue
            # Of a million rows hardly any needs a closer look.
            if len(cells) == len(COLUMNS) and cells[0]:
                number, since, source, ended, reason = cells
                yield Row(number, _text_of(since), _text_of(source), _text_of(ended), _text_of(reason), line)
            elif any(map(str.strip, cells)):
                yield self._row(line, cells)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        text = io.TextIOWrapper(io.BytesIO(self.content), encoding="utf-8" if self.before else "utf-8-sig", newline="")
        reader, line = csv.reader(text, delimiter=self.delimiter, strict=True), self.before
        try:
            for line, cells in enumerate(reader, self.before + 1):
                if reader.line_num != line - self.before:
                    raise DoNotCallError(say.over_two_lines(self.path, line))
                yield line, cells
        except csv.Error as error:
            raise DoNotCallError(say.not_csv(self.path, line + 1)) from error
        except UnicodeDecodeError as error:
            raise DoNotCallError(say.not_utf_8(self.path, self._first_undecodable())) from error

    def _first_undecodable(self) -> int:
        lines = self.content.split(b"\n")
        return next(line for line, text in enumerate(lines, self.before + 1) if not _is_utf_8(text))

    def _row(self, line: int, cells: list[str]) -> Row:
        if any(cell.strip() for cell in cells[len(COLUMNS) :]):
            raise DoNotCallError(say.too_many_cells(self.path, line, columns=COLUMNS))
        number, since, source, ended, reason = (*cells, "", "", "", "", "")[: len(COLUMNS)]
        return Row(number, _text_of(since), _text_of(source), _text_of(ended), _text_of(reason), line)


class FileAdding:
    """Adds rows to the file that is open and locked."""

    def __init__(self, file: int) -> None:
        self._file = file

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none; `Adding.add`."""
        size = os.fstat(self._file).st_size
        head = os.pread(self._file, _WINDOW, 0)
        last = os.pread(self._file, 1, max(0, size - 1))
        text = io.StringIO()
        writer = csv.writer(text, delimiter=_delimiter(head), lineterminator="\n")
        writer.writerows([COLUMNS] if not size else [])
        for row in rows:
            writer.writerow([row.number, *map(guarded, (row.since, row.source, row.ended, row.reason))])
        content = (b"" if last in {b"", b"\n"} else b"\n") + text.getvalue().encode("utf-8", "backslashreplace")
        written = os.pwrite(self._file, content, size)
        if written < len(content):
            os.ftruncate(self._file, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file)


class DoNotCallFile:
    """The list in a file.

    Args:
        path: the file; the first row makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._acceptance = path.with_suffix(".accepted")

    @property
    def files(self) -> Sequence[Path]:
        """The list, and what was accepted of it."""
        return (self.path, self._acceptance)

    def stamp(self) -> Stamp:
        """Return what changes whenever a row is added."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - runs for each call
        except OSError:
            return (0, 0, 0)
        return (found.st_size, found.st_mtime_ns, found.st_ino)

    def read(self, *, after: Extent = NOTHING, expected: Extent = NOTHING) -> FilePart:
        """Return the content of the list, or what was added since; see `DoNotCall.read`."""
        expected = max(expected, after, key=lambda extent: extent.length)
        if kind := unreadable(self.path):
            raise DoNotCallError(say.unreadable(self.path, kind))
        try:
            with self.path.open("rb") as file:
                return self._part(file, after, expected)
        except FileNotFoundError:
            if expected.length:
                raise DoNotCallError(say.missing(self.path, lines=expected.lines, at=expected.at)) from None
            return FilePart(self.path, b"", 0, ",", NOTHING)
        except OSError as error:
            raise DoNotCallError(say.unreadable(self.path, error.strerror)) from error

    def _part(self, file: BinaryIO, after: Extent, expected: Extent) -> FilePart:
        delimiter = _delimiter(file.read(_WINDOW))
        file.seek(0)
        digest = _digest(file, after.length)
        content = file.read()
        beginning = digest.copy()
        beginning.update(content[: expected.length - after.length])
        if after.length + len(content) < expected.length or beginning.hexdigest() != expected.digest:
            now = after.lines + content.count(b"\n")
            raise DoNotCallError(say.changed(self.path, lines=expected.lines, at=expected.at, now=now))
        whole = content[: content.rfind(b"\n") + 1]
        digest.update(whole)
        length, lines = after.length + len(whole), after.lines + whole.count(b"\n")
        extent = Extent(length, digest.hexdigest(), lines, time.time())
        return FilePart(self.path, content, after.lines, delimiter, extent)

    def begins_with(self, extent: Extent) -> bool:
        """Tell whether it still begins with what was read once."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            return _digest(file, extent.length).hexdigest() == extent.digest
        return not extent.length

    @contextlib.contextmanager
    def adding(self) -> Iterator[FileAdding]:
        """Have it alone, to look and to add; `DoNotCall.adding`."""
        if kind := unwritable(self.path):
            raise DoNotCallError(say.unwritable(self.path, kind))
        try:
            with contextlib.ExitStack() as stack:
                file = stack.enter_context(opened_alone(self.path))
                while not is_in_place(file, self.path):  # an editor has put another file in its place
                    stack.close()
                    file = stack.enter_context(opened_alone(self.path))
                yield FileAdding(file)
        except BlockingIOError as error:
            raise DoNotCallError(say.kept_locked(self.path)) from error
        except OSError as error:
            raise DoNotCallError(say.unwritable(self.path, error.strerror)) from error

    def accepted(self) -> Acceptance | None:
        """Return what a person accepted last; `DoNotCall.accepted`."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            content = json.loads(self._acceptance.read_bytes())
            return Acceptance(str(content["id"]), Extent(**content["extent"]))
        return None

    def accept(self, extent: Extent) -> None:
        """Note that a person accepts the list as it is; `DoNotCall.accept`."""
        content = json.dumps({"id": uuid4().hex, "extent": asdict(replace(extent, at=time.time()))})
        written = self._acceptance.with_name(f".{self._acceptance.name}.{os.getpid()}.tmp")
        try:
            # Killed before the name is changed: nothing was accepted.
            with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                file.write(content + "\n")
                file.flush()
                os.fsync(file.fileno())
            written.replace(self._acceptance)
            sync_folder(self.path.parent)
        except OSError as error:
            raise DoNotCallError(say.unwritable(self._acceptance, error.strerror)) from error


def _digest(file: BinaryIO, length: int) -> blake2b:
    """Return the digest of the first bytes of a file, which is read up to there."""
    digest = blake2b(digest_size=16)
    while length > 0 and (block := file.read(min(length, _WINDOW))):
        digest.update(block)
        length -= len(block)
    return digest


def _text_of(cell: str) -> str:
    return unguarded(cell.strip()) if cell else cell


def _is_utf_8(text: bytes) -> bool:
    with contextlib.suppress(UnicodeDecodeError):
        return text.decode("utf-8") is not None
    return False


def _delimiter(head: bytes) -> str:
    """Return the delimiter between the cells, taken from the first line."""
    first = head.removeprefix(_MARK).partition(b"\n")[0].decode("utf-8", "replace")
    return next((char for char in first if char in _DELIMITERS), ",")


def _is_header(cells: Sequence[str], path: Path) -> bool:
    """Tell whether the first line names the columns.

    Raises:
        DoNotCallError: it names others.
    """
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if names[:1] == [COLUMNS[0]] and tuple(names) == COLUMNS[: len(names)]:
        return True
    if any(char.isdigit() for char in "".join(names[:1])) or not any(names):
        return False
    raise DoNotCallError(say.other_columns(path, cells, columns=COLUMNS))
