"""Numbers that must not be called."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook  # type: ignore[import-untyped] # it has no types

from dialer.errors import InputError
from dialer.intake.do_not_call import Suppression

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LISTED = 919876543210


def load(*paths: Path, region: str | None = "IN", max_age_days: float | None = None) -> Suppression:
    return Suppression.load(paths, region=region, max_age_days=max_age_days, now=NOW)


def save(folder: Path, text: str | bytes, name: str = "dnc.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("+919876543210\n", 1),
        ("98765 43210", 1),
        ("\n\n098765-43210\r\n", 3),
        ("+14155550100\n'+919876543210\n", 2),
        ("phone\n+14155550100\n+919876543210\n", 3),
        ("Do not call\n+919876543210\n", 2),
        ("name,phone_number\nAnna,+14155550100\nBen,919876543210\n", 3),
        ("name;Number\n\nBen;+91 98765 43210\n", 3),
        ("sep=;\nphone;x\n+919876543210;1\n", 3),
        ('phone,note\n+14155550100,"two\nlines"\n+919876543210,\n', 4),
    ],
)
def test_a_number_is_found_in_whatever_form_it_is_listed(tmp_path: Path, text: str, line: int) -> None:
    assert load(save(tmp_path, text)).hit(LISTED) == f"on the do-not-call list dnc.csv, line {line}"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_entry(tmp_path: Path, encoding: str) -> None:
    listed = load(save(tmp_path, "phone\n+919876543210\n".encode(encoding)))
    assert listed.hit(LISTED) == "on the do-not-call list dnc.csv, line 2"


def test_a_list_may_be_a_spreadsheet(tmp_path: Path) -> None:
    workbook = Workbook()
    for row in (["phone", "name"], [919876543210, None]):
        workbook.active.append(row)
    # A row that a filter hides from view is on the list all the same.
    workbook.active.row_dimensions[2].hidden = True
    workbook.save(tmp_path / "dnc.xlsx")
    assert load(tmp_path / "dnc.xlsx").hit(LISTED) == "on the do-not-call list dnc.xlsx, line 2"


def test_the_list_that_names_a_number_is_told(tmp_path: Path) -> None:
    one = save(tmp_path, "+14155550100\n", "one.txt")
    two = save(tmp_path, "+14155550101\n+919876543210\n", "two.txt")
    listed = load(one, two)
    assert listed.hit(LISTED) == "on the do-not-call list two.txt, line 2"
    assert listed.hit(14155550100) == "on the do-not-call list one.txt, line 1"
    assert listed.hit(14155550102) is None


def test_an_entry_without_a_plus_is_left_out_in_both_its_readings(tmp_path: Path) -> None:
    listed = load(save(tmp_path, "447400123456\n"), region="DE")
    assert listed.hit(447400123456)
    assert listed.hit(49447400123456)


def test_a_lost_plus_is_put_back_when_the_campaign_says_so(tmp_path: Path) -> None:
    path = save(tmp_path, "919876543210\n")
    listed = Suppression.load([path], region=None, max_age_days=None, now=NOW, plus_lost=True)
    assert listed.hit(LISTED)


@settings(deadline=None)
@given(
    st.sets(st.integers(2 * 10**9, 10**10 - 1), min_size=1, max_size=40),
    st.lists(st.integers(2 * 10**9, 10**10 - 1), max_size=40),
)
def test_many_numbers_at_once_are_judged_as_one_by_one(listed: set[int], asked: list[int]) -> None:
    asked = asked + sorted(listed)[:3]
    with tempfile.TemporaryDirectory() as folder:
        lists = load(save(Path(folder), "phone\n" + "".join(f"+1{number}\n" for number in sorted(listed))))
    many = np.array([10**10 + number for number in asked], dtype=np.int64)
    hits = lists.hits(many)
    assert hits.tolist() == [number in listed for number in asked]
    assert hits.tolist() == [lists.hit(10**10 + number) is not None for number in asked]
    assert lists.counts(many) == [sum(hits.tolist())]


def test_further_columns_of_numbers_are_read_as_well(tmp_path: Path) -> None:
    text = "phone,Mobile,alt_phone,phone_type,note\n+14155550100,+919876543210,,mobile,1\n,,+14155550102,home 2,\n"
    listed = load(save(tmp_path, text))
    assert listed.hit(LISTED) == "on the do-not-call list dnc.csv, line 2"
    assert listed.hit(14155550102) == "on the do-not-call list dnc.csv, line 3"
    assert [one.numbers for one in listed.facts({})] == [3]


def test_a_second_number_that_is_none_stops_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='line 2, column "mobile": "98765 4321O" is not a whole number'):
        load(save(tmp_path, "phone,mobile\n+14155550100,98765 4321O\n"))


def test_a_list_of_several_sheets_stops_it(tmp_path: Path) -> None:
    workbook = Workbook()
    for title in ("Jan", "Feb"):
        workbook.create_sheet(title).append(["phone"])
        workbook[title].append([LISTED])
    workbook.create_sheet("Empty")
    workbook.save(tmp_path / "dnc.xlsx")
    with pytest.raises(InputError, match=r'several sheets: only "Jan" would be read, not Feb\. Keep one sheet'):
        load(tmp_path / "dnc.xlsx")


# It stops rather than calls.

REFUSED = [
    ("", "the do-not-call list {path} is empty. If it should be empty, take it out of [screening]."),
    ("phone,name\n", "the do-not-call list {path} is empty. If it should be empty, take it out of [screening]."),
    (
        "+919876543210\nn/a\n",
        (
            'the do-not-call list {path}, line 2: "n/a" is not a whole number: it has no digits in it. '
            "Correct or delete the entry: if it were skipped, that person would be called."
        ),
    ),
    (
        "phone,x\n,1\n",
        (
            'the do-not-call list {path}, line 2, column "phone": "" is not a whole number: the phone cell is empty. '
            "Correct or delete the entry: if it were skipped, that person would be called."
        ),
    ),
    (
        "+919876543210\n+14155550100,Anna\n",
        (
            "the do-not-call list {path}, line 2: 2 fields, but 1 in the first row. "
            "Put one number in each line, or save the list as a table with the same columns in each row."
        ),
    ),
    ('phone\n"+919876543210\n', "the do-not-call list {path}, line 2: the quotation marks do not close."),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_list_that_cannot_be_read_for_sure_stops_the_run(tmp_path: Path, text: str, message: str) -> None:
    path = save(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == message.replace("{path}", str(path))


@pytest.mark.parametrize("entry", ["9876543210", "9.19877E+11", "+91 98765 43210 / +91 98765 43211", "112"])
def test_an_entry_that_is_no_number_for_sure_stops_the_run(tmp_path: Path, entry: str) -> None:
    with pytest.raises(InputError, match=r"line 2: .* is not a whole number"):
        load(save(tmp_path, f"+14155550100\n{entry}\n"), region=None)


def test_a_list_in_another_encoding_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)line 2: byte 13 of the file is not utf-8\..*\nSave the file"):
        load(save(tmp_path, b"phone,name\n1\xe9,x\n"))


def test_a_list_that_is_missing_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dnc\.csv cannot be read: No such file.*No calls are made without it"):
        load(tmp_path / "dnc.csv")


def test_a_list_older_than_allowed_stops_the_run(tmp_path: Path) -> None:
    path = save(tmp_path, "+919876543210\n")
    old = (NOW - timedelta(days=8)).timestamp()
    os.utime(path, (old, old))
    assert load(path, max_age_days=8.1).hit(LISTED)
    with pytest.raises(InputError) as caught:
        load(path, max_age_days=7)
    assert str(caught.value) == (
        f"the do-not-call list {path} was last changed 8.0 days ago, and max_age_days is 7. Get the current list."
    )


# Numbers that can match nobody.


@pytest.mark.parametrize(
    ("entry", "region"),
    [
        ("5551212", "US"),
        ("555-1212", "US"),
        ("+1 555 1212", None),
        # A valid number of Saint Helena, with a plus; without one it is a local number.
        ("2905678", "US"),
        ("31234567", "BR"),
        ("24762889", "IN"),
        ("5551212", "IT"),
    ],
)
def test_a_number_without_its_area_code_stops_the_run(tmp_path: Path, entry: str, region: str | None) -> None:
    with pytest.raises(InputError, match="is not a whole number: the area code is missing"):
        load(save(tmp_path, f"phone\n{entry}\n"), region=region)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("area_code,phone_number\n206,5551212\n", "US", 12065551212),
        ("phone,NPA\n555-1212,(206)\n", "US", 12065551212),
        ("Area Code;Number;Name\n206;2065551212;Zoe\n", "US", 12065551212),
        ("DDD,Telefone\n011,987654321\n", "BR", 5511987654321),
        ("std code,phone\n011,23456789\n", "IN", 911123456789),
        ("country_code,area_code,phone\n1,206,5551212\n", None, 12065551212),
        ("country_code,phone_number\n91,9876543210\n", None, LISTED),
        ("country,phone\nIN,98765 43210\n", "US", LISTED),
        ("isd,mobile\n+91,098765 43210\n", None, LISTED),
        ("phone_code,phone_number\n91,9876543210\n", None, LISTED),
        ("Vorwahl;Rufnummer\n030;5551212\n", "DE", 49305551212),
        ("Ländervorwahl;Vorwahl;Rufnummer\n43;1;5551212\n", "DE", 4315551212),
        ("LADA,TELEFONO\n55,51234567\n", "MX", 525551234567),
        ("Código de área;Número\n11;987654321\n", "BR", 5511987654321),
        ("Country,Phone\nIndia,98765 43210\n", "US", LISTED),
        ("Land;Telefon\nÖsterreich;01 5551212\n", "DE", 4315551212),
        ("Country,Phone\nU.S.A.,206 555 1212\n", "IN", 12065551212),
    ],
)
def test_other_columns_complete_a_number(tmp_path: Path, text: str, region: str | None, number: int) -> None:
    assert load(save(tmp_path, text), region=region).hit(number) == "on the do-not-call list dnc.csv, line 2"


def test_an_area_code_without_a_region_does_not_make_a_whole_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'line 2, column "phone_number": "5551212" .* set region in \[csv\]'):
        load(save(tmp_path, "area_code,phone_number\n206,5551212\n"), region=None)


def test_a_row_whose_area_code_is_missing_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'line 3, column "phone_number": "5551213"'):
        load(save(tmp_path, "area_code,phone_number\n206,5551212\n,5551213\n"), region="US")


@pytest.mark.parametrize("name", ["DNC_Work", "work", "home", "alt contact", "Fax", "HomePhone", "xyz", "telefone 2"])
def test_numbers_count_whatever_their_column_is_called(tmp_path: Path, name: str) -> None:
    listed = load(save(tmp_path, f"who,phone_number,{name}\nAnna,+14155550100,+919876543210\nBen,,+14155550101\n"))
    assert listed.hit(LISTED) == "on the do-not-call list dnc.csv, line 2"
    assert listed.hit(14155550101) == "on the do-not-call list dnc.csv, line 3"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("customer_id", ["9000000001", "123456789", "X-123456789"]),
        ("zip", ["98101-1234", "98101", "K1A 0B1"]),
        ("dnc_date", ["2026-11-28 10:00", "20261128", "28.11.2026"]),
        ("amount", ["1250000.00", "12,500,000", "0"]),
        ("added", ["2026-11-28", "2026-11-28T10:00:00Z", ""]),
        ("record", ["12345678901234567", "9.19877E+11", "123456789"]),
        ("Phone Type", ["home 12345", "mobile", "work"]),
        ("Contact Name", ["Ben 12345678", "7-Eleven 24/7 1234", ""]),
        ("note", ["call 98765 43210 and 98765 43211", "12345678", ""]),
    ],
)
def test_a_column_of_something_else_never_stops_the_run(tmp_path: Path, name: str, cells: list[str]) -> None:
    rows = "".join(f'+1415555010{at},"{cell}"\n' for at, cell in enumerate(cells))
    listed = load(save(tmp_path, f"phone,{name}\n{rows}"))
    assert [listed.hit(14155550100 + at) is not None for at in range(3)] == [True] * 3


@pytest.mark.parametrize("bad", ["98765 4321O", "5551212", "9.19877E+11", "+91 98765", "+14155550101/+14155550102"])
@pytest.mark.parametrize("name", ["xyz", "work", "Mobile 2"])
def test_a_number_that_is_not_whole_in_a_column_of_numbers_stops_the_run(tmp_path: Path, name: str, bad: str) -> None:
    with pytest.raises(InputError, match=f'line 4, column "{name}"'):
        load(save(tmp_path, f"phone,{name}\n+14155550100,{LISTED}\n+14155550103,{LISTED}\n+14155550104,{bad}\n"))


def test_an_id_does_not_stand_in_for_a_number_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'line 3, column "phone": "" is not a whole number: the phone cell is empty'):
        load(save(tmp_path, "name,phone,customer id\nAnna,+14155550100,1\nBen,,9876543210\n"))


def test_a_table_without_a_header_is_read_from_its_first_row(tmp_path: Path) -> None:
    listed = load(save(tmp_path, "Anna,+919876543210\nBen,+14155550100\n"))
    assert listed.hit(LISTED) == "on the do-not-call list dnc.csv, line 1"
    assert listed.hit(14155550100) == "on the do-not-call list dnc.csv, line 2"


@pytest.mark.parametrize(
    ("text", "region", "numbers"),
    [
        ("206,5551212\n212,5551213\n", "US", [12065551212, 12125551213]),
        ("Anna;030;5551212\nBen;0711;5551213\n", "DE", [49305551212, 497115551213]),
    ],
)
def test_area_codes_in_a_table_without_a_header_complete_its_numbers(
    tmp_path: Path, text: str, region: str, numbers: list[int]
) -> None:
    listed = load(save(tmp_path, text), region=region)
    assert [listed.hit(number) for number in numbers] == [
        f"on the do-not-call list dnc.csv, line {at}" for at in (1, 2)
    ]


@pytest.mark.parametrize("text", ["206,5551212\nAnna,5551213\n", "12,5551212\n13,5551213\n"])
def test_a_table_without_a_header_and_without_area_codes_stops_the_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r'"555121[23]" is not a whole number: the area code is missing'):
        load(save(tmp_path, text), region="US")


def test_a_country_that_is_not_known_stops_the_run(tmp_path: Path) -> None:
    path = save(tmp_path, "country,phone\nNarnia,+919876543210\nNarnia,206 555 1212\n")
    with pytest.raises(InputError, match=r'line 3: no country known here is named "Narnia"'):
        load(path, region="US")


@pytest.mark.parametrize("text", ["2020001234,Anna\n2065551212,Ben\n", "Ring,who\n2020001234,Anna\n2065551212,Ben\n"])
def test_a_number_that_no_plan_has_counts_in_any_column_of_numbers(tmp_path: Path, text: str) -> None:
    assert load(save(tmp_path, text), region="US").hit(12020001234) is not None


def test_the_cell_that_is_told_is_the_one_that_looks_most_like_a_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'line 3, column "Primary": "2O65551212"'):
        load(save(tmp_path, "Name,Primary\nAnna,+14155550100\nBen,2O65551212\n"), region="US")


@pytest.mark.parametrize("text", ["area_code,country\n206,US\n", "a,b\n2000000000,x\n2000000001,y\n"])
def test_a_list_without_one_phone_number_stops_the_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"no column of phone numbers|none of its 2 entries is a phone number"):
        load(save(tmp_path, text), region="US")


@pytest.mark.parametrize("listed", ["+551187654321", "+55 11 98765-4321"])
@pytest.mark.parametrize("number", [551187654321, 5511987654321])
def test_every_spelling_of_a_line_is_on_the_list_where_one_is(tmp_path: Path, listed: str, number: int) -> None:
    lists = load(save(tmp_path, f"phone\n{listed}\n"))
    assert lists.hit(number)
    assert lists.hits(np.array([number])).tolist() == [True]


def test_a_number_that_a_spreadsheet_has_shortened_to_a_few_digits_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r'line 2, column "work": "9E\+11" is not a whole number: a spreadsheet shortened'
    ):
        load(save(tmp_path, "phone,work\n+14155550100,9E+11\n"))
