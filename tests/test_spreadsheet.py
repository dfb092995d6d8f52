"""Recipients in an .xlsx file."""

from __future__ import annotations

import re
import sys
import tracemalloc
import zipfile
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped] # it has no types
from openpyxl.styles import PatternFill  # type: ignore[import-untyped] # as above

from dialer.errors import InputError
from dialer.intake import strict_sheet
from dialer.intake.table import chunks, examine

if TYPE_CHECKING:
    from pathlib import Path


def save(folder: Path, *rows: list[object], formats: dict[str, str] | None = None) -> Path:
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    for cell, shape in (formats or {}).items():
        sheet[cell].number_format = shape
    path = folder / "r.xlsx"
    workbook.save(path)
    return path


def test_every_kind_of_cell_becomes_the_text_it_shows(tmp_path: Path) -> None:
    cells: list[tuple[object, str]] = [
        ("+919876543210", "+919876543210"),
        (919876543210, "919876543210"),
        (919876543210.0, "919876543210"),
        (123456789012345, "123456789012345"),
        (12.5, "12.5"),
        (0.1 + 0.2, "0.3"),
        (0.00001, "0.00001"),
        (-7, "-7"),
        (True, "TRUE"),
        (date(2026, 12, 1), "2026-12-01"),
        (datetime(2026, 12, 1, 10, 30), "2026-12-01T10:30:00"),  # noqa: DTZ001 - sheets have no zones
        (time(10, 30), "10:30:00"),
        (timedelta(hours=26), "26:00:00"),
        (None, ""),
        (" padded ", " padded "),
        ("two\nlines", "two\nlines"),
        ("NA", "NA"),
        ("007", "007"),
    ]
    path = save(tmp_path, ["phone", "cell"], *[["1", cell] for cell, _ in cells])
    (chunk,) = chunks(examine(path))
    assert [cell for _, cell in chunk.cells] == [text for _, text in cells]


STRICT = "http://purl.oclc.org/ooxml"
# As Excel writes "Strict Open XML Spreadsheet": a date is a text (ISO 8601) in a cell of a type of its own.
PARTS = {
    "[Content_Types].xml": """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/sharedStrings.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="{STRICT}/officeDocument/relationships/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships
 xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="{STRICT}/officeDocument/relationships/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{STRICT}/officeDocument/relationships/sharedStrings" Target="sharedStrings.xml"/>
</Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{STRICT}/spreadsheetml/main" conformance="strict"
 xmlns:r="{STRICT}/officeDocument/relationships"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets>
</workbook>""",
    "xl/sharedStrings.xml": f"""<sst xmlns="{STRICT}/spreadsheetml/main"><si><t>phone</t></si><si><t>note</t></si>
<si><t>see {STRICT}/spreadsheetml/main</t></si></sst>""",
    "xl/worksheets/sheet1.xml": f"""<worksheet xmlns="{STRICT}/spreadsheetml/main"><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
<row r="2"><c r="A2"><v>919876543210</v></c><c r="B2" t="s"><v>2</v></c></row>
<row r="3"><c r="A3" t="inlineStr"><is><t>+919876543211</t></is></c><c r="B3" t="d"><v>2026-12-01T10:30:00</v></c></row>
<row r="4" hidden="1"><c r="A4"><v>919876543212</v></c></row>
<row r="5"><c r="A5"><v>919876543213</v></c><c r="B5" t="d"><v>2026-12-01</v></c></row>
</sheetData></worksheet>""",
}


def test_a_strict_file_is_read_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in PARTS.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}')
    table = examine(path)
    (chunk,) = chunks(table)
    assert table.header == ("phone", "note")
    assert [list(row) for row in chunk.cells] == [
        ["919876543210", f"see {STRICT}/spreadsheetml/main"],
        ["+919876543211", "2026-12-01T10:30:00"],
        ["919876543212", ""],
        ["919876543213", "2026-12-01"],
    ]
    assert {place: problem.code for place, problem in chunk.problems.items()} == {2: "row_hidden"}


def test_a_long_strict_file_is_translated_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a block of it ends."""
    people: list[list[object]] = [[f"+9198765{n:05}", f"Zoe {n}"] for n in range(200)]
    usual = save(tmp_path, ["phone", "name"], *people)
    strict = tmp_path / "s.xlsx"
    with zipfile.ZipFile(usual) as archive, zipfile.ZipFile(strict, "w") as target:
        for name in archive.namelist():
            pattern = r"http://schemas.openxmlformats.org/(officeDocument|spreadsheetml|drawingml)/2006/"
            target.writestr(name, re.sub(pattern, rf"{STRICT}/\1/", archive.read(name).decode()))
    for block in (7, 100, 1 << 20):
        monkeypatch.setattr(strict_sheet, "_BLOCK", block)
        table = examine(strict)
        assert [row for chunk in chunks(table) for row in chunk.cells] == [
            row for chunk in chunks(examine(usual)) for row in chunk.cells
        ]


def test_zeros_that_a_format_shows_are_there(tmp_path: Path) -> None:
    path = save(tmp_path, ["phone", "code"], ["1", 7], formats={"B2": "000"})
    (chunk,) = chunks(examine(path))
    assert [code for _, code in chunk.cells] == ["007"]


def test_rows_are_told_by_their_number_in_the_sheet(tmp_path: Path) -> None:
    table = examine(save(tmp_path, [], ["phone", "name"], ["1", "a"], [], ["2", None]))
    found = list(chunks(table, size=1))
    assert [list(chunk.lines) for chunk in found] == [[3], [5]]
    assert [chunk.first for chunk in found] == [1, 2]
    assert [chunk.cells for chunk in found] == [[["1", "a"]], [["2", ""]]]
    assert table.rows == 2


def test_a_hidden_row_is_a_problem_of_its_row(tmp_path: Path) -> None:
    """A filter that was left on: nobody is called whom the sender did not see, and nobody is left out in silence."""
    path = save(tmp_path, ["phone", "name"], ["1", "a"], ["2", "b"], [], ["3", "c"], ["4", "d"])
    workbook = load_workbook(path)
    for row in (2, 4, 5):
        workbook.active.row_dimensions[row].hidden = True
    workbook.save(path)
    (chunk,) = chunks(examine(path))
    assert [phone for phone, _ in chunk.cells] == ["1", "2", "3", "4"]
    assert {at: problem.code for at, problem in chunk.problems.items()} == {0: "row_hidden", 2: "row_hidden"}
    assert chunk.problems[2].reason == (
        "the row is hidden in the spreadsheet, perhaps by a filter; show it to have the person called, or delete it"
    )


def test_a_formula_without_a_saved_result_is_a_problem_of_its_row(tmp_path: Path) -> None:
    (chunk,) = chunks(examine(save(tmp_path, ["phone", "name"], ["1", "a"], ["=1+1", "b"])))
    assert {at: problem.code for at, problem in chunk.problems.items()} == {1: "formula_without_value"}
    assert chunk.problems[1].reason == (
        "cell A3 is a formula without a saved result; open the file in a spreadsheet program and save it, "
        "or paste the values"
    )


def test_an_error_in_a_cell_is_a_problem_of_its_row(tmp_path: Path) -> None:
    (chunk,) = chunks(examine(save(tmp_path, ["phone", "name"], ["1", "#N/A"], ["2", "b"])))
    assert {at: (problem.code, problem.reason) for at, problem in chunk.problems.items()} == {
        0: ("cell_error", "cell B2 is an error (#N/A)")
    }


SHAPES = ["General", "0", "000", "#,##0", "0.00", "0.00E+00", "@", "0%", '"+"0', "[$-409]0", "00000-00000"]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_digit_is_made_up_whatever_the_magnitude_and_the_format(tmp_path: Path, shape: str) -> None:
    """A spreadsheet keeps 15 digits: a cell with more is a problem, and one with fewer holds just what was typed."""
    typed = ["1234567890123456789012345"[:digits] for digits in range(1, 26)]
    typed += [f"-{digits}" for digits in typed] + ["1" + "0" * 15, "1" + "0" * 300]
    stored: list[object] = [value for digits in typed for value in (int(digits), float(digits))]
    path = save(
        tmp_path,
        ["phone", "cell"],
        *[["1", value] for value in stored],
        formats={f"B{row}": shape for row in range(2, len(stored) + 2)},
    )
    (chunk,) = chunks(examine(path))
    texts = [cell for _, cell in chunk.cells]
    for at, digits in enumerate(digits for digits in typed for _ in range(2)):
        if len(digits.lstrip("-")) > 15:
            assert chunk.problems[at].code == "cell_digits_lost"
        else:
            assert at not in chunk.problems
            assert texts[at] in {digits, digits.zfill(3)}
    assert chunk.problems[30].reason == (
        "cell B32 is a number of more than 15 digits, and a spreadsheet keeps only 15; "
        "format the column as text and enter it again"
    )


def test_coloured_cells_beside_the_table_are_no_fields_of_a_row_with_an_error(tmp_path: Path) -> None:
    workbook = Workbook()
    for row in (["phone", "name"], [1, "#N/A"], [2, "=1+1"], [3, "c"]):
        workbook.active.append(row)
    for number in range(1, 5):
        workbook.active.cell(number, 5).fill = PatternFill("solid", start_color="FFFF00")
    workbook.save(tmp_path / "r.xlsx")
    (chunk,) = chunks(examine(tmp_path / "r.xlsx"))
    assert {at: problem.code for at, problem in chunk.problems.items()} == {0: "cell_error", 1: "formula_without_value"}
    assert chunk.cells == [["1", "#N/A"], ["2", ""], ["3", "c"]]


def test_the_first_visible_sheet_is_read_and_the_others_are_told(tmp_path: Path) -> None:
    workbook = Workbook()
    hidden = workbook.active
    hidden.title, hidden.sheet_state = "Old", "hidden"
    for title in ("Today", "Notes"):
        workbook.create_sheet(title).append(["phone", title])
        workbook[title].append(["1", "a"])
    workbook.save(tmp_path / "r.xlsx")
    table = examine(tmp_path / "r.xlsx")
    assert table.header == ("phone", "Today")
    assert table.repaired == ('the sheet "Today" is read, not: Notes',)


def test_an_empty_sheet_in_front_is_passed_over_and_a_hidden_one_that_holds_something_is_told(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.title = "Sheet1"
    for title in ("People", "Old", "Sheet3"):
        workbook.create_sheet(title)
    for title in ("People", "Old"):
        workbook[title].append(["phone", title])
        workbook[title].append(["1", "a"])
    workbook["Old"].sheet_state = "hidden"
    workbook.save(tmp_path / "r.xlsx")
    table = examine(tmp_path / "r.xlsx")
    assert table.header == ("phone", "People")
    assert table.repaired == ('the sheet "People" is read, not: Old',)


def test_control_characters_are_read_as_what_they_are(tmp_path: Path) -> None:
    """As a spreadsheet program writes the CR of a line break."""
    path = save(tmp_path, ["phone", "address", "code"], ["1", "12 Main St_x000D_\nPune", "a_x0041_b _x00 x"])
    (cells,) = (row for chunk in chunks(examine(path)) for row in chunk.cells)
    assert cells == ["1", "12 Main St\r\nPune", "a_x0041_b _x00 x"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "{path} is empty: there is no header and no row."),
        ([["phone"]], "{path} has a header (phone) and no rows: there is no one to call."),
        ([["phone", None, "x"], [1, 2, 3]], "{path}, row 1: column 2 of 3 has no name (phone, , x). "),
        (
            [["phone"], [1, 2]],
            (
                "{path}: the header has 1 field (phone), but\n  row 2: 2 fields: 1, 2\n"
                "The first line must hold the name of every column. If it is a title, delete it."
            ),
        ),
    ],
)
def test_a_sheet_that_is_no_table_is_refused_in_words(tmp_path: Path, rows: list[list[object]], message: str) -> None:
    path = save(tmp_path, *rows)
    with pytest.raises(InputError) as caught:
        examine(path)
    assert str(caught.value).startswith(message.replace("{path}", str(path)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"phone,name\n1,a\n", "is a plain text, not a spreadsheet; if it is a CSV, give it a name that ends in .csv"),
        (b"<table><tr>", "is a web page (HTML)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel file, or protected by a password"),
    ],
)
def test_a_file_of_another_kind_under_the_name_of_a_spreadsheet_is_named(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(said)):
        examine(path)


def test_a_damaged_file_is_refused_in_words(tmp_path: Path) -> None:
    path = save(tmp_path, ["phone"], ["1"])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"r\.xlsx cannot be read as \.xlsx \(BadZipFile\): it is damaged"):
        examine(path)


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    table = examine(save(tmp_path, ["phone"], ["1"]))
    save(tmp_path, ["phone"], ["2"])
    with pytest.raises(InputError, match="was changed while it was read"):
        list(chunks(table))


def test_without_the_reader_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, ["phone"], ["1"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match=r"pip install 'dialer\[xlsx\]'"):
        examine(path)


def repacked(path: Path, *, part: str, content: bytes, times: int) -> None:
    """Replace a part of a workbook by a content that is written many times over."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, usual in parts.items():
            if name != part:
                archive.writestr(name, usual)
        with archive.open(part, "w") as file:
            for _ in range(times):
                file.write(content)


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_a_workbook_that_unpacks_to_more_than_a_list_is_refused_unread(tmp_path: Path, part: str) -> None:
    path = save(tmp_path, ["phone"], ["+919812345678"])
    repacked(path, part=part, content=b" " * (1 << 20), times=80)
    tracemalloc.start()
    with pytest.raises(InputError, match="its 1 MB unpack to 80 MB, which no list of people does"):
        examine(path)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_row_with_a_number_that_no_sheet_has_is_not_waited_for(tmp_path: Path) -> None:
    path = save(tmp_path, ["phone"], ["+919812345678"])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").replace(b'r="2"', b'r="99999999999"')
    repacked(path, part="xl/worksheets/sheet1.xml", content=sheet, times=1)
    with pytest.raises(InputError, match="has a row after row 1,048,576, where every sheet ends"):
        examine(path)
