"""Signals to a real process: it stops as asked, says so in words, and forgets nobody."""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from dialer.provider.bolna.sandbox import Sandbox, Settings, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AGENT = "123e4567-e89b-12d3-a456-426655440000"
PEOPLE = 150
PATIENCE = 180.0
"""Seconds; far more than anything takes, also on a machine that is busy."""


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A list and a rate at which a run goes on until somebody stops it."""
    path = tmp_path / "c.toml"
    write_list(tmp_path, PEOPLE)
    pace(path, "4/second")
    return path


def pace(campaign: Path, rate: str) -> None:
    campaign.write_text(
        f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n[pacing]\nrate = "{rate}"\nmax_in_flight = 8\n'
    )


def write_list(folder: Path, count: int) -> None:
    with (folder / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["phone", "name"], *([f"+9198{index:08d}", "N"] for index in range(count))])


def environment(sandbox: Sandbox) -> dict[str, str]:
    return os.environ | {"BOLNA_BASE_URL": sandbox.base_url, "BOLNA_API_KEY": "bn-test"}


def command(campaign: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "dialer", "run", str(campaign), *options]


def hearing(*, ignoring: signal.Signals | None = None) -> Callable[[], None]:
    """Return what makes a child hear signals, also where these tests run under nohup or in the background."""

    def prepare() -> None:
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN if one == ignoring else signal.SIG_DFL)

    return prepare


def start(campaign: Path, sandbox: Sandbox, *, ignoring: signal.Signals | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(campaign, "--yes", "--log-format", "json"),
        env=environment(sandbox),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hearing(ignoring=ignoring),  # noqa: PLW1509 - the test has no threads that matter to the child
    )


def after_outcomes(process: subprocess.Popen[str], count: int) -> None:
    """Read the process's events until so many calls have an outcome."""
    assert process.stderr is not None
    for line in process.stderr:
        count -= line.startswith("{") and json.loads(line)["event"] == "outcome"
        if count <= 0:
            return
    pytest.fail("the run ended too early")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, told = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in told
    return process.returncode, told


def statuses(campaign: Path) -> dict[str, str]:
    with campaign.with_name("c.results.csv").open(newline="") as file:
        return {row["recipient_phone_number"]: row["status"] for row in csv.DictReader(file)}


def finish(campaign: Path, sandbox: Sandbox) -> None:
    """Run to the end and look that everybody was called once."""
    assert go_on(campaign, sandbox) == 0
    assert len(sandbox.book.calls) == PEOPLE


def go_on(campaign: Path, sandbox: Sandbox) -> int:
    """Run to the end, look that nobody was called twice, and return the exit code."""
    pace(campaign, "400/second")
    done = subprocess.run(command(campaign, "--yes", "-q"), env=environment(sandbox), check=False, timeout=PATIENCE)
    called = [call.to_number for call in sandbox.book.calls]
    assert len(called) == len(set(called))
    return done.returncode


@pytest.fixture
def bolna() -> Iterator[Sandbox]:
    with running(Settings(call_rate=None, latency=0.05)) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("received", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 130)],
    ids=str,
)
def test_one_signal_drains(campaign: Path, bolna: Sandbox, received: signal.Signals, code: int) -> None:
    process = start(campaign, bolna)
    after_outcomes(process, 5)
    process.send_signal(received)

    exit_code, told = ended(process)

    assert exit_code == code
    events = [json.loads(line) for line in told.splitlines()]
    assert (events[-1]["event"], events[-1]["exit_code"]) == ("summary", code)
    assert events[-1]["left"] > 0
    placed = {call.to_number for call in bolna.book.calls}
    assert 5 <= len(placed) < PEOPLE
    assert {number for number, status in statuses(campaign).items() if status == "queued"} == placed
    assert set(statuses(campaign).values()) == {"queued", "pending"}
    finish(campaign, bolna)


def test_a_frozen_process_makes_up_for_nothing_afterwards(campaign: Path, bolna: Sandbox) -> None:
    """Without that it would send a second's worth, 20 calls, at one go."""
    pace(campaign, "20/second")
    write_list(campaign.parent, 100)
    process = start(campaign, bolna)
    after_outcomes(process, 20)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    process.send_signal(signal.SIGCONT)
    assert ended(process)[0] == 0
    came = sorted(call.received_at for call in bolna.book.calls)
    assert max(later - earlier for earlier, later in pairwise(came)) > 0.9
    # Some may be late by how busy this machine is; a second made up for would be 40.
    assert max(sum(at <= one < at + 1.0 for one in came) for at in came) <= 30


def test_a_hang_up_is_not_heard_under_nohup(campaign: Path, bolna: Sandbox) -> None:
    write_list(campaign.parent, 20)
    process = start(campaign, bolna, ignoring=signal.SIGHUP)
    after_outcomes(process, 5)
    process.send_signal(signal.SIGHUP)
    assert ended(process)[0] == 0
    assert len(bolna.book.calls) == 20


def test_a_second_signal_stops_at_once_and_leaves_doubt(campaign: Path) -> None:
    with running(Settings(call_rate=None)) as sandbox:
        process = start(campaign, sandbox)
        after_outcomes(process, 5)
        sandbox.call_strikes.force("silent_after")
        wait_until(lambda: len(sandbox.call_strikes._forced) == 0)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        wait_for_line(process, "Stopping")
        process.send_signal(signal.SIGINT)

        exit_code, _ = ended(process)

        assert exit_code == 130
        assert "unknown" in set(statuses(campaign).values())
        finish_reconciled(campaign, sandbox)


def finish_reconciled(campaign: Path, sandbox: Sandbox) -> None:
    """Go on: what was in flight is found at Bolna, and nobody is called twice."""
    finish(campaign, sandbox)
    assert set(statuses(campaign).values()) == {"queued"}


def test_a_signal_during_a_hold_ends_it_at_once(campaign: Path) -> None:
    settings = Settings(call_rate=None, retry_after="seconds", retry_after_seconds=250)
    with running(settings) as sandbox:
        process = start(campaign, sandbox)
        after_outcomes(process, 5)
        sandbox.call_strikes.force("rate_limited")
        wait_for_line(process, "waiting 250 s")
        process.send_signal(signal.SIGINT)

        assert ended(process)[0] == 130

        assert set(statuses(campaign).values()) == {"queued", "pending"}
        finish(campaign, sandbox)


def test_a_signal_while_the_list_is_read_dials_nobody(campaign: Path, bolna: Sandbox) -> None:
    write_list(campaign.parent, 150_000)
    process = start(campaign, bolna)
    lock = campaign.with_name("c.results.ledger.lock")
    wait_until(lambda: lock.exists() and lock.stat().st_size > 0)
    process.send_signal(signal.SIGINT)

    exit_code, told = ended(process)

    assert exit_code == 130
    assert "nothing was dialled" in told
    assert not bolna.book.calls


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self._screen, terminal = pty.openpty()
        self.process = subprocess.Popen(
            arguments,
            env=env,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=hearing(),  # noqa: PLW1509 - the test has no threads that matter to the child
        )
        os.close(terminal)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read the screen until a text is on it."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            ready, _, _ = select.select([self._screen], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"{text!r} does not come: {self.shown}"
            self.shown += os.read(self._screen, 65536).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def ended(self) -> int:
        """Return the exit code; what is written meanwhile is read, so that the process can end."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, self.shown
            ready, _, _ = select.select([self._screen], [], [], 0.05)
            if ready:
                try:
                    self.shown += os.read(self._screen, 65536).decode(errors="replace")
                except OSError:
                    break
        assert "Traceback" not in self.shown
        return self.process.wait(PATIENCE)


def test_a_signal_while_it_asks_dials_nobody(campaign: Path, bolna: Sandbox) -> None:
    terminal = Terminal(command(campaign), environment(bolna))
    terminal.wait_for("[y/N]")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 130
    assert not bolna.book.calls


@pytest.mark.parametrize(("typed", "code", "calls"), [("y\n", 0, 60), ("n\n", 2, 0), ("\n", 2, 0)])
def test_only_a_yes_dials(campaign: Path, bolna: Sandbox, typed: str, code: int, calls: int) -> None:
    pace(campaign, "200/second")
    write_list(campaign.parent, 60)
    terminal = Terminal(command(campaign), environment(bolna))
    terminal.wait_for("[y/N]")
    assert "60 of " in terminal.shown
    assert "agent 'Asha (sandbox)'" in terminal.shown
    terminal.type(typed)
    assert terminal.ended() == code
    assert len(bolna.book.calls) == calls


def test_a_second_run_is_turned_away_while_the_first_goes_on_and_status_is_not(campaign: Path, bolna: Sandbox) -> None:
    pace(campaign, "1/second")
    process = start(campaign, bolna)
    after_outcomes(process, 2)

    second = subprocess.run(
        command(campaign, "--yes"),
        env=environment(bolna),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    looked = subprocess.run(
        [sys.executable, "-m", "dialer", "status", str(campaign), "-o", "json"],
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    process.kill()
    process.communicate()

    assert second.returncode == 4
    assert f"process {process.pid} on " in second.stderr
    (standing,) = json.loads(looked.stdout)
    assert standing["total"] == PEOPLE
    assert f"process {process.pid} on " in standing["running"]
    # Killed, it holds the batch no more; whoever held an intent and was not sent yet is in doubt.
    assert go_on(campaign, bolna) in {0, 1}
    assert set(statuses(campaign).values()) <= {"queued", "unknown"}


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    assert any(text in line for line in process.stderr), f"{text!r} does not come"
