"""`dialer dnc`: who is on the workspace's list is not called by any run, from the moment the command returns."""

from __future__ import annotations

import contextlib
import csv
import itertools
import os
import random
import re
import resource
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dialer import load_campaign, run_campaign
from dialer.cli import main
from dialer.errors import DoNotCallError
from dialer.intake.do_not_call import SharedList, Suppression, Watch
from dialer.moments import by_clock
from dialer.operations import add_numbers, dnc, entries_of, listed_numbers
from dialer.store.do_not_call import Row
from dialer.store.engines import do_not_call_list
from tests.engines import EACH_ENGINE
from tests.harness import PATIENCE, Batch, Bolna, Forked, sandbox
from tests.place import Place, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADER = "number,since,source,ended,reason\n"


@pytest.fixture
def listed(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of a workspace with three people and a campaign; nobody is on it yet."""
    monkeypatch.chdir(place.folder)
    (place.folder / "dialer.toml").touch()
    place.recipients([[number(at)] for at in range(3)], header=["phone"])
    place.campaign()
    return place.folder / "do_not_call.csv"


def dialer(*words: str) -> int:
    return main(["run", "c.toml", "--yes", "--no-progress"] if words == ("run",) else list(words))


def called(place: Place) -> set[str]:
    return {call["recipient_phone_number"] for call in place.calls()}


# -- the verbs -----------------------------------------------------------------------------------------------------


@EACH_ENGINE
@pytest.mark.usefixtures("listed")
def test_who_was_called_already_may_still_hear_a_ring_and_is_named(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that is added too late: its call waits at Bolna, and only `cancel` takes it back."""
    assert dialer("run") == 0
    capsys.readouterr()
    assert dialer("dnc", "add", number(1)) == 0
    said = capsys.readouterr().out
    assert f"1 call was accepted by Bolna before ({number(1)}) and may still ring." in said
    assert f"dialer cancel {place.folder / 'c.toml'}" in said
    assert "begins a call to it." in said
    assert dialer("dnc", "add", "+919999999999", "+919999999998") == 0
    said = capsys.readouterr().out
    assert "may still ring" not in said
    assert "begins a call to them." in said


def test_who_is_on_the_list_is_suppressed_and_the_list_is_named(
    place: Place, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dialer("dnc", "add", "+91 98 0000 0001", "--source", "a letter") == 0
    assert dialer("check", "c.toml") == 0
    told = capsys.readouterr().out
    assert f"Do-not-call list of the workspace {listed}: 1 entry, 1 number; 1 recipient is on it." in told
    assert dialer("run") == 0
    assert called(place) == {number(0), number(2)}
    (row,) = [row for row in place.results() if row["recipient_phone_number"] == number(1)]
    assert (row["status"], row["error"]) == (
        "suppressed",
        "on the do-not-call list do_not_call.csv of the workspace, line 2",
    )
    assert "Not called: 1 suppressed." in capsys.readouterr().err
    assert dialer("show", number(1)) == 0
    since = next(csv.DictReader(listed.read_text().splitlines()))["since"]
    assert (
        f"on the do-not-call list of the workspace: since {by_clock(since)}, from a letter" in capsys.readouterr().out
    )


def test_who_is_taken_off_is_called_and_nothing_is_deleted(place: Place, listed: Path) -> None:
    add_numbers([number(1)], place.folder, source="a letter")
    assert dialer("run") == 0
    before = listed.read_bytes()
    assert dialer("dnc", "remove", number(1), "--reason", "asked for calls") == 0
    assert listed.read_bytes().startswith(before)
    assert dialer("run") == 0
    assert called(place) == {number(0), number(1), number(2)}
    (entry,) = listed_numbers(place.folder)
    assert (entry.is_in_force, entry.reason) == (False, "asked for calls")


def test_a_number_is_blocked_while_an_entry_of_any_source_is_in_force(
    place: Place, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in ("a letter", "the regulator"):
        add_numbers([number(1)], place.folder, source=source)
    before = listed.read_bytes()
    assert dialer("dnc", "remove", number(1), "--reason", "mistake") == 2
    assert "'a letter', 'the regulator'. Say which of these entries ends: --source" in capsys.readouterr().err
    assert listed.read_bytes() == before
    assert dialer("dnc", "remove", number(1), "--reason", "mistake", "--source", "a letter") == 0
    assert "still on the list" in capsys.readouterr().out
    assert dialer("run") == 0
    assert number(1) not in called(place)
    assert dialer("dnc", "remove", number(1), "--reason", "mistake", "--source", "the regulator") == 0
    assert dialer("run") == 0
    assert number(1) in called(place)
    assert dialer("dnc", "remove", number(1), "--reason", "mistake") == 2


@pytest.mark.usefixtures("listed")
def test_a_number_is_blocked_in_every_spelling_of_its_line(place: Place) -> None:
    place.recipients([["+55 11 98765 4321"], [number(0)]], header=["phone"])
    add_numbers(["+55 11 8765 4321"], place.folder)
    assert dialer("run") == 0
    assert called(place) == {number(0)}
    assert dialer("dnc", "remove", "+55 11 98765 4321", "--reason", "x") == 0
    assert not any(entry.is_in_force for entry in listed_numbers(place.folder))


@pytest.mark.parametrize("typed", ["+44 (0)20 7946 0958", "+4402079460958", "+44 20 79 46 09 58"])
def test_a_number_is_found_however_a_person_wrote_it(place: Place, listed: Path, typed: str) -> None:
    listed.write_text(f"{HEADER}{typed}\n{number(1)}\n", encoding="utf-8")
    assert [entry.number for entry in entries_of(442079460958, place.folder)] == ["+442079460958"]
    assert dialer("dnc", "remove", "+44 20 7946 0958", "--reason", "x") == 0
    assert [entry.number for entry in listed_numbers(place.folder) if entry.is_in_force] == [number(1)]


@pytest.mark.parametrize("wrong", ["98765", "hello", "+91 98765", "9.19877E+11", "9876543210", ""])
def test_what_is_not_a_whole_number_stops_the_whole_command(
    place: Place, listed: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dialer("dnc", "add", number(1), wrong, number(2)) == 2
    assert repr(wrong) in capsys.readouterr().err
    more = place.folder / "more.csv"
    more.write_text(f"phone,name\n{number(1)},A\n{wrong or 'x'},B\n", encoding="utf-8")
    assert dialer("dnc", "add", "--file", str(more)) == 2
    assert "line 3" in capsys.readouterr().err
    assert not listed.exists()


def test_a_file_is_added_once_and_an_export_can_be_added_again(place: Place, listed: Path) -> None:
    """What comes every night from another system must not make the list longer every night."""
    more = place.folder / "more.csv"
    more.write_text("phone,name\n98 0000 0001,A\n9800000002,B\n", encoding="utf-8")
    assert dialer("dnc", "add", "--file", str(more), "--region", "IN", "--source", "crm") == 0
    size = listed.stat().st_size
    assert dialer("dnc", "add", "--file", str(more), "--region", "IN", "--source", "crm") == 0
    assert dialer("dnc", "export", "--to", "out.csv") == 0
    assert dialer("dnc", "add", "--file", "out.csv", "--source", "crm") == 0
    assert listed.stat().st_size == size
    assert {entry.number for entry in listed_numbers(place.folder)} >= {number(1), number(2)}
    assert dialer("dnc", "export", "--to", "do_not_call.csv") == 2
    assert listed.stat().st_size == size


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=st.text(max_size=30), reason=st.text(min_size=1, max_size=30).filter(lambda text: text.strip() != ""))
@example(source="=cmd|' /C calc'!A0", reason='+1\r\n"@SUM(A1)",,,\x1b[31m')
def test_any_text_stays_in_its_line_and_is_no_formula(tmp_path: Path, source: str, reason: str) -> None:
    path = tmp_path / "do_not_call.csv"
    path.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dnc, "LEAVING", 0.0)
        assert main(["dnc", "add", number(1), "--in", str(tmp_path), f"--source={source}"]) == 0
    assert main(["dnc", "remove", number(1), "--in", str(tmp_path), f"--reason={reason}"]) == 0
    lines = path.read_text(encoding="utf-8").split("\n")
    assert len(lines) == 4
    for cells in csv.reader(lines[1:3]):
        assert len(cells) == 5
        assert not [cell for cell in cells[1:] if cell[:1] in {"=", "@", "-", "+", "\t", "\r"}]
    (entry,) = listed_numbers(tmp_path)
    assert (entry.source, entry.reason, entry.is_in_force) == (
        *(" ".join(text.split()).encode("utf-8", "backslashreplace").decode() for text in (source, reason)),
        False,
    )


# -- a file that people edit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}{number(1)}\n",
        f"{HEADER}{number(1)}",
        f"{number(1)}\n",
        f"\ufeff{HEADER}{number(1)},,,,\n,,,,\n\n",
        f"Number;Since;Source;Ended;Reason\r\n{number(1)};29.11.2026;by phone;;\r\n",
        'number,since\n"+91 98 0000 0001",yesterday\n',
        f"{HEADER}{number(1)},2026-01-01,crm,,\n{number(1)},2026-01-01,letter,2026-02-01,why\n",
        f"{HEADER}{number(1)},2026-01-01,crm,2999-01-01,until then\n",
    ],
    ids=["short", "unended", "bare", "mark", "semicolons", "spaces", "other source", "later"],
)
def test_a_line_that_a_person_wrote_counts(place: Place, listed: Path, content: str) -> None:
    listed.write_bytes(content.encode())
    assert dialer("run") == 0
    assert called(place) == {number(0), number(2)}
    assert dialer("dnc", "add", number(2)) == 0
    assert {entry.number for entry in listed_numbers(place.folder) if entry.is_in_force} == {number(1), number(2)}


RUBBISH = {
    "scientific": b"9.19877E+11",
    "no country": b"9800000001",
    "plus lost": b"919800000001",
    "too short": b"+91980000",
    "words": b"call me never",
    "two": b"+919800000001 / +919800000002",
    "letter": b"+91980000OOO1",
    "no number": b",2026-01-01,crm",
    "cells": b"+919800000001,2026-01-01,phone,,gone, and more",
    "comma": b"+919800000001,2026-01-01,by phone, angry",
    "date": b"+919800000001,2026-01-01,crm,soon,x",
    "quote": b'+919800000001,2026-01-01,"crm',
    "two lines": b'+919800000001,2026-01-01,"crm\nand more"',
    "latin": "+919800000001,2026-01-01,Jos\xe9".encode("latin-1"),
    "zeros": b"\0\0\0\0",
    "torn": b"+9198",
}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["ended", "by Excel", "unended"])
@pytest.mark.parametrize("kind", RUBBISH)
def test_a_line_that_cannot_be_read_is_named_and_never_skipped(tmp_path: Path, kind: str, end: bytes) -> None:
    path = tmp_path / "do_not_call.csv"
    good = f"{HEADER}{number(5)},,,,\n".encode()
    path.write_bytes(good)
    known = SharedList.load(do_not_call_list(tmp_path))
    for content in (good + RUBBISH[kind] + end, good + RUBBISH[kind] + (end or b"\n") + f"{number(6)}\n".encode()):
        path.write_bytes(content)
        for read in (known.again, lambda: SharedList.load(do_not_call_list(tmp_path))):
            with pytest.raises(DoNotCallError, match=f"{re.escape(str(path))}, line 3: "):
                read()


@pytest.mark.parametrize("kind", ["scientific", "latin", "torn"])
def test_a_line_that_cannot_be_read_stops_every_command(
    place: Place, listed: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_numbers([number(2)], place.folder)
    with listed.open("ab") as file:
        file.write(RUBBISH[kind])
    before = listed.read_bytes()
    for typed in ("run", "check c.toml", f"dnc add {number(0)}", "dnc list", "dnc accept --yes"):
        assert dialer(*typed.split()) == 5, typed
        assert f"{listed}, line 3: " in capsys.readouterr().err
    assert not place.calls()
    assert listed.read_bytes() == before


@pytest.mark.parametrize("content", [b"phone,name\n+919800000001,A\n", b"\xff\xfen\x00u\x00", b"PK\x03\x04zip"])
def test_a_list_of_another_kind_under_this_name_stops_every_run(
    place: Place, listed: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.write_bytes(content)
    assert dialer("run") == 5
    assert f"{listed}, line 1: " in capsys.readouterr().err
    assert not place.calls()


def test_neither_a_folder_nor_a_pipe_is_waited_for(
    place: Place, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(listed)
    assert (dialer("run"), dialer("dnc", "add", number(1))) == (5, 5)
    listed.unlink()
    listed.mkdir()
    assert (dialer("run"), dialer("dnc", "add", number(1))) == (5, 5)
    assert str(listed) in capsys.readouterr().err
    assert not place.calls()


# -- a list that lacks what it had ---------------------------------------------------------------------------------


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(content[: content.rindex(b"\n", 0, -1) + 1])
    elif how == "replaced":
        path.write_bytes(HEADER.encode() + b"+919811111111,,,,\n" * 9)
    else:
        path.write_bytes(content.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("how", ["deleted", "emptied", "cut", "replaced", "saved by a spreadsheet"])
def test_a_list_that_lacks_what_a_batch_has_seen_stops_it_until_a_person_accepts_that(
    place: Place, listed: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_numbers([number(1)], place.folder)
    add_numbers([number(2)], place.folder)
    assert dialer("run") == 0
    backup = listed.read_bytes()
    spoil(listed, how)
    for words in (("run",), ("check", "c.toml")):
        assert dialer(*words) == 5
        told = capsys.readouterr().err
        assert f"{listed} " in told
        assert "it had 3 lines" in told
        assert f"dialer dnc accept --in {place.folder}" in told
    assert called(place) == {number(0)}
    listed.write_bytes(backup)
    assert dialer("run") == 0, "the former list is back"
    spoil(listed, how)
    assert dialer("dnc", "accept") == 2, "nobody can be asked"
    assert dialer("run") == 5
    capsys.readouterr()
    assert dialer("dnc", "accept", "--yes") == 0
    assert "c.results.ledger saw another list with 3 lines" in capsys.readouterr().out
    assert dialer("run") == 0
    add_numbers([number(2)], place.folder)
    assert dialer("run") == 0


def test_an_acceptance_holds_for_all_batches_and_once(place: Place, listed: Path) -> None:
    """An older list that is restored together with the acceptance of it is missed all the same."""
    for name in ("a", "b"):
        place.campaign(name=name)
    runs = [("run", f"{name}.toml", "--yes", "--no-progress") for name in ("a", "b")]
    add_numbers([number(0), number(1), number(2)], place.folder)
    assert [dialer(*words) for words in runs] == [0, 0]
    listed.write_text(HEADER + f"{number(0)}\n{number(1)}\n")
    assert dialer("dnc", "accept", "--yes") == 0
    assert dialer(*runs[0]) == 0
    accepted = listed.with_suffix(".accepted").read_bytes()
    older = listed.read_bytes()
    add_numbers([number(2)], place.folder)
    assert [dialer(*words) for words in runs] == [0, 0]
    listed.write_bytes(older)
    listed.with_suffix(".accepted").write_bytes(accepted)
    assert [dialer(*words) for words in runs] == [5, 5]
    listed.with_suffix(".accepted").unlink()
    assert [dialer(*words) for words in runs] == [5, 5]
    assert dialer("dnc", "accept", "--yes") == 0
    assert dialer(*runs[0]) == 0


def test_a_new_batch_runs_without_a_list(place: Place, listed: Path) -> None:
    add_numbers([number(1)], place.folder)
    listed.unlink()
    assert dialer("run") == 0
    assert len(called(place)) == 3


@pytest.mark.usefixtures("listed")
def test_a_trial_heeds_the_list_as_well(place: Place) -> None:
    add_numbers([number(1)], place.folder)
    assert dialer("run", "c.toml", "--sandbox", "--yes", "--no-progress") == 0
    rows = place.results("c.results.sandbox.csv")
    assert [row["status"] for row in rows] == ["queued", "suppressed", "queued"]


@pytest.mark.usefixtures("listed")
def test_a_backup_has_the_list(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    add_numbers([number(1)], place.folder)
    assert dialer("dnc", "accept", "--yes") == 0
    to = tmp_path_factory.mktemp("backup")
    assert dialer("backup", str(to)) == 0
    for name in ("do_not_call.csv", "do_not_call.accepted"):
        assert (to / name).read_bytes() == (place.folder / name).read_bytes()


# -- while runs go on ----------------------------------------------------------------------------------------------


async def _beside(place: Place, change: Path, content: bytes) -> int:
    """Run the campaign, append to the list once somebody was called, and return the exit code."""
    codes: list[int] = []

    async def append() -> None:
        while not place.calls():  # noqa: ASYNC110 - what a server in another thread has seen
            await anyio.sleep(0.005)
        with change.open("ab") as file:
            file.write(content)

    async with anyio.create_task_group() as group:
        group.start_soon(append)
        codes.append((await run_campaign(load_campaign(place.folder / "c.toml"))).exit_code)
    return codes[0]


def slow(place: Place, people: int) -> None:
    place.recipients([[number(at)] for at in range(people)], header=["phone"])
    path = place.campaign()
    path.write_text(path.read_text().replace("5000/second", "20/second", 1))


def test_a_line_that_is_written_by_hand_during_a_run_counts_and_is_missed_when_it_is_gone(
    place: Place, listed: Path
) -> None:
    slow(place, 20)
    add_numbers([number(1)], place.folder)
    before = listed.read_bytes()
    assert anyio.run(_beside, place, listed, f"{number(19)},today,by hand\r\n".encode()) == 3
    assert called(place) == {number(at) for at in range(20)} - {number(1), number(19)}
    after = listed.read_bytes()
    listed.write_bytes(before)
    assert dialer("run") == 5
    listed.write_bytes(after)
    assert dialer("run") == 0
    assert place.results()[19]["status"] == "suppressed"


def test_rubbish_that_is_written_during_a_run_ends_it(
    place: Place, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow(place, 60)
    add_numbers([number(1)], place.folder)
    assert anyio.run(_beside, place, listed, b"9.19877E+11\n") == 5
    assert len(place.calls()) < 50
    assert dialer("run") == 5
    assert f"{listed}, line 3: " in capsys.readouterr().err


@pytest.mark.parametrize("people", [120, pytest.param(800, marks=pytest.mark.long)])
def test_no_call_to_a_number_begins_once_it_was_added_whatever_becomes_of_the_adding_process(
    tmp_path: Path, people: int
) -> None:
    """Two campaigns dial at 20/s; the next to be called opt out, and some of the adding processes are killed."""
    (tmp_path / "dialer.toml").touch()
    chance = random.Random(7)
    added: dict[str, float] = {}
    with sandbox(lines=1000) as bolna, contextlib.ExitStack() as stack:
        began = time.monotonic()
        words = ["dnc", "add", "+919999999999", "--in", str(tmp_path), "--source", "test"]
        assert _begun(stack, bolna, words, tmp_path / "adding").wait() == 0
        # On a busy machine slower: while one process adds a number, not many more than six are called.
        rate = f"{min(1200, round(360 / (time.monotonic() - began)))}/minute"
        batches = [
            Batch.write(tmp_path / name, people=people, rate=rate, start=start)
            for name, start in (("one", 0), ("other", people))
        ]
        runs = [_begun(stack, bolna, batch.command("run"), batch.folder / "log") for batch in batches]
        while all(run.poll() is None for run in runs):
            batch = chance.choice(batches)
            next_ = len(bolna.calls(batch.agent)) + chance.choice([1, 2, 10, 20, 40, 60])
            if next_ >= people or not bolna.requests():
                time.sleep(0.02)
                continue
            words = ["dnc", "add", batch.numbers[next_], "--in", str(tmp_path), "--source", "test"]
            adding = _begun(stack, bolna, words, tmp_path / "adding")
            if chance.random() < 0.25:
                time.sleep(chance.uniform(0, 0.3))
                adding.kill()
            if adding.wait() == 0:
                added[batch.numbers[next_]] = _elapsed(bolna)
        codes = [run.wait() for run in runs]
        calls = bolna.web.get("/_sandbox/book", params={"limit": 100_000}).json()["calls"]
    assert set(codes) <= {1, 3}, "a row of each list is not a number"
    sys.stdout.write(f"{len(added)} added, {len(calls)} calls")
    assert added
    late = {call["to_number"]: call["received_at"] for call in calls if call["to_number"] in added}
    # What left before may be on its way for a moment, on a machine that is busy.
    assert not [number_ for number_, at in late.items() if at > added[number_] + 1.0]
    assert len(late) < len(added), "all of them would have been called"


def _elapsed(bolna: Bolna) -> float:
    return float(bolna.web.get("/_sandbox/book", params={"limit": 0}).json()["elapsed"])


def _begun(stack: contextlib.ExitStack, bolna: Bolna, words: list[str], log: Path) -> Forked:
    process = Forked(words, environment=bolna.environment, log=log)
    stack.callback(process.kill)
    return process


# -- several processes add -----------------------------------------------------------------------------------------


def adding(folder: Path, file: str, *words: str) -> Forked:
    environment = {**os.environ}
    words = ("dnc", "add", "--in", str(folder), "--file", str(folder / file), *words)
    return Forked(list(words), environment=environment, log=folder / f"{file}.log")


def test_processes_that_add_at_once_lose_nothing_and_mix_no_lines(tmp_path: Path) -> None:
    for at in range(4):
        write_numbers(tmp_path / f"{at}.csv", range(at * 500, (at + 1) * 500))
    adders = [adding(tmp_path, f"{at}.csv", f"--source=s{at}") for at in range(4)]
    assert [one.wait() for one in adders] == [0] * 4
    rows = list(csv.DictReader((tmp_path / "do_not_call.csv").read_text().splitlines(), strict=True))
    found = sorted((row["number"], row["source"]) for row in rows)
    assert found == [(number(at), f"s{at // 500}") for at in range(2000)]
    sources = [row["source"] for row in rows]
    assert len(set(itertools.pairwise(sources))) == 4 + 3, "a command's lines stand together"


def test_a_killed_adder_leaves_whole_lines_or_one_that_is_told(tmp_path: Path) -> None:
    """A command is one write: mostly all of it is there, or nothing."""
    write_numbers(tmp_path / "more.csv", range(5_000))
    path, chance = tmp_path / "do_not_call.csv", random.Random(3)
    add_numbers([number(99_999)], tmp_path)
    before = path.read_bytes()
    for _ in range(4):
        path.write_bytes(before)
        process = adding(tmp_path, "more.csv")
        end = time.monotonic() + PATIENCE
        while path.stat().st_size == len(before) and process.poll() is None and time.monotonic() < end:
            time.sleep(chance.uniform(0, 0.0005))
        process.kill()
        process.wait()
        content = path.read_bytes()
        assert content.startswith(before)
        *whole, last = content.decode().split("\n")
        assert all(re.fullmatch(r"(\+91\d{10},[-\dT:Z]+,,,)|(number,.*)", line) for line in whole)
        assert len(whole) in {2, 5002} or last


def test_a_line_without_an_end_counts_and_is_told(
    place: Place, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that was cut short may be somebody else's."""
    listed.write_text(f"{HEADER}{number(1)}", encoding="utf-8")
    assert dialer("run") == 0
    assert f"Note: line 2 of {listed} has no line end. If it was cut short, complete it." in capsys.readouterr().err
    assert called(place) == {number(0), number(2)}


def test_a_torn_last_line_is_told_and_the_next_entry_stands_in_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "do_not_call.csv"
    add_numbers([number(1)], tmp_path)
    whole = path.read_bytes()
    for cut in range(len(HEADER) + 1, len(whole)):
        path.write_bytes(whole[:cut])
        try:
            shared = SharedList.load(do_not_call_list(tmp_path))
        except DoNotCallError as error:
            assert "line 2" in str(error)  # noqa: PT017 - some cuts leave a whole number
            continue
        assert shared.members.numbers.tolist() == [int(number(1))], "what is read is the number that was meant"
        with do_not_call_list(tmp_path).adding() as adding_:
            adding_.add([Row(number(2))])
        assert len(SharedList.load(do_not_call_list(tmp_path)).members.numbers) == 2


def write_numbers(path: Path, which: Sequence[int]) -> None:
    path.write_text("phone\n" + "".join(f"{number(at)}\n" for at in which), encoding="utf-8")


# -- a long list ---------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_million_entries_are_loaded_in_seconds_and_one_more_stops_a_run_for_a_moment(tmp_path: Path) -> None:
    figures: list[str] = []
    path = tmp_path / "do_not_call.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(f"+9198{at:08d},2026-11-29T07:15:56Z,import of {at % 7},,\n" for at in range(1_000_000))
    began = time.perf_counter()
    shared = SharedList.load(do_not_call_list(tmp_path))
    figures.append(f"load: {time.perf_counter() - began:.2f} s, {path.stat().st_size / 1e6:.0f} MB")
    figures.append(f"peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    began = time.perf_counter()
    add_numbers(["+919900000000"], tmp_path)
    figures.append(f"dnc add: {time.perf_counter() - began:.2f} s")
    watch = Watch(Suppression.load([], region=None, max_age_days=None, now=datetime.now(UTC), shared=shared))
    assert not watch.is_current()
    began = time.perf_counter()
    anyio.run(watch.refresh)
    stopped = time.perf_counter() - began
    figures.append(f"a run is stopped: {stopped:.3f} s")
    sys.stdout.write("; ".join(figures))
    assert watch.list_with(919900000000)
    assert stopped < 2
