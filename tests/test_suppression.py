"""Numbers that must not be called."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook  # type: ignore[import-untyped] # it has no types

from dialer.errors import InputError
from dialer.suppression import Suppression

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
    assert load(save(tmp_path, text)).hit(LISTED) == f"on the suppression list dnc.csv, line {line}"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_entry(tmp_path: Path, encoding: str) -> None:
    listed = load(save(tmp_path, "phone\n+919876543210\n".encode(encoding)))
    assert listed.hit(LISTED) == "on the suppression list dnc.csv, line 2"


def test_a_list_may_be_a_spreadsheet(tmp_path: Path) -> None:
    workbook = Workbook()
    for row in (["phone", "name"], [919876543210, None]):
        workbook.active.append(row)
    # Whoever a filter hides from view is on the list all the same.
    workbook.active.row_dimensions[2].hidden = True
    workbook.save(tmp_path / "dnc.xlsx")
    assert load(tmp_path / "dnc.xlsx").hit(LISTED) == "on the suppression list dnc.xlsx, line 2"


def test_the_list_that_names_a_number_is_told(tmp_path: Path) -> None:
    one = save(tmp_path, "+14155550100\n", "one.txt")
    two = save(tmp_path, "+14155550101\n+919876543210\n", "two.txt")
    listed = load(one, two)
    assert listed.hit(LISTED) == "on the suppression list two.txt, line 2"
    assert listed.hit(14155550100) == "on the suppression list one.txt, line 1"
    assert listed.hit(14155550102) is None


def test_an_entry_without_a_plus_is_left_out_in_both_its_readings(tmp_path: Path) -> None:
    listed = load(save(tmp_path, "447400123456\n"), region="DE")
    assert listed.hit(447400123456)
    assert listed.hit(49447400123456)


def test_a_lost_plus_is_put_back_when_the_campaign_says_so(tmp_path: Path) -> None:
    path = save(tmp_path, "919876543210\n")
    listed = Suppression.load([path], region=None, max_age_days=None, now=NOW, plus_lost=True)
    assert listed.hit(LISTED)


@given(st.sets(st.integers(10**9, 10**10), max_size=40), st.lists(st.integers(10**9, 10**10), max_size=40))
def test_many_numbers_at_once_are_judged_as_one_by_one(listed: set[int], asked: list[int]) -> None:
    numbers = np.array(sorted(listed), dtype=np.int64)
    zeros = np.zeros(len(numbers), dtype=np.int32)
    lists = Suppression((Path("a"),), numbers, zeros, zeros, None, False, None, ())
    asked = asked + sorted(listed)[:3]
    hits = lists.hits(np.array(asked, dtype=np.int64))
    assert hits.tolist() == [number in listed for number in asked]
    assert hits.tolist() == [lists.hit(number) is not None for number in asked]


def test_a_list_that_gets_too_old_while_a_run_goes_on_stops_it(tmp_path: Path) -> None:
    path = save(tmp_path, "+919876543210\n")
    listed = Suppression.load([path], region=None, max_age_days=7, now=datetime.now(UTC))
    assert listed.refresh() is listed
    old = (datetime.now(UTC) - timedelta(days=8)).timestamp()
    stamps = tuple((size, int(old * 1e9), inode) for size, _, inode in listed.stamps)
    os.utime(path, ns=(stamps[0][1], stamps[0][1]))
    with pytest.raises(InputError, match=r"8\.0 days ago, and max_age_days is 7"):
        replace(listed, stamps=stamps).refresh()


def test_further_columns_of_numbers_are_read_as_well(tmp_path: Path) -> None:
    text = "phone,Mobile,alt_phone,phone_type,note\n+14155550100,+919876543210,,mobile,1\n,,+14155550102,home 2,\n"
    listed = load(save(tmp_path, text))
    assert listed.hit(LISTED) == "on the suppression list dnc.csv, line 2"
    assert listed.hit(14155550102) == "on the suppression list dnc.csv, line 3"
    assert listed.numbers.tolist() == [14155550100, 14155550102, LISTED]


def test_a_second_number_that_is_none_stops_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='line 2: "98765 4321O" is no number'):
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
    ("", "the suppression list {path} is empty. If nobody is on it, take it out of [screening]."),
    ("phone,name\n", "the suppression list {path} is empty. If nobody is on it, take it out of [screening]."),
    (
        "+919876543210\nn/a\n",
        (
            'the suppression list {path}, line 2: "n/a" is no number: it has no digits in it. '
            "Correct or delete the entry; one that is skipped would be a call to that person."
        ),
    ),
    (
        "phone,x\n,1\n",
        (
            'the suppression list {path}, line 2: "" is no number: the phone cell is empty. '
            "Correct or delete the entry; one that is skipped would be a call to that person."
        ),
    ),
    (
        "name,mobile\nAnna,+14155550100\n",
        (
            "the suppression list {path}, line 1: it is not clear which column holds the numbers. "
            "Name one of them phone_number. The columns are: name, mobile."
        ),
    ),
    (
        "+919876543210\n+14155550100,Anna\n",
        (
            "the suppression list {path}, line 2: 2 fields, but 1 in the first row. "
            "Put one number in each line, or name the column of the numbers phone_number."
        ),
    ),
    ('phone\n"+919876543210\n', "the suppression list {path}, line 2: the quotation marks do not close."),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_list_that_cannot_be_read_for_sure_stops_the_run(tmp_path: Path, text: str, message: str) -> None:
    path = save(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == message.replace("{path}", str(path))


@pytest.mark.parametrize("entry", ["9876543210", "9.19877E+11", "+91 98765 43210 / +91 98765 43211", "112"])
def test_an_entry_that_is_no_number_for_sure_stops_the_run(tmp_path: Path, entry: str) -> None:
    with pytest.raises(InputError, match=r"line 2: .* is no number"):
        load(save(tmp_path, f"+14155550100\n{entry}\n"), region=None)


def test_a_list_in_another_encoding_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)line 2: byte 13 of the file is not utf-8\..*\nSave the file"):
        load(save(tmp_path, b"phone,name\n1\xe9,x\n"))


def test_a_list_that_is_missing_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dnc\.csv cannot be read: No such file.*Nobody is called without it"):
        load(tmp_path / "dnc.csv")


def test_a_list_older_than_allowed_stops_the_run(tmp_path: Path) -> None:
    path = save(tmp_path, "+919876543210\n")
    old = (NOW - timedelta(days=8)).timestamp()
    os.utime(path, (old, old))
    assert load(path, max_age_days=8.1).hit(LISTED)
    with pytest.raises(InputError) as caught:
        load(path, max_age_days=7)
    assert str(caught.value) == (
        f"the suppression list {path} was last changed 8.0 days ago, and max_age_days is 7. Get the current list."
    )


# During a long run.


def test_lists_that_are_as_they_were_are_not_read_again(tmp_path: Path) -> None:
    listed = load(save(tmp_path, "+919876543210\n"))
    assert listed.refresh() is listed


def test_a_list_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = save(tmp_path, "+14155550100\n")
    listed = load(path)
    path.write_text("+14155550100\n+919876543210\n")
    assert listed.hit(LISTED) is None
    assert listed.refresh().hit(LISTED) == "on the suppression list dnc.csv, line 2"


def test_a_list_that_is_no_longer_there_stops_the_run(tmp_path: Path) -> None:
    path = save(tmp_path, "+14155550100\n")
    listed = load(path)
    path.unlink()
    with pytest.raises(InputError):
        listed.refresh()


@pytest.mark.parametrize("half", ["", "+141555", "phone_number\n", "+14155550100\n+1415"])
def test_while_a_list_is_being_written_nobody_is_missing_from_it(tmp_path: Path, half: str) -> None:
    path = save(tmp_path, "+919876543210\n")
    listed = load(path)
    path.write_text(half)
    listed = listed.refresh(lambda: 10.0)
    assert listed.hit(LISTED)
    assert listed.refresh(lambda: 11.9) is listed
    path.write_text("+14155550100\n")
    listed = listed.refresh(lambda: 11.9)
    assert listed.hit(LISTED)
    assert listed.hit(14155550100)
    listed = listed.refresh(lambda: 13.9)
    assert not listed.hit(LISTED)
    assert listed.hit(14155550100) == "on the suppression list dnc.csv, line 1"
    assert listed.refresh(lambda: 99.0) is listed


def test_a_list_that_is_left_broken_stops_the_run(tmp_path: Path) -> None:
    path = save(tmp_path, "+14155550100\n")
    listed = load(path)
    path.write_text("who knows 7\n")
    listed = listed.refresh(lambda: 10.0)
    with pytest.raises(InputError, match=r"dnc\.csv, line 1"):
        listed.refresh(lambda: 12.0)


def test_no_lists_suppress_nobody() -> None:
    listed = load()
    assert listed.hit(LISTED) is None
    assert listed.refresh() is listed


def test_a_list_that_was_replaced_by_an_older_copy_is_read_again(tmp_path: Path) -> None:
    path = save(tmp_path, "+14155550100\n")
    listed = load(path)
    other = save(tmp_path, "+919876543210\n", "other.csv")
    os.utime(other, (time.time() - 999, time.time() - 999))
    other.replace(path)
    assert listed.refresh().hit(LISTED)
