"""The verbs on a database show what they show with files, and several hosts share it."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main, progress
from dialer.errors import ExitCode
from dialer.operations import live_progress
from dialer.provider.bolna.sandbox import Settings, running
from tests.engines import UNHURRIED, new_database, skip_where_missing, use_database
from tests.harness import PATIENCE, wait_until
from tests.place import HEADER, Place, awkward, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SETTINGS = Settings(speed=1e6, lines=100, call_rate=None, agent_rate=None, other_rate=None, outcomes={"completed": 1})


@pytest.fixture
def database() -> str:
    return new_database()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Does a command, and returns its exit code and what a person sees."""

    def do(*words: str) -> tuple[int, str]:
        code = main(list(words))
        told = capsys.readouterr()
        return code, told.out + told.err

    return do


def plain(text: str, folder: Path) -> str:
    """Return what is said without what differs from one run to the next: moments, seconds, ids and folders."""
    # A ledger is called by its file, or by its name in the database.
    text = text.replace(str(folder), "F").replace("F/c.results.ledger: batch", "c.results.csv: batch")
    text = re.sub(r"\d{4}-\d\d-\d\d[ T][\d:+.Z]+( UTC)?|\b\d\d:\d\d UTC", "T", text)
    text = re.sub(r"about [\d.]+ s|in [\d.]+ s \(.*?/s\)|[\d.,]+/minute|[\d.]+/s|\d+ s \(|now [\d:]+ in", "N", text)
    text = re.sub(r"exec(ution )?[\w-]{5,}|ends T|\d+ executions|wallet [\d.]+|.* talked, cost.*", "N", text)
    return re.sub(r"do-not-call list .* of the workspace(, line \d+)?", "do-not-call list L of the workspace", text)


def script(place: Place, said: Callable[..., tuple[int, str]]) -> Iterator[tuple[str, int, str]]:
    """Yield what a person sees of a campaign from its first check to its end."""
    campaign = str(place.campaign())
    place.recipients([*awkward(6), ["12", "no", "number", ""], [number(0), "twice", "", ""]], header=HEADER)
    yield "status", *said("status", campaign)
    yield "check", *said("check", campaign)
    yield "dnc", said("dnc", "add", number(4), "--in", str(place.folder), "--source", "phone")[0], ""
    yield "limit", *said("run", campaign, "--yes", "--limit", "2")
    yield "pause", said("pause", campaign)[0], ""
    yield "paused", *said("run", campaign, "--yes")
    yield "resume", said("resume", campaign)[0], ""
    yield "run", *said("run", campaign, "--yes")
    yield "again", *said("run", campaign, "--yes")
    yield "list", *said("list", "--in", str(place.folder))
    yield "show", *said("show", number(1), "--in", str(place.folder))
    yield "listed", *said("show", number(4), "--in", str(place.folder))
    yield "track", *said("track", campaign)
    yield "reconcile", *said("reconcile", campaign)
    yield "results", *said("results", campaign)
    yield "cancel", said("cancel", campaign, "--yes")[0], ""
    yield "resume", said("resume", campaign)[0], ""
    yield "report", said("report", campaign)[0], ""
    yield "status", *said("status", campaign)


def test_the_same_commands_show_the_same_with_files_and_with_a_database(
    database: str, said: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is only said because a step or a run takes long, on a busy machine, may differ.
    monkeypatch.setattr(progress, "SLOW", math.inf)
    monkeypatch.setattr(live_progress, "BEAT_EVERY", 3600.0)
    seen, rows = [], []
    for name in ("files", "database"):
        folder = tmp_path / name
        folder.mkdir()
        folder.joinpath("dialer.toml").write_text(f'database = "{database}"\n' if name == "database" else "")
        # One of its own: by its references one batch would know the calls of the other as its own.
        with running(SETTINGS) as sandbox:
            monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
            monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
            place = Place(folder, sandbox)
            seen.append([(step, code, plain(text, folder)) for step, code, text in script(place, said)])
            rows.append([{key: row[key] for key in ("key", "status", "attempts", *HEADER)} for row in place.results()])
            called = sorted(call["recipient_phone_number"] for call in place.calls())
            assert called == [number(one) for one in (0, 1, 2, 3, 5)]
    for files, database_shows in zip(*seen, strict=True):
        assert files[:2] == database_shows[:2]
        assert files[2].splitlines() == database_shows[2].splitlines()
    assert rows[0] == rows[1]


def test_whoever_is_called_by_one_batch_is_not_called_by_another_of_the_same_database(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    use_database(place.folder, database)
    place.recipients(awkward(4), header=HEADER)
    place.recipients(awkward(3, start=2), header=HEADER, name="other.csv")
    assert said("run", str(place.campaign()), "--yes")[0] == ExitCode.DONE
    code, text = said("run", str(place.campaign(name="d", recipients="other.csv")), "--yes", "--new-batch")
    assert code == ExitCode.LEFT
    assert "2: called" in text
    assert "c.results.csv" in text
    assert len(place.calls()) == 5


def test_a_workspace_that_uses_another_database_now_calls_nobody(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    use_database(place.folder, database)
    place.recipients(awkward(2), header=HEADER)
    campaign = str(place.campaign())
    assert said("run", campaign, "--yes", "--limit", "1")[0] == ExitCode.LEFT
    use_database(place.folder, new_database())
    code, text = said("run", campaign, "--yes")
    assert code == ExitCode.MUST_ACT
    assert "another database" in text
    assert len(place.calls()) == 1


def test_another_database_than_before_gets_no_opt_out_no_pause_and_no_batch(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    """Also where another agent would call from it: what is wrong is the address."""
    import psycopg  # noqa: PLC0415 - where it is installed

    use_database(place.folder, database)
    place.recipients(awkward(2), header=HEADER)
    campaign, inside = place.campaign(), ("--in", str(place.folder))
    assert said("run", str(campaign), "--yes", "--limit", "1")[0] == ExitCode.LEFT
    another = new_database()
    use_database(place.folder, another)
    commands = [
        ("run", str(campaign), "--yes"),
        ("status", str(campaign)),
        ("list", *inside),
        ("show", number(1), *inside),
        ("results", str(campaign)),
        ("dnc", "add", number(1), *inside),
        ("pause", str(campaign)),
        ("pause", "--all", *inside),
    ]
    for words in commands:
        code, text = said(*words)
        assert (code, "leads to another database" in text) == (ExitCode.MUST_ACT, True), text
    with psycopg.connect(another) as db:
        for table in (b"batch", b"do_not_call", b"pause", b"owner"):
            assert db.execute(b"SELECT count(*) FROM dialer." + table).fetchone() == (0,)
    assert len(place.calls()) == 1


def test_an_empty_database_does_not_take_the_place_of_one_whose_mark_was_deleted(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    use_database(place.folder, database)
    place.recipients(awkward(2), header=HEADER)
    campaign, mark = str(place.campaign()), place.folder / "dialer.database"
    assert said("run", campaign, "--yes", "--limit", "1")[0] == ExitCode.LEFT
    mark.unlink()
    use_database(place.folder, new_database())
    code, text = said("run", campaign, "--yes")
    assert (code, "c.results.csv shows that" in text) == (ExitCode.MUST_ACT, True), text
    (place.folder / "c.results.csv").rename(place.folder / "old.csv")
    (place.folder / "do_not_call.csv.moved").touch()
    code, text = said("run", campaign, "--yes")
    assert (code, "do_not_call.csv.moved shows that" in text) == (ExitCode.MUST_ACT, True), text
    assert not mark.exists()
    # The right one knows the folder.
    use_database(place.folder, database)
    assert said("run", campaign, "--yes")[0] == ExitCode.DONE
    assert len(place.calls()) == 2


def test_two_workspaces_do_not_share_a_database(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    """Their results have the same path: both would be one batch."""
    use_database(place.folder, database)
    place.recipients(awkward(2), header=HEADER)
    assert said("run", str(place.campaign()), "--yes")[0] == ExitCode.DONE
    other = Place(place.folder / "other", place.sandbox)
    other.folder.mkdir()
    use_database(other.folder, database)
    other.recipients(awkward(2, start=9), header=HEADER)
    campaign = str(other.campaign())
    for words in (("run", campaign, "--yes"), ("list", "--in", str(other.folder)), ("pause", campaign)):
        code, text = said(*words)
        assert (code, f"belongs to the workspace {place.folder} on" in text) == (ExitCode.MUST_ACT, True), text
    assert len(place.calls()) == 2
    # With its mark it is the same workspace, on another machine.
    shutil.copy(place.folder / "dialer.database", other.folder)
    assert "calls still open" in said("list", "--in", str(other.folder))[1]


def test_a_database_without_a_batch_says_so(place: Place, database: str, said: Callable[..., tuple[int, str]]) -> None:
    use_database(place.folder, database)
    code, text = said("show", number(1), "--in", str(place.folder))
    assert (code, "has no batch yet" in text) == (ExitCode.USAGE, True), text
    assert said("list", "--in", str(place.folder)) == (ExitCode.DONE, f"{place.folder}: 0 batches\n")


def test_a_trial_leaves_nothing_in_the_database(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    use_database(place.folder, database)
    place.recipients(awkward(2), header=HEADER)
    assert said("run", str(place.campaign()), "--sandbox", "--yes")[0] == ExitCode.DONE
    code, text = said("status", str(place.campaign()))
    assert (code, text.startswith("c: not started. There is a trial: ")) == (ExitCode.DONE, True)


def test_a_backup_is_the_servers_and_that_is_said(
    place: Place, database: str, said: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    use_database(place.folder, database)
    code, text = said("backup", str(tmp_path / "to"), "--in", str(place.folder))
    assert (code, "pg_basebackup" in text) == (ExitCode.USAGE, True)
    assert not (tmp_path / "to").exists()


def test_a_do_not_call_list_that_the_owner_has_cut_stops_runs_until_a_person_accepts_it(
    place: Place, database: str, said: Callable[..., tuple[int, str]]
) -> None:
    import psycopg  # noqa: PLC0415 - where it is installed

    use_database(place.folder, database)
    place.recipients(awkward(3), header=HEADER)
    campaign, inside = str(place.campaign()), ("--in", str(place.folder))
    for index in (1, 2):
        assert said("dnc", "add", number(index), *inside)[0] == ExitCode.DONE
    assert said("run", campaign, "--yes")[0] == ExitCode.DONE
    with psycopg.connect(database) as db:
        db.execute("DELETE FROM dialer.do_not_call WHERE line = 2")
    code, text = said("run", campaign, "--yes")
    assert (code, "Restore it there. Or, if the list is right as it is: dialer dnc accept\n" in text) == (5, True), text
    code, text = said("dnc", "accept", "--yes", *inside)
    assert (code, "c.results.csv saw another list with 2 lines" in text) == (ExitCode.DONE, True)
    assert said("run", campaign, "--yes")[0] == ExitCode.DONE
    assert sorted(call["recipient_phone_number"] for call in place.calls()) == [number(0), number(2)]


def test_a_run_waits_for_a_database_that_does_not_answer_and_calls_everybody_once(place: Place, tmp_path: Path) -> None:
    """The server is stopped at once in the middle, as a crash does, and comes back."""
    skip_where_missing("postgres")
    from tests.postgres_server import Server  # noqa: PLC0415 - where it is installed

    with contextlib.ExitStack() as stack:
        server = Server()
        stack.callback(server.close)
        name = re.findall("dbname=(.+)", server.database())[0]
        use_database(place.folder, f"postgresql:///{name}?host={server.folder}&user=owner")
        place.recipients(awkward(40), header=HEADER)
        campaign = place.campaign()
        campaign.write_text(campaign.read_text().replace("5000/second", "20/second", 1))
        with (tmp_path / "log").open("wb") as log:
            command = [sys.executable, *UNHURRIED, "run", str(campaign), "--yes"]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)
        stack.callback(process.wait)
        stack.callback(process.kill)
        wait_until(lambda: len(place.calls()) >= 5)
        server.stop(signal.SIGQUIT)
        server.start()
        assert process.wait(PATIENCE) == ExitCode.DONE, (tmp_path / "log").read_text()
    called = [call["recipient_phone_number"] for call in place.calls()]
    assert sorted(called) == sorted(number(index) for index in range(40))
    assert {row["status"] for row in place.results()} == {"queued"}


@pytest.mark.long
def test_runs_that_are_killed_are_taken_over_and_nobody_is_called_twice_or_lost(
    place: Place, database: str, tmp_path: Path
) -> None:
    use_database(place.folder, database)
    place.recipients(awkward(200), header=HEADER)
    campaign = place.campaign()
    campaign.write_text(campaign.read_text().replace("5000/second", "20/second", 1))
    command = [sys.executable, "-m", "dialer", "run", str(campaign), "--yes"]
    code: int = ExitCode.LOCKED
    kills = 0
    with (tmp_path / "log").open("wb") as log:
        while code in {ExitCode.LOCKED, -9}:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            before = len(place.calls())
            wait_until(lambda before=before, one=process: len(place.calls()) > before + 20 or one.poll() is not None)  # type: ignore[misc] # bound now
            if process.poll() is None and kills < 5:
                kills += 1
                process.kill()
            code = process.wait(PATIENCE)
    called = Counter(call["recipient_phone_number"] for call in place.calls())
    states = Counter(row["status"] for row in place.results())
    assert max(called.values()) == 1
    assert kills == 5
    assert states.keys() <= {"queued", "unknown"}
    assert len(called) >= states["queued"]
    assert sum(states.values()) == 200
    assert states["unknown"] <= 3 * kills, "only what was on its way"
