"""A ledger that does not know of all calls: an older copy of it, or a new one where it was lost."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import sqlite3
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import httpx
import pytest

from dialer.cli import main
from dialer.engine.progress import Progress
from dialer.errors import ExitCode, InputError, LeftError
from dialer.operations import opening
from dialer.provider.bolna.sandbox import Settings, running
from dialer.store.ledger import gaps
from tests.place import AGENT, HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from pathlib import Path

    from dialer import Summary

LISTED = "GET /v2/agent/{agent_id}/executions"
FILES = ("c.results.ledger", "c.results.csv", "c.results.ledger.lock", "c.results.ledger.mark")


@pytest.fixture(autouse=True)
def _half_an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was placed is listed by now."""
    monkeypatch.setattr(gaps, "LATE", 0.0)


@pytest.fixture
def path(place: Place) -> Path:
    """A campaign for thirty people."""
    place.recipients(awkward(30), header=HEADER)
    return place.campaign()


def copy(place: Place, start: str, to: str, *, files: tuple[str, ...] = FILES) -> None:
    for name in files:
        shutil.copyfile(place.folder / f"{start}{name}", place.folder / f"{to}{name}")


def back_up(place: Place) -> None:
    copy(place, "", "old ")


def restore(place: Place, *files: str) -> None:
    """Put old copies into the files that are there."""
    copy(place, "old ", "", files=files)


def lose_a_run(place: Place, path: Path, *files: str) -> None:
    """Call twelve, then ten more, and have old copies of files in which only the twelve are known."""
    run(path, limit=12)
    back_up(place)
    run(path, limit=10)
    restore(place, *files)


def called(place: Place) -> list[str]:
    return sorted(call["recipient_phone_number"] for call in place.calls())


def told(summary: Summary) -> str:
    return "\n".join(summary.notes)


EVERYBODY = [number(index) for index in range(30)]


def test_ledger_and_results_from_a_backup_call_nobody_again(place: Place, path: Path) -> None:
    lose_a_run(place, path, *FILES[:3])

    summary = run(path)

    assert "an older copy: 10 calls found at Bolna were not in it" in told(summary)
    assert summary.sent == 8
    assert called(place) == EVERYBODY
    assert [row["status"] for row in place.results()] == ["queued"] * 30


def test_an_older_ledger_beside_results_that_tell_nothing_new_calls_nobody_again(place: Place, path: Path) -> None:
    """As when a run is killed before any of its calls has a row."""
    lose_a_run(place, path, *FILES[:2])

    assert run(path).sent == 8
    assert called(place) == EVERYBODY


@pytest.mark.parametrize("lost", [FILES[:2], FILES[:1]], ids=["ledger and results", "the ledger"])
def test_what_the_mark_alone_remembers_is_enough(place: Place, path: Path, lost: tuple[str, ...]) -> None:
    run(path, limit=12)
    for name in lost:
        (place.folder / name).unlink()
    results = place.folder / "c.results.csv"
    if results.exists():
        results.write_text(results.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")

    assert run(path).sent == 18
    assert called(place) == EVERYBODY


def test_no_change_of_files_that_keeps_what_is_in_them_makes_a_ledger_doubtful(place: Place, path: Path) -> None:
    """`chmod`, `chown`, `touch`, and the whole folder copied elsewhere, put back and renamed."""
    run(path, limit=12)
    for name in FILES:
        (place.folder / name).chmod(0o640)
        os.chown(place.folder / name, os.getuid(), os.getgid())
        os.utime(place.folder / name, (1.0, 1.0))
    elsewhere = shutil.copytree(place.folder, place.folder.with_name("elsewhere"))
    shutil.rmtree(place.folder)
    shutil.copytree(elsewhere, place.folder)

    summary = run(path)

    assert summary.sent == 18
    assert "older copy" not in told(summary)
    assert called(place) == EVERYBODY


def test_a_mark_older_than_its_ledger_says_nothing_against_it(place: Place, path: Path) -> None:
    """As a power loss may leave it."""
    lose_a_run(place, path, "c.results.ledger.mark")
    assert "older copy" not in told(run(path))
    assert called(place) == EVERYBODY


@pytest.mark.parametrize("content", [None, "", "3 0123 12 1.5 0123456789abcdef", "\0" * 160])
def test_without_its_mark_a_ledger_is_an_older_copy(place: Place, path: Path, content: str | None) -> None:
    run(path, limit=12)
    mark = place.folder / "c.results.ledger.mark"
    mark.unlink()
    if content is not None:
        mark.write_text(content, encoding="utf-8")
    assert main(["reconcile", str(path)]) == 0
    assert place.sandbox.traffic.requests[LISTED]
    assert run(path).sent == 18
    assert called(place) == EVERYBODY


def test_a_disk_that_was_restored_whole_calls_nobody_again(place: Place, path: Path) -> None:
    """As by a snapshot of a virtual machine: nothing on it tells of the calls since, but Bolna does."""
    lose_a_run(place, path, *FILES)

    summary = run(path)

    assert "an older copy: 10 calls found at Bolna were not in it" in told(summary)
    assert summary.sent == 8
    assert called(place) == EVERYBODY


def test_beside_an_older_copy_nobody_is_called_for_half_an_hour(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bolna may list a call late; only then is it known who was called meanwhile."""
    lose_a_run(place, path, *FILES[:3])
    settings = place.sandbox.settings
    place.sandbox.book._settings = replace(settings, listed_after=1000.0)
    with monkeypatch.context() as patch:
        patch.setattr(gaps, "LATE", 1800.0)
        for _ in range(2):
            summary = run(path)
            assert (summary.sent, summary.exit_code) == (0, ExitCode.LEFT)
            assert "no calls are made before" in told(summary)
        assert main(["run", str(path), "--yes"]) == ExitCode.LEFT
        assert "No one is called now." in capsys.readouterr().err
    place.sandbox.book._settings = settings

    assert run(path).sent == 8
    assert called(place) == EVERYBODY


def test_a_call_from_elsewhere_leaves_its_person_unknown_and_the_others_are_called(place: Place, path: Path) -> None:
    """Somebody has called a number of the list from Bolna's dashboard, with the same agent."""
    run(path, limit=12)
    by_hand(place, number(20))

    summary = run(path)

    assert "1 person was called by something other than this ledger" in told(summary)
    assert (summary.sent, summary.exit_code) == (17, ExitCode.LOOK)
    assert called(place) == EVERYBODY
    assert [row["recipient_phone_number"] for row in place.results() if row["status"] == "unknown"] == [number(20)]


def by_hand(place: Place, to: str) -> None:
    request = {"agent_id": AGENT, "recipient_phone_number": to, "user_data": {"customer_name": "Ann"}}
    httpx.post(
        f"{place.sandbox.base_url}/call", json=request, headers={"Authorization": "Bearer bn-x"}
    ).raise_for_status()


def test_while_bolna_cannot_be_searched_a_ledger_that_agrees_with_its_mark_goes_on(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(path, limit=12)
    monkeypatch.setattr("dialer.provider.bolna.client.reading._WAITS", (0.01,))
    place.sandbox.other_strikes.force("garbage", "garbage", "garbage")

    summary = run(path)

    assert "could not be searched to the end" in told(summary)
    assert summary.sent == 18


COMBINATIONS = [tuple(chosen) for size in range(1, 5) for chosen in combinations(FILES, size)]
SAMPLED = (FILES[:1], FILES[3:], FILES[:1] + FILES[3:], FILES[1:2] + FILES[3:])


@pytest.mark.parametrize(
    "files",
    [pytest.param(files, marks=() if files in SAMPLED else pytest.mark.long) for files in COMBINATIONS],
    ids=str,
)
def test_whichever_files_come_back_from_a_backup_nobody_is_called_twice(
    place: Place, path: Path, files: tuple[str, ...]
) -> None:
    lose_a_run(place, path, *files)
    assert run(path).sent == 8
    assert called(place) == EVERYBODY


def test_while_nobody_touched_the_files_bolna_is_asked_for_one_page_at_each_start(place: Place, path: Path) -> None:
    run(path, limit=12)
    for command in ("status", "results", "report", "check"):
        assert main([command, str(path)]) == 0
    assert place.sandbox.traffic.requests[LISTED] == 0
    run(path)
    assert place.sandbox.traffic.requests[LISTED] == 1
    assert called(place) == EVERYBODY


def test_a_newer_copy_that_comes_back_after_an_older_one_has_called_is_an_older_copy_too(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older one must not bring the mark down: it alone tells of its calls while Bolna does not list them yet."""
    run(path, limit=12)
    back_up(place)
    for _ in range(3):
        run(path, limit=3)
    copy(place, "", "newer ")
    restore(place, *FILES[:3])
    run(path, limit=4)
    copy(place, "newer ", "", files=FILES[:3])
    monkeypatch.setattr(gaps, "LATE", 1800.0)
    with running(Settings(other_faults={"garbage": 1})) as broken, monkeypatch.context() as patch:
        patch.setenv("BOLNA_BASE_URL", broken.base_url)
        with pytest.raises(LeftError, match="does not know all calls"):
            run(path)
    assert run(path).sent == 0
    monkeypatch.setattr(gaps, "LATE", 0.0)
    assert run(path).sent == 5
    assert called(place) == EVERYBODY


@pytest.mark.parametrize("files", [FILES[:1], FILES[:2], FILES[:3]], ids=str)
def test_beside_another_batchs_older_copy_nobody_is_called_until_that_batch_knows_its_calls(
    place: Place, path: Path, files: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    lose_a_run(place, path, *files)
    other = place.campaign(name="other")

    summary = run(other, new_batch=True)

    assert (summary.exit_code, summary.sent) == (ExitCode.MUST_ACT, 0)
    assert "c.results.ledger: this ledger of another batch does not know all calls" in summary.ended
    assert main(["reconcile", str(path)]) == 0
    capsys.readouterr()
    assert run(other, new_batch=True).sent == 8
    assert called(place) == EVERYBODY


def test_beside_a_batch_that_waits_since_its_ledger_was_lost_nobody_is_called(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(path, limit=22)
    for name in FILES[:2]:
        (place.folder / name).unlink()
    monkeypatch.setattr(gaps, "LATE", 1800.0)
    assert run(path).sent == 0
    other = place.campaign(name="other")
    assert run(other, new_batch=True).exit_code is ExitCode.MUST_ACT
    assert len(called(place)) == 22


def test_nobody_is_called_until_it_could_be_looked_up(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_run(place, path, *FILES[:3])
    with running(Settings(other_faults={"garbage": 1})) as broken, monkeypatch.context() as patch:
        patch.setenv("BOLNA_BASE_URL", broken.base_url)
        for _ in range(2):
            with pytest.raises(LeftError, match=r"(?s)The ledger does not know all calls.*Nothing was dialled"):
                run(path)
        assert not broken.book.calls
    assert run(path).sent == 8
    assert called(place) == EVERYBODY


def test_reconcile_finds_the_calls_of_which_an_older_ledger_does_not_know(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_a_run(place, path, *FILES[:3])
    assert main(["reconcile", str(path)]) == 0
    assert "an older copy: 10 calls found at Bolna were not in it" in capsys.readouterr().out
    assert [row["status"] for row in place.results()].count("queued") == 22


def test_who_comes_into_the_list_later_was_perhaps_called_by_the_lost_run(place: Place, path: Path) -> None:
    """The ledger of the backup has never seen them."""
    shorten(place, 12)
    run(path)
    back_up(place)
    place.recipients(awkward(30), header=HEADER)
    run(path)
    restore(place, *FILES[:3])
    shorten(place, 15)
    assert main(["reconcile", str(path)]) == 0
    assert run(path).sent == 0
    place.recipients(awkward(30), header=HEADER)
    assert run(path).sent == 0
    assert called(place) == EVERYBODY
    assert [row["status"] for row in place.results()] == ["queued"] * 30


def shorten(place: Place, count: int) -> None:
    place.recipients(awkward(30)[:count], header=HEADER)


def test_a_retry_that_the_ledger_does_not_know_is_not_made_again(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Settings(call_rate=None, number_faults={number(3): ("refused",)})) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        there = Place(place.folder, bolna)
        run(path)
        back_up(there)
        assert run(path, retry_errors=True).sent == 1
        restore(there, *FILES[:3])
        assert run(path).sent == 0
        assert run(path, retry_errors=True).sent == 0
        assert called(there) == EVERYBODY


def test_whose_number_a_lost_run_has_called_under_another_id_is_not_called(place: Place) -> None:
    header = ["id", *HEADER]
    place.recipients([[f"a{at}", *row] for at, row in enumerate(awkward(2))], header=header)
    path = place.campaign(more='[columns]\nid = "id"')
    run(path, limit=0)
    back_up(place)
    run(path)
    restore(place, *FILES[:3])
    place.recipients([[f"b{at}", *row] for at, row in enumerate(awkward(2))], header=header)
    assert run(path).sent == 0
    assert len(place.calls()) == 2


def test_results_that_a_spreadsheet_has_saved_make_no_ledger_doubtful(place: Place, path: Path) -> None:
    run(path, limit=12)
    results = place.folder / "c.results.csv"
    results.write_text(results.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert "older copy" not in told(run(path))


def test_a_link_to_the_ledger_is_no_other_batch(place: Place, path: Path) -> None:
    (place.folder / "disk").mkdir()
    (place.folder / "c.results.ledger").symlink_to(place.folder / "disk" / "real.ledger")
    assert run(path, limit=12).sent == 12
    assert run(path).sent == 18
    assert (place.folder / "disk" / "real.ledger.lock").exists()
    assert called(place) == EVERYBODY


@pytest.mark.parametrize("name", [FILES[0], *FILES[2:]])
def test_a_run_whose_ledger_is_taken_away_stops(
    place: Place, path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one beside it would not know of it."""
    monkeypatch.setattr(opening, "HEED_EVERY", 0.02)
    path.write_text(path.read_text(encoding="utf-8").replace("5000/second", "20/second", 1), encoding="utf-8")

    class Taken(Progress):
        def outcome(self, *_: object, **__: object) -> None:
            if len(place.calls()) >= 5 and not (place.folder / "away").exists():
                (place.folder / name).rename(place.folder / "away")

    summary = run(path, progress=Taken())

    assert "was moved or replaced" in summary.ended
    assert summary.exit_code is ExitCode.INTERRUPTED
    assert 5 <= len(place.calls()) < 30


def test_a_run_whose_ledger_is_replaced_leaves_the_results_of_whoever_works_on_the_other_one(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen run that goes on after another has called everybody must not write that nobody was called."""
    monkeypatch.setattr(opening, "HEED_EVERY", 0.02)
    path.write_text(path.read_text(encoding="utf-8").replace("5000/second", "20/second", 1), encoding="utf-8")

    class Replaced(Progress):
        is_done = False

        def outcome(self, *_: object, **__: object) -> None:
            if len(place.calls()) >= 5 and not self.is_done:
                self.is_done = True
                for name, content in ((FILES[0], (place.folder / FILES[0]).read_bytes()), (FILES[1], b"by another")):
                    (place.folder / "new").write_bytes(content)
                    (place.folder / "new").replace(place.folder / name)

    summary = run(path, progress=Replaced())

    assert "was moved or replaced" in summary.ended
    assert "its ledger was replaced while this was going on" in told(summary)
    written = (place.folder / FILES[1]).read_bytes()
    assert written.startswith(b"by another")
    assert b",pending," not in written


@pytest.mark.parametrize("column", ["status", "key", "execution_id"])
def test_results_whose_columns_were_shifted_apart_are_refused(place: Place, path: Path, column: str) -> None:
    """Sorted by itself, a column would say of others that they were called."""
    run(path, limit=12)
    results = place.folder / "c.results.csv"
    with results.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    at = head.index(column)
    cells = [row[at] for row in rows]
    shifted = [[*row[:at], cell, *row[at + 1 :]] for row, cell in zip(rows, cells[1:] + cells[:1], strict=True)]
    with results.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *shifted])
    with pytest.raises(InputError, match="cannot be matched to a person"):
        run(path)
    assert len(place.calls()) == 12


def test_a_ledger_that_version_0_1_left_is_no_older_copy(place: Place, path: Path) -> None:
    """It left no mark, but its lock names its last work."""
    run(path, limit=12)
    (place.folder / FILES[3]).unlink()
    with contextlib.closing(sqlite3.connect(place.folder / FILES[0])) as ledger, ledger:
        ledger.execute("DELETE FROM meta WHERE name IN ('start', 'intents', 'made')")
        (work,) = ledger.execute("SELECT value FROM meta WHERE name = 'work'").fetchone()
    (place.folder / FILES[2]).write_text(json.dumps({"left": {"work": work, "first": 1.0, "changed": 2.0}}))

    summary = run(path)

    assert summary.sent == 18
    assert "older copy" not in told(summary)
    assert (place.folder / FILES[3]).exists()
