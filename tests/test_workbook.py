"""The results as a workbook: every cell as it is and of its type, none a formula; and no run ends by it."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import gc
import re
import shutil
import sys
import threading
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from dialer.cli import main
from dialer.engine.control import Control
from dialer.escaping import unguarded
from dialer.export.results import Workbook, own_file_in, xlsx
from dialer.intake.table import chunks, examine
from dialer.messages.reasons import REASONS
from dialer.provider.bolna.sandbox import Settings, running
from tests.place import AWKWARD, Place, number, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = ["phone", "ref", "name", "status", "<b>&amp;</b>"]
IDS = ["007", "1234567890123456", "00000000000000001", "1e5", "1899-01-05", "-20%", "#N/A", "TRUE", "2/3"]
NAMES = [
    *AWKWARD,
    "'s-Hertogenbosch",
    "_x0041_",
    "_x005F_",
    "_x0041_x0042_x0043_",
    "<r>red</r>",
    "<r><t>_x0041_x0042_</t></r>",
    "\x01\x08\x1f",
    "\ufffe",
    "<&>\"'",
    "\u202eabc",
    "=cmd|'/c'!A0",
]
XLSX = "results_xlsx = true\n"


def rows() -> list[list[str]]:
    return [[number(at), IDS[at % len(IDS)], name, "mine" if at % 2 else "", name] for at, name in enumerate(NAMES)] + [
        ["12", "x", "short", "", ""],
        ["", "y", "nobody", "", ""],
        [number(0), "z", "again", "", ""],
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a campaign with a workbook, of which everybody was called and every call was tracked."""
    outcomes = {number(1): "voicemail", number(2): "failed", number(3): "no-answer"}
    limits: dict[str, Any] = dict.fromkeys(("call_rate", "agent_rate", "other_rate"))
    settings = Settings(speed=1e6, lines=100, number_outcomes=outcomes, outcomes={"completed": 1}, **limits)
    with running(settings) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        patch.setenv("BOLNA_API_KEY", "bn-test")
        place = Place(tmp_path_factory.mktemp("finished"), sandbox)
        place.recipients(rows(), header=HEADER)
        (place.folder / "dialer.toml").write_text('[organisation]\ncurrency = "INR"\n')
        path = place.campaign(more=XLSX)
        assert run(path).sent == len(NAMES)
        assert main(["track", str(path)]) == 0
    return place.folder


@pytest.fixture
def called(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "called")


def book(folder: Path) -> Any:  # noqa: ANN401 - openpyxl has no types
    return openpyxl.load_workbook(folder / "c.results.xlsx")


def results(folder: Path) -> list[dict[str, str]]:
    with (folder / "c.results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def text_of(value: object) -> str:
    """Return what Excel shows of a text, in which openpyxl leaves its escapes."""
    return re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), "" if value is None else str(value))


def test_every_cell_of_the_csv_stands_in_the_workbook_as_it_was_in_the_list(called: Path) -> None:
    sheet = book(called)["People"]
    header, *lines = sheet.iter_rows(values_only=True)
    with (called / "c.results.csv").open(encoding="utf-8", newline="") as file:
        columns, *expected = csv.reader(file)
    assert list(header) == columns
    texts = [at for at, name in enumerate(columns) if name not in {"call_duration", "call_cost", "updated_at"}]
    assert [[text_of(line[at]) for at in texts] for line in lines] == [
        [unguarded(line[at]) for at in texts] for line in expected
    ]
    names = columns.index("name")
    assert [text_of(line[names]) for line in lines] == [row[2] for row in rows()]


def test_ids_and_numbers_are_texts_amounts_are_numbers_dates_are_dates_and_nothing_is_a_formula(called: Path) -> None:
    sheet = book(called)["People"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    cells = {name: [sheet.cell(at, column) for at in range(2, sheet.max_row + 1)] for name, column in columns.items()}
    for name in ("recipient_phone_number", "execution_id", "ref", "name", "input_status"):
        assert {cell.data_type for cell in cells[name] if cell.value is not None} <= {"s"}
        assert {cell.number_format for cell in cells[name] if cell.value is not None} == {"@"}
    for name in ("row", "http_status", "attempts", "call_duration", "call_cost"):
        assert all(isinstance(cell.value, int | float) for cell in cells[name] if cell.value is not None)
    moments = [cell for cell in cells["updated_at"] if cell.value is not None]
    assert {type(cell.value) for cell in moments} == {dt.datetime}
    said = [dt.datetime.fromisoformat(row["updated_at"]) for row in results(called) if row["updated_at"]]
    assert [cell.value.replace(microsecond=0, tzinfo=dt.UTC) for cell in moments] == said
    with zipfile.ZipFile(called / "c.results.xlsx") as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        assert len(sheets) == 3
        assert not any(re.search(b"<f[ >]", archive.read(name)) for name in sheets)


def test_the_sheet_is_filtered_its_header_stays_in_view_and_no_text_is_flagged_as_a_number(called: Path) -> None:
    sheet = book(called)["People"]
    around = sheet.dimensions
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == around
    with zipfile.ZipFile(called / "c.results.xlsx") as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    (flags,) = re.findall("<ignoredError [^>]*>", text)
    assert f'sqref="{around}"' in flags
    assert 'numberStoredAsText="1"' in flags
    widths = [dimension.width for dimension in sheet.column_dimensions.values()]
    assert 8 <= min(widths) <= max(widths) < 51


def test_the_figures_and_the_reasons_are_those_of_the_rows(called: Path) -> None:
    workbook = book(called)
    people = results(called)
    lines = [[cell for cell in line if cell is not None] for line in workbook["Figures"].iter_rows(values_only=True)]
    # A status of rows may be called like an outcome of calls, which stand below.
    figures = {line[0]: line[1:] for line in reversed(lines) if len(line) > 2}
    queued = sum(row["status"] == "queued" for row in people)
    assert figures["queued"] == ["Bolna accepted the call", queued, pytest.approx(queued / len(people))]
    assert figures["invalid"][1] == 2
    assert ["all rows", len(people)] in lines
    (calls,) = [line for line in lines if line[:1] == ["all calls"]]
    assert calls[1] == queued
    assert calls[2] == pytest.approx(sum(float(row["call_duration"] or 0) for row in people), abs=0.01)
    assert "cost (INR)" in {cell for line in lines for cell in line}
    assert calls[3] == pytest.approx(sum(float(row["call_cost"] or 0) for row in people) / 100, abs=0.001)
    assert lines[-1] == ["On the sheet People, call_cost is in hundredths of 1 INR, as Bolna gives it."]
    head, *reasons = workbook["Reasons"].iter_rows(values_only=True)
    assert head == ("status", "call_status", "reason", "why", "rows")
    assert ("invalid", None, "number_empty", REASONS["number_empty"], 1) in reasons
    busy = [row for row in people if row["call_status"] == "no-answer"]
    assert sum(line[4] for line in reasons if line[1] == "no-answer") == len(busy)
    counted = [line[4] for line in reasons]
    assert counted == sorted(counted, reverse=True)
    assert sum(counted) == len(people)


def test_a_text_longer_than_a_cell_holds_is_cut_in_words_and_whole_in_the_csv(place: Place) -> None:
    long = {"x" * 40_000: "40,000 characters.", "🙂" * 17_000: "17,000 characters (34,000 as Excel counts them)."}
    place.recipients([[number(at), text] for at, text in enumerate([*long, "🙂" * 16_000])], header=["phone", "note"])
    run(place.campaign(more=XLSX))
    notes = [line[-1] for line in book(place.folder)["People"].iter_rows(min_row=2, values_only=True)]
    for note, (text, words) in zip(notes, long.items(), strict=False):
        assert note.startswith(text[:15_000])
        assert note.endswith(f" … [cut: this cell has {words} The CSV has all of it.]")
        assert len(note.encode("utf-16-le")) <= 2 * 32_767
    assert notes[2] == "🙂" * 16_000
    assert [row["note"] for row in place.results()][:2] == [*long]


def test_more_rows_than_a_sheet_holds_are_said_in_words_and_counted(
    called: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dialer.export.results.workbook.ROWS", 10)
    assert main(["results", str(called / "c.toml")]) == 0
    first = f"The sheet People has the first 10 of {len(rows())} rows"
    said = f"{first}: a sheet holds no more. c.results.csv has all of them."
    assert said in capsys.readouterr().out
    workbook = book(called)
    assert workbook["People"].max_row == 11
    assert said in {line[0] for line in workbook["Figures"].iter_rows(values_only=True)}
    assert ("all rows", None, len(rows())) in {line[:3] for line in workbook["Figures"].iter_rows(values_only=True)}
    assert len(results(called)) == len(rows())


def test_a_run_that_was_stopped_leaves_a_workbook_too_and_the_next_one_brings_it_up_to_date(place: Place) -> None:
    place.recipients([[number(at)] for at in range(20)], header=["phone"])
    path = place.campaign(more=XLSX)

    def statuses() -> list[str]:
        return [line[2] for line in book(place.folder)["People"].iter_rows(min_row=2, values_only=True)]

    run(path, limit=5)
    assert statuses() == ["queued"] * 5 + ["pending"] * 15
    summary = run(path)
    assert summary.workbook == str(place.folder / "c.results.xlsx")
    assert statuses() == ["queued"] * 20


def edited(path: Path) -> None:
    workbook = openpyxl.load_workbook(path)
    workbook["People"]["A2"] = "called her myself"
    workbook.save(path)


def unwritable(path: Path) -> None:
    path.with_name(f".{path.name}.tmp").mkdir()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (
            edited,
            "another program wrote or changed this file, so it is not overwritten. Rename it, then: dialer results",
        ),
        (unwritable, "The CSV has all of it. When the file can be written again: dialer results"),
    ],
)
def test_a_workbook_that_cannot_be_written_ends_no_run_and_is_left_as_it_was(
    place: Place, harm: Callable[[Path], None], words: str
) -> None:
    place.recipients([[number(at)] for at in range(20)], header=["phone"])
    path = place.campaign(more=XLSX)
    run(path, limit=5)
    workbook = place.folder / "c.results.xlsx"
    harm(workbook)
    before = workbook.read_bytes()
    summary = run(path)
    assert (summary.exit_code, summary.sent) == (0, 15)
    (note,) = summary.notes
    assert words in note
    assert workbook.read_bytes() == before
    assert [row["status"] for row in place.results()] == ["queued"] * 20
    assert main(["track", str(path)]) in {0, 3}
    assert main(["results", str(path)]) == 2


def test_a_workbook_is_written_where_it_is_wanted_also_without_one_in_the_campaign(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([[number(at)] for at in range(3)], header=["phone"])
    path = str(place.campaign())
    run(place.campaign())
    before = (place.folder / "c.results.csv").stat().st_mtime_ns
    to = place.folder / "sent" / "monday.xlsx"
    for _ in range(2):
        assert main(["results", path, "--to", str(to)]) == 0
    assert f"{to}: 3 rows written" in capsys.readouterr().out
    assert to.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in to.parent.iterdir()] == ["monday.xlsx"]
    assert (place.folder / "c.results.csv").stat().st_mtime_ns == before
    assert not (place.folder / "c.results.xlsx").exists()


@pytest.mark.parametrize("moment", ["_count", "_counted_reasons"])
def test_a_second_ctrl_c_leaves_the_former_workbook_and_ends_the_run_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    place.recipients([[number(at)] for at in range(20)], header=["phone"])
    path = place.campaign(more=XLSX)
    run(path, limit=5)
    before = (place.folder / "c.results.xlsx").read_bytes()
    control = Control()

    def interrupt(*_: object) -> tuple[()]:
        control.abort.set()
        return ()

    monkeypatch.setattr(Workbook, moment, interrupt)
    (note,) = run(path, control=control).notes
    assert "c.results.xlsx cannot be written (stopped at once, as asked). The CSV has all of it." in note
    assert (place.folder / "c.results.xlsx").read_bytes() == before
    assert [row["status"] for row in place.results()] == ["queued"] * 20


def test_a_disk_that_hangs_under_the_workbook_ends_no_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.recipients([[number(at)] for at in range(5)], header=["phone"])
    patience, goes_on = "dialer.operations.results_writer.PATIENCE", threading.Event()
    monkeypatch.setattr(patience, 5.0)

    def hangs(*_: object, **__: object) -> None:
        monkeypatch.setattr(patience, 0.5)
        goes_on.wait()

    monkeypatch.setattr(Workbook, "write", hangs)
    summary = run(place.campaign(more=XLSX))
    goes_on.set()
    assert (summary.exit_code, summary.sent) == (0, 5)
    (note,) = summary.notes
    assert "c.results.xlsx does not answer: nothing could be written for" in note
    assert [row["status"] for row in place.results()] == ["queued"] * 5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.csv", "the name must end in .xlsx. To write the CSV: dialer results"),
        ("list.xlsx", "that file belongs to the campaign and would be overwritten"),
        ("other.xlsx", "another program wrote or changed this file, so it is not overwritten"),
    ],
)
def test_a_workbook_takes_the_place_of_no_other_file(
    place: Place, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    workbook = openpyxl.Workbook()
    for cells in (["phone", "name"], [number(1), "Zoë"]):
        workbook.active.append(cells)
    for one in ("list.xlsx", "other.xlsx"):
        workbook.save(place.folder / one)
    path = place.campaign(recipients="list.xlsx")
    run(path)
    before = {one: (place.folder / one).read_bytes() for one in ("list.xlsx", "other.xlsx")}
    assert main(["results", str(path), "--to", str(place.folder / name)]) == 2
    assert words in capsys.readouterr().err
    assert before == {one: (place.folder / one).read_bytes() for one in before}


@pytest.mark.parametrize("saved_by", ["us", "a spreadsheet"])
def test_a_workbook_that_comes_back_as_the_next_list_is_sent_as_the_list_was(called: Path, saved_by: str) -> None:
    workbook = called / "c.results.xlsx"
    if saved_by == "a spreadsheet":
        openpyxl.load_workbook(workbook).save(workbook)
    table = examine(workbook, known=own_file_in(workbook))
    assert list(table.header) == HEADER
    back = [list(cells) for chunk in chunks(table) for cells in chunk.cells]
    assert back == rows()


def test_more_rows_take_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 4_000):
        sheet = xlsx.Sheet("People", ([at, f"+9198{at:08d}", "Zoë", None] for at in range(count)))
        tracemalloc.start()
        xlsx.write_workbook(tmp_path / "c.xlsx", [sheet])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize("full", ["zipfile.ZipFile.write", "xlsxwriter.worksheet.Worksheet._write_cell"])
def test_a_full_disk_leaves_the_former_workbook_and_nothing_beside_it(
    called: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], full: str
) -> None:
    before = {path.name: path.read_bytes() for path in called.iterdir() if path.suffix == ".xlsx"}

    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(full, no_space)
    assert main(["results", str(called / "c.toml")]) == 2
    gc.collect()
    said = capsys.readouterr().err
    assert "c.results.xlsx cannot be written (No space left on device). The CSV has all of it." in said
    assert said.count("\n") == 1
    assert {path.name: path.read_bytes() for path in called.iterdir() if ".xlsx" in path.name} == before


def test_without_the_writer_a_workbook_is_refused_before_anybody_is_called(
    called: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    campaign = str(called / "c.toml")
    for command in (["check", campaign], ["run", campaign, "--sandbox", "--yes"], ["results", campaign]):
        assert main(command) == 2
        assert "pip install 'dialer[xlsx]'" in capsys.readouterr().err
    (called / "c.toml").write_text((called / "c.toml").read_text(encoding="utf-8").replace(XLSX, ""), encoding="utf-8")
    assert main(["results", campaign]) == 0
    assert main(["results", campaign, "--to", str(called / "monday.xlsx")]) == 2
    assert "monday.xlsx: a workbook needs the package that writes it" in capsys.readouterr().err


def test_a_day_that_no_spreadsheet_has_is_a_text(tmp_path: Path) -> None:
    days = [dt.datetime(1899, 12, 31, tzinfo=dt.UTC), dt.datetime(1900, 3, 1, 1, 2, 3, tzinfo=dt.UTC)]
    path = tmp_path / "c.xlsx"
    xlsx.write_workbook(path, [xlsx.Sheet("People", [["day"], *([xlsx.as_cell(day)] for day in days)])])
    cells = [cell.value for cell in openpyxl.load_workbook(path)["People"]["A"]]
    assert cells == ["day", "1899-12-31T00:00:00+00:00", dt.datetime(1900, 3, 1, 1, 2, 3)]  # noqa: DTZ001 - no zones there
