"""The column of the numbers: a documented name settles it, else two that may be meant are a question for a person."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.cli import main
from dialer.errors import ColumnError, InputError
from dialer.intake.phone_column import Reading, likely_columns, phone_columns, usual_columns
from dialer.intake.table import examine
from tests.place import AGENT
from tests.test_interrupts import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.intake.table import Table

USUAL = [
    "contact_number", "recipient_phone_number", "phone_number", "to_number", "mobile_number", "number", "phone",
    "Phone Number", "PHONE", "mobile", "Mobile", "Mobile Phone", "cell", "Cell Phone", "telephone", "Phone No",
    "contact no", "Contact No.", "Contact #", "Phone #", "Tel.", "Tel", "Ph. No.", "Mobile No.", "MobileNo",
    "phoneNumber", "Phone 1 - Value", "Phone 2 - Value", "Business Phone", "Home Phone", "Primary Phone",
    "WhatsApp Number",
    "phone1", "Telefon", "Telefonnummer", "Tel.-Nr.", "Handy", "Handynummer", "Mobilnummer", "Rufnummer", "telefone",
    "Celular",
    "Número de telefone", "teléfono", "Móvil", "Téléphone", "N° de téléphone", "cellulare", "Customer Mobile",
    "Tel. (home)", "Phone (Mobile)", "Phone - Work",
]  # fmt: skip
OTHER = [
    "name", "city", "no", "S. No.", "id", "order number", "Invoice No", "policy_number", "Account Number", "ph",
    "contact", "Phone 1 - Label", "email", "hotel", "title", "mobility", "cells", "handyman", "fax", "date", "zip",
    "from_number", "agent_number", "numbers of rooms", "Telegram", "x" * 100_000,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)


def table(header: Sequence[str], *rows: Sequence[str]) -> Table:
    path = Path("l.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(rows or [["x"] * len(header)])])
    return examine(path)


def campaign(more: str = "", header: str = "Number,Name,Mobile") -> None:
    """Bills, each with its number, and whom to call about it."""
    rows = [f"900012345{at},Zoë {at},+91987654321{at}" for at in range(5)]
    Path("bills.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    Path("c.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "bills.csv"\n[csv]\nregion = "IN"\n{more}', encoding="utf-8"
    )


def number(at: int) -> str:
    return f"+9198765{at:05d}"


@pytest.mark.parametrize("name", USUAL)
def test_a_phone_column_is_found_by_its_usual_names(name: str) -> None:
    assert phone_columns(table(("first_name", name, "city")), ())[0] == (name,)


@pytest.mark.parametrize("name", OTHER)
def test_other_names_are_no_phone_column(name: str) -> None:
    assert not usual_columns([name])


def test_a_phone_column_that_is_named_is_taken_without_a_word() -> None:
    rows = [(number(at), number(at + 50)) for at in range(10)]
    assert phone_columns(table(("phone", "work"), *rows), ["work"]) == (("work",), "")


@pytest.mark.parametrize("documented", ["contact_number", "Recipient Phone Number", "phone_number", "to_number"])
@pytest.mark.parametrize(("filled", "wins"), [(10, True), (9, True), (8, False)])
def test_a_documented_name_wins_where_nine_of_ten_cells_are_numbers(
    documented: str,
    filled: int,
    wins: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    rows = [(number(at) if at < filled else "", number(at + 50)) for at in range(10)]
    asked = table((documented, "Mobile"), *rows)
    if wins:
        columns, words = phone_columns(asked, ())
        assert columns == (documented,)
        assert words == (
            f'The numbers come from the column "{documented}": {filled} of 10 cells are numbers, '
            'not from "Mobile" (10 of 10 cells are numbers).'
        )
    else:
        with pytest.raises(ColumnError):
            phone_columns(asked, ())


def test_two_documented_names_are_a_question() -> None:
    rows = [(number(at), number(at + 50)) for at in range(10)]
    with pytest.raises(ColumnError) as caught:
        phone_columns(table(("contact_number", "phone_number"), *rows), ())
    assert caught.value.columns == ("contact_number", "phone_number")


def test_what_the_campaign_uses_otherwise_and_a_few_remarks_are_no_candidates() -> None:
    """Ids of ten digits, the caller's number, a fax, and a number among the notes."""
    header = ("Mobile", "order", "caller", "Fax", "notes")
    rows = [(number(at), f"98765432{at:02}", "+918035000001", number(at + 50), "") for at in range(20)]
    rows[3] = (*rows[3][:4], number(99))
    reading = Reading(region="IN", others=("order", "caller"))
    assert phone_columns(table(header, *rows), (), reading=reading) == (
        ("Mobile",),
        'The numbers come from the column "Mobile": 20 of 20 cells are numbers.',
    )


def test_an_empty_phone_column_is_no_candidate() -> None:
    rows = [(number(at), "") for at in range(5)]
    assert phone_columns(table(("Home Phone", "Business Phone"), *rows), ())[0] == ("Home Phone",)


@pytest.mark.parametrize(
    ("header", "row", "named", "message"),
    [
        (
            ("name", "Kontakt"),
            ("Zoë", ""),
            None,
            (
                "no column has one of the usual names for phone numbers, such as phone_number. "
                "Set phone in [columns] of the campaign file. The columns are: name, Kontakt."
            ),
        ),
        (
            ("name", "Kontakt"),
            ("Zoë", "+919876543210"),
            None,
            (
                "no column has one of the usual names for phone numbers, such as phone_number. "
                "Write this line, if it is right, into [columns] of the campaign file:\n"
                '  phone = "Kontakt"   # 1 of 1 cell is a number'
            ),
        ),
        (
            ("phone", "mobile_number"),
            ("+919876543210", "+919876543211"),
            None,
            (
                "several columns may hold the phone numbers. "
                "Write the right one of these lines into [columns] of the campaign file:\n"
                '  phone = "phone"   # 1 of 1 cell is a number\n'
                '  phone = "mobile_number"   # 1 of 1 cell is a number'
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
    header: Sequence[str], row: Sequence[str], named: str | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        phone_columns(table(header, row), [named] if named else ())
    assert str(caught.value) == f"l.csv: {message}"


def test_cells_that_look_like_numbers_are_told_from_those_that_do_not() -> None:
    """The column with the most numbers comes first, however few cells another one fills."""
    header = ("name", "pin", "due", "amount", "mixed", "with gaps", "damaged", "empty")
    rows = [
        ("Zoë", "560001", "2026-12-01", "9876543210.50", f"98765432{n:02}" if n else "ask", gap, "9.19877E+11", "")
        for n, gap in enumerate(["+919876543210", "", "98765 43210", " ", "+44 (0)20 7946 0018"])
    ]
    assert [(one.name, one.numbers) for one in likely_columns(table(header, *rows))] == [
        ("damaged", 5),
        ("mixed", 4),
        ("with gaps", 3),
    ]


@given(st.lists(st.sampled_from(["Number", "Mobile", "Kontakt", "name", "contact no"]), min_size=2, unique=True))
def test_whatever_the_columns_no_run_guesses_between_two_full_of_numbers(names: list[str]) -> None:
    """Not even by their order: one of them is called only when it is the only one that may be meant."""
    rows = [
        [number(at * 10 + column) if name != "name" else "Zoë" for column, name in enumerate(names)] for at in range(9)
    ]
    full = [name for name in names if name != "name"]
    asked = table(names, *rows)
    if len(full) == 1 and full != ["Kontakt"]:
        assert phone_columns(asked, (), reading=Reading(region="IN"))[0] == (full[0],)
        return
    with pytest.raises(ColumnError) as doubt:
        phone_columns(asked, (), reading=Reading(region="IN"))
    assert set(doubt.value.columns) == set(full)


# The commands.


@pytest.mark.parametrize("command", [["check"], ["run", "--yes", "--sandbox"], ["run", "--dry-run"]])
def test_two_columns_full_of_numbers_stop_a_run_without_a_terminal(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    campaign()
    assert main([*command, "c.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Error: bills.csv: several columns may hold the phone numbers. "
        "Write the right one of these lines into [columns] of the campaign file:\n"
        '  phone = "Mobile"   # 5 of 5 cells are numbers\n'
        '  phone = "Number"   # 5 of 5 cells are numbers\n'
    )
    assert not list(Path().glob("*.csv.results*"))


def test_the_line_that_it_tells_to_write_settles_it(capsys: pytest.CaptureFixture[str]) -> None:
    campaign('[columns]\nphone = "Mobile"\n')
    assert main(["check", "c.toml", "--verbose"]) == 0
    out = capsys.readouterr().out
    assert '"recipient_phone_number": "+919876543210"' in out
    assert "The numbers come from" not in out


def test_check_and_run_say_which_column_was_taken(capsys: pytest.CaptureFixture[str]) -> None:
    words = 'The numbers come from the column "Mobile": 5 of 5 cells are numbers.'
    campaign(header="bill,Name,Mobile")
    Path("c.toml").write_text(f'agent_id = "{AGENT}"\nrecipients = "bills.csv"\n', encoding="utf-8")
    assert main(["check", "c.toml"]) == 0
    assert words in capsys.readouterr().out
    for _ in range(2):
        assert main(["run", "c.toml", "--yes", "--sandbox", "--limit", "2"]) == 3
        assert words in capsys.readouterr().err


def on_a_terminal(*options: str) -> Terminal:
    return Terminal([*options, str(Path("c.toml").absolute())], dict(os.environ), log=Path("log").absolute())


@pytest.mark.parametrize("command", [["check"], ["run", "--sandbox"]])
@pytest.mark.parametrize(("typed", "code"), [("1\n", 0), ("\n", 2), ("y\n", 2), ("3\n", 2)])
def test_with_a_terminal_it_is_asked_once_and_none_is_the_default(command: list[str], typed: str, code: int) -> None:
    campaign()
    terminal = on_a_terminal(*command)
    terminal.wait_for("Which one? [1-2, Enter: none]")
    assert "  1  Mobile" in terminal.shown
    assert "  2  Number" in terminal.shown
    terminal.type(typed)
    assert terminal.ended() == code
    assert ('This time the numbers come from the column "Mobile".' in terminal.shown) == (code == 0)


def test_yes_asks_nothing_on_a_terminal_either() -> None:
    campaign()
    assert on_a_terminal("run", "--sandbox", "--yes").ended() == 2


def test_a_batch_goes_on_with_the_column_it_began_with(capsys: pytest.CaptureFixture[str]) -> None:
    """A person chose it on a terminal; the same command goes on without one, also when the list was changed."""
    campaign()
    terminal = on_a_terminal("run", "--sandbox", "--limit", "2")
    terminal.wait_for("Which one?")
    terminal.type("1\n")
    assert terminal.ended() == 3
    with Path("bills.csv").open("a", encoding="utf-8") as file:
        file.write("9000123499,Eva,+919876543299\n")
    assert main(["run", "--sandbox", "--yes", "c.toml"]) == 0
    assert 'The numbers come from the column "Mobile", as in the earlier run of this batch.' in capsys.readouterr().err
    with Path("c.results.sandbox.csv").open(encoding="utf-8", newline="") as file:
        assert [row["recipient_phone_number"][-2:] for row in csv.DictReader(file)] == [
            "10",
            "11",
            "12",
            "13",
            "14",
            "99",
        ]
