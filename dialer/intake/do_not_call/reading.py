"""The numbers in a do-not-call list: every whole one, in every column."""

from __future__ import annotations

import csv
from array import array
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from dialer import numbers
from dialer.errors import InputError
from dialer.intake import sheet
from dialer.intake.do_not_call.columns import ENTRY, HEADER, Kind, digits_in, has_header, kinds, may_be_area
from dialer.intake.source import Source
from dialer.intake.structure import find_delimiter, is_blank
from dialer.messages.intake import do_not_call as say
from dialer.messages.intake.table import SAVE_AS_UTF_8
from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path


class Read(Protocol):
    """Returns the numbers that a text can mean, or why there are none."""

    def __call__(self, text: str, *, region: str | None, plus_lost: bool) -> tuple[int, ...] | Problem:
        """Read a text."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a list holds.

    Attributes:
        entries: its rows.
        numbers: E.164 digits, as often as they stand there.
        lines: the physical line of each.
    """

    entries: int
    numbers: array[int]
    lines: array[int]


def read(path: Path, *, region: str | None, plus_lost: bool) -> Content:
    """Read a list: one number a line, or a table.

    Args:
        path: a text, CSV or .xlsx file.
        region: ISO code of the country of numbers without a plus; None when there may be none.
        plus_lost: whether numbers without a plus are international ones that lost it.

    Raises:
        InputError: it cannot be read, is empty, or has an entry that is not a whole number.
    """
    rows = _rows(path)
    line, first = next(rows, (0, []))
    named = bool(first) and has_header(first)
    table = _Table(path, first if named else [""] * len(first), region=region, plus_lost=plus_lost)
    if first and not named:
        table.guess_areas(first)
        table.add(line, first)
    for line, row in rows:
        table.add(line, row)
    return table.content()


@dataclass(slots=True)
class _Column:
    """The numbers of a column so far.

    Attributes:
        at: its place.
        name: its name; empty where the file has no header.
        kind: what it holds.
        numbers: E.164 digits.
        lines: of each of them.
        unused: whole numbers that are not in use, as far as the plan known here goes, with the line of each.
        good: cells with a whole number.
        bad: cells with many digits that are no number.
        first_bad: line and text of the first of them.
    """

    at: int
    name: str
    kind: Kind
    numbers: array[int] = field(default_factory=lambda: array("q"))
    lines: array[int] = field(default_factory=lambda: array("i"))
    unused: list[tuple[int, int]] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    first_bad: tuple[int, str] | None = None

    def take(self, line: int, numbers: Sequence[int]) -> None:
        """Note the numbers of a cell."""
        self.good += bool(numbers)
        self.numbers.extend(numbers)
        self.lines.extend([line] * len(numbers))

    def spare(self, line: int, numbers: Collection[int]) -> None:
        """Note numbers that are not in use: they count if the column turns out to hold phone numbers."""
        self.unused.extend((number, line) for number in numbers)

    def refuse(self, line: int, cell: str) -> None:
        """Note a cell that is not a whole number."""
        self.bad += 1
        self.first_bad = self.first_bad or (line, cell)

    def holds_numbers(self) -> bool:
        """Tell whether the cells of a column without a telling name are phone numbers, as far as it was seen."""
        return self.kind is Kind.UNKNOWN and self.good >= self.bad


class _Table:
    """Takes in a list row by row."""

    def __init__(self, path: Path, header: Sequence[str], *, region: str | None, plus_lost: bool) -> None:
        self._path = path
        self._width = len(header)
        self._region = region
        self._plus_lost = plus_lost
        columns = list(enumerate(kinds(header)))
        # A whole number counts also where only a country or an area code should stand.
        self._columns = [
            _Column(at, header[at].strip("\ufeff "), Kind.OTHER if kind in {Kind.AREA, Kind.COUNTRY} else kind)
            for at, kind in columns
        ]
        self._areas = [at for at, kind in columns if kind is Kind.AREA]
        """Columns of area codes; without a header those that may be, which are read as any other column as well."""
        self._countries = [at for at, kind in columns if kind is Kind.COUNTRY]
        self._entries = 0

    def guess_areas(self, row: list[str]) -> None:
        """Take a column without a name for one of area codes where it makes a whole number of the one behind it."""
        for at, (area, cell) in enumerate(pairwise(row)):
            if may_be_area(area) and self._read(numbers.possible, f"{area.strip()}{cell.strip()}", self._region):
                self._areas.append(at)

    def add(self, line: int, row: list[str]) -> None:
        """Add a row.

        Raises:
            InputError: it holds no complete number, or a cell that should hold one does not.
        """
        if len(row) != self._width:
            raise InputError(say.uneven(self._path, line, fields=len(row), width=self._width))
        self._entries += 1
        # Every cell is read. An id that reads as a number does not make up for the phone number that is missing.
        whole = [column.kind for column in self._columns if self._cell(line, row, column)]
        if all(kind is Kind.OTHER for kind in whole):
            raise self._no_number(line, row)

    def _no_number(self, line: int, row: list[str]) -> InputError:
        codes = {*self._areas, *self._countries}
        meant = [column for column in self._columns if column.kind is Kind.NUMBERS] or [
            column for column in self._columns if column.at not in codes
        ]
        if not meant:
            return InputError(say.no_numbers_column(self._path))
        likely = max(meant, key=lambda column: digits_in(row[column.at]))
        return self._refusal(line, likely, row[likely.at])

    def _cell(self, line: int, row: list[str], column: _Column) -> bool:
        """Take in a cell; tell whether there is a whole number in it."""
        cell = row[column.at]
        digits = digits_in(cell)
        least = ENTRY if column.kind is Kind.NUMBERS or self._areas else HEADER
        # Of 9E+11 a spreadsheet has lost all but one digit.
        if digits < least and not (column.kind is Kind.NUMBERS and "E+" in cell.upper()):
            return False
        is_sure = column.kind is Kind.NUMBERS or _is_marked(cell)
        read = numbers.possible if is_sure or column.holds_numbers() else numbers.in_use_of
        texts = self._texts(row, cell, self._countries_of(line, row, cell, column))
        meant = {number for text, region in dict.fromkeys(texts) for number in self._read(read, text, region)}
        if meant:
            # Of other cells only what can be a recipient: each id of ten digits is a possible number somewhere.
            used = meant if is_sure else set(filter(numbers.in_use, meant))
            column.take(line, sorted(used))
            column.spare(line, meant - used)
            return True
        if column.kind is Kind.NUMBERS or (column.kind is Kind.UNKNOWN and _is_marked(cell)):
            raise self._refusal(line, column, cell)
        if digits >= HEADER:
            column.refuse(line, cell)
        return False

    def _countries_of(self, line: int, row: list[str], cell: str, column: _Column) -> list[str]:
        """Return the region, or the calling code, that each column of countries has for a cell.

        Raises:
            InputError: one cannot be read, so that a number without a plus would be taken for one of the region.
        """
        countries = []
        for at in self._countries:
            country = row[at].strip()
            known = numbers.region_named(country) or "".join(filter(str.isdigit, country)).lstrip("0")
            if country and not known and column.kind is Kind.NUMBERS and not numbers.marked(cell):
                raise InputError(say.no_country(self._path, line, country))
            countries.append(known)
        return list(filter(None, countries))

    def _texts(self, row: list[str], cell: str, countries: Sequence[str]) -> Iterator[tuple[str, str | None]]:
        """Yield what a cell may stand for, each with its region: itself, and what other columns make of it."""
        yield cell, self._region
        if numbers.marked(cell):
            return
        areas = ("".join(filter(str.isdigit, row[at])) for at in self._areas)
        whole = [cell, *(f"{area}{cell.strip()}" for area in areas if area)]
        yield from ((text, self._region) for text in whole[1:])
        for country in countries:
            if numbers.known_region(country):
                yield from ((text, country) for text in whole)
            else:
                yield from ((f"+{country} {text.strip()}", None) for text in whole)

    def _read(self, read: Read, text: str, region: str | None) -> tuple[int, ...]:
        result = read(text, region=region, plus_lost=self._plus_lost)
        return () if isinstance(result, Problem) else result

    def _refusal(self, line: int, column: _Column, cell: str, *, by_content: bool = False) -> InputError:
        read = numbers.possible(cell, region=self._region, plus_lost=self._plus_lost)
        reason = read.reason if isinstance(read, Problem) else say.SOMETHING_ELSE
        name = column.name if self._width > 1 else ""
        return InputError(say.not_whole(self._path, line, column=name, cell=cell, reason=reason, by_content=by_content))

    def content(self) -> Content:
        """Return all numbers of the list.

        Raises:
            InputError: it is empty, or a column of numbers has a cell that is not a whole one.
        """
        if not self._entries:
            raise InputError(say.empty(self._path))
        numbers, lines = self._numbers()
        if not numbers:
            raise InputError(say.none_in_use(self._path, self._entries))
        return Content(self._entries, numbers, lines)

    def _numbers(self) -> tuple[array[int], array[int]]:
        numbers, lines = array("q"), array("i")
        for column in self._columns:
            numbers += column.numbers
            lines += column.lines
            if column.holds_numbers():
                self._refuse_bad(column)
            if column.holds_numbers() and column.good:
                # Newer than the plan, perhaps: a campaign may allow such numbers to be called.
                numbers.extend(number for number, _ in column.unused)
                lines.extend(line for _, line in column.unused)
        return numbers, lines

    def _refuse_bad(self, column: _Column) -> None:
        if column.first_bad is not None:
            line, cell = column.first_bad
            raise self._refusal(line, column, cell, by_content=True)


def _is_marked(cell: str) -> bool:
    return numbers.marked(cell.strip()[:1]) and digits_in(cell) >= HEADER


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    if sheet.is_spreadsheet(path):
        yield from _sheet_rows(path)
        return
    source = Source.of(path, encoding=None, remedy=SAVE_AS_UTF_8)
    with source.open() as reading:
        delimiter, skip = find_delimiter(reading.text)
    with source.open() as reading:
        for _ in range(skip):
            next(reading.text)
        reader = csv.reader(reading.text, delimiter=delimiter, strict=True)
        line = skip + 1
        try:
            for row in reader:
                if not is_blank(row, 0):
                    yield line, row
                line = skip + reader.line_num + 1
        except csv.Error as error:
            raise InputError(say.open_quote(path, line)) from error


def _sheet_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    read, *others = sheet.titles(path)
    if others:
        raise InputError(say.several_sheets(path, read, others))
    width = 0
    for line, cells, problem in sheet.rows(path, formulas=sheet.has_formulas(path)):
        # A number that is hidden from view is on the list all the same.
        if problem is not None and problem.code != "row_hidden":
            raise InputError(say.bad_row(path, line, problem.reason))
        width = width or len(cells)
        yield line, cells + [""] * (width - len(cells))
