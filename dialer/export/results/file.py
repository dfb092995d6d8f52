"""The results CSV as it is written: whole when a run starts and ends, line by line in between."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from operator import itemgetter
from typing import TYPE_CHECKING, TextIO

from dialer.escaping import guarded
from dialer.export.results.cells import Form, form_of, shown
from dialer.export.results.columns import columns
from dialer.export.results.places import NO_PLACES, Measured, Places
from dialer.export.results.replacing import replaced
from dialer.export.results.stamp import continues

if TYPE_CHECKING:
    from _csv import Writer
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from dialer.models import ResultRow


class ResultsFile:
    """Writes the results of one batch.

    Args:
        path: the CSV.
        header: the input's columns.
        with_id: the campaign names an id column.
        bom: the file begins with a byte order mark, by which Excel knows that it is UTF-8.
    """

    def __init__(self, path: Path, *, header: Sequence[str], with_id: bool, bom: bool = False) -> None:
        self.path = path
        self._mark = "\N{BOM}" if bom else ""
        self._header = tuple(header)
        self._with_id = with_id
        self._show(None)
        self._appending: _Appending | None = None

    def _show(self, calls: Collection[str] | None) -> None:
        self._columns = columns(with_id=self._with_id, parts=calls)
        self._ours = Form(",", (*(column.name for column in self._columns), *map(shown, self._header)))

    def usable(self, places: Places, *, stamp: str | None, calls: Collection[str] | None) -> Places:
        """Return places of the file as far as it is what was written then; none where it is not, or gets other columns.

        Args:
            places: where it is as it has to be.
            stamp: of what was written.
            calls: as for `write`.
        """
        self._show(calls)
        header = self._header_line().encode()
        with contextlib.suppress(OSError):
            if places.ends and continues(self.path, stamp):
                with self.path.open("rb") as file:
                    return places if file.read(len(header)) == header else NO_PLACES
        return NO_PLACES

    def write(
        self, rows: Iterable[ResultRow], *, calls: Collection[str] | None = None, kept: Places = NO_PLACES
    ) -> Places:
        """Replace the file by these rows, atomically, and return where they stand.

        The former file's mode and a symbolic link to it are kept; a new file is readable by its owner only.

        Args:
            rows: what it holds.
            calls: show what has become of the calls, with these long parts; None: do not.
            kept: the former file stays as it is up to the last of these places, and the rows are those behind it.

        Raises:
            OSError: it cannot be written; the former file is as it was.
        """
        self.close()
        self._show(calls)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(self.path) as file:
            if kept.ends:
                _copy(self.path, file, size=kept.last.size)
            else:
                file.write(self._header_line())
            measured = Measured(file, kept)
            csv.writer(file).writerows(self._cells(row) for row in measured.watch(rows))
            return measured.places()

    def _header_line(self) -> str:
        return self._mark + _text(self._ours, lambda writer: writer.writerow(map(guarded, self._ours.names)))

    def append(self, rows: Iterable[ResultRow]) -> None:
        """Add rows as they arrive; if another program wrote the file meanwhile, they take on the form it has then.

        Raises:
            OSError: it cannot be written; the file is as it was.
        """
        if self._appending is None or not self._appending.is_current():
            self.close()
            self._appending = _Appending(self.path, self._ours, header=self._header_line())
        try:
            self._appending.add(self._cells(row) for row in rows)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._appending is not None:
            self._appending.close()
            self._appending = None

    def _cells(self, row: ResultRow) -> list[object]:
        ours = (column.write(row) for column in self._columns)
        return [
            *(guarded(cell) if isinstance(cell, str) else cell for cell in ours),
            *(guarded(row.cells.get(name, "")) for name in self._header),
        ]


class _Appending:
    """A results CSV, open for adding to it.

    Args:
        path: the CSV; made new where there is none.
        form: ours, which a new one gets.
        header: the first line of a new one.

    Raises:
        OSError: it cannot be opened or written.
    """

    def __init__(self, path: Path, form: Form, *, header: str) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._size = os.fstat(self._handle).st_size
            self._form = self._found() or form
            self._placed = _places(form, self._form)
            if self._size == 0:
                self._write(header)
            elif os.pread(self._handle, 1, self._size - 1) not in b"\r\n":
                # Torn by a kill, or saved by a program that leaves the last line open.
                self._write("\r\n")
        except BaseException:
            self.close()
            raise

    def is_current(self) -> bool:
        """Tell whether nobody else wrote or replaced the file."""
        try:
            now, then = self._path.stat(), os.fstat(self._handle)
        except OSError:
            return False
        return os.path.samestat(now, then) and now.st_size == self._size

    def add(self, rows: Iterable[list[object]]) -> None:
        """Write rows in our form; all of them or none."""
        self._write(_text(self._form, lambda writer: writer.writerows(self._placed([*row, ""]) for row in rows)))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._handle)

    def _found(self) -> Form | None:
        """Return the form of the file as it is; None where it is none of ours."""
        try:
            with self._path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                form = form_of(file)
        except csv.Error:
            return None
        return None if form.missing() else form

    def _write(self, text: str) -> None:
        data = text.encode()
        try:
            written = os.write(self._handle, data)
        except OSError:
            self._undo()
            raise
        if written < len(data):
            self._undo()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _undo(self) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, self._size)


def _copy(path: Path, file: TextIO, *, size: int) -> None:
    """Begin a file with so many bytes of another one."""
    file.flush()
    with path.open("rb") as former:
        while size > 0 and (block := former.read(min(size, 1 << 20))):
            file.buffer.write(block)
            size -= len(block)
    file.buffer.flush()
    if size:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def _places(ours: Form, theirs: Form) -> Callable[[list[object]], tuple[object, ...]]:
    """Return what puts our cells, and an empty one behind them, where their columns are."""
    where = {name: place for place, name in enumerate(ours.names)}
    return itemgetter(*(where.get(name, -1) for name in theirs.names))


def _text(form: Form, write: Callable[[Writer], object]) -> str:
    text = io.StringIO()
    write(csv.writer(text, delimiter=form.delimiter))
    return text.getvalue()
