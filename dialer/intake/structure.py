"""The structure of a table: its header, and one row after the other with as many fields as the header."""

from __future__ import annotations

import csv
import io
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from dialer.errors import InputError
from dialer.input_rows import Cells, column_name
from dialer.intake.header import checked
from dialer.intake.source import line_ends
from dialer.messages.intake import table as say
from dialer.models import Status

if TYPE_CHECKING:
    from _csv import Reader as CsvReader
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dialer.intake.header import Known, OwnFile
    from dialer.intake.source import Source

DELIMITERS: Final = ",;\t|"
"""What a delimiter may be when it is found by the header; on a tie the first wins."""

_SHOWN: Final = 5
_SAMPLE: Final = 200
_AT_ONCE: Final = 250
"""Rows that are read at a time: with more they are out of the processor's cache when they are looked at."""
_BLANK: Final = " \t"
_CALLED: Final = frozenset({Status.QUEUED, Status.UNKNOWN, Status.SENDING})


class Places:
    """The physical lines of the rows, kept only where they do not just follow each other."""

    def __init__(self) -> None:
        self._positions = array("q", [0])
        self._offsets = array("q", [0])

    def add(self, position: int, offset: int) -> None:
        """Remember that from this row on the line is the position plus `offset`."""
        self._positions.append(position)
        self._offsets.append(offset)

    def lines(self, first: int, count: int) -> Sequence[int]:
        """Return the lines of `count` rows from position `first` on."""
        at = bisect_right(self._positions, first) - 1
        end = first + count
        if at + 1 == len(self._positions) or end <= self._positions[at + 1]:
            return range(first + self._offsets[at], end + self._offsets[at])
        lines: list[int] = []
        while first < end:
            stop = min(end, self._positions[at + 1]) if at + 1 < len(self._positions) else end
            lines.extend(range(first + self._offsets[at], stop + self._offsets[at]))
            first, at = stop, at + 1
        return lines


@dataclass(frozen=True, slots=True)
class Ragged:
    """A row with more or fewer fields than the header."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_end_mark(self) -> bool:
        """Tell whether it is the Ctrl-Z with which DOS programs end a text."""
        return [cell.strip() for cell in self.cells] == ["\x1a"]

    @property
    def has_blank_before_quote(self) -> bool:
        """Tell whether a quotation mark does not count, because a blank stands before it."""
        return any(cell[:1] != '"' and cell.lstrip()[:1] == '"' for cell in self.cells)


class Structure:
    """What one pass over the rows of a table finds.

    Args:
        path: for messages.
        kind: what lines are called in messages: "line", or "row" in a spreadsheet.
        known: knows files of ours by the names of their columns.

    Attributes:
        header: column names, cleaned; of a file of ours, only the list's.
        repaired: what was repaired in the header or is odd there.
        own_file: what is known of a file of ours; None where it is another.
        called: how many rows of such a file were called before.
        left_out: how many it marks as left out.
        width: how many columns there are; 0 until the header has been read.
        rows: data rows so far.
        places: their lines.
        sample: 200 of them, or up to twice as many, spread evenly; all, where there are fewer.
    """

    def __init__(self, path: Path, *, kind: str = "line", known: Known | None = None) -> None:
        self.header: tuple[str, ...] = ()
        self.repaired: tuple[str, ...] = ()
        self.own_file: OwnFile | None = None
        self.called = 0
        self.left_out = 0
        self.width = 0
        self.rows = 0
        self.places = Places()
        self.sample: list[Sequence[str]] = []
        self._every = 1
        self._path = path
        self._known = known
        self._kind = kind
        self._offset = 0
        self._ragged: list[Ragged] = []
        self._more = 0
        self._first_ragged = 0

    def add(self, line: int, row: Sequence[str]) -> None:
        """Take the next row; the first one is the header.

        Raises:
            InputError: the header has no usable names.
        """
        if not self.header:
            self._take_header(line, row)
            return
        self.rows += 1
        self._place(line, self.rows)
        if len(row) == self.width:
            self._count_statuses([row])
            if self.rows % self._every == 0:
                self._keep(row)
            return
        self._first_ragged = self._first_ragged or self.rows
        if len(self._ragged) < _SHOWN:
            self._ragged.append(Ragged(line, tuple(row)))
        else:
            self._more += 1

    def _take_header(self, line: int, row: Sequence[str]) -> None:
        names = list(map(column_name, row))
        self.width = len(row)
        self.own_file = self._known(names) if self._known is not None else None
        if self.own_file is not None:
            row = names = list(self.own_file.names)
        self.repaired = checked(say.place(self._path, self._kind, line), row, names)
        self.header = tuple(names)

    def _count_statuses(self, rows: Sequence[Sequence[str]]) -> None:
        if self.own_file is not None:
            status = self.own_file.status
            self.called += sum(row[status] in _CALLED for row in rows)
            self.left_out += len(self.own_file.left_out(rows))

    def take(self, line: int, rows: Sequence[Sequence[str]], *, lines: int) -> None:
        """Take some rows, blank lines among them.

        Args:
            line: where the first one begins.
            rows: as the csv module reads them.
            lines: how many lines they take.

        Raises:
            InputError: the header has no usable names.
        """
        if lines == len(rows) and set(map(len, rows)) == {self.width}:
            self._take_even(line, rows)
            return
        for row in rows:
            if not is_blank(row, self.width):
                self.add(line, row)
            line += _lines_of(row)

    def _take_even(self, line: int, rows: Sequence[Sequence[str]]) -> None:
        """Take rows of one line and all columns each, as nearly all are: nothing is done for each of them."""
        before, self.rows = self.rows, self.rows + len(rows)
        self._place(line, before + 1)
        self._count_statuses(rows)
        position = before + self._every - before % self._every
        while position <= self.rows:
            self._keep(rows[position - before - 1])
            position += self._every - position % self._every

    def _place(self, line: int, position: int) -> None:
        if line - position != self._offset:
            self._offset = line - position
            self.places.add(position, self._offset)

    def _keep(self, row: Sequence[str]) -> None:
        self.sample.append(row)
        if len(self.sample) == 2 * _SAMPLE:
            del self.sample[::2]
            self._every *= 2

    def finish(self, *, delimiter: str = "") -> None:
        """Say what can be said only when all rows are read.

        Raises:
            InputError: there are no rows, or some have too few or too many fields.
        """
        if not self.header:
            raise InputError(say.empty(self._path))
        if self._ragged:
            raise InputError(self._uneven(delimiter))
        if not self.rows:
            raise InputError(say.no_rows(self._path, self.header))

    def _uneven(self, delimiter: str) -> str:
        rows, more = self._ragged, self._more
        are_last = 1 < self._first_ragged == self.rows - len(rows) - more + 1
        if self.width == 1 and not any(sign in self.header[0] for sign in DELIMITERS):
            cause = say.TITLE
        elif any(row.is_end_mark for row in rows):
            cause = say.END_MARK
        elif any(row.has_blank_before_quote for row in rows):
            cause = say.BLANK_BEFORE_QUOTE
        elif are_last and all(len(row.cells) < self.width for row in rows):
            cause = say.FOOTER
        else:
            cause = say.delimited(delimiter)
        found = [(row.line, len(row.cells), (delimiter or ", ").join(row.cells)) for row in rows]
        return say.uneven(self._path, self.header, rows=found, more=more, cause=cause, kind=self._kind)


def is_title(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a header of one field may be a title: the rows have several, separated by another delimiter."""
    return len(header) == 1 and any(
        min((len(next(csv.reader(row, delimiter=delimiter), ())) for row in rows), default=0) > 1
        for delimiter in DELIMITERS
    )


def scan(source: Source, text: io.TextIOWrapper, *, delimiter: str, skip: int, known: Known | None = None) -> Structure:
    """Check every row of an open file.

    Args:
        source: the file.
        text: it from its start, line ends as they stand.
        delimiter: one character.
        skip: lines before the header.
        known: knows files of ours by the names of their columns.

    Raises:
        InputError: the rows do not fit the header, or the quotation marks do not close.
    """
    structure = Structure(source.path, known=known)
    reader = _reader(text, delimiter=delimiter, skip=skip)
    try:
        while True:
            before = reader.line_num
            # Rows in front of a broken one are kept: they tell where it begins.
            rows: list[list[str]] = []
            rows.extend(islice(reader, _AT_ONCE))
            if not rows:
                break
            structure.take(skip + before + 1, rows, lines=reader.line_num - before)
    except csv.Error as error:
        start = skip + before + 1 + sum(map(_lines_of, rows))
        raise InputError(_broken(source, str(error), start, skip + reader.line_num)) from error
    structure.finish(delimiter=delimiter)
    return structure


def batches(text: io.TextIOWrapper, *, delimiter: str, skip: int, width: int, size: int) -> Iterator[Cells]:
    """Read the rows of a file that `scan` has passed, without the header.

    Args:
        text: as for `scan`.
        delimiter: as for `scan`.
        skip: as for `scan`.
        width: how many columns there are.
        size: so many rows at a time, or fewer.

    Raises:
        csv.Error: the file has changed meanwhile.
    """
    reader = _reader(text, delimiter=delimiter, skip=skip)
    next((row for row in reader if not is_blank(row, 0)), None)
    cells = Cells(width)
    while rows := list(islice(reader, min(_AT_ONCE, size - len(cells)))):
        if set(map(len, rows)) != {width}:
            rows = [row for row in rows if not is_blank(row, width)]
            if any(len(row) != width for row in rows):
                raise csv.Error
        cells.add(rows)
        if len(cells) == size:
            yield cells
            cells = Cells(width)
    if cells:
        yield cells


def _reader(text: io.TextIOWrapper, *, delimiter: str, skip: int) -> CsvReader:
    for _ in range(skip):
        next(text, None)
    return csv.reader(text, delimiter=delimiter, strict=True)


def _lines_of(row: Sequence[str]) -> int:
    """Count the lines that a row takes: more than one where there are line ends within quotation marks."""
    return 1 + line_ends("\0".join(row))


def is_blank(row: Sequence[str], width: int) -> bool:
    """Tell whether a row is a blank line; in a table of one column white space is a cell."""
    return not row or (len(row) == 1 and width != 1 and not row[0].strip(_BLANK))


def find_delimiter(text: io.TextIOWrapper, *, prefer: str = "") -> tuple[str, int]:
    """Find the delimiter by the header, and how many lines stand before it.

    Args:
        text: the file from its start.
        prefer: the delimiter to take on a tie.

    Returns:
        The delimiter, and 1 where the file begins with a line such as `sep=;`, else 0.
    """
    head = text.read(1 << 16)
    first = head.split("\n", 1)[0].rstrip("\r")
    if first[:4].lower() == "sep=" and len(first) == 5:  # noqa: PLR2004 - "sep=" and one character
        return first[4], 1
    candidates = dict.fromkeys(chain(prefer, DELIMITERS))
    return max(candidates, key=lambda delimiter: _width(head, delimiter)), 0


def _width(head: str, delimiter: str) -> int:
    try:
        return len(next(filter(None, csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)), ()))
    except csv.Error:
        return 0


def _broken(source: Source, error: str, start: int, line: int) -> str:
    if "field limit" in error:
        return say.long_cell(source.path, start, csv.field_size_limit())
    if "unexpected end" in error:
        return say.open_quote(source.path, start, text=source.line(start))
    return say.text_after_quote(source.path, line, row=start, text=source.line(line))
