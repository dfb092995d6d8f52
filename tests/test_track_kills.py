"""Tracking is killed, and Bolna answers badly: nothing that was learned is lost, and nothing is asked twice for it."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.harness import CRASHED, Batch, Bolna, Crash, Crashing, Forked, sandbox, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE = 60
BY_ID = "GET /executions/{execution_id}"
AT_ONCE = 8
"""Calls that are asked for at a time."""
OVER_AT_ONCE = {"speed": 1e6, "lines": 1000, "outcomes": {"completed": 1}}


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    """A Bolna where a call is over as soon as it is placed."""
    with sandbox(**OVER_AT_ONCE) as bolna:
        yield bolna


@pytest.fixture(scope="module")
def dialer(bolna: Bolna, tmp_path_factory: pytest.TempPathFactory) -> Crashing:
    return Crashing(bolna, tmp_path_factory.mktemp("log") / "log")


def called(folder: Path, dialer: Crashing, *, reads: str = "5000/second") -> Batch:
    """Return a batch of which everybody was called."""
    batch = Batch.write(folder, people=PEOPLE, rate="5000/second", reads=reads)
    assert dialer.run(batch.command("run")) == 1
    return batch


def noted(batch: Batch) -> int:
    return int(batch.asked("SELECT count(*) FROM call WHERE final")[0][0])


def check(batch: Batch) -> None:
    """Check that the ledger and the results know how every call went."""
    assert noted(batch) == PEOPLE
    assert Counter(row["call_status"] for row in batch.rows() if row["execution_id"]) == {"completed": PEOPLE}
    assert batch.asked("PRAGMA quick_check") == [("ok",)]


def requests(bolna: Bolna, name: str) -> int:
    return int(bolna._book(limit=0)["counters"]["requests"].get(name, 0))


def test_killed_in_the_middle_it_goes_on_and_asks_for_no_call_again_that_is_noted(
    tmp_path: Path, bolna: Bolna, dialer: Crashing
) -> None:
    batch = called(tmp_path, dialer, reads="900/minute")
    asked = requests(bolna, BY_ID)
    process = Forked(batch.command("track", "-q"), environment=bolna.environment, log=tmp_path / "log")
    wait_until(lambda: requests(bolna, BY_ID) >= asked + 15, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    before, known = requests(bolna, BY_ID), noted(batch)
    assert 15 - AT_ONCE <= known <= before - asked < PEOPLE

    batch.campaign.write_text(batch.campaign.read_text().replace("900/minute", "5000/second"))
    assert dialer.run(batch.command("track", "-q")) == 0
    assert requests(bolna, BY_ID) - before == PEOPLE - known
    check(batch)
    assert dialer.run(batch.command("track", "-q")) == 0
    assert requests(bolna, BY_ID) - before == PEOPLE - known


@pytest.mark.parametrize(
    "crash",
    [
        Crash("dialer.sync.track:Tracker._found", "before", 20),
        Crash("dialer.store.ledger.calls:Calls.note_calls", "before", 20),
        Crash("dialer.store.ledger.calls:Calls.note_calls", "after", 20),
        Crash("dialer.export.results.file:ResultsFile.write_changed", "before"),
        Crash("dialer.export.results.file:ResultsFile.write_changed", "after"),
    ],
    ids=lambda crash: f"{crash.when} {crash.at.rpartition(':')[2]}",
)
def test_after_a_crash_at_any_step_it_goes_on(tmp_path: Path, bolna: Bolna, dialer: Crashing, crash: Crash) -> None:
    batch = called(tmp_path, dialer)
    assert dialer.run(batch.command("track"), crash) == CRASHED
    known, before = noted(batch), requests(bolna, BY_ID)
    assert dialer.run(batch.command("track")) == 0
    assert requests(bolna, BY_ID) - before == PEOPLE - known
    check(batch)


def test_refusals_errors_and_calls_that_are_found_late_hold_it_up_and_no_more(tmp_path: Path) -> None:
    faults = {"rate_limited": 0.1, "unavailable_before": 0.05, "closed_before": 0.05, "garbage": 0.05}
    with sandbox(**OVER_AT_ONCE, other_faults=faults, listed_after=1.0, shifting_pages=True) as bolna:
        dialer = Crashing(bolna, tmp_path / "log")
        batch = called(tmp_path, dialer)
        assert dialer.run(batch.command("track", "--watch", "--every", "1s", "-q")) == 0
    check(batch)
