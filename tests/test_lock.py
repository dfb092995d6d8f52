"""One run at a time: who is turned away, with which words, and what frees the batch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from dialer.cli import main
from dialer.errors import ExitCode, LedgerError, LockedError
from dialer.moments import shown, to_the_minute
from dialer.store.sqlite import holder, locked
from tests.harness import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.place import Place

ROOT = Path(__file__).parent.parent

# Holds the lock until its input ends; may start a child that outlives it. Who is ready says so by its process id.
HOLD = """
import os, subprocess, sys, time
from multiprocessing import get_context
from datetime import datetime
from pathlib import Path
from dialer.store.sqlite import locked
WAIT = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
with locked(Path(sys.argv[1]), command="run"):
    if sys.argv[2] == "exec and end":
        subprocess.run([sys.executable, "-c", "print(0)"], close_fds=False)
    elif sys.argv[2] == "fork and end":
        child = get_context("fork").Process(target=time.sleep, args=(0,))
        child.start()
        child.join()
        print(0, flush=True)
    elif sys.argv[2] == "exec":
        subprocess.Popen([sys.executable, "-c", WAIT], close_fds=False)
    elif sys.argv[2] == "fork":
        get_context("fork").Process(target=exec, args=(WAIT,)).start()
    else:
        print(0, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.ledger.lock"


@contextlib.contextmanager
def held(path: Path, *, child: str = "none") -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield a process that holds the lock, and its child's id (0: it has none)."""
    command = [sys.executable, "-c", HOLD, str(path), child]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        try:
            yield process, pid
        finally:
            process.kill()
            if pid:
                os.kill(pid, signal.SIGKILL)


def is_free(path: Path) -> bool:
    try:
        with locked(path, command="try"):
            return True
    except LockedError:
        return False


def test_who_is_turned_away_is_told_who_holds_it_where_and_since_when(path: Path) -> None:
    with (
        held(path) as (process, _),
        pytest.raises(LockedError) as refused,
        locked(path, command="run", status="dialer status c.toml"),
    ):
        pytest.fail("it was held twice")
    words = str(refused.value)
    noted = json.loads(path.read_text(encoding="utf-8"))
    assert refused.value.exit_code is ExitCode(4)
    since = to_the_minute(shown(datetime.fromisoformat(noted["since"]), None))
    assert f"`dialer run` (process {process.pid} on {socket.gethostname()}, since {since})" in words
    assert words.endswith("To see how far it is: dialer status c.toml")


def test_being_turned_away_leaves_the_note_of_the_holder(path: Path) -> None:
    with held(path):
        before = path.read_bytes()
        assert not is_free(path)
        assert path.read_bytes() == before


def test_the_same_process_cannot_hold_it_twice(path: Path) -> None:
    with locked(path, command="run"):
        assert not is_free(path)
    assert is_free(path)


def test_it_is_free_at_once_after_a_kill(path: Path) -> None:
    with held(path) as (process, _):
        process.kill()
        process.wait(PATIENCE)
        assert is_free(path)


@pytest.mark.parametrize("child", ["exec", "fork"])
def test_a_child_does_not_keep_it(path: Path, child: str) -> None:
    with held(path, child=child) as (process, pid):
        assert not is_free(path)
        process.kill()
        process.wait(PATIENCE)
        os.kill(pid, 0)
        assert is_free(path)


@pytest.mark.parametrize("child", ["exec and end", "fork and end"])
def test_a_child_that_ends_does_not_free_it(path: Path, child: str) -> None:
    with held(path, child=child) as (process, _):
        assert str(process.pid) in holder(path)
        assert not is_free(path)


def test_the_file_is_never_deleted(path: Path) -> None:
    """A process that opened it before would lock a file that the next one does not see."""
    with locked(path, command="run"):
        inode = path.stat().st_ino
    assert path.stat().st_ino == inode
    with held(path) as (process, _):
        assert path.stat().st_ino == inode
        process.kill()
        process.wait(PATIENCE)
    assert is_free(path)
    assert path.stat().st_ino == inode


def test_the_file_is_readable_by_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        with locked(path, command="run"):
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_an_error_inside_frees_it_and_is_not_changed(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(path, command="run"):
        raise ZeroDivisionError
    assert is_free(path)


def test_the_holder_is_told_without_touching_the_lock(path: Path) -> None:
    assert holder(path) == ""
    with locked(path, command="run"):
        assert holder(path).startswith(f"`dialer run` (process {os.getpid()} on {socket.gethostname()}, since 20")
        assert not is_free(path)
    assert holder(path) == ""


def test_after_a_crash_nobody_holds_it(path: Path) -> None:
    with held(path) as (process, _):
        assert holder(path)
        process.kill()
        process.wait(PATIENCE)
        assert json.loads(path.read_text(encoding="utf-8"))["pid"] == process.pid
        assert holder(path) == ""


@pytest.mark.parametrize(
    "note", ["", "{", "[]", "null", '{"pid": 1}', '{"pid": "x", "host": "HOST", "since": "", "command": "run"}']
)
def test_a_note_that_tells_nobody_is_nobody(path: Path, note: str) -> None:
    path.write_text(note.replace("HOST", socket.gethostname()), encoding="utf-8")
    assert holder(path) == ""
    assert is_free(path)


def note(path: Path, *, pid: int, host: str) -> None:
    """Leave what a killed process leaves."""
    left = {"pid": pid, "host": host, "since": time.strftime("%Y-%m-%d"), "command": "run"}
    path.write_text(json.dumps(left), encoding="utf-8")


def test_on_a_network_share_it_is_not_known_whether_another_machines_holder_lives(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.store.sqlite.lock.network_file_system", lambda _: "nfs4")
    note(path, pid=1, host="another")
    assert "process 1 on another" in holder(path)


@pytest.mark.parametrize("host", ["a container that is gone", socket.gethostname()])
def test_whose_number_another_program_has_by_now_holds_nothing(path: Path, host: str) -> None:
    note(path, pid=os.getppid(), host=host)
    assert holder(path) == ""


def test_a_run_in_a_container_with_this_machines_name_holds_it(path: Path) -> None:
    """Its number is free here, or another program's."""
    with locked(path, command="run"):
        note(path, pid=2**22 + 1, host=socket.gethostname())
        assert f"process {2**22 + 1} on" in holder(path)


def test_whoever_looks_turns_no_run_away(path: Path) -> None:
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            holder(path)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(50):
            note(path, pid=1, host="another")
            assert is_free(path)
    finally:
        is_over.set()
        looking.join()


def test_a_lock_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(LedgerError, match="lock file cannot be written"),
        locked(tmp_path / "file" / "x.lock", command="run"),
    ):
        pytest.fail("it was held")


def test_a_killed_process_whose_parent_has_not_asked_for_it_holds_nothing(path: Path) -> None:
    """A supervisor that starts many runs may ask for them one after the other."""
    with held(path) as (process, _):
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert holder(path) == ""


def test_a_run_of_version_0_1_that_goes_on_turns_a_new_one_away(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([["+919800000001"]], header=["phone"])
    campaign, file = place.campaign(), place.folder / "c.results.ledger.lock"
    # As that version holds it, and what it wrote into it.
    with FileLock(file, timeout=0, mode=0o600, thread_local=False):
        left = {"work": "0123456789abcdef", "first": 1_760_000_000.0}
        since = "2026-11-28T09:00:00+00:00"
        note = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "command": "run", "left": left}
        file.write_text(json.dumps(note), encoding="utf-8")
        assert main(["run", str(campaign), "--yes", "-q"]) == ExitCode.LOCKED
        assert f"`dialer run` (process {os.getpid()} on " in capsys.readouterr().err
        assert not place.calls()
        assert json.loads(file.read_text(encoding="utf-8")) == note
    assert main(["run", str(campaign), "--yes", "-q"]) == ExitCode.DONE


def test_a_start_that_meets_a_running_one_says_that_it_runs_and_reports_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
    monkeypatch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
    campaign = tmp_path / "c.toml"
    campaign.write_text('agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "r.csv"\n')
    (tmp_path / "r.csv").write_text("phone\n+919812345678\n")
    with locked(tmp_path / "c.results.ledger.lock", command="run"):
        assert main(["run", str(campaign), "--yes", "--log-format", "json"]) == ExitCode.LOCKED
        (event,) = map(json.loads, capsys.readouterr().err.splitlines())
        assert (event["event"], event["pid"], event["host"], event["exit_code"]) == (
            "running", os.getpid(), socket.gethostname(), 4,
        )  # fmt: skip
        assert event["since"]
        assert main(["run", str(campaign), "--yes"]) == ExitCode.LOCKED
    text = capsys.readouterr().err
    assert text.startswith("Running already: ")
    assert "Error" not in text
