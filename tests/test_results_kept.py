"""A results file is written anew only from the first row that differs, and is as if all of it had been."""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
from typing import TYPE_CHECKING

import pytest

from dialer.export.results import STAMP, ResultsFile
from dialer.models import Status
from dialer.operations.results import begin_writing, may_know_more, write_results
from dialer.provider.bolna.executions import execution_in
from tests.ledgers import HEADER, QUEUED, UNCLEAR, call, crashed, intend, key_of, load, opened, people, render, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dialer.models import ResultRow
    from dialer.store import Written
    from dialer.store.sqlite import Ledger

STEP = 10
CALLED = 3 * STEP
PEOPLE = CALLED + 5


@pytest.fixture(autouse=True)
def near_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.export.results.places.STEP", STEP)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with contextlib.closing(opened(tmp_path / "monday.ledger")) as ledger:
        yield ledger


@pytest.fixture(params=[False, True], ids=["plain", "bom"])
def file(tmp_path: Path, request: pytest.FixtureRequest) -> ResultsFile:
    return ResultsFile(tmp_path / "monday.csv", header=HEADER, with_id=False, bom=request.param)


@pytest.fixture
def written(ledger: Ledger, file: ResultsFile) -> Callable[[], int]:
    """Call nearly everybody and write the results; return what counts the rows that are written from then on."""
    people(ledger, PEOPLE)
    attempts = ledger.intend(ledger.page(after=0, size=CALLED), render)
    answers = (dataclasses.replace(QUEUED, execution_id=f"exec-{attempt.id}") for attempt in attempts)
    ledger.settle(list(zip(attempts, answers, strict=True)))
    write_results(ledger, file)
    count = 0
    original = file._cells

    def counted(result: ResultRow) -> list[object]:
        nonlocal count
        count += 1
        return original(result)

    file._cells = counted  # type: ignore[method-assign,assignment]
    return lambda: count


def is_as_from_the_ledger_alone(file: ResultsFile, ledger: Ledger, *, pending: bool = True) -> bool:
    header = ledger.header()
    bom = file.path.read_bytes().startswith(codecs.BOM_UTF8)
    assert bom == bool(file._mark)
    whole = ResultsFile(file.path.with_suffix(".whole"), header=header, with_id=False, bom=bom)
    whole.write(ledger.results(pending=pending), calls=ledger.call_parts())
    return file.path.read_bytes() == whole.path.read_bytes()


def test_a_run_that_goes_on_writes_the_rows_that_were_left(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    write_results(ledger, file, pending=False)
    assert is_as_from_the_ledger_alone(file, ledger, pending=False)
    call(ledger, CALLED + 2, UNCLEAR)
    file.append(ledger.results_of([CALLED + 2]))
    write_results(ledger, file)
    assert is_as_from_the_ledger_alone(file, ledger)
    assert written() == 1 + (PEOPLE - CALLED)


def told(ledger: Ledger, attempt: int, status: str = "completed") -> None:
    found = execution_in({"id": f"exec-{attempt}", "status": status})
    assert found is not None
    ledger.note_calls([(attempt, found)])


def shown_with_transcripts(ledger: Ledger) -> None:
    told(ledger, CALLED)
    ledger.show_call_parts(["transcript"])


CHANGES: dict[str, Callable[[Ledger], object]] = {
    "a call of the first row is told": lambda ledger: told(ledger, 1),
    "somebody in the middle left the list": lambda ledger: load(
        ledger, [row(at, index) for at, index in enumerate([*range(1, STEP), *range(STEP + 1, PEOPLE)], 1)]
    ),
    "the list is empty": lambda ledger: load(ledger, []),
    "other columns are shown": shown_with_transcripts,
    "a call that nobody knew of was found": lambda ledger: ledger.doubt([919800000034], execution_id="theirs"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_is_shown(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int], change: str
) -> None:
    CHANGES[change](ledger)
    write_results(ledger, file)
    assert is_as_from_the_ledger_alone(file, ledger)
    assert written()


def test_what_changed_while_the_file_was_written_is_shown_the_next_time(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    told(ledger, CALLED)
    write_results(ledger, file)
    results = ledger.results

    def meanwhile(**options: object) -> Iterator[ResultRow]:
        yield from results(**options)  # type: ignore[arg-type] # as the original
        told(ledger, 2)

    ledger.results = meanwhile  # type: ignore[method-assign]
    write_results(ledger, file)
    ledger.results = results  # type: ignore[method-assign]
    assert not is_as_from_the_ledger_alone(file, ledger)
    write_results(ledger, file)
    assert is_as_from_the_ledger_alone(file, ledger)
    assert written()


def test_a_row_in_the_middle_costs_no_more_than_what_stands_behind_it(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    told(ledger, CALLED)
    write_results(ledger, file)
    before = written()
    told(ledger, 2 * STEP + 1)
    write_results(ledger, file)
    assert is_as_from_the_ledger_alone(file, ledger)
    assert written() - before == PEOPLE - 2 * STEP


def test_a_file_that_a_person_has_changed_is_written_whole(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    text = file.path.read_bytes()
    file.path.write_bytes(text.replace(b"name 7", b"Name 7"))
    write_results(ledger, file)
    assert file.path.read_bytes() == text
    assert written() == PEOPLE


def test_a_mark_that_is_asked_for_later_is_written_and_one_that_is_not_any_more_is_not(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    other = ResultsFile(file.path, header=HEADER, with_id=False, bom=not file._mark)
    write_results(ledger, other)
    assert is_as_from_the_ledger_alone(other, ledger)
    write_results(ledger, file)
    assert is_as_from_the_ledger_alone(file, ledger)
    assert written() == PEOPLE


def test_a_kill_while_it_is_written_takes_nothing_from_the_next_one(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    """Neither a line that changed before the kill nor one that changed after it stays as it was."""
    intend(ledger, CALLED + 1)
    told(ledger, CALLED)
    begin_writing(ledger)
    again = crashed(ledger)
    told(again, STEP)
    write_results(again, file)
    assert is_as_from_the_ledger_alone(file, again)
    assert result_status(again, CALLED + 1) is Status.UNKNOWN
    assert again.note(STAMP)
    assert written() == PEOPLE
    again.close()


def result_status(ledger: Ledger, position: int) -> Status:
    (found,) = ledger.results_of([position])
    return found.status


def added(file: ResultsFile, ledger: Ledger, *positions: int) -> None:
    """Have people called and their lines appended, as a run does that is killed then."""
    for position in positions:
        call(ledger, position, dataclasses.replace(QUEUED, execution_id=f"exec-{position}"))
    file.append(ledger.results_of(positions))
    file.close()


def test_after_a_kill_only_the_lines_are_read_that_were_added(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int]
) -> None:
    write_results(ledger, file, pending=False)
    added(file, ledger, CALLED + 1, CALLED + 2)
    read: list[Written] = []
    behind = ledger.behind

    def noted(rows: Iterable[Written]) -> int:
        read.extend(rows)
        return behind(read)

    ledger.behind = noted  # type: ignore[method-assign]
    assert not may_know_more(file.path, ledger, with_id=False)
    assert [one.key for one in read] == [key_of(CALLED + 1), key_of(CALLED + 2)]
    assert written()


@pytest.mark.parametrize("edit", ["in the middle", "of a later run", "torn"])
def test_whatever_else_is_in_the_results_after_a_kill_is_seen(
    ledger: Ledger, file: ResultsFile, written: Callable[[], int], edit: str
) -> None:
    write_results(ledger, file, pending=False)
    added(file, ledger, CALLED + 1)
    text = file.path.read_bytes()
    if edit == "in the middle":
        file.path.write_bytes(text.replace(b"9800000007", b"9700000007"))
    elif edit == "of a later run":
        line = text.splitlines(keepends=True)[-1]
        file.path.write_bytes(text + line.replace(b"9198", b"9197").replace(b"exec-", b"their-"))
    else:
        file.path.write_bytes(text[:-9].replace(b"9198", b"9197"))
    assert may_know_more(file.path, ledger, with_id=False)
    assert written()
