"""The column of the numbers is found by its name; what its cells look like is only ever a hint."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from dialer.errors import InputError
from dialer.loader import examine
from dialer.phone_column import PHONE_NAMES, likely_columns, phone_column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.loader import Table


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def table(folder: Path, header: Sequence[str], *rows: Sequence[str]) -> Table:
    path = folder / "l.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(rows or [["x"] * len(header)])])
    return examine(path)


@pytest.mark.parametrize("name", [*PHONE_NAMES, "Phone Number", "PHONE"])
def test_a_phone_column_is_found_by_its_usual_names(tmp_path: Path, name: str) -> None:
    assert phone_column(table(tmp_path, ("first_name", name, "city")), None) == name


def test_a_phone_column_that_is_named_is_taken(tmp_path: Path) -> None:
    assert phone_column(table(tmp_path, ("phone", "work")), "work") == "work"


@pytest.mark.parametrize(
    ("header", "row", "named", "message"),
    [
        (
            ("name", "Handy"),
            ("Zoë", ""),
            None,
            (
                "no column has one of the usual names for phone numbers, such as phone_number. "
                "Set phone in [columns] of the campaign file. The columns are: name, Handy."
            ),
        ),
        (
            ("name", "Handy", "Tel"),
            ("Zoë", "+919876543210", "0172 1234567"),
            None,
            (
                "no column has one of the usual names for phone numbers, such as phone_number. "
                'By its cells it may be "Handy" or "Tel". '
                "Set phone in [columns] of the campaign file. The columns are: name, Handy, Tel."
            ),
        ),
        (
            ("phone", "mobile_number"),
            ("+919876543210", ""),
            None,
            (
                "several columns may hold the phone numbers: phone, mobile_number. "
                "Set phone in [columns] of the campaign file. The columns are: phone, mobile_number."
            ),
        ),
        (
            ("name", "Handynummer"),
            ("Zoë", ""),
            "handynumer",
            (
                'there is no column "handynumer" for the phone numbers. Did you mean "Handynummer"? '
                "The columns are: name, Handynummer."
            ),
        ),
        (
            ("a", "b"),
            ("", "x"),
            "phone",
            'there is no column "phone" for the phone numbers. The columns are: a, b.',
        ),
    ],
)
def test_a_phone_column_that_is_not_clear_is_refused_in_words(
    tmp_path: Path, header: Sequence[str], row: Sequence[str], named: str | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        phone_column(table(tmp_path, header, row), named)
    assert str(caught.value) == f"{tmp_path / 'l.csv'}: {message}"


def test_cells_that_look_like_numbers_are_told_from_those_that_do_not(tmp_path: Path) -> None:
    """The likeliest comes first; short codes, amounts, dates and names are no numbers, empty cells say nothing."""
    header = ("name", "pin", "due", "amount", "mixed", "with gaps", "damaged", "empty")
    rows = [
        ("Zoë", "560001", "2026-12-01", "9876543210.50", f"98765432{n:02}" if n else "ask", gap, "9.19877E+11", "")
        for n, gap in enumerate(["+919876543210", "", "98765 43210", " ", "+44 (0)20 7946 0018"])
    ]
    assert likely_columns(table(tmp_path, header, *rows)) == ["with gaps", "damaged", "mixed"]
