"""Tables as people send them."""

from __future__ import annotations

import csv
import gzip
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from dialer.errors import InputError
from dialer.intake import structure, unpacked
from dialer.intake.table import Table, chunks, examine

if TYPE_CHECKING:
    from pathlib import Path

ONE_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(table: Table, *, size: int = 50_000) -> list[list[str]]:
    return [list(row) for chunk in chunks(table, size=size) for row in chunk.cells]


def lines(table: Table, *, size: int = 50_000) -> list[int]:
    return [line for chunk in chunks(table, size=size) for line in chunk.lines]


def save(folder: Path, content: str | bytes, name: str = "r.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# Every cell as it stands.

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
AWKWARD = st.text(alphabet="a \",;\t|\r\n'=\ufeff0é", max_size=8)
CELL = st.one_of(TEXT, AWKWARD, st.sampled_from(["", "NA", "007", "null", "1e5", " padded ", "nan", "\r", "\n"]))


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[list[str]], dict[str, object]]:
    """Draw rows, and a dialect to write them in."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8))
    dialect = {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
    }
    return rows, dialect


@ONE_FILE
@given(sheets(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.integers(1, 3))
def test_what_comes_in_is_what_the_csv_module_wrote(
    tmp_path: Path, sheet: tuple[list[list[str]], dict[str, object]], encoding: str, size: int
) -> None:
    rows, dialect = sheet
    text = io.StringIO(newline="")
    writer = csv.writer(text, **dialect)  # type: ignore[arg-type] # a dialect as keywords
    writer.writerow([f"column {n}" for n in range(len(rows[0]))])
    writer.writerows(rows)
    # Before Python 3.13 it writes a lone CR without quotation marks, and does not read back what it wrote.
    again = csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=str(dialect["delimiter"]))
    assume(list(again)[1:] == rows)
    path = save(tmp_path, text.getvalue().encode(encoding))
    table = examine(path, delimiter=str(dialect["delimiter"]) if len(rows[0]) == 1 else None)
    assert read(table, size=size) == rows
    assert table.rows == len(rows)


@ONE_FILE
@given(
    st.text(alphabet='a0 ",;\t\r\n', max_size=40),
    st.sampled_from(["a\n", "a,b\n", "a;b;c\r\n", "a\tb\r"]),
    st.sampled_from([1, 3, 50]),
    st.sampled_from([1, 2, 3, 250]),
)
@example(" \t \na\tb\n", "a\tb\r", 1, 250)
@example('" "\n1,2\n', "a,b\n", 1, 250)
@example("  a,b\n", "a,b\n", 1, 1)
def test_a_file_is_read_as_the_csv_module_reads_it_or_not_at_all(
    tmp_path: Path, text: str, header: str, size: int, at_once: int
) -> None:
    """However many rows are taken at a time; and the lines are where the rows begin."""
    path = save(tmp_path, header + text)
    width = len(header.split(header[1])) if len(header) > 2 else 1
    delimiter = header[1] if width > 1 else ","
    try:
        with patch.object(structure, "_AT_ONCE", at_once):
            table = examine(path)
    except InputError:
        return
    expected: list[list[str]] = []
    starts = []
    reader = csv.reader(io.StringIO(header + text, newline=""), delimiter=delimiter, strict=True)
    next(reader)
    start = reader.line_num + 1
    for row in reader:
        if row and (len(row) == width):
            expected.append(row)
            starts.append(start)
        else:
            assert not "".join(row).strip(" \t"), "only blank lines may be left out"
        start = reader.line_num + 1
    assert read(table, size=size) == expected
    assert lines(table, size=size) == starts


@ONE_FILE
@given(st.binary(max_size=200), st.sampled_from(["r.csv", "r.tsv", "r.csv.gz", "r.xlsx"]))
@example(b"\x1f\x8b\x08\x00", "r.csv.gz")
@example(b"PK\x03\x04", "r.xlsx")
@example(b"\xff\xfea", "r.csv")
@example(b"a,b\n1,\xff\n", "r.csv")
def test_bytes_are_a_table_or_an_error_in_words(tmp_path: Path, content: bytes, name: str) -> None:
    path = save(tmp_path, content, name)
    words = ""
    try:
        assert (table := examine(path)).rows == len(read(table))
    except InputError as error:
        words = str(error)
    assert not words or str(path) in words


def test_lines_are_told_through_blank_lines_and_quoted_newlines(tmp_path: Path) -> None:
    path = save(tmp_path, '\nphone,note\r\n1,a\r\n\r\n2,"b\nb"\n3,c\r4,d\n')
    table = examine(path)
    assert lines(table) == [3, 5, 7, 8]
    assert lines(table, size=1) == [3, 5, 7, 8]
    assert [chunk.first for chunk in chunks(table, size=3)] == [1, 4]


READING = """
import sys
from pathlib import Path
from dialer.intake.table import chunks, examine
print(sum(len(chunk.cells) for chunk in chunks(examine(Path(sys.argv[1])))), "pandas" in sys.modules)
"""


def test_a_plain_list_is_read_without_loading_pandas(tmp_path: Path) -> None:
    path = save(tmp_path, "phone,name\n1,a\n2,b\n")
    done = subprocess.run([sys.executable, "-c", READING, str(path)], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "2 False\n"


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        table = examine(save(tmp_path, "phone,name\n1,José\n".encode(encoding)))
        assert table.header == ("phone", "name")
        assert table.repaired == ()
        assert read(table) == [["1", "José"]]


def test_an_encoding_that_is_named_is_used(tmp_path: Path) -> None:
    table = examine(save(tmp_path, "phone,name\n1,José\n".encode("cp1252")), encoding="cp1252")
    assert read(table) == [["1", "José"]]


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("a,b\n1,2\n", ",", ("a", "b")),
        ("a;b\n1;2,5\n", ";", ("a", "b")),
        ("a\tb\n1\t2\n", "\t", ("a", "b")),
        ("a|b\n1|2\n", "|", ("a", "b")),
        ("sep=;\na;b\n1;2\n", ";", ("a", "b")),
        ("sep=^\r\na^b\r\n1^2\r\n", "^", ("a", "b")),
        ('"a;b",c\n1,2\n', ",", ("a;b", "c")),
        ("phone\n1\n", ",", ("phone",)),
    ],
)
def test_the_delimiter_is_found_by_the_header(
    tmp_path: Path, text: str, delimiter: str, header: tuple[str, ...]
) -> None:
    table = examine(save(tmp_path, text))
    assert (table.delimiter, table.header, table.rows) == (delimiter, header, 1)


def test_in_a_tsv_file_a_tab_goes_before_a_comma(tmp_path: Path) -> None:
    table = examine(save(tmp_path, "a,x\tb\n1\t2\n", "r.tsv"))
    assert table.header == ("a,x", "b")


def test_a_compressed_file_is_read_like_any_other(tmp_path: Path) -> None:
    table = examine(save(tmp_path, gzip.compress(b"phone,name\n1,a\n"), "r.csv.gz"))
    assert read(table) == [["1", "a"]]


def test_a_compressed_file_that_never_ends_is_read_as_far_as_a_list_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "MOST", 1 << 20)
    path = save(tmp_path, gzip.compress(b"phone,name\n" + b"1,a\n" * (1 << 18)), "r.csv.gz")
    with pytest.raises(InputError, match="it unpacks to more than 1 MB"):
        examine(path)


def test_names_are_mended_and_it_is_said(tmp_path: Path) -> None:
    table = examine(save(tmp_path, " phone ,\u00a0Name,na\u200bme,x\n1,2,3,4\n"))
    assert table.header == ("phone", "Name", "name", "x")
    assert table.repaired == (
        'column 1 is read as "phone": invisible characters, special blanks and blanks around it do not count',
        'column 2 is read as "Name": invisible characters, special blanks and blanks around it do not count',
        'column 3 is read as "name": invisible characters, special blanks and blanks around it do not count',
        "columns differ only in capital letters: Name, name",
    )


@pytest.mark.parametrize("change", ["longer", "shorter", "same size"])
def test_a_file_that_changes_between_the_readings_is_noticed(tmp_path: Path, change: str) -> None:
    path = save(tmp_path, "phone,name\n1,a\n2,b\n")
    before = path.stat()
    table = examine(path)
    path.write_text(
        {"longer": "phone,name\n1,a\n2,b\n3,c\n", "shorter": "phone,name\n1,a\n"}.get(change, "phone,name\n1,a\n9,b\n")
    )
    if change == "same size":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(InputError, match="was changed while it was read; nothing was dialled"):
        read(table)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = save(tmp_path, "phone,name\n1,a\n2,b\n")
    reading = chunks(examine(path), size=1)
    next(reading)
    os.utime(path, ns=(1, 1))
    with pytest.raises(InputError, match="was changed while it was read"):
        next(reading)


def test_a_table_is_told_from_another_by_its_digest(tmp_path: Path) -> None:
    one = examine(save(tmp_path, "a,b\n1,2\n"))
    other = examine(save(tmp_path, "a,b\n1,3\n"))
    assert one.digest != other.digest


# Broken files, and what is said of them; {path} stands for the file.

BROKEN: list[tuple[str, bytes, dict[str, str], str]] = [
    (
        "empty",
        b"",
        {},
        ("{path} is empty: there is no header and no row. Export the list again."),
    ),
    (
        "only blank lines",
        b"\n\r\n  \n",
        {},
        ("{path} is empty: there is no header and no row. Export the list again."),
    ),
    (
        "only a header",
        b"phone,name\n",
        {},
        ("{path} has a header (phone, name) and no rows: there is no one to call. Export the list again."),
    ),
    (
        "short row",
        b"phone,name\n1,a\n2\n",
        {},
        (
            "{path}: the header has 2 fields (phone, name), but\n"
            "  line 3: 1 field: 2\n"
            "These lines end the file. Delete them if they are a footer; if the file was cut off, export it again."
        ),
    ),
    (
        "long row",
        b"phone;name\n1;a\n2;b;c\n",
        {},
        (
            "{path}: the header has 2 fields (phone, name), but\n"
            "  line 3: 3 fields: 2;b;c\n"
            'Put quotation marks around a text that has a semicolon in it ("Main St, 5"), or add what is mis'
            "sing.\n"
            "If the fields are not separated by a semicolon, set delimiter in [csv] of the campaign file."
        ),
    ),
    (
        "one long first row",
        b"phone,name\n1,a,\n",
        {},
        (
            "{path}: the header has 2 fields (phone, name), but\n"
            "  line 2: 3 fields: 1,a,\n"
            'Put quotation marks around a text that has a comma in it ("Main St, 5"), or add what is missing'
            ".\n"
            "If the fields are not separated by a comma, set delimiter in [csv] of the campaign file."
        ),
    ),
    (
        "many uneven",
        b"phone,name\n1\n1\n1\n1\n1\n1\n1\n1\n1\n",
        {},
        (
            "{path}: the header has 2 fields (phone, name), but\n"
            "  line 2: 1 field: 1\n"
            "  line 3: 1 field: 1\n"
            "  line 4: 1 field: 1\n"
            "  line 5: 1 field: 1\n"
            "  line 6: 1 field: 1\n"
            "  and 4 more\n"
            'Put quotation marks around a text that has a comma in it ("Main St, 5"), or add what is missing'
            ".\n"
            "If the fields are not separated by a comma, set delimiter in [csv] of the campaign file."
        ),
    ),
    (
        "wrong delimiter named",
        b"phone;name\n1;a,b\n",
        {"delimiter": ","},
        (
            "{path}: the header has 1 field (phone;name), but\n"
            "  line 2: 2 fields: 1;a,b\n"
            'Put quotation marks around a text that has a comma in it ("Main St, 5"), or add what is missing'
            ".\n"
            "If the fields are not separated by a comma, set delimiter in [csv] of the campaign file."
        ),
    ),
    (
        "open quote",
        b'phone,name\n1,a\n2,"b\n3,c\n',
        {},
        (
            '{path}, line 3: a quotation mark is opened in the row that begins here and never closed: 2,"b\n'
            'Close it; a quotation mark inside a text is written twice ("").'
        ),
    ),
    (
        "open quote to the end",
        b'phone,name\n1,"a',
        {},
        (
            '{path}, line 2: a quotation mark is opened in the row that begins here and never closed: 1,"a\n'
            'Close it; a quotation mark inside a text is written twice ("").'
        ),
    ),
    (
        "a cell beyond all bounds",
        b"phone,name\n1,a\n2," + b"x" * 200_000 + b"\n",
        {},
        (
            "{path}, line 3: a cell of the row that begins here has more than 131,072 characters. Perhaps a "
            "quotation mark is opened and never closed; if not, shorten it."
        ),
    ),
    (
        "text after quote",
        b'phone,name\n1,"a" b\n',
        {},
        (
            '{path}, line 2: there is text after a closing quotation mark: 1,"a" b\n'
            'A quotation mark inside a text is written twice ("").'
        ),
    ),
    (
        "text after quote, later line",
        b'phone,name\n1,"a\nb"c,\n',
        {},
        (
            '{path}, line 3 (the row begins in line 2): there is text after a closing quotation mark: b"c,\n'
            'A quotation mark inside a text is written twice ("").'
        ),
    ),
    (
        "nul",
        b"phone,name\n1,a\n2,\x00b\n",
        {},
        (
            "{path}, line 3: there is a NUL character, which no text has. Save the file again as CSV UTF-8. "
            "If it is UTF-16 without its mark, its encoding is utf-16-le (or utf-16-be)."
        ),
    ),
    (
        "utf-16 without mark",
        b"p\x00h\x00o\x00n\x00e\x00,\x00n\x00a\x00m\x00e\x00\n\x001\x00,\x00a\x00\n\x00",
        {},
        (
            "{path}, line 1: there is a NUL character, which no text has. Save the file again as CSV UTF-8. "
            "If it is UTF-16 without its mark, its encoding is utf-16-le (or utf-16-be)."
        ),
    ),
    (
        "utf-16 without mark, beyond ASCII",
        "phone,name\n1,Zoë\n".encode("utf-16-le"),
        {},
        (
            "{path}, line 2: byte 31 of the file is not utf-8.\n"
            "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again "
            "as CSV UTF-8. If it is UTF-16 without its mark, its encoding is utf-16-le (or utf-16-be)."
        ),
    ),
    (
        "cp1252",
        b"phone,name\n1,Anna\n2,Jos\xe9\n",
        {},
        (
            "{path}, line 3: byte 24 of the file is not utf-8. The cell would read as\n"
            "  cp1252     José\n"
            "  cp1250     José\n"
            "  cp1251     Josй\n"
            "  mac_roman  JosÈ\n"
            "  cp850      JosÚ\n"
            "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again "
            "as CSV UTF-8."
        ),
    ),
    (
        "cut utf-16",
        b"\xff\xfep\x00h",
        {},
        (
            "{path}, line 1: byte 5 of the file is not utf-16.\n"
            "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again "
            "as CSV UTF-8."
        ),
    ),
    (
        "utf-8 cut",
        b"phone,name\n1,Jos\xc3",
        {},
        (
            "{path}, line 2: byte 17 of the file is not utf-8. The cell would read as\n"
            "  cp1252     JosÃ\n"
            "  cp1250     JosĂ\n"
            "  cp1251     JosГ\n"
            "  mac_roman  Jos√\n"
            "  cp850      Jos├\n"
            "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again "
            "as CSV UTF-8."
        ),
    ),
    (
        "bad in named",
        b"phone,name\n1,\x81\n",
        {"encoding": "cp1252"},
        (
            "{path}, line 2: byte 14 of the file is not cp1252. The cell would read as\n"
            "  cp1251     Ѓ\n"
            "  mac_roman  Å\n"
            "  cp850      ü\n"
            "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again "
            "as CSV UTF-8."
        ),
    ),
    (
        "unknown encoding",
        b"phone\n1\n",
        {"encoding": "latin-99"},
        ('{path}: "latin-99" is not a text encoding; usual ones: utf-8, cp1252, utf-16.'),
    ),
    (
        "no text encoding",
        b"phone\n1\n",
        {"encoding": "base64"},
        ('{path}: "base64" is not a text encoding; usual ones: utf-8, cp1252, utf-16.'),
    ),
    (
        "no name",
        b"phone,,name\n1,2,3\n",
        {},
        (
            "{path}, line 1: column 2 of 3 has no name (phone, , name). Give it one, or delete the "
            "column; the first row must hold the names of the columns."
        ),
    ),
    (
        "same name",
        b"phone,name,name\n1,2,3\n",
        {},
        ('{path}, line 1: columns 2 and 3 are both named "name". Rename or delete one.'),
    ),
    (
        "same name after mending",
        b"phone,name, name\n1,2,3\n",
        {},
        ('{path}, line 1: columns 2 and 3 are both named "name". Rename or delete one.'),
    ),
    (
        "xlsx as csv",
        b"PK\x03\x04abc",
        {},
        ("{path} is a spreadsheet or an archive, not a text file; save it as CSV (UTF-8) or as .xlsx."),
    ),
    (
        "xls",
        b"\xd0\xcf\x11\xe0abc",
        {},
        ("{path} is an old Excel file, or protected by a password; save it as CSV (UTF-8) or as .xlsx."),
    ),
    (
        "pdf",
        b"%PDF-1.7",
        {},
        ("{path} is a PDF; export the table as CSV (UTF-8)."),
    ),
    (
        "gzip damaged",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01",
        {},
        (
            "{path} is compressed and damaged (Compressed file ended before the end-of-stream marker was rea"
            "ched). Make the file again."
        ),
    ),
    (
        "utf-16 without its mark",
        "phone,name\n1,a\n".encode("utf-16-le"),
        {"encoding": "utf-16"},
        (
            "{path} is not in utf-16: UTF-16 stream does not start with BOM. Set encoding in [csv] of the campaign "
            "file to the one that reads right, or save the file again as CSV UTF-8. If it is UTF-16 without its mark, "
            "its encoding is utf-16-le (or utf-16-be)."
        ),
    ),
    (
        "a mark of another encoding",
        "phone,name\n1,a\n".encode("utf-16"),
        {"encoding": "cp1252"},
        (
            "{path} begins with the mark of utf-16, so it is not in cp1252: take the encoding out, and it is read by "
            "its mark."
        ),
    ),
    (
        "utf-8 under another name",
        "phone,name\n1,Ngọ\n".encode(),
        {"encoding": "cp1253"},
        (
            "{path}, line 2: byte 18 of the file is not cp1253. The cell would read as\n"
            "  utf-8      Ngọ\n"
            "  cp1250     Ngá»Ť\n"
            "  cp1251     Ng\u0431»\u040c\n"
            "  mac_roman  Ng·ªç\n"
            "  cp850      Ngß╗ì\n"
            "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again as CSV "
            "UTF-8."
        ),
    ),
    (
        "two-character delimiter",
        b"phone\n1\n",
        {"delimiter": "||"},
        ('{path}: delimiter in [csv] must be one character, such as ";" or "\\t".'),
    ),
]


@pytest.mark.parametrize(
    ("content", "named", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_file_is_refused_in_words(tmp_path: Path, content: bytes, named: dict[str, Any], message: str) -> None:
    path = save(tmp_path, content)
    with pytest.raises(InputError) as caught:
        examine(path, **named)
    assert str(caught.value) == message.replace("{path}", str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html><body>\n<table>", "is a web page (HTML), not a table; open it"),
        ('\n<table border="1">\n<tr><th>phone</th>', 'It begins: <table border="1">\\n<tr><th>phone</th>'),
        ("\ufeff<!DOCTYPE html>", "is a web page"),
        ('<?xml version="1.0"?>\n<html xmlns="x">', "is a web page"),
        ("MIME-Version: 1.0\nX-Document-Type: Workbook\n", "is a web page"),
        ('<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "is an Excel"),
        ("<?xml version='1.0'?><people/>", "is XML, not a table"),
        ('[{"phone":"+919876543210"}]', 'It begins: [{"phone":"+919876543210"}]'),
        ('{\n  "phone": "+919876543210"}', "is JSON, not a table"),
        ("BEGIN:VCARD\nVERSION:3.0\n", "is a file of contacts (vCard)"),
        ("-- MySQL dump 10.13\n", "is a dump of a database"),
        ("{\\rtf1 phone", "is a text document"),
        ("PNG", "is a picture"),
        ("phone,name\n1,a\n2,b\n\x1a", "  line 4: 1 field: \\x1a\n\\x1a alone in a line is Ctrl-Z"),
        ('"phone","name"\n1,a\n\n"Contacts 2026"\n', "  line 4: 1 field: Contacts 2026\nThese lines end the file."),
        ("My list\nphone,name\n1,a\n", "has 1 field (My list), but\n  line 2: 2 fields: phone,name\n"),
        ("My list\nphone,name\n1,a\n", "\nThe first line must hold the name of every column. If it is a title,"),
        ("My list,,\nphone,name,x\n", "line 1: only 1 of 3 columns has a name (My list). The first line must hold"),
        ('phone, name\n1, "Smith, Ann"\n', '  line 2: 3 fields: 1, "Smith, Ann"\nThere is a blank before a quotation'),
        ('phone,name\n1,"Ann" \n', 'quotation mark: 1,"Ann" \nThere is a blank after a quotation mark.'),
    ],
)  # fmt: skip
def test_what_stands_in_a_file_that_is_no_table_is_shown(tmp_path: Path, content: str, said: str) -> None:
    text = b"\x89PNG\r\n" if content == "PNG" else content.encode()
    for name, data in (("r.csv", text), ("r.xls", text), ("r.csv.gz", gzip.compress(text))):
        path = save(tmp_path, data, name)
        with pytest.raises(InputError) as caught:
            examine(path)
        assert said in str(caught.value)


def test_a_table_that_begins_like_something_else_is_one(tmp_path: Path) -> None:
    for header in ("<phone>", "[phone]", "{phone}", "html", "insert date", "-- phone"):
        assert examine(save(tmp_path, f"{header},name\n1,a\n")).header[0] == header


def test_a_delimiter_may_be_any_character(tmp_path: Path) -> None:
    assert read(examine(save(tmp_path, "phone¦name\n1¦Zoë, Ann\n"), delimiter="¦")) == [["1", "Zoë, Ann"]]


@pytest.mark.parametrize("make", ["missing", "folder"])
def test_what_cannot_be_opened_is_refused_in_words(tmp_path: Path, make: str) -> None:
    path = tmp_path / "r.csv"
    if make == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=r"r\.csv cannot be read: (there is no such file|Is a directory)"):
        examine(path)


def test_the_place_of_a_wrong_byte_is_told_far_into_the_file(tmp_path: Path) -> None:
    good = "phone,name\r\n" + "+919876543210,José\r\n" * 120_000
    path = save(tmp_path, good.encode() + "1,Zoë\r\n".encode("cp1252"))
    with pytest.raises(InputError) as caught:
        examine(path)
    offset = len(good.encode()) + len("1,Zo") + 1
    assert str(caught.value).startswith(f"{path}, line 120002: byte {offset} of the file is not utf-8.")
    assert "cp1252     Zoë" in str(caught.value)
