"""The structure of a table: its header, and one row after the other with as many fields as the header."""

from __future__ import annotations

import csv
import io
import unicodedata
from array import array
from bisect import bisect_right
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final

from dialer.errors import InputError
from dialer.messages.intake import table as say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

DELIMITERS: Final = ",;\t|"
"""What a delimiter may be when it is found by the header; on a tie the first wins."""

_SHOWN: Final = 5
_SAMPLE: Final = 200
_BLANK: Final = " \t"


class Places:
    """The physical lines of the rows, kept only where they do not just follow each other."""

    def __init__(self) -> None:
        self._positions = array("q", [0])
        self._offsets = array("q", [0])

    def add(self, position: int, offset: int) -> None:
        """Remember that from this row on the line is the position plus `offset`."""
        self._positions.append(position)
        self._offsets.append(offset)

    def lines(self, first: int, count: int) -> list[int]:
        """Return the lines of `count` rows from position `first` on."""
        lines: list[int] = []
        at = bisect_right(self._positions, first) - 1
        end = first + count
        while first < end:
            stop = min(end, self._positions[at + 1]) if at + 1 < len(self._positions) else end
            lines.extend(range(first + self._offsets[at], stop + self._offsets[at]))
            first, at = stop, at + 1
        return lines


class Structure:
    """What one pass over the rows of a table finds.

    Args:
        path: for messages.
        kind: what lines are called in messages: "line", or "row" in a spreadsheet.

    Attributes:
        header: column names, cleaned.
        repaired: what was repaired in the header or is odd there.
        width: how many columns there are; 0 until the header has been read.
        rows: data rows so far.
        places: their lines.
        sample: 200 of them, or up to twice as many, spread evenly; all, where there are fewer.
    """

    def __init__(self, path: Path, *, kind: str = "line") -> None:
        self.header: tuple[str, ...] = ()
        self.repaired: tuple[str, ...] = ()
        self.width = 0
        self.rows = 0
        self.places = Places()
        self.sample: list[Sequence[str]] = []
        self._every = 1
        self._path = path
        self._kind = kind
        self._offset = 0
        self._ragged: list[tuple[int, int]] = []
        self._more = 0

    def add(self, line: int, row: Sequence[str]) -> None:
        """Take the next row; the first one is the header.

        Raises:
            InputError: the header has no usable names.
        """
        if not self.header:
            self.header, self.repaired = names(say.place(self._path, self._kind, line), row)
            self.width = len(row)
            return
        self.rows += 1
        offset = line - self.rows
        if offset != self._offset:
            self._offset = offset
            self.places.add(self.rows, offset)
        if len(row) == self.width:
            if self.rows % self._every == 0:
                self._keep(row)
            return
        if len(self._ragged) < _SHOWN:
            self._ragged.append((line, len(row)))
        else:
            self._more += 1

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
            rows, more = self._ragged, self._more
            raise InputError(
                say.uneven(self._path, self.width, rows=rows, more=more, delimiter=delimiter, kind=self._kind)
            )
        if not self.rows:
            raise InputError(say.no_rows(self._path))


def scan(path: Path, text: io.TextIOWrapper, *, delimiter: str, skip: int) -> tuple[Structure, bool]:
    """Check every row of an open file.

    Args:
        path: for messages.
        text: the file from its start, line ends as they stand.
        delimiter: one character.
        skip: lines before the header.

    Returns:
        The structure, and whether pandas reads the same cells.

    Raises:
        InputError: the rows do not fit the header, or the quotation marks do not close.
    """
    structure = Structure(path)
    plain = True
    for _ in range(skip):
        next(text)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line = skip + 1
    try:
        for row in reader:
            if not row or len(row) != structure.width or row[0][:1].isspace():
                plain = plain and not _is_odd(row)
                if is_blank(row, structure.width):
                    line = skip + reader.line_num + 1
                    continue
            structure.add(line, row)
            line = skip + reader.line_num + 1
    except csv.Error as error:
        raise InputError(_broken(path, str(error), line, skip + reader.line_num)) from error
    structure.finish(delimiter=delimiter)
    # pandas loses rows beside lines that end in a lone CR.
    ends = (text.newlines,) if isinstance(text.newlines, str) else text.newlines or ()
    return structure, plain and "\r" not in ends


def records(text: Iterable[str], *, delimiter: str, skip: int) -> Iterator[list[str]]:
    """Read the rows of a file that `scan` has passed, the header first."""
    lines = iter(text)
    for _ in range(skip):
        next(lines)
    width = 0
    for row in csv.reader(lines, delimiter=delimiter, strict=True):
        if not is_blank(row, width):
            width = width or len(row)
            yield row


def is_blank(row: Sequence[str], width: int) -> bool:
    """Tell whether a row is a blank line; in a table of one column white space is a cell."""
    return not row or (len(row) == 1 and width != 1 and not row[0].strip(_BLANK))


def _is_odd(row: Sequence[str]) -> bool:
    """Tell whether pandas may read a row otherwise: it skips white space in front where its buffer ends within it."""
    return bool(row) and (row[0][:1].isspace() or not "".join(row).strip(_BLANK))


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


def names(place: str, row: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Clean the names of the columns.

    Returns:
        The names, and what was repaired or is odd, in words.

    Raises:
        InputError: a name is missing or is there twice.
    """
    cleaned = tuple(_clean(name) for name in row)
    blank = [number for number, name in enumerate(cleaned, 1) if not name]
    if blank:
        raise InputError(say.nameless(place, blank[0], width=len(row)))
    twice = [name for name, count in Counter(cleaned).items() if count > 1]
    if twice:
        numbers = [number for number, name in enumerate(cleaned, 1) if name == twice[0]]
        raise InputError(say.named_twice(place, numbers, twice[0]))
    repaired = [
        say.renamed(number, name) for number, (name, raw) in enumerate(zip(cleaned, row, strict=True), 1) if name != raw
    ]
    folded = Counter(name.casefold() for name in cleaned)
    alike = [name for name in cleaned if folded[name.casefold()] > 1]
    if alike:
        repaired.append(say.alike(alike))
    return cleaned, tuple(repaired)


def _clean(name: str) -> str:
    visible = "".join(char for char in name if char.isascii() or unicodedata.category(char) != "Cf")
    return visible.strip()


def _width(head: str, delimiter: str) -> int:
    try:
        return len(next(filter(None, csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)), ()))
    except csv.Error:
        return 0


def _broken(path: Path, error: str, start: int, line: int) -> str:
    if "field limit" in error:
        return say.long_cell(path, start, csv.field_size_limit())
    if "unexpected end" in error:
        return say.open_quote(path, start)
    return say.text_after_quote(path, line, row=start)
