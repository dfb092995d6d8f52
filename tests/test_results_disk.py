"""A results file on a disk that hangs or fails: calls and ledger go on, it is said in words, and nothing is missing."""

from __future__ import annotations

import errno
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dialer import RunOptions, load_campaign, run_campaign_sync
from dialer.export.results import ResultsFile
from dialer.operations.results import rewrite_results
from tests.harness import PATIENCE
from tests.place import Place, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer import Summary

PEOPLE = 25


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for in real time is short. Rows do not wait for each other."""
    monkeypatch.setattr("dialer.operations.results_writer.PATIENCE", 5.0)
    monkeypatch.setattr("dialer.operations.results_writer._GATHER", 0.0)


@pytest.fixture
def filled(place: Place) -> Place:
    place.recipients([[number(index), "N"] for index in range(PEOPLE)], header=["phone", "customer_name"])
    path = place.campaign()
    # So slowly that they are not all appended at once.
    path.write_text(path.read_text().replace("5000/second", "100/second", 1))
    return place


class Disk:
    """Hangs from the nth time that something is done to the results, until it is let go on.

    From then on half a second is long; before, a busy machine is no disk that hangs.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, what: str, *, turn: int, patience: float) -> None:
        self._goes_on = threading.Event()
        self._left = turn
        self.hung = threading.Event()
        original: Callable[..., Any] = getattr(ResultsFile, what)

        def hanging(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the original
            self._left -= 1
            if self._left <= 0:
                monkeypatch.setattr("dialer.operations.results_writer.PATIENCE", patience)
                self.hung.set()
                self._goes_on.wait()
            return original(*args, **options)

        monkeypatch.setattr(ResultsFile, what, hanging)

    def go_on(self) -> None:
        self._goes_on.set()


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Disk]]:
    """Make disks that hang; the threads that wait for them end with the test."""
    disks: list[Disk] = []

    def make(what: str, *, turn: int = 1, patience: float = 0.5) -> Disk:
        disks.append(Disk(monkeypatch, what, turn=turn, patience=patience))
        return disks[-1]

    yield make
    for disk in disks:
        disk.go_on()
    for thread in threading.enumerate():
        if thread.name == "results":
            thread.join()


def run(place: Place) -> Summary:
    return run_campaign_sync(load_campaign(place.folder / "c.toml"), RunOptions())


def called(place: Place) -> list[str]:
    return sorted(call["recipient_phone_number"] for call in place.calls())


@pytest.mark.parametrize(("what", "turn"), [("write_changed", 1), ("append", 1), ("append", 3), ("write_changed", 2)])
def test_everybody_is_called_while_the_results_disk_hangs(
    filled: Place, hangs: Callable[..., Disk], what: str, turn: int
) -> None:
    disk = hangs(what, turn=turn)
    summary = run(filled)
    assert disk.hung.is_set()
    assert called(filled) == [number(index) for index in range(PEOPLE)]
    (note,) = [note for note in summary.notes if "c.results.csv" in note]
    assert "c.results.csv does not answer: nothing could be written for" in note
    assert "The ledger records every call. When the file can be written again: dialer results" in note
    disk.go_on()


def test_a_disk_that_hangs_for_a_while_leaves_whole_results(filled: Place, hangs: Callable[..., Disk]) -> None:
    disk = hangs("append", turn=2, patience=PATIENCE)

    def let_go() -> None:
        disk.hung.wait()
        while len(filled.calls()) < PEOPLE:
            time.sleep(0.01)
        disk.go_on()

    helper = threading.Thread(target=let_go)
    helper.start()
    run(filled)
    helper.join()
    assert [row["status"] for row in filled.results()] == ["queued"] * PEOPLE


def test_after_a_disk_that_hung_the_results_are_written_by_the_command_that_was_named(
    filled: Place, hangs: Callable[..., Disk]
) -> None:
    hangs("append")
    run(filled)
    rewrite_results(load_campaign(filled.folder / "c.toml").batch)
    assert [row["status"] for row in filled.results()] == ["queued"] * PEOPLE
    assert all(row["execution_id"] for row in filled.results())


def test_the_next_run_completes_the_results(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:

        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr("dialer.export.results.file.ResultsFile.append", full)
        patch.setattr("dialer.export.results.file.ResultsFile.write_changed", full)
        summary = run(filled)
    (note,) = [note for note in summary.notes if "c.results.csv" in note]
    assert "c.results.csv cannot be written (No space left on device)" in note
    run(filled)
    assert [row["status"] for row in filled.results()] == ["queued"] * PEOPLE
    assert called(filled) == [number(index) for index in range(PEOPLE)]
