"""Our results and rejects, fed in as the next list."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.cli import main
from dialer.escaping import guarded, unguarded
from dialer.export.results import own_file
from dialer.export.results.columns import TABLE
from dialer.intake.table import chunks, examine
from tests.place import Place, awkward, number, run, variables

if TYPE_CHECKING:
    from pathlib import Path

# Names that are ours as well, or look like such a one.
HEADER = ["phone", "status", "customer name", "reason", "input_status", "=key", "line"]


def people(count: int) -> list[list[str]]:
    return [[*cells, "-20%", "@home", str(at)] for at, cells in enumerate(awkward(count))]


def checked(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    main(["check", str(path), "-o", "json", *options])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def as_sheet(path: Path, to: Path) -> None:
    """Save a CSV as a spreadsheet program does, every cell a text."""
    from openpyxl import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types

    workbook = Workbook()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            workbook.active.append([cell.replace("\r", "") for cell in row])
    workbook.save(to)


def test_results_are_sent_as_the_list_was(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """No column of ours is spoken, no apostrophe of ours either, and the names are those of the list."""
    place.recipients(people(20), header=HEADER)
    run(place.campaign(more='[screening]\ncalled_elsewhere = "call"\n'))
    first = {call["recipient_phone_number"]: variables(call) for call in place.calls()}
    again = place.campaign(name="d", recipients="c.results.csv", more='[screening]\ncalled_elsewhere = "call"')
    hint = checked(again, capsys)["hints"][0]
    assert hint.startswith("the list is a results file of dialer: its columns row, recipient_phone_number, status, ")
    assert hint.endswith(
        "20 rows in it say queued, sending or unknown: called before. Delete what is not to be called again"
    )
    run(again, new_batch=True)
    second = {call["recipient_phone_number"]: variables(call) for call in place.calls()[20:]}
    assert len(first) == 20
    assert second == first


def test_rejects_with_an_edited_number_are_called(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    rows = people(3)
    rows[1][0] = "98 nonsense"
    place.recipients(rows, header=HEADER)
    rejects = place.folder / "rejects.csv"
    checked(place.campaign(), capsys, "--rejects", str(rejects))
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("98 nonsense", number(77)), encoding="utf-8")
    told = checked(place.campaign(name="d", recipients="rejects.csv"), capsys)
    assert told["to_call"] == 1
    assert told["heard"] == [dict(zip(HEADER[1:], rows[1][1:], strict=True))]
    own = "the list is a rejects file of dialer: its columns line, row, status, code, reason are not sent"
    assert own in told["hints"]


def test_rows_that_were_left_out_stay_so_where_the_next_campaign_lacks_the_list(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([[number(n), "gold"] for n in range(3)], header=["phone", "offer"])
    (place.folder / "dnc.txt").write_text(f"{number(1)}\n", encoding="utf-8")
    first = place.campaign(more='[screening]\nsuppression = ["dnc.txt"]\n')
    checked(first, capsys, "--rejects", str(place.folder / "rejects.csv"))
    told = checked(place.campaign(name="d", recipients="rejects.csv"), capsys)
    assert told["to_call"] == 0
    assert told["hints"][0].endswith(
        "1 row in it is marked duplicate, suppressed, hidden or id repeated: not called. "
        "To call one, empty its `status` cell"
    )


@pytest.mark.parametrize("saved", ["fix.csv", "fix.xlsx"])
def test_corrected_rejects_call_nobody_a_second_time(place: Place, saved: str) -> None:
    """The row that was called is not in the rejects; the row that repeats it is, and stays uncalled."""
    place.recipients(
        [[number(1), "gold"], ["98 nonsense", "gold"], [number(1), "gold"], [number(1), "tin"]],
        header=["phone", "offer"],
    )
    first = place.campaign(more='[screening]\ncalled_elsewhere = "call"\n')
    fix = place.folder / "fix.csv"
    main(["check", str(first), "--rejects", str(fix)])
    run(first)
    fix.write_text(fix.read_text(encoding="utf-8").replace("98 nonsense", number(77)), encoding="utf-8")
    if saved != fix.name:
        as_sheet(fix, place.folder / saved)
    run(place.campaign(name="d", recipients=saved, more='[screening]\ncalled_elsewhere = "call"\n'))
    assert [call["recipient_phone_number"] for call in place.calls()] == [number(1), number(77)]
    rows = place.results("d.results.csv")
    assert [(row["status"], row["reason"]) for row in rows] == [("queued", "")] + [("suppressed", "left_out")] * 2
    assert rows[1]["error"] == (
        "marked `duplicate` in the list, which is a rejects file of dialer; to call it, empty its `status` cell"
    )


def test_rejects_call_no_row_that_repeats_the_id_of_a_called_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = '[columns]\nid = "id"\n'
    place.recipients([["a", number(1)], ["a", number(1)], ["b", "98 nonsense"]], header=["id", "phone"])
    fix = place.folder / "fix.csv"
    checked(place.campaign(more=ids), capsys, "--rejects", str(fix))
    fix.write_text(fix.read_text(encoding="utf-8").replace("98 nonsense", number(77)), encoding="utf-8")
    told = checked(place.campaign(name="d", recipients="fix.csv", more=ids), capsys)
    assert [call["recipient_phone_number"] for call in told["samples"]] == [number(77)]


def test_rejects_call_no_row_that_was_hidden_in_the_spreadsheet(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    from openpyxl import load_workbook  # noqa: PLC0415 - it has no types

    place.recipients([[number(n), "gold"] for n in range(3)], header=["phone", "offer"])
    sheet = place.folder / "list.xlsx"
    as_sheet(place.folder / "list.csv", sheet)
    workbook = load_workbook(sheet)
    workbook.active.row_dimensions[3].hidden = True
    workbook.save(sheet)
    checked(place.campaign(recipients=sheet.name), capsys, "--rejects", str(place.folder / "fix.csv"))
    assert checked(place.campaign(name="d", recipients="fix.csv"), capsys)["to_call"] == 0


def test_results_call_no_duplicate_of_a_row_that_somebody_deleted(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([[number(1), "gold"], [number(1), "tin"], ["98 nonsense", "tin"]], header=["phone", "offer"])
    run(place.campaign())
    results = place.folder / "c.results.csv"
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    (place.folder / "again.csv").write_text("".join([lines[0], *lines[2:]]), encoding="utf-8")
    more = '[screening]\ncalled_elsewhere = "call"'
    assert checked(place.campaign(name="d", recipients="again.csv", more=more), capsys)["to_call"] == 0


def test_a_left_out_row_is_called_where_its_status_cell_is_emptied(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([[number(1), "gold"], [number(1), "tin"]], header=["phone", "offer"])
    fix = place.folder / "fix.csv"
    checked(place.campaign(), capsys, "--rejects", str(fix))
    fix.write_text(fix.read_text(encoding="utf-8").replace(",duplicate,", ",,"), encoding="utf-8")
    assert checked(place.campaign(name="d", recipients="fix.csv"), capsys)["to_call"] == 1


def test_rejects_of_an_older_version_have_a_name_twice(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"line,row,status,code,reason,phone,offer,status\n2,1,invalid,x,y,{number(1)},'@home,gold\n")
    table = examine(path, known=own_file)
    assert table.header == ("phone", "offer", "status")
    assert [list(cells) for chunk in chunks(table) for cells in chunk.cells] == [[number(1), "@home", "gold"]]


@pytest.mark.parametrize(
    ("header", "of_ours"),
    [
        ("note,line,row,status,code,reason,phone,offer", "line,row,status,code,reason"),
        ("phone,offer,note,line,row,status,code,reason", "line,row,status,code,reason"),
        ("row,status,code,reason,phone,offer,note", "row,status,code,reason"),
        ("phone,note,line,row,status,code,offer", "line,row,status,code"),
    ],
)
def test_rejects_are_known_where_somebody_added_moved_or_deleted_a_column(
    tmp_path: Path, header: str, of_ours: str
) -> None:
    cells = {"phone": number(1), "offer": "'@home", "note": "call late"}
    path = tmp_path / "r.csv"
    path.write_text(f"{header}\n{','.join(cells.get(name, 'ours') for name in header.split(','))}\n")
    table = examine(path, known=own_file)
    assert dict(zip(table.header, table.sample[0], strict=True)) == cells | {"offer": "@home"}
    assert any(f"its columns {', '.join(of_ours.split(','))} are not sent" in hint for hint in table.hints)


def test_results_that_a_spreadsheet_has_saved_are_known(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients([[number(n), "=1+1", "gold"] for n in range(3)], header=["phone", "offer", "status"])
    run(place.campaign())
    # In a workspace of its own: here they were called a moment ago.
    elsewhere = place.folder / "elsewhere"
    elsewhere.mkdir()
    as_sheet(place.folder / "c.results.csv", elsewhere / "again.xlsx")
    told = checked(place.campaign(name="d", recipients="again.xlsx").rename(elsewhere / "d.toml"), capsys)
    assert told["heard"] == [{"offer": "=1+1", "status": "gold"}] * 3


@pytest.mark.parametrize(
    "header",
    [
        ["row", "id", "phone", "status", "error", "key"],
        ["status", "reason", "code", "line", "row", "phone"],
        ["execution_id", "status", "error", "recipient_phone_number", "attempts"],
        [column.name for column in TABLE],
    ],
)
def test_a_list_with_some_of_our_names_stays_as_it_is(header: list[str]) -> None:
    assert own_file(header) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_columns_of_ours_are_there_the_list_comes_back(tmp_path: Path, data: st.DataObject) -> None:
    """Also where somebody has sorted the columns, or deleted one of ours."""
    ours = [column.name for column in TABLE]
    names = data.draw(st.lists(st.sampled_from(["phone", "offer", "status", "Key", "=1"]), min_size=1, unique=True))
    shown = [f"input_{name}" if name in ours else name for name in names]
    lost = data.draw(st.sampled_from(["", "error", "key", "http_status"]))
    columns = data.draw(st.permutations([*(name for name in ours if name != lost), *shown]))
    cells = {name: data.draw(st.text("'=+-@a1", max_size=4)) for name in shown}
    text = io.StringIO(newline="")
    csv.writer(text).writerows([map(guarded, columns), [guarded(cells.get(name, "ours")) for name in columns]])
    path = tmp_path / "r.csv"
    path.write_bytes(text.getvalue().encode())
    table = examine(path, known=own_file)
    order = [name for name in columns if name in cells]
    assert table.header == tuple(names[shown.index(name)] for name in order)
    assert [list(row) for row in table.sample] == [[cells[name] for name in order]]


@pytest.mark.parametrize("typed", ["'tis", "'", "rock 'n' roll"])
def test_an_apostrophe_that_somebody_typed_into_the_results_stays(typed: str) -> None:
    assert unguarded(typed) == typed
