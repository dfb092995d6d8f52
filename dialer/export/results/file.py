"""The results CSV as it is written: whole when a run starts and ends, line by line in between."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO, TextIO

from dialer.escaping import guarded
from dialer.export.results.cells import Form, form_of, shown
from dialer.export.results.columns import columns
from dialer.export.results.places import NO_PLACES, LastWritten, Measured
from dialer.export.results.replacing import replaced
from dialer.export.results.stamp import Stamp, blocks, size_in

if TYPE_CHECKING:
    from _csv import Writer
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from dialer.export.results.places import Places
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

    def write(self, rows: Iterable[ResultRow], *, calls: Collection[str] | None = None) -> LastWritten:
        """Replace the file by these rows, atomically, and return what was written.

        The former file's mode and a symbolic link to it are kept; a new file is readable by its owner only.

        Args:
            rows: what it holds.
            calls: show what has become of the calls, with these long parts; None: do not.

        Raises:
            OSError: it cannot be written; the former file is as it was.
        """
        return self.write_changed(lambda _: rows, former=LastWritten(), calls=calls)

    def write_changed(
        self,
        rows: Callable[[int], Iterable[ResultRow]],
        *,
        former: LastWritten,
        calls: Collection[str] | None = None,
    ) -> LastWritten:
        """Do `write`, and keep the former file up to the last of its places, where it is still what was written then.

        Args:
            rows: returns the rows from beyond a position of the input.
            former: what was written then, and where it is as it has to be.
            calls: as for `write`; where it is other columns than then, nothing is kept.

        Raises:
            OSError: as `write`.
        """
        self.close()
        self._show(calls)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(self.path) as file:
            written = _Stamped(file)
            kept = self._kept(former, written)
            if not kept.ends:
                written.write(self._header_line())
            measured = Measured(written.stamp, kept)
            lines = (self._cells(row) for row in measured.watch(rows(kept.last.position)))
            csv.writer(written).writerows(lines)
            return LastWritten(written.stamp.text(), measured.places())

    def _kept(self, former: LastWritten, written: _Stamped) -> Places:
        """Begin a new file with the part of the former one that stays; return which places it has, or none."""
        header, size = self._header_line().encode(), former.places.last.size
        with contextlib.suppress(OSError):
            if size and former.stamp is not None:
                with self.path.open("rb") as file:
                    if file.read(len(header)) == header:
                        file.seek(0)
                        if written.begin_with(file, size=size, stamp=former.stamp):
                            return former.places
        written.begin_again()
        return NO_PLACES

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
        """Tell whether no other program wrote or replaced the file."""
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


class _Stamped:
    """Writes text to a file, and knows the stamp of what it has written.

    Args:
        file: a new one.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file.buffer
        self.stamp = Stamp()

    def write(self, text: str) -> None:
        self._add(text.encode())

    def begin_with(self, former: BinaryIO, *, size: int, stamp: str) -> bool:
        """Copy so many bytes of another file; return whether that has its stamp: it is read once for both."""
        for block in blocks(former, size):
            self._add(block)
        whole = self.stamp.copy()
        for block in blocks(former, size_in(stamp) - size):
            whole.add(block)
        return whole.text() == stamp

    def begin_again(self) -> None:
        """Empty the file."""
        self._file.seek(0)
        self._file.truncate()
        self.stamp = Stamp()

    def _add(self, block: bytes) -> None:
        self._file.write(block)
        self.stamp.add(block)


def _places(ours: Form, theirs: Form) -> Callable[[list[object]], tuple[object, ...]]:
    """Return what puts our cells, and an empty one behind them, where their columns are."""
    where = {name: place for place, name in enumerate(ours.names)}
    return itemgetter(*(where.get(name, -1) for name in theirs.names))


def _text(form: Form, write: Callable[[Writer], object]) -> str:
    text = io.StringIO()
    write(csv.writer(text, delimiter=form.delimiter))
    return text.getvalue()
