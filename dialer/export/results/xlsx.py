"""A workbook (.xlsx) as a file: rows leave as they come, so that a million of them take no memory.

What is written is the least that Office Open XML asks for (ECMA-376, part 1, 18: SpreadsheetML). A cell's type follows
from its value, and no cell is ever a formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from math import isfinite
from typing import IO, TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile

from dialer.messages.export.workbook import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_NARROWEST = 8
_AT_ONCE: Final = 500
"""Rows that are written together."""
_FIRST_DAY: Final = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of a spreadsheet, for all days from March 1900 on."""
_DATES_BEGIN: Final = datetime(1900, 3, 1, tzinfo=UTC)
"""Programs disagree on the numbers of the days before it."""
_ESCAPED: Final = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENDS, _FIXED = re.compile("([A-Z]+)([0-9]+)"), r"$\1$\2"
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TEMPLATES: Final = 1000
_NUMBER: Final = "\0"
"""Stands for a row's number in a template: no XML has it."""

Cell = str | int | float | None


class Title(str):
    """A text in bold type."""

    __slots__ = ()


class NumbersTitle(Title):
    """One that stands above numbers."""

    __slots__ = ()


class Moment(float):
    """A moment, in days."""

    __slots__ = ()


class Share(float):
    """A part of a whole, shown in per cent."""

    __slots__ = ()


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


def write_workbook(file: IO[bytes], sheets: Sequence[Sheet]) -> None:
    """Write a workbook.

    Args:
        file: it is written to.
        sheets: all rows of one are taken before the first of the next.

    Raises:
        OSError: it cannot be written.
    """
    tables: dict[str, str] = {}
    # Level 1 takes half of the time, and makes the file a third larger.
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _package(len(sheets)).items():
            archive.writestr(name, f"{_XML}{text}")
        for number, sheet in enumerate(sheets, 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                tables[sheet.name] = _write_sheet(part, sheet)
        archive.writestr("xl/workbook.xml", f"{_XML}{_workbook(tables)}")


def is_ours(path: Path) -> bool:
    """Tell whether a file is a workbook as it was written here: any other program that saves it puts its name in."""
    return _part(path, _APPLICATION) == f"{_XML}{_MADE_BY}"


def sheets_of(path: Path) -> set[str]:
    """Return the names of a workbook's sheets, whatever has saved it; none where a file is not a workbook."""
    return set(re.findall(r'<sheet\b[^>]*\bname="([^"]*)"', _part(path, "xl/workbook.xml")))


def _part(path: Path, name: str) -> str:
    # A pipe would be waited for.
    if path.suffix.lower() != ".xlsx" or not path.is_file():
        return ""
    try:
        with ZipFile(path) as archive:
            return archive.read(name).decode()
    except Exception:  # noqa: BLE001 - a file that is none, or damaged, makes zipfile raise anything at all
        return ""


def _write_sheet(part: IO[bytes], sheet: Sheet) -> str:
    """Write a sheet; return the range of its table, or nothing where it is none."""
    rows = iter(sheet.rows)
    sample = list(islice(rows, _SAMPLE))
    part.write(f"{_XML}{_head(sample, sheet)}".encode())
    last, written = 1, _Rows(has_head=sheet.is_table)
    lines: list[str] = []
    for last, cells in enumerate(chain(sample, rows), 1):
        lines.append(written.xml(last, cells))
        if len(lines) == _AT_ONCE:
            part.write("".join(lines).encode())
            lines.clear()
    part.write("".join(lines).encode())
    around = f"A1:{_letters(max(map(len, sample), default=1) - 1)}{last}"
    part.write(_foot(around, is_table=sheet.is_table).encode())
    return around if sheet.is_table else ""


class _Rows:
    """Makes the XML of rows; those whose cells are of the same types have one template, which saves most of the time.

    Args:
        has_head: the first row names the columns.
    """

    def __init__(self, *, has_head: bool) -> None:
        self._has_head = has_head
        self._templates: dict[tuple[type | None, ...], str] = {}

    def xml(self, number: int, cells: Sequence[Cell]) -> str:
        """Return a row, the first one being number 1."""
        if number == 1 and self._has_head:
            cells = [Title(cell) for cell in cells]
        types = tuple([type(cell) if cell or cell == 0 else None for cell in cells])
        template = self._templates.get(types)
        if template is None:
            if len(self._templates) > _TEMPLATES:
                self._templates.clear()
            template = self._templates[types] = _template(types)
        values = [cell for cell in cells if cell or cell == 0]
        texts = "".join([cell for cell in values if isinstance(cell, str)])
        if len(texts) > CHARACTERS // 2 or _ESCAPED.search(texts):
            values = [_text(cell) if isinstance(cell, str) else cell for cell in values]
        return template.replace(_NUMBER, str(number)) % tuple(values)


def _template(types: Sequence[type | None]) -> str:
    """Return the XML of a row, with places for its number and the values of its cells."""
    # Of one height, and texts are wrapped: so a long one is seen as far as its column goes, and not beyond.
    parts = [f'<row r="{_NUMBER}" ht="15" customHeight="1">']
    for at, kind in enumerate(types):
        if kind is not None:
            place = f'r="{_letters(at)}{_NUMBER}" s="{_STYLE_OF.get(kind, _TEXT)}"'
            text = f'<c {place} t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'
            parts.append(text if issubclass(kind, str) else f"<c {place}><v>%s</v></c>")
    return "".join([*parts, "</row>"])


def _text(text: str) -> str:
    """Return a text as XML, not longer than a cell may be."""
    if len(text) > CHARACTERS // 2 and (units := len(text.encode("utf-16-le", "surrogatepass")) // 2) > CHARACTERS:
        kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (CHARACTERS - _NAMED)].decode("utf-16-le", "ignore")
        text = f"{kept}{cut(len(text), units=units)}"
    return _ESCAPED.sub(_as_xml, text)


def _as_xml(match: re.Match[str]) -> str:
    # What XML cannot hold, a spreadsheet writes like this; so a text that looks like it has to be written so, too.
    return _ENTITIES.get(match[0]) or f"_x{ord(match[0]):04X}_"


def _letters(at: int) -> str:
    """Return the name of a column: A, B, ..., Z, AA, ..., the first being number 0."""
    before, last = divmod(at, 26)
    return f"{_letters(before - 1) if before else ''}{chr(ord('A') + last)}"


def as_cell(value: float | datetime | None) -> Cell:
    """Return a value as a cell; as a text where a spreadsheet has no such number or day."""
    if isinstance(value, datetime):
        if value < _DATES_BEGIN:
            return value.isoformat(timespec="seconds")
        return Moment(round((value - _FIRST_DAY).total_seconds() / 86_400, 9))
    return value if value is None or isfinite(value) else str(value)


# -- the parts of the file ---------------------------------------------------------------------------------------------

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument"
_APPLICATION: Final = "docProps/app.xml"
_MADE_BY: Final = f'<Properties xmlns="{_OFFICE}/extended-properties"><Application>dialer</Application></Properties>'
_PLAIN, _TEXT, _BOLD, _BOLD_RIGHT, _MOMENT, _SHARE = range(6)
_STYLE_OF: Final[dict[type, int]] = {
    int: _PLAIN,
    float: _PLAIN,
    Title: _BOLD,
    NumbersTitle: _BOLD_RIGHT,
    Moment: _MOMENT,
    Share: _SHARE,
}
_GENERAL, _AS_TEXT = 0, 49
"""Number formats that every program knows by these ids."""
_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss&quot; UTC&quot;"/>'
    '<numFmt numFmtId="165" formatCode="0.0%"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="6">'
    + "".join(
        f'<xf numFmtId="{form}" fontId="{font}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" '
        f'applyAlignment="1"><alignment {alignment}/></xf>'
        for form, font, alignment in (
            (_GENERAL, 0, 'vertical="top"'),
            (_AS_TEXT, 0, 'vertical="top" wrapText="1"'),
            (_AS_TEXT, 1, 'vertical="top"'),
            (_AS_TEXT, 1, 'horizontal="right" vertical="top"'),
            (164, 0, 'horizontal="left" vertical="top"'),
            (165, 0, 'vertical="top"'),
        )
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def _head(sample: Sequence[Sequence[Cell]], sheet: Sheet) -> str:
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/>'
    view = f'<sheetView workbookViewId="0">{pane if sheet.is_table else ""}</sheetView>'
    widths = "".join(_widths(sample, sheet.widest))
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews>{view}</sheetViews><sheetFormatPr defaultRowHeight="15"/>{widths}<sheetData>'
    )


def _widths(sample: Sequence[Sequence[Cell]], most: int) -> Iterator[str]:
    count = max(map(len, sample), default=0)
    if not count:
        return
    yield "<cols>"
    for at in range(count):
        # A line of its own may run over the columns.
        widest = max((_width(cells[at]) for cells in sample if at < len(cells) > 1), default=0)
        width = min(max(widest + 3, _NARROWEST), most)
        yield f'<col min="{at + 1}" max="{at + 1}" width="{width}" customWidth="1"/>'
    yield "</cols>"


def _width(cell: Cell) -> int:
    if cell is None:
        return 0
    if isinstance(cell, Moment):
        return len("2026-12-01 10:00:00 UTC")
    if isinstance(cell, Share):
        return len("100.0%")
    return len(max(str(cell).split("\n"), key=len))


def _foot(around: str, *, is_table: bool) -> str:
    filters = f'<autoFilter ref="{around}"/>' if is_table else ""
    # Ids and numbers are texts on purpose: no green corner asks a person to turn them into numbers.
    no_flags = f'<ignoredError sqref="{around}" twoDigitTextYear="1" numberStoredAsText="1"/>'
    return (
        f'</sheetData>{filters}<pageSetup orientation="landscape" fitToHeight="0"/>'
        f"<ignoredErrors>{no_flags}</ignoredErrors></worksheet>"
    )


def _workbook(tables: Mapping[str, str]) -> str:
    """Return the part that names the sheets, in order, with the range of each that is a table."""
    sheets = "".join(f'<sheet name="{name}" sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(tables, 1))
    hidden = 'name="_xlnm._FilterDatabase" hidden="1"'
    filters = "".join(
        f'<definedName {hidden} localSheetId="{at}">{name}!{_ENDS.sub(_FIXED, around)}</definedName>'
        for at, (name, around) in enumerate(tables.items())
        if around
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}/relationships"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets><definedNames>{filters}</definedNames></workbook>"
    )


def _package(sheets: int) -> dict[str, str]:
    """Return the parts of a file with so many sheets that say what the others are."""
    types, relations = "", ""
    for at in range(1, sheets + 1):
        part, kind = f"worksheets/sheet{at}.xml", f"{_TYPE}.spreadsheetml.worksheet+xml"
        types += f'<Override PartName="/xl/{part}" ContentType="{kind}"/>'
        relations += f'<Relationship Id="rId{at}" Type="{_OFFICE}/relationships/worksheet" Target="{part}"/>'
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.spreadsheetml.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.spreadsheetml.styles+xml"/>'
            f'<Override PartName="/{_APPLICATION}" ContentType="{_TYPE}.extended-properties+xml"/>{types}</Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="xl/workbook.xml"/>'
            f'<Relationship Id="rId2" Type="{_OFFICE}/relationships/extended-properties" Target="{_APPLICATION}"/>'
            "</Relationships>"
        ),
        _APPLICATION: _MADE_BY,
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship Id="rId{sheets + 1}" '
            f'Type="{_OFFICE}/relationships/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": _STYLES,
    }
