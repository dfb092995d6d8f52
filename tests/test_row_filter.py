"""Rows that the campaign leaves out by the text of a cell: they are not called, and every command says why."""

from __future__ import annotations

import csv
import json
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
    from collections.abc import Mapping, Sequence

HEADER = ("phone", "Do Not Call", "Status")
TEXTS = [
    "TRUE",
    "true",
    " True\u200b",
    "FALSE",
    "yes",
    "Yes ",
    "",
    " ",
    "new",
    "old",
    "straße",
    "STRASSE",
    "N\u00c3O",
    "Na\u0303o",
]
BARE = {"TRUE": "true", "true": "true", " True\u200b": "true", "FALSE": "false", "yes": "yes", "Yes ": "yes", "": "",
        " ": "", "new": "new", "old": "old", "straße": "strasse", "STRASSE": "strasse",
        "N\u00c3O": "n\u00e3o", "Na\u0303o": "n\u00e3o"}  # fmt: skip
TABLES = st.dictionaries(
    st.sampled_from(HEADER[1:]), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), max_size=2
)


def number(at: int) -> str:
    return f"+9198765{at:05d}"


def people(cells: Sequence[Sequence[str]], screening: str, *, more: str = "") -> None:
    with Path("people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *((number(at), *row) for at, row in enumerate(cells, 1))])
    Path("c.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "people.csv"\n{more}[screening]\n{screening}\n', encoding="utf-8"
    )


def results() -> list[tuple[str, str]]:
    with Path("c.results.sandbox.csv").open(encoding="utf-8", newline="") as file:
        return [(row["status"], row["error"]) for row in csv.DictReader(file)]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)


@given(
    cells=st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS)), min_size=1, max_size=30),
    skip=TABLES,
    only=TABLES,
)
def test_called_is_who_has_no_text_of_skip_and_one_of_only(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[str, str]],
    skip: Mapping[str, Sequence[str]],
    only: Mapping[str, Sequence[str]],
) -> None:
    folder = tmp_path_factory.mktemp("list")
    with (folder / "cells.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *((number(at), *row) for at, row in enumerate(cells))])
    text = (folder / "cells.csv").read_text(encoding="utf-8")
    found = [row.status.value for row in rows(screen(folder, text, skip=skip, only=only))]

    def has(row: tuple[str, str], column: str, texts: Sequence[str]) -> bool:
        return BARE[row[HEADER.index(column) - 1]] in [BARE[one] for one in texts]

    assert found == [
        "suppressed"
        if any(has(row, *one) for one in skip.items()) or not all(has(row, *one) for one in only.items())
        else "pending"
        for row in cells
    ]


def test_a_row_that_is_left_out_is_suppressed_with_its_cell_in_every_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    people(
        [("TRUE", "new"), ("", "new"), ("no", "old"), ("no", "")],
        'skip = { "Do Not Call" = ["yes", true] }\nonly = { Status = "NEW" }',
    )
    assert main(["check", "c.toml", "--sandbox"]) == 0
    shown = capsys.readouterr().out
    assert "people.csv: 4 rows, 1 pending, 3 suppressed\n" in shown
    assert 'row 1 (line 2) \'+919876500001\': "Do Not Call" is "TRUE"; [screening] skips such rows\n' in shown
    assert main(["run", "c.toml", "--sandbox", "--yes"]) == 0
    assert "Not called: 3 suppressed." in capsys.readouterr().err
    assert results() == [
        ("suppressed", '"Do Not Call" is "TRUE"; [screening] skips such rows'),
        ("queued", ""),
        ("suppressed", '"Status" is "old"; [screening] takes only "NEW"'),
        ("suppressed", '"Status" is empty; [screening] takes only "NEW"'),
    ]
    assert main(["report", "c.toml", "--sandbox", "--format", "md"]) == 0
    report = Path("c.report.sandbox.md")
    shown = capsys.readouterr().out + (report.read_text(encoding="utf-8") if report.exists() else "")
    assert "a cell of the row says not to call it" in shown
    assert main(["show", number(1), "--sandbox", "--in", "."]) in {0, 1}


def test_a_row_that_is_left_out_needs_no_repair(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: nothing of it has to be fixed."""
    people([("yes", ""), ("", "")], 'skip = { "Do Not Call" = "yes" }')
    Path("people.csv").write_text(Path("people.csv").read_text().replace(number(1), "no phone"))
    assert main(["check", "c.toml", "--sandbox"]) == 0
    assert "2 rows, 1 pending, 1 suppressed" in capsys.readouterr().out


def test_who_opts_out_after_a_call_is_not_called_again(capsys: pytest.CaptureFixture[str]) -> None:
    people([("", ""), ("", "")], 'skip = { "Do Not Call" = "yes" }', more="[redial]\nredial_after = '1s'\n")
    assert main(["run", "c.toml", "--sandbox", "--yes", "--refuse", "99%"]) == 1
    assert [status for status, _ in results()] == ["error", "error"]
    people([("yes", ""), ("", "")], 'skip = { "Do Not Call" = "yes" }', more="[redial]\nredial_after = '1s'\n")
    capsys.readouterr()
    main(["run", "c.toml", "--sandbox", "--yes", "--retry-errors", "-o", "json"])
    assert json.loads(capsys.readouterr().out)["sent"] == 1
    assert [status for status, _ in results()] == ["error", "queued"]


def test_an_edited_rule_holds_from_the_next_run_on() -> None:
    people([("", "new"), ("", "old")], 'only = { Status = "new" }')
    main(["run", "c.toml", "--sandbox", "--yes"])
    assert [status for status, _ in results()] == ["queued", "suppressed"]
    people([("", "new"), ("", "old")], 'only = { Status = ["new", "old"] }')
    main(["run", "c.toml", "--sandbox", "--yes"])
    assert [status for status, _ in results()] == ["queued", "queued"]


def test_a_text_that_no_row_has_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    people([("", "new"), ("", "new"), ("", "old"), ("", " ")], 'only = { Status = ["nwe", "old"] }')
    note = (
        '`only` in [screening] has "nwe" for "Status", but no row does: its cells are "new" (2), "old" (1), empty (1)'
    )
    assert main(["check", "c.toml", "--sandbox"]) == 0
    assert note in capsys.readouterr().out
    main(["run", "c.toml", "--sandbox", "--yes"])
    assert note in capsys.readouterr().err


def test_an_opt_out_that_is_not_used_is_said_before_anybody_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    people([("TRUE", ""), (" true ", ""), ("yes", ""), ("no", ""), ("", ""), ("TRUE", "bad")], 'only = { Status = "" }')
    note = (
        '"Do Not Call" is "TRUE" or "yes" in 3 of the 5 rows that can be called; to leave such rows out, write '
        'skip = { "Do Not Call" = ["TRUE", "yes"] } in [screening]'
    )
    assert main(["check", "c.toml", "--sandbox"]) == 0
    assert note in capsys.readouterr().out
    main(["run", "c.toml", "--sandbox", "--yes"])
    assert note in capsys.readouterr().err.split("5 of 5 done")[0]
    people([("TRUE", ""), (" true ", ""), ("yes", "")], 'skip = { "Do Not Call" = ["TRUE"] }')
    assert main(["check", "c.toml", "--sandbox"]) == 0
    assert "to leave such rows out" not in capsys.readouterr().out


def test_a_number_that_is_skipped_in_one_row_and_called_in_another_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    people([("", ""), ("yes", ""), ("", ""), ("yes", "")], 'skip = { "Do Not Call" = "yes" }')
    Path("people.csv").write_text(Path("people.csv").read_text().replace(number(2), number(3)))
    note = "row 3 has the number of a row that is skipped, and can be called; if a person wants no calls"
    assert main(["check", "c.toml", "--sandbox"]) == 0
    assert note in capsys.readouterr().out
    main(["run", "c.toml", "--sandbox", "--yes"])
    assert note in capsys.readouterr().err
    people([("", ""), ("yes", "")], 'skip = { "Do Not Call" = "yes" }')
    main(["check", "c.toml", "--sandbox"])
    assert "the number of a row that is skipped" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("screening", "words"),
    [
        ('skip = { "Do not call" = "yes" }', 'people.csv has no column "Do not call". Did you mean "Do Not Call"?'),
        ("only = { Status = [] }", 'write the texts of its cells in quotes, like ["TRUE", "yes"]'),
        ("only = { Status = [1.5] }", 'write the texts of its cells in quotes, like ["TRUE", "yes"]'),
        ("only = 'Status'", "keys in braces are expected"),
    ],
)
def test_a_mistake_is_told_with_its_place(screening: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    people([("", "")], screening)
    assert main(["check", "c.toml", "--sandbox"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Error: c.toml, line 4: `screening.")
    assert words in shown


def test_a_table_of_texts_may_be_written_as_a_section() -> None:
    people([("", "")], '[screening.skip]\n"Do Not Call" = ["TRUE", 1, true]\n')
    assert load_campaign("c.toml").screening.skip == {"Do Not Call": ["TRUE", "1", "true"]}
    people([("", "")], '[screening.skip]\n"" = "yes"\n')
    with pytest.raises(CampaignError, match="it must not be empty"):
        load_campaign("c.toml")
