"""A workbook (.xlsx) as a file, row by row, so that a million of them take no memory (only here: XlsxWriter).

A cell's type follows from its value, and no cell is ever a formula.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from itertools import chain, islice
from math import isfinite
from typing import IO, TYPE_CHECKING, Any, Final
from zipfile import ZipFile

from dialer.export.results.replacing import replaced
from dialer.messages.export.workbook import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

ROWS: Final = 1_048_575
"""Rows that a sheet holds below its header."""
COLUMNS: Final = 16_384
CHARACTERS: Final = 32_767
"""That a cell holds, in units of UTF-16."""
_NAMED: Final = 128
"""Characters of a cell that is cut which are free for the words that say so."""
_SAMPLE: Final = 200
"""Rows by whose cells the columns get their widths."""
_PART: Final = 1 << 20
"""Bytes of a part that are read of a file from elsewhere: they may stand for any number."""
_NARROWEST = 8
_HEIGHT: Final = 15.75
"""Of every row: any but XlsxWriter's own is written, so that no row grows with the text in it."""
_DATES_BEGIN: Final = datetime(1900, 3, 1, tzinfo=UTC)
"""Programs disagree on the numbers of the days before it."""
_ESCAPED: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_AUTHOR: Final = "dialer"
_OURS: Final = re.compile(
    f"<dc:creator>{_AUTHOR}</dc:creator><cp:lastModifiedBy>{_AUTHOR}</cp:lastModifiedBy>"
    r"<dcterms:created[^>]*>([^<]+)</dcterms:created><dcterms:modified[^>]*>\1</dcterms:modified>"
)

Cell = str | int | float | datetime | None


class Title(str):
    """A text in bold type."""

    __slots__ = ()


class NumbersTitle(Title):
    """One that stands above numbers."""

    __slots__ = ()


class Share(float):
    """A part of a whole, shown in per cent."""

    __slots__ = ()


_FORMATS: Final[dict[type, dict[str, object]]] = {
    int: {"valign": "top"},
    float: {"valign": "top"},
    # Wrapped, and rows are of one height: so a long text is seen as far as its column goes, and not beyond.
    str: {"valign": "top", "num_format": "@", "text_wrap": True},
    Title: {"valign": "top", "num_format": "@", "bold": True},
    NumbersTitle: {"valign": "top", "num_format": "@", "bold": True, "align": "right"},
    datetime: {"valign": "top", "num_format": 'yyyy\\-mm\\-dd hh:mm:ss" UTC"', "align": "left"},
    Share: {"valign": "top", "num_format": "0.0%"},
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: on its tab.
        rows: its cells; taken one by one.
        is_table: the first row names the columns: it stays in view, and the rows can be filtered.
        widest: characters that a column shows at most.
    """

    name: str
    rows: Iterable[Sequence[Cell]]
    is_table: bool = True
    widest: int = 50


def write_workbook(path: Path, sheets: Sequence[Sheet], *, watch: Callable[[], None] = lambda: None) -> None:
    """Write a workbook; it takes the place of the one at that path when all is written.

    Args:
        path: it is written there.
        sheets: all rows of one are taken before the first of the next.
        watch: called while no row is taken; what it raises ends the writing.

    Raises:
        ImportError: XlsxWriter is not installed; `can_write_workbooks` tells.
        OSError: it cannot be written; the former one is as it was.
    """
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and it has no types
    from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    with replaced(path) as text, _scratch(path) as folder, contextlib.ExitStack() as handles:
        file = _Watched(text.buffer, watch)
        handles.callback(file.drop)
        options = {"constant_memory": True, "tmpdir": str(folder), "use_zip64": True, "remove_timezone": True}
        book = Workbook(file, options)
        book.set_properties({"author": _AUTHOR})
        formats = {kind: book.add_format(looks) for kind, looks in _FORMATS.items()}
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            _keep_texts(page)
            # XlsxWriter closes it only where all goes well.
            handles.callback(page.row_data_fh.close)
            _write_sheet(page, sheet, formats)
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] from error


def can_write_workbooks() -> bool:
    """Tell whether XlsxWriter is installed."""
    return find_spec("xlsxwriter") is not None


def _keep_texts(page: Any) -> None:  # noqa: ANN401 - it has no types
    """Have two kinds of text written as they are, for which XlsxWriter has no option."""
    # Its own misses the second half of _x0041_x0042_, and the surrogates in a file's name.
    page._escape_control_characters = _escaped  # noqa: SLF001
    # It takes <r>…</r> for a text of several formats, as XML of its own; none is written here.
    page._xml_rich_inline_string = lambda text, looks: page._xml_inline_string(text, True, looks)  # noqa: SLF001


class _Watched:
    """A file that says when it is written.

    Args:
        file: what is written to.
        watch: called before each piece.
    """

    def __init__(self, file: IO[bytes], watch: Callable[[], None]) -> None:
        self._file, self._watch = file, watch

    def write(self, data: bytes) -> int:
        self._watch()
        return self._file.write(data)

    def seek(self, to: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(to, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def drop(self) -> None:
        """Let go of the file: a ZipFile that failed writes its end when it is forgotten."""
        self._file, self._watch = BytesIO(), lambda: None


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """Yield a folder beside a file for what XlsxWriter keeps on disk: only its owner may read it."""
    # Always the same name, so that what a kill leaves behind does not pile up.
    folder = path.with_name(f".{path.name}.parts")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_ours(path: Path) -> bool:
    """Tell whether a file is a workbook as it was written here: any other program that saves it says who, or when."""
    return _OURS.search(_part(path, "docProps/core.xml")) is not None


def sheets_of(path: Path) -> set[str]:
    """Return the names of a workbook's sheets, whatever has saved it; none where a file is not a workbook."""
    return set(re.findall(r'<sheet\b[^>]*\bname="([^"]*)"', _part(path, "xl/workbook.xml")))


def _part(path: Path, name: str) -> str:
    # A pipe would be waited for.
    if path.suffix.lower() != ".xlsx" or not path.is_file():
        return ""
    try:
        with ZipFile(path) as archive, archive.open(name) as part:
            return part.read(_PART).decode()
    except Exception:  # noqa: BLE001 - a file that is none, or damaged, makes zipfile raise anything at all
        return ""


def _write_sheet(page: Any, sheet: Sheet, formats: dict[type, object]) -> None:  # noqa: ANN401 - it has no types
    from xlsxwriter.utility import xl_range  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    rows = iter(sheet.rows)
    sample = list(islice(rows, _SAMPLE))
    columns = max(map(len, sample), default=1)
    for at in range(columns):
        # A line of its own may run over the columns.
        widest = max((_width(cells[at]) for cells in sample if at < len(cells) > 1), default=0)
        page.set_column(at, at, min(max(widest + 3, _NARROWEST), sheet.widest))
    page.set_default_row(_HEIGHT)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    last = 0
    for last, cells in enumerate(chain(sample, rows)):
        heads = last == 0 and sheet.is_table
        for at, cell in enumerate(map(Title, cells) if heads else cells):
            _write_cell(page, last, at, cell, formats)
    if sheet.is_table:
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, last, columns - 1)
    # Ids and numbers are texts on purpose: no green corner asks a person to turn them into numbers.
    page.ignore_errors({"number_stored_as_text": xl_range(0, 0, last, columns - 1)})


def _write_cell(page: Any, row: int, at: int, cell: Cell, formats: dict[type, object]) -> None:  # noqa: ANN401 - as above
    looks = formats.get(type(cell), formats[str])
    if isinstance(cell, str):
        if cell:
            page.write_string(row, at, _text(cell), looks)
    elif isinstance(cell, datetime):
        page.write_datetime(row, at, cell, looks)
    elif cell is not None:
        page.write_number(row, at, cell, looks)


def _text(text: str) -> str:
    """Return a text not longer than a cell may be."""
    if len(text) > CHARACTERS // 2 and (units := len(text.encode("utf-16-le", "surrogatepass")) // 2) > CHARACTERS:
        kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (CHARACTERS - _NAMED)].decode("utf-16-le", "ignore")
        return f"{kept}{cut(len(text), units=units)}"
    return text


def _escaped(text: str) -> str:
    """Return a text as a spreadsheet writes what XML cannot hold, and so what looks like that, too."""
    return _ESCAPED.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def _width(cell: Cell) -> int:
    if cell is None:
        return 0
    if isinstance(cell, datetime):
        return len("2026-12-01 10:00:00 UTC")
    if isinstance(cell, Share):
        return len("100.0%")
    return len(max(str(cell).split("\n"), key=len))


def as_cell(value: float | datetime | None) -> Cell:
    """Return a value as a cell; as a text where a spreadsheet has no such number or day."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") if value < _DATES_BEGIN else value.astimezone(UTC)
    return value if value is None or isfinite(value) else str(value)
