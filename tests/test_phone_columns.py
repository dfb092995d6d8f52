"""Several phone columns: the first that holds an entry counts, and no other number of the row is called."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.cli import main
from dialer.config.campaign import load_campaign
from dialer.errors import CampaignError
from tests.place import AGENT
from tests.test_screening import rows, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("Mobile Phone", "Phone", "Other Phone")
NUMBERS = ["+919876543210", "+14155550100", "+447400123456"]
NOTHING = [
    "",
    " ",
    "\u200b",
    "-",
    "--",
    "N/A",
    " n/a ",
    "NULL",
    "None",
    "0",
    "000",
    "?",
    "\\N",
    "not available",
    "(blank)",
]
WRONG = ["call me", "98765", "+9198765432101234", "#N/A", "1-800-FLOWERS", "******3210"]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)


def people(*cells: Sequence[str], phone: str = '["Mobile Phone", "Phone"]', more: str = "") -> None:
    with Path("people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("Name", *COLUMNS), *((f"person {at}", *row, "", "")[:4] for at, row in enumerate(cells, 1))]
        )
    Path("c.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "people.csv"\n[columns]\nphone = {phone}\n{more}', encoding="utf-8"
    )


def results() -> list[dict[str, str]]:
    with Path("c.results.sandbox.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@given(cells=st.lists(st.tuples(*[st.sampled_from([*NUMBERS, *NOTHING, *WRONG])] * 3), min_size=1, max_size=30))
def test_only_the_first_column_with_an_entry_is_called(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("list")
    with (folder / "cells.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", *COLUMNS), *((str(at), *row) for at, row in enumerate(cells))])
    text = (folder / "cells.csv").read_text(encoding="utf-8")
    called = [f"+{row.number}" if row.number else None for row in rows(screen(folder, text, id="id", phones=COLUMNS))]
    entries = [next((cell for cell in row if cell not in NOTHING), None) for row in cells]
    assert called == [entry if entry in NUMBERS else None for entry in entries]


def test_a_row_without_a_number_names_the_column_and_the_one_that_holds_a_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    people(("call me", "+919876543210"), ("", " "), ("-", ""), ("98765", "0"), ("", "98765"))
    assert main(["check", "c.toml", "--sandbox"]) == 2
    shown = capsys.readouterr().out
    assert (
        "row 1 (line 2) 'call me': \"Mobile Phone\": it has no digits in it; "
        '"Phone" holds a number, but it counts only where "Mobile Phone" is empty\n' in shown
    )
    assert 'row 2 (line 3) \'\': "Mobile Phone" and "Phone" are empty\n' in shown
    assert "row 3 (line 4) '-': \"Mobile Phone\": it has no digits in it\n" in shown
    assert "row 4 (line 5) '98765': \"Mobile Phone\": it has only 5 digits: a short code or an extension\n" in shown
    assert "row 5 (line 6) '98765': \"Phone\": it has only 5 digits: a short code or an extension\n" in shown


def test_a_run_calls_the_first_of_each_row_and_says_how_many_come_from_which(
    capsys: pytest.CaptureFixture[str],
) -> None:
    people((NUMBERS[0], NUMBERS[1]), ("N/A", NUMBERS[2], "9"), ("98765", NUMBERS[1]), ("", "none"))
    assert main(["run", "c.toml", "--sandbox", "--yes"]) == 1
    words = 'The numbers come from "Mobile Phone" (1 row); where that is empty, from "Phone" (1 row).'
    assert words in capsys.readouterr().err
    assert [(row["recipient_phone_number"], row["status"]) for row in results()] == [
        (NUMBERS[0], "queued"),
        (NUMBERS[2], "queued"),
        ("98765", "invalid"),
        ("none", "invalid"),
    ]
    # The same command again knows it from the ledger.
    assert main(["check", "c.toml", "--sandbox"]) == 1
    assert words in capsys.readouterr().out


def test_who_was_called_is_not_called_at_another_number_when_the_order_is_turned_round() -> None:
    """Not then, nor at any later start; who was not called yet is called by the new order."""
    cells = [(NUMBERS[0], NUMBERS[1]), ("", NUMBERS[2])]
    people(*cells)
    assert main(["run", "c.toml", "--sandbox", "--yes"]) == 0
    cells.append(("+919876500001", "+919876500002"))
    orders = ['["Phone", "Mobile Phone"]', '"Phone"', '["Other Phone", "Phone", "Mobile Phone"]', '"Mobile Phone"']
    for order in orders:
        people(*cells, phone=order)
        main(["run", "c.toml", "--sandbox", "--yes"])
        assert [(row["recipient_phone_number"], row["status"], row["attempts"]) for row in results()] == [
            (NUMBERS[0], "queued", "1"),
            (NUMBERS[2], "queued", "1"),
            ("+919876500002", "queued", "1"),
        ]


@pytest.mark.parametrize("duplicates", ["skip", "call"])
def test_somebody_who_shares_a_called_number_is_called_by_the_new_order(duplicates: str) -> None:
    """With an id column, the number that was called stays with the person who was called, and with nobody else."""
    cells = [(NUMBERS[0], NUMBERS[1]), (NUMBERS[0], NUMBERS[2])]
    rules = f'id = "Name"\n[screening]\nduplicates = "{duplicates}"\n'
    people(*cells, more=rules)
    main(["run", "c.toml", "--sandbox", "--yes", "--limit", "1"])
    people(*cells, phone='["Phone", "Mobile Phone"]', more=rules)
    assert main(["run", "c.toml", "--sandbox", "--yes"]) == 0
    assert [(row["id"], row["recipient_phone_number"], row["status"], row["attempts"]) for row in results()] == [
        ("person 1", NUMBERS[0], "queued", "1"),
        ("person 2", NUMBERS[2], "queued", "1"),
    ]


def test_check_says_the_same_of_a_changed_order_as_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    people((NUMBERS[0], NUMBERS[1]), ("", NUMBERS[2]))
    main(["run", "c.toml", "--sandbox", "--yes"])
    people((NUMBERS[0], NUMBERS[1]), ("", NUMBERS[2]), phone='["Phone", "Mobile Phone"]')
    capsys.readouterr()
    assert main(["check", "c.toml", "--sandbox"]) == 0
    assert "Already called in this batch and skipped: 2 queued." in capsys.readouterr().out


def test_phone_columns_are_no_variables_unless_they_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    people((NUMBERS[0], NUMBERS[1]), more='[user_data]\nhome = "Phone"\n')
    main(["check", "c.toml", "--sandbox", "--verbose"])
    assert f'"user_data": {{"home": "{NUMBERS[1]}"}}' in capsys.readouterr().out
    people((NUMBERS[0], NUMBERS[1], "x"))
    main(["check", "c.toml", "--sandbox", "--verbose"])
    assert '"user_data": {"Name": "person 1", "Other Phone": "x"}' in capsys.readouterr().out


def test_the_other_number_of_somebody_on_the_do_not_call_list_is_not_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    people((NUMBERS[0], NUMBERS[1]), ("", NUMBERS[2]), more='[screening]\nsuppression = ["dnc.csv"]\n')
    Path("dnc.csv").write_text(f"{NUMBERS[0]}\n")
    main(["run", "c.toml", "--sandbox", "--yes"])
    assert [row["status"] for row in results()] == ["suppressed", "queued"]
    assert "1 suppressed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        ("[]", "name a column of the CSV in quotes, or several in the order in which they count"),
        ('["Phone", ""]', "name a column of the CSV in quotes, or several in the order in which they count"),
        ('["Phone", 3]', "name a column of the CSV in quotes, or several in the order in which they count"),
        ('["Phone", "Phone"]', "name each column once"),
    ],
)
def test_a_list_of_phone_columns_that_makes_no_sense_is_refused(phone: str, words: str) -> None:
    people(phone=phone)
    with pytest.raises(CampaignError) as caught:
        load_campaign("c.toml")
    assert str(caught.value).startswith("c.toml, line 4: `columns.phone` is ")
    assert words in str(caught.value)


def test_a_phone_column_that_is_not_there_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    people((NUMBERS[0],), phone='["Mobile Phone", "phone"]')
    assert main(["check", "c.toml", "--sandbox"]) == 2
    assert 'there is no column "phone" for the phone numbers. Did you mean "Phone"?' in capsys.readouterr().err
