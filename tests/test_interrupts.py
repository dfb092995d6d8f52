"""Signals to a real process: it stops as asked, says so in words, and forgets nobody."""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import signal
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from dialer.provider.bolna.sandbox import Sandbox, Settings, running
from tests.harness import PATIENCE, Forked, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AGENT = "123e4567-e89b-12d3-a456-426655440000"
PEOPLE = 150


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A list and a rate at which a run goes on until somebody stops it."""
    path = tmp_path / "c.toml"
    write_list(tmp_path, PEOPLE)
    pace(path, "4/second")
    return path


def pace(campaign: Path, rate: str) -> None:
    campaign.write_text(
        f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
        f'[pacing]\nrate = "{rate}"\nmax_in_flight = 8\nreads = "5000/second"\n'
    )


def write_list(folder: Path, count: int) -> None:
    with (folder / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["phone", "name"], *([f"+9198{index:08d}", "N"] for index in range(count))])


def environment(sandbox: Sandbox) -> dict[str, str]:
    return os.environ | {"BOLNA_BASE_URL": sandbox.base_url, "BOLNA_API_KEY": "bn-test"}


def start(
    campaign: Path, sandbox: Sandbox, *options: str, ignores: signal.Signals | None = None, log: str = "log"
) -> Forked:
    words = ["run", str(campaign), "--yes", *options]
    return Forked(words, environment=environment(sandbox), log=campaign.with_name(log), ignores=ignores)


def logging(campaign: Path, sandbox: Sandbox, *, ignores: signal.Signals | None = None) -> Forked:
    """Start a run that tells its events in JSON."""
    return start(campaign, sandbox, "--log-format", "json", ignores=ignores)


def after_outcomes(process: Forked, count: int) -> None:
    """Wait until so many calls have an outcome."""
    wait_until(lambda: process.told().count('"event": "outcome"') >= count, process)


def ended(process: Forked) -> tuple[int, str]:
    code = process.wait()
    assert "Traceback" not in process.told()
    return code, process.told()


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
    code = start(campaign, sandbox, "-q").wait()
    called = [call.to_number for call in sandbox.book.calls]
    assert len(called) == len(set(called))
    return code


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
    process = logging(campaign, bolna)
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
    """Without that it would send two seconds' worth, 40 calls, at one go."""
    pace(campaign, "20/second")
    write_list(campaign.parent, 100)
    process = logging(campaign, bolna)
    after_outcomes(process, 20)
    process.send_signal(signal.SIGSTOP)
    time.sleep(2.0)
    process.send_signal(signal.SIGCONT)
    assert ended(process)[0] == 0
    came = sorted(call.received_at for call in bolna.book.calls)
    assert max(later - earlier for earlier, later in pairwise(came)) > 1.9
    # Some may be late by how busy this machine is; two seconds made up for would be 60.
    assert max(sum(at <= one < at + 1.0 for one in came) for at in came) <= 45


def test_a_hang_up_is_not_heard_under_nohup(campaign: Path, bolna: Sandbox) -> None:
    write_list(campaign.parent, 10)
    process = logging(campaign, bolna, ignores=signal.SIGHUP)
    after_outcomes(process, 5)
    process.send_signal(signal.SIGHUP)
    assert ended(process)[0] == 0
    assert len(bolna.book.calls) == 10


def test_a_second_signal_stops_at_once_and_leaves_doubt(campaign: Path) -> None:
    with running(Settings(call_rate=None)) as sandbox:
        process = logging(campaign, sandbox)
        after_outcomes(process, 5)
        sandbox.call_strikes.force("silent_after")
        wait_until(lambda: len(sandbox.call_strikes._forced) == 0, process)
        process.send_signal(signal.SIGINT)
        wait_for_text(process, "Stopping")
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
        process = logging(campaign, sandbox)
        after_outcomes(process, 5)
        sandbox.call_strikes.force("rate_limited")
        wait_for_text(process, "waiting 250 s")
        process.send_signal(signal.SIGINT)

        assert ended(process)[0] == 130

        assert set(statuses(campaign).values()) == {"queued", "pending"}
        finish(campaign, sandbox)


def test_a_signal_while_the_list_is_read_dials_nobody(campaign: Path, bolna: Sandbox) -> None:
    write_list(campaign.parent, 150_000)
    process = logging(campaign, bolna)
    lock = campaign.with_name("c.results.ledger.lock")
    wait_until(lambda: lock.exists() and lock.stat().st_size > 0, process)
    process.send_signal(signal.SIGINT)

    exit_code, told = ended(process)

    assert exit_code == 130
    assert "nothing was dialled" in told
    assert not bolna.book.calls


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, words: list[str], environment: dict[str, str], *, log: Path) -> None:
        self._screen, self._device = pty.openpty()
        self.process = Forked(words, environment=environment, log=log, terminal=os.ttyname(self._device))
        self.shown = ""

    def _read(self, timeout: float) -> bool:
        """Read what is shown, if anything is within some seconds."""
        if ready := bool(select.select([self._screen], [], [], timeout)[0]):
            self.shown += os.read(self._screen, 65536).decode(errors="replace")
        return ready

    def wait_for(self, text: str) -> None:
        """Read the screen until a text is on it."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert self._read(max(0.0, until - time.monotonic())), f"{text!r} does not come: {self.shown}"

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def ended(self) -> int:
        """Return the exit code; what is written meanwhile is read, so that the process can end."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, self.shown
            self._read(0.02)
        while self._read(0.0):
            pass
        os.close(self._screen)
        os.close(self._device)
        assert "Traceback" not in self.shown
        return self.process.wait()


def test_a_signal_while_it_asks_dials_nobody(campaign: Path, bolna: Sandbox) -> None:
    terminal = Terminal(["run", str(campaign)], environment(bolna), log=campaign.with_name("log"))
    terminal.wait_for("[y/N]")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 130
    assert not bolna.book.calls


@pytest.mark.parametrize(("typed", "code", "calls"), [("y\n", 0, 60), ("n\n", 3, 0), ("\n", 3, 0)])
def test_only_a_yes_dials(campaign: Path, bolna: Sandbox, typed: str, code: int, calls: int) -> None:
    pace(campaign, "200/second")
    write_list(campaign.parent, 60)
    terminal = Terminal(["run", str(campaign)], environment(bolna), log=campaign.with_name("log"))
    terminal.wait_for("[y/N]")
    assert "60 of " in terminal.shown
    assert "agent 'Asha (sandbox)'" in terminal.shown
    terminal.type(typed)
    assert terminal.ended() == code
    assert len(bolna.book.calls) == calls


def test_a_second_run_is_turned_away_while_the_first_goes_on_and_status_is_not(campaign: Path, bolna: Sandbox) -> None:
    pace(campaign, "1/second")
    process = logging(campaign, bolna)
    after_outcomes(process, 2)

    second = start(campaign, bolna, log="second")
    code = second.wait()
    looking = Forked(
        ["status", str(campaign), "-o", "json"], environment=environment(bolna), log=campaign.with_name("status")
    )
    assert looking.wait() == 0
    process.kill()
    process.wait()

    assert code == 4
    assert f"process {process.pid} on " in second.told()
    (standing,) = json.loads(looking.told())
    assert standing["total"] == PEOPLE
    assert f"process {process.pid} on " in standing["running"]
    # Killed, it does not hold the batch any more; people with an intent who were not called yet are in doubt.
    assert go_on(campaign, bolna) in {0, 1}
    assert set(statuses(campaign).values()) <= {"queued", "unknown"}


def wait_for_text(process: Forked, text: str) -> None:
    wait_until(lambda: text in process.told(), process)
