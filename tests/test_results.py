"""The results CSV's promises: cells unharmed, whole or not at all, and read back whatever was done to it."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import multiprocessing
import os
import resource
import signal
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.config.batch import Batch
from dialer.errors import InputError, LedgerError, LockedError
from dialer.escaping import guarded, unguarded
from dialer.export.results import ResultsFile, read_back
from dialer.export.results.cells import original, shown
from dialer.export.results.columns import OWN
from dialer.messages.commands import Selection
from dialer.models import ResultRow, Status
from dialer.operations import results_frame
from dialer.operations.results import rewrite_results
from dialer.store import Written
from dialer.store.sqlite import Ledger, locked
from tests.harness import PATIENCE
from tests.ledgers import (
    BINDING,
    HEADER,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    intend,
    key_of,
    load,
    number_of,
    opened,
    people,
    row,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.synchronize import Event
    from pathlib import Path

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
AWKWARD = [
    "",
    "007",
    " padded ",
    'a "quote"',
    "a,b;c\td",
    "two\nlines",
    "two\r\nlines",
    "'",
    "''",
    "=1+1",
    "-",
    "+1",
    "@x",
]
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def result(
    index: int,
    status: Status = Status.QUEUED,
    *,
    key: str | None = None,
    number: str | None = None,
    error: str | None = None,
    cells: dict[str, str] | None = None,
) -> ResultRow:
    sent = status in {Status.QUEUED, Status.ERROR, Status.UNKNOWN}
    return ResultRow(
        position=index,
        key=key_of(index) if key is None else key,
        number=number or key_of(index),
        status=status,
        execution_id=f"exec-{index}" if status is Status.QUEUED else "",
        error=error or ("" if status is Status.QUEUED else "why, in words"),
        http_status=200 if sent else None,
        attempts=int(sent),
        updated_at=AT if sent else None,
        cells=cells or {"phone": key_of(index), "name": AWKWARD[index % len(AWKWARD)]},
    )


def written(index: int, status: Status = Status.QUEUED) -> Written:
    """Return what `result(index, status)` is read back as."""
    made = result(index, status)
    return Written(
        key=made.key,
        number=number_of(index),
        status=status,
        execution_id=made.execution_id,
        error=made.error,
        http_status=made.http_status,
        attempts=made.attempts,
        updated_at=AT.timestamp(),
        cells=tuple(made.cells.values()),
    )


def file_at(path: Path, *, header: Sequence[str] = HEADER, with_id: bool = False, bom: bool = False) -> ResultsFile:
    return ResultsFile(path, header=header, with_id=with_id, bom=bom)


ATTEMPTED = [result(1), result(2, Status.UNKNOWN), result(3, Status.ERROR)]
NEVER = [
    result(4, Status.PENDING),
    result(5, Status.INVALID, key="", number="12"),
    result(6, Status.SUPPRESSED, key=""),
]
READ = (written(1), written(2, Status.UNKNOWN), written(3, Status.ERROR))


@pytest.fixture
def results(path: Path) -> Path:
    """A results CSV of six people, three of them attempted."""
    file_at(path).write([*ATTEMPTED, *NEVER])
    return path


Table = list[list[str]]


def table(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


# -- cells -------------------------------------------------------------------------------------------------------


@given(cells)
def test_a_guarded_cell_is_harmless_and_comes_back(cell: str) -> None:
    harmless = guarded(cell)
    assert unguarded(harmless) == cell
    assert not harmless.startswith(("=", "@", "\t", "\r", "\n"))
    if harmless.startswith(("+", "-")):
        float(harmless)


@pytest.mark.parametrize("cell", ["+919812345678", "-5", "+1.5e3", "007", "plain", "1=1", " =1"])
def test_what_is_no_formula_is_left_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


@pytest.mark.parametrize("cell", ["=1", "@x", "+1+1", "-cmd", "+", "'quoted", "\t=1", "\r", "\n=1", "+\u0661"])
def test_what_a_spreadsheet_would_run_or_swallow_gets_one_mark(cell: str) -> None:
    assert guarded(cell) == "'" + cell


@given(st.one_of(cells, st.sampled_from(sorted(OWN)), st.sampled_from(sorted(OWN)).map(lambda name: f"input_{name}")))
def test_an_input_column_never_takes_a_name_of_ours_and_gets_its_own_back(column: str) -> None:
    assert shown(column) not in OWN
    assert original(shown(column)) == column


@given(st.lists(cells, unique=True))
def test_different_input_columns_stay_different(columns: list[str]) -> None:
    names = [*columns, *OWN, *(f"input_{name}" for name in OWN)]
    assert len({shown(name) for name in names}) == len(set(names))


def test_the_columns_come_in_their_order(path: Path) -> None:
    file_at(path, header=("phone", "status", "=x"), with_id=True).write([])
    assert table(path) == [[
        "row", "id", "recipient_phone_number", "status", "execution_id", "error", "reason", "http_status",
        "attempts", "updated_at", "key", "phone", "input_status", "'=x",
    ]]  # fmt: skip


def test_a_row_is_written_as_described(path: Path) -> None:
    row = result(7, key="=A 1", error="@home", cells={"phone": "0981", "name": "'x"})
    file_at(path, with_id=True).write([row])
    assert table(path)[1] == [
        "7", "'=A 1", key_of(7), "queued", "exec-7", "'@home", "", "200", "1", "2026-11-22T10:30:00+00:00", "k:=A 1",
        "0981", "''x",
    ]  # fmt: skip


# -- written and read back ---------------------------------------------------------------------------------------

names = cells.map(str.strip).filter(bool)


@given(
    header=st.lists(st.one_of(names, st.sampled_from(sorted(OWN))), min_size=1, max_size=4, unique=True),
    contents=st.lists(st.lists(st.one_of(cells, st.sampled_from(AWKWARD)), min_size=4, max_size=4), max_size=4),
    keys=st.lists(cells.filter(bool), min_size=4, max_size=4, unique=True),
    with_id=st.booleans(),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    header: list[str],
    contents: Table,
    keys: list[str],
    with_id: bool,  # noqa: FBT001 - Hypothesis passes it by name
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.csv"
    rows = [
        result(at, key=keys[at] if with_id else None, cells=dict(zip(header, content, strict=False)))
        for at, content in enumerate(contents)
    ]
    file_at(path, header=header, with_id=with_id).write(rows)
    back = read_back(path, with_id=with_id)
    assert back.header == tuple(header)
    assert back.with_id == with_id
    assert [(found.key, found.number, found.execution_id, found.cells) for found in back.rows] == [
        (row.key, number_of(at), row.execution_id, tuple(row.cells[name] for name in header))
        for at, row in enumerate(rows)
    ]


def test_everything_about_an_attempt_is_read_back(results: Path) -> None:
    back = read_back(results, with_id=False)
    assert tuple(back.rows) == READ
    assert back.never_sent == 3
    assert back.last_at == AT.timestamp()


def test_a_frame_has_the_columns_of_the_csv_and_every_cell_as_it_was_read(batch: Batch) -> None:
    with contextlib.closing(opened(batch.ledger)) as ledger:
        load(ledger, [row(at, at, cell) for at, cell in enumerate(AWKWARD, 1)])
        call(ledger, 1, QUEUED)
    rewrite_results(batch)
    frame = results_frame(batch)
    header, *lines = table(batch.results)
    assert list(frame.columns) == header
    assert frame.to_numpy().tolist() == [[unguarded(cell) for cell in line] for line in lines]
    assert frame["name"].tolist() == AWKWARD


def test_the_reason_tells_those_who_were_refused_from_those_who_are_unknown(path: Path, tmp_path: Path) -> None:
    with contextlib.closing(opened(tmp_path / "x.ledger")) as ledger:
        people(ledger, 4)
        for index, answer in enumerate((QUEUED, REFUSED, UNCLEAR), 1):
            call(ledger, index, answer)
        file_at(path).write(ledger.results())
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == ["", "refused", "unknown", ""]


def test_a_file_of_a_version_without_the_reason_column_is_read_also_where_the_list_has_one(path: Path) -> None:
    header = ("phone", "reason")
    file_at(path, header=header).write([result(1, cells={"phone": key_of(1), "reason": "rent"})])

    def as_it_was(content: Table) -> Table:
        at = content[0].index("reason")
        lines = [[*line[:at], *line[at + 1 :]] for line in content]
        return [[cell.replace("input_reason", "reason") for cell in line] for line in lines]

    for change in (list, as_it_was, reversed_columns):
        saved(path, change)
        back = read_back(path, with_id=False)
        assert (set(back.header), len(back.rows)) == (set(header), 1)
        assert [dict(zip(back.header, found.cells, strict=True))["reason"] for found in back.rows] == ["rent"]


def test_sending_never_appears(path: Path, tmp_path: Path) -> None:
    with contextlib.closing(opened(tmp_path / "x.ledger")) as ledger:
        people(ledger, 2)
        intend(ledger, 1)
        file_at(path).write(ledger.results())
    assert [line[2] for line in table(path)] == ["status", "unknown", "pending"]
    (found,) = read_back(path, with_id=False).rows
    assert (found.key, found.status) == (key_of(1), Status.UNKNOWN)
    assert found.updated_at is not None


def test_an_empty_file_says_nothing(path: Path) -> None:
    path.touch()
    assert tuple(read_back(path, with_id=False).rows) == ()


def test_a_header_alone_says_nothing(path: Path) -> None:
    file_at(path).write([])
    back = read_back(path, with_id=False)
    assert (tuple(back.rows), back.header, back.last_at) == ((), HEADER, None)


# -- as a spreadsheet saves it -----------------------------------------------------------------------------------


def saved(
    path: Path,
    change: Callable[[Table], Table] = list,
    *,
    delimiter: str = ",",
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL,
    lineterminator: str = "\r\n",
    encoding: str = "utf-8",
) -> None:
    """Save a results CSV as another program would."""
    content = change(table(path))
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=lineterminator).writerows(content)


def reversed_columns(content: Table) -> Table:
    return [line[::-1] for line in content]


def scientific(content: Table) -> Table:
    """Show numbers as a spreadsheet does, but for the keys, which are text."""
    head, *rows = content
    at = [head.index("recipient_phone_number"), head.index("phone")]
    return [
        head,
        *([f"{float(cell):.5E}" if i in at and "+" in cell else cell for i, cell in enumerate(r)] for r in rows),
    ]


def without_marks(content: Table) -> Table:
    """Some programs take the apostrophe for their own and leave it out."""
    return [[cell.removeprefix("'") for cell in line] for line in content]


def without_trailing_empties(content: Table) -> Table:
    """Excel leaves out the delimiters of empty cells at the end of rows."""
    return [line[: max(i for i, cell in enumerate(line) if cell) + 1] for line in content]


def shuffled(content: Table) -> Table:
    return [content[0], *content[:0:-1]]


def with_notes(content: Table) -> Table:
    return [[*line, "", "called him myself"[: 17 * (at == 2)]] for at, line in enumerate(content)]


def essence(path: Path) -> set[tuple[str, int | None, Status, str]]:
    rows = read_back(path, with_id=False).rows
    return {(found.key, found.number, found.status, found.execution_id) for found in rows}


DIALECTS: list[dict[str, Any]] = [
    {"delimiter": delimiter, "quoting": quoting, "lineterminator": lineterminator, "encoding": encoding}
    for delimiter in (",", ";", "\t")
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    for lineterminator in ("\r\n", "\n")
    for encoding in ("utf-8", "utf-8-sig")
]


@pytest.mark.parametrize(
    "change", [list, reversed_columns, scientific, without_marks, without_trailing_empties, shuffled, with_notes]
)
def test_it_is_understood_after_a_spreadsheet_saved_it(results: Path, change: Callable[[Table], Table]) -> None:
    before, content = essence(results), results.read_bytes()
    for dialect in DIALECTS:
        results.write_bytes(content)
        saved(results, change, **dialect)
        assert essence(results) == before, dialect


def test_a_last_line_without_an_end_is_whole_where_all_its_cells_are_there(path: Path) -> None:
    """Some programs leave it out."""
    file_at(path).write([result(1), result(2, Status.PENDING)])
    path.write_bytes(path.read_bytes().removesuffix(b"\r\n"))
    back = read_back(path, with_id=False)
    assert tuple(back.rows) == (written(1),)
    assert back.never_sent == 1


def test_input_columns_full_of_semicolons_do_not_pass_for_the_delimiter(path: Path) -> None:
    header = ("phone", ";".join("abcdefghijklmnop"), "two\nlines")
    file_at(path, header=header).write([result(1, cells=dict.fromkeys(header, "x"))])
    back = read_back(path, with_id=False)
    assert (back.header, len(back.rows)) == (header, 1)


def test_with_an_id_a_damaged_number_is_no_loss_where_the_ledger_knows_the_key(path: Path) -> None:
    file_at(path, with_id=True).write([result(1, key="A-1")])
    saved(path, scientific)
    (found,) = read_back(path, with_id=True, known={"A-1"}.__contains__).rows
    assert (found.key, found.number) == ("A-1", None)
    with pytest.raises(InputError, match="cannot be matched"):
        read_back(path, with_id=True)


def without(column: str, value: str = "") -> Callable[[Table], Table]:
    def change(content: Table) -> Table:
        at = content[0].index(column)
        return [content[0], *([*line[:at], value, *line[at + 1 :]] for line in content[1:])]

    return change


def test_without_its_key_a_row_is_matched_by_its_whole_number(results: Path) -> None:
    before = essence(results)
    saved(results, without("key"))
    assert essence(results) == before


def test_without_its_key_a_row_is_matched_by_its_id(path: Path) -> None:
    file_at(path, with_id=True).write([result(1, key="=A-1")])
    saved(path, without("key", "#NAME?"))
    assert [found.key for found in read_back(path, with_id=True).rows] == ["=A-1"]


# -- damage ------------------------------------------------------------------------------------------------------


def test_rows_that_match_nobody_are_refused_by_name(path: Path) -> None:
    file_at(path).write([result(index) for index in range(1, 9)])
    saved(path, lambda content: scientific(without("key")(content)))
    with pytest.raises(InputError) as refused:
        read_back(path, with_id=False)
    words = str(refused.value)
    assert "8 rows that may have been called" in words
    assert "row 2: 9.19800E+11, status queued" in words
    assert "... and 3 more" in words
    assert "Nothing was dialled" in words


@pytest.mark.parametrize("status", ["sending", "withdrawn", "called", "", "#REF!"])
def test_a_status_that_says_nothing_is_refused(results: Path, status: str) -> None:
    saved(results, without("status", status))
    with pytest.raises(InputError, match=r"6 rows .*cannot be matched"):
        read_back(results, with_id=False)


def test_a_shifted_row_is_refused(results: Path) -> None:
    saved(results, lambda content: [*content[:2], ["stray", *content[2]], *content[3:]])
    with pytest.raises(InputError, match=r"1 row .*cannot be matched(.|\n)*row 3"):
        read_back(results, with_id=False)


@pytest.mark.parametrize("column", ["status", "key", "recipient_phone_number"])
def test_a_missing_column_is_refused_by_name(results: Path, column: str) -> None:
    saved(results, lambda content: [[cell if cell != column else "x" for cell in content[0]], *content[1:]])
    with pytest.raises(InputError, match=f"no column '{column}'"):
        read_back(results, with_id=False)


def test_a_file_of_another_encoding_is_refused_with_what_to_do(path: Path) -> None:
    file_at(path).write([result(1, cells={"phone": "", "name": "Zoë"})])
    saved(path, encoding="cp1252")
    with pytest.raises(InputError, match="CSV UTF-8"):
        read_back(path, with_id=False)


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_back(tmp_path, with_id=False)


@pytest.mark.parametrize("bom", [False, True])
def test_a_torn_last_line_never_tells_of_somebody_else(path: Path, *, bom: bool) -> None:
    """Wherever a kill cuts it: it says what is true of its recipient, or that they are unknown, or nothing."""
    file = file_at(path, bom=bom)
    file.write([result(1)])
    whole = len(path.read_bytes())
    file.append([result(2, cells={"phone": "0981", "name": "a\nb"})])
    content = path.read_bytes()
    true = {(key_of(2), Status.QUEUED, "exec-2"), (key_of(2), Status.UNKNOWN, "")}
    seen = set()
    for end in range(whole, len(content)):
        path.write_bytes(content[:end])
        first, *torn = read_back(path, with_id=False).rows
        assert first == written(1)
        seen |= {(found.key, found.status, found.execution_id) for found in torn}
    assert seen <= true
    assert (key_of(2), Status.QUEUED, "exec-2") in seen


# -- whole or not at all -----------------------------------------------------------------------------------------


def test_a_new_file_is_readable_by_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        file_at(path).write([])
        file_at(path.with_name("appended.csv")).append([result(1)])
    finally:
        os.umask(before)
    assert {found.stat().st_mode & 0o777 for found in path.parent.iterdir()} == {0o600}


def test_mode_and_symbolic_link_are_kept(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "real.csv"
    target.parent.mkdir()
    target.touch()
    target.chmod(0o640)
    path.symlink_to(target)
    file = file_at(path)
    file.write([result(1)])
    file.append([result(2)])
    file.close()
    assert path.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert [line[0] for line in table(target)] == ["row", "1", "2"]
    assert [found.name for found in target.parent.iterdir()] == ["real.csv"]


def test_a_byte_order_mark_stands_once_at_the_beginning_however_the_file_came_about(path: Path) -> None:
    for begin in (ResultsFile.write, ResultsFile.append):
        path.unlink(missing_ok=True)
        file = file_at(path, bom=True)
        begin(file, [result(1)])
        file.append([result(2)])
        file.close()
        file_at(path, bom=True).append([result(3)])
        content = path.read_bytes()
        assert content.startswith(codecs.BOM_UTF8 + b"row,")
        assert content.count(codecs.BOM_UTF8) == 1
        assert tuple(read_back(path, with_id=False).rows) == tuple(written(index) for index in (1, 2, 3))


def test_a_failure_in_the_middle_leaves_the_former_file(results: Path) -> None:
    def breaks_off() -> Iterator[ResultRow]:
        yield from (result(index) for index in range(1, 2000))
        raise LedgerError("damaged")

    before = results.read_bytes()
    with pytest.raises(LedgerError):
        file_at(results).write(breaks_off())
    assert results.read_bytes() == before
    assert [found.name for found in results.parent.iterdir()] == [results.name]


def write_until_killed(path: Path, ready: Event) -> None:
    def endless() -> Iterator[ResultRow]:
        for index in range(1, 1_000_000):
            yield result(index)
            if index == 2000:
                ready.set()

    file_at(path).write(endless())


def test_a_kill_in_the_middle_leaves_the_former_file_and_no_heap_of_torn_ones(results: Path) -> None:
    before = results.read_bytes()
    context = multiprocessing.get_context("spawn")
    for _ in range(2):
        ready = context.Event()
        process = context.Process(target=write_until_killed, args=(results, ready))
        process.start()
        assert ready.wait(PATIENCE)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert results.read_bytes() == before
        assert len(list(results.parent.iterdir())) == 2
    file_at(results).write([])
    assert [found.name for found in results.parent.iterdir()] == [results.name]


@contextlib.contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_file_as_it_was_and_the_next_rows_fit(results: Path) -> None:
    file = file_at(results)
    file.append([result(7)])
    before = results.read_bytes()
    with no_file_longer_than(len(before) + 30):
        with pytest.raises(OSError, match=r"."):
            file.append([result(8), result(9)])
        assert results.read_bytes() == before
        with pytest.raises(OSError, match=r"."):
            file.write([result(index) for index in range(1000)])
    assert results.read_bytes() == before
    file.append([result(10)])
    assert [found.key for found in read_back(results, with_id=False).rows][-2:] == [key_of(7), key_of(10)]


# -- followed while it grows -------------------------------------------------------------------------------------


def test_rows_can_be_read_as_soon_as_they_are_appended(path: Path) -> None:
    file = file_at(path)
    file.write([result(1)])
    for index in (2, 3):
        file.append([result(index)])
        assert table(path)[-1][0] == str(index)
    assert len(table(path)) == 4


def test_a_file_that_was_deleted_is_made_anew(results: Path) -> None:
    file = file_at(results)
    file.append([result(7)])
    results.unlink()
    file.append([result(8)])
    assert [line[0] for line in table(results)] == ["row", "8"]


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize(
    ("change", "dialect"),
    [
        (list, {}),
        (reversed_columns, {"delimiter": ";", "lineterminator": "\n"}),
        (shuffled, {"delimiter": "\t", "quoting": csv.QUOTE_ALL, "encoding": "utf-8-sig"}),
        (with_notes, {}),
    ],
)
def test_rows_are_appended_in_the_form_that_another_program_saved(
    results: Path, *, in_place: bool, change: Callable[..., Any], dialect: dict[str, Any]
) -> None:
    file = file_at(results)
    file.append([result(7)])
    if in_place:
        saved(results, change, **dialect)
    else:
        copy = results.with_name("copy.csv")
        copy.write_bytes(results.read_bytes())
        saved(copy, change, **dialect)
        copy.replace(results)
    file.append([result(8, cells={"phone": "x", "name": "=1;,\t"})])
    file.append([result(9, Status.ERROR)])
    back = {found.key: found for found in read_back(results, with_id=False).rows}
    assert back.keys() == {key_of(index) for index in (1, 2, 3, 7, 8, 9)}
    assert "=1;,\t" in back[key_of(8)].cells


@pytest.mark.parametrize("ending", [b"", b"\r\n8,+9198"])
def test_rows_are_not_glued_to_a_line_without_an_end(results: Path, ending: bytes) -> None:
    """Another program may leave it out, or a kill tear it."""
    file = file_at(results)
    results.write_bytes(results.read_bytes().removesuffix(b"\r\n") + ending)
    file.append([result(7)])
    assert table(results)[-1][0] == "7"
    assert len(table(results)[-1]) == len(table(results)[0])


def test_a_file_that_is_none_of_ours_any_more_is_appended_to_all_the_same(results: Path) -> None:
    file = file_at(results)
    results.write_text("notes\n", encoding="utf-8")
    file.append([result(7)])
    assert table(results)[-1][:3] == ["7", key_of(7), "queued"]


# -- from the ledger ---------------------------------------------------------------------------------------------


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    names = ("c.toml", "list.csv", "c.results.csv", "c.results.ledger")
    campaign, recipients, results, ledger = (tmp_path / name for name in names)
    return Batch(
        name="c",
        campaign=campaign,
        recipients=recipients,
        results=results,
        ledger=ledger,
        selection=Selection(campaign),
    )


def test_the_results_can_be_written_anew_from_the_ledger(batch: Batch) -> None:
    with contextlib.closing(opened(batch.ledger)) as ledger:
        people(ledger, 5)
        for index, answer in ((1, QUEUED), (2, REFUSED), (3, UNCLEAR)):
            call(ledger, index, answer)
        intend(ledger, 4)
        load(ledger, [row(1, 5), row(2, 4), row(3, 3), row(4, 2)])
    batch.results.write_text("damaged", encoding="utf-8")
    batch.results.unlink()
    assert rewrite_results(batch) == 5
    lines = list(csv.DictReader(io.StringIO(batch.results.read_text(encoding="utf-8"))))
    assert [(line["row"], line["key"][2:], line["status"]) for line in lines] == [
        ("1", key_of(5), "pending"),
        ("2", key_of(4), "unknown"),
        ("3", key_of(3), "unknown"),
        ("4", key_of(2), "error"),
        ("", key_of(1), "queued"),
    ]


def test_the_results_are_not_written_while_a_run_writes_them(batch: Batch) -> None:
    opened(batch.ledger).close()
    with locked(batch.lock, command="run"), pytest.raises(LockedError, match="dialer run"):
        rewrite_results(batch)
    assert not batch.results.exists()


def test_the_results_of_a_batch_come_back_whole_into_an_empty_ledger(path: Path, tmp_path: Path) -> None:
    with contextlib.closing(opened(tmp_path / "one.ledger")) as ledger:
        people(ledger, 6)
        for index, answer in ((1, QUEUED), (2, REFUSED), (3, UNCLEAR)):
            call(ledger, index, answer)
        intend(ledger, 4)
        load(ledger, (row(index, index) for index in (1, 2, 5, 6)))
        before = list(ledger.results())
        file_at(path).write(before)
    back = read_back(path, with_id=False)
    with contextlib.closing(Ledger.open(tmp_path / "two.ledger", binding=BINDING, batch="monday")) as ledger:
        ledger.merge(back.header, back.rows)
        load(ledger, (row(index, index) for index in (1, 2, 5, 6)))
        after = list(ledger.results())
    assert [replace(found, updated_at=None) for found in after] == [replace(found, updated_at=None) for found in before]


def test_results_are_read_back_without_being_held(tmp_path: Path) -> None:
    """A million rows would fill the memory of a small machine."""
    path = tmp_path / "r.csv"
    rows = (f'{at},+9198{at:08d},queued,id-{at},,200,1,,k:+9198{at:08d},"{"x" * 100}"\n' for at in range(4_000))
    head = "row,recipient_phone_number,status,execution_id,error,http_status,attempts,updated_at,key,name\n"
    path.write_text(head + "".join(rows), encoding="utf-8")
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_back(path, with_id=False).rows) == 4_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
