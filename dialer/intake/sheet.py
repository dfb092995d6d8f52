"""A sheet of an .xlsx file as rows of text (only here: openpyxl)."""

from __future__ import annotations

import re
import warnings
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat

from dialer.errors import InputError
from dialer.intake.formats import HEAD, refuse_other_than_zip
from dialer.intake.source import readable
from dialer.intake.strict_sheet import with_usual_namespaces
from dialer.intake.unpacked import refuse_bomb
from dialer.messages.intake import table as say
from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES: Final = frozenset({".xlsx", ".xlsm"})

_HIDDEN: Final = Problem(
    "row_hidden",
    say.HIDDEN_ROW,
)
_WHOLE: Final = 10**15
"""From here on the last digits of a number are not those that were typed: spreadsheets keep 15."""
_BLOCK: Final = 1 << 16
_MOST_ROWS: Final = 1 << 20
"""Rows of a sheet, as in every spreadsheet program."""
_ZEROS = re.compile(r"0+")
# So a file holds what XML cannot, as the carriage return of a line break (ECMA-376, 22.9.2.19: ST_Xstring).
_ESCAPED = re.compile("_x(00[01][0-9A-Fa-f]|005[Ff]|[Ff]{3}[EeFf])_")
_Row = tuple[int, list[str], Problem | None]


class _TooManyRowsError(Exception):
    """A sheet has a row that no spreadsheet program has."""


def is_spreadsheet(path: Path) -> bool:
    """Tell by its name whether a file is read here."""
    return path.suffix.lower() in SUFFIXES


def titles(path: Path) -> list[str]:
    """Name the sheet that is read, then the others that hold anything.

    Raises:
        InputError: it is not a spreadsheet.
    """
    with _opened(path, values=False) as workbook:
        read = _sheet(path, workbook)
        return [read.title, *(sheet.title for sheet in workbook.worksheets if sheet is not read and _holds(sheet))]


def has_formulas(path: Path) -> bool:
    """Tell whether a cell of the sheet that is read is a formula.

    Raises:
        InputError: it is not a spreadsheet.
    """
    with _opened(path, values=False) as workbook:
        return any(cell.data_type == "f" for row in _cells(path, workbook) for cell in row)


def rows(path: Path, *, formulas: bool) -> Iterator[_Row]:
    """Read the first visible sheet that holds anything.

    Args:
        path: the file.
        formulas: whether the sheet has any, so that those without a saved result must be found.

    Yields:
        The row's number in the sheet, its cells as text up to the last one that is not empty, and what is wrong with
        it, or that it is hidden; rows without any content are left out.

    Raises:
        InputError: it is not a spreadsheet, or damaged.
    """
    with ExitStack() as stack:
        shown = stack.enter_context(_opened(path, values=True))
        # Opening it may take as long as reading it, so it is not opened twice for nothing.
        marks = _cells(path, stack.enter_context(_opened(path, values=False))) if formulas else repeat(())
        hidden = _hidden(path, shown)
        next_hidden = next(hidden, 0)
        for number, (cells, sources) in enumerate(zip(_cells(path, shown), marks, strict=False), 1):
            texts = [_text(cell) for cell in cells]
            problem = _problem(cells, sources)
            while texts and not texts[-1]:
                texts.pop()
            while 0 < next_hidden < number:
                next_hidden = next(hidden, 0)
            if texts or problem is not None:
                yield number, texts, _HIDDEN if number == next_hidden else problem


@contextmanager
def _opened(path: Path, *, values: bool) -> Iterator[Any]:
    with readable(path), path.open("rb") as file:
        refuse_other_than_zip(path, file.read(HEAD))
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, only for .xlsx; it has no types
    except ImportError as error:
        raise InputError(say.no_reader(path)) from error
    try:
        refuse_bomb(path)
        with warnings.catch_warnings(), with_usual_namespaces(path) as source:
            # What openpyxl does not know about (styles, validation lists, slicers) is nothing that is read here.
            warnings.simplefilter("ignore")
            workbook = load_workbook(source, read_only=True, data_only=values, keep_links=False)
            try:
                yield workbook
            finally:
                workbook.close()
    except (InputError, MemoryError):
        raise
    except _TooManyRowsError:
        raise InputError(say.too_many_rows(path, most=_MOST_ROWS)) from None
    except OSError as error:
        raise InputError(say.gone(path, error.strerror or str(error))) from error
    except Exception as error:
        # A damaged file makes openpyxl raise anything at all: zip, XML, key, index and value errors.
        raise InputError(say.damaged_sheet(path, type(error).__name__)) from error


def _sheet(path: Path, workbook: Any) -> Any:  # noqa: ANN401 - openpyxl has no types
    """Return the first visible sheet that holds anything."""
    sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise InputError(say.no_sheet(path))
    return next(filter(_holds, sheets), sheets[0])


def _holds(sheet: Any) -> bool:  # noqa: ANN401 - openpyxl has no types
    # What some programs write as the size of the sheet is wrong, and rows would be lost.
    sheet.reset_dimensions()
    return any(cell.value is not None for row in _rows(sheet) for cell in row)


def _cells(path: Path, workbook: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - openpyxl has no types
    yield from _rows(_sheet(path, workbook))


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - openpyxl has no types
    # Rows that a file leaves out are made up: one that calls itself row 99,999,999,999 would take days.
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > _MOST_ROWS:
            raise _TooManyRowsError
        yield row


def _hidden(path: Path, workbook: Any) -> Iterator[int]:  # noqa: ANN401 - openpyxl has no types
    """Yield the numbers of the hidden rows in order; openpyxl forgets them when it streams."""
    hidden: list[int] = []
    row = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row
        if name.rpartition(":")[2] == "row":
            row = int(attributes.get("r", row + 1))
            if attributes.get("hidden") in {"1", "true"}:
                hidden.append(row)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with _sheet(path, workbook)._get_source() as source:  # noqa: SLF001 - the file of just this sheet
        while block := source.read(_BLOCK):
            parser.Parse(block)
            yield from hidden
            hidden.clear()


def _problem(cells: tuple[Any, ...], sources: tuple[Any, ...]) -> Problem | None:
    for cell, source in zip(cells, sources, strict=False):
        # A formula that gave an empty text has a type, one whose result was never saved has none.
        if source.data_type == "f" and cell.value is None and cell.data_type == "n":
            return Problem("formula_without_value", say.unsaved_formula(source.coordinate))
    for cell in cells:
        if cell.data_type == "e":
            return Problem("cell_error", say.error_cell(cell.coordinate, str(cell.value)))
        if cell.data_type == "n" and isinstance(cell.value, int | float) and not abs(cell.value) < _WHOLE:
            return Problem("cell_digits_lost", say.digits_lost(cell.coordinate))
    return None


def _text(cell: Any) -> str:  # noqa: ANN401 - openpyxl has no types
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    return _moment(value)


def _number(value: float, shape: str) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < _WHOLE):
        # A code such as 007 is the number 7 shown by the format 000.
        return str(int(value)).zfill(len(shape) if _ZEROS.fullmatch(shape) else 0)
    # Spreadsheets show 15 digits: 0.3, not 0.30000000000000004.
    return format(Decimal(f"{value:.15g}"), "f")


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return value.isoformat() if isinstance(value, date | time) else str(value)
