"""A person who is called again, by hand or by plan, is not called a third time by the run after a kill."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dialer.export.results import read_back
from tests.harness import CRASHED, Batch, Crash, Crashing, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Bolna

AFTER_THE_POST = Crash("dialer.engine.placing:Placing._take", turn=4)
OTHERS = (
    Crash("dialer.store.sqlite.store:Ledger.load", "after"),
    Crash("dialer.provider.bolna.client:CallConnection.call", "before", turn=4),
    Crash("dialer.store.sqlite.store:Ledger.end_permissions", "before"),
)


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    with sandbox(speed=100_000.0, outcomes={"no-answer": 1.0}) as found:
        yield found


@pytest.fixture(scope="module")
def process(bolna: Bolna, tmp_path_factory: pytest.TempPathFactory) -> Crashing:
    return Crashing(bolna, tmp_path_factory.mktemp("log") / "log")


def killed(folder: Path, crash: Crash, process: Crashing, *, plan: str, options: tuple[str, ...] = ()) -> Batch:
    """Return a batch of people who did not answer, whose redial was killed, and that was run once more."""
    batch = Batch.write(folder, people=12, rate="500/second")
    with batch.campaign.open("a") as file:
        file.write(f"[redial]\n{plan}\n")
    process.run(batch.command("run"))
    process.run(batch.command("track", "-q"))
    with closing(sqlite3.connect(batch.ledger)) as connection, connection:
        connection.execute("UPDATE call SET since = since - 4000, updated_at = NULL")
        connection.execute("UPDATE attempt SET at = at - 4000")
    assert process.run(batch.command("run", *options), crash) == CRASHED
    process.run(batch.command("run"))
    return batch


def shown(batch: Batch) -> dict[str, dict[str, str]]:
    """Return the row of each person, by number."""
    found = {row["recipient_phone_number"]: row for row in batch.rows() if row["key"]}
    assert len(found) == 12
    return found


@pytest.mark.parametrize(
    "crash", [Crash("dialer.store.sqlite.store:Ledger.permit", "after"), AFTER_THE_POST, *OTHERS], ids=str
)
def test_a_redial_that_is_killed_calls_nobody_a_third_time(
    tmp_path: Path, crash: Crash, bolna: Bolna, process: Crashing
) -> None:
    options = ("--redial", "no-answer")
    batch = killed(tmp_path / "b", crash, process, plan='redial_after = "1s"', options=options)
    called = [one["to_number"] for one in bolna.calls(batch.agent)]
    assert all(called.count(one) <= 2 for one in called)
    rows = shown(batch)
    assert {one["status"] for one in rows.values()} <= {"queued", "unknown"}
    # A person who was called a second time is not called again, whatever is known of that call.
    assert {rows[one]["attempts"] for one in rows if called.count(one) == 2} <= {"2"}
    assert len(read_back(batch.results, with_id=False).rows) == 12


@pytest.mark.parametrize(
    "crash",
    [
        AFTER_THE_POST,
        *(
            pytest.param(crash, marks=pytest.mark.long)
            for crash in (Crash("dialer.store.sqlite.store:Ledger.redial_by_plan", "after"), *OTHERS)
        ),
    ],
    ids=str,
)
def test_a_process_that_is_killed_calls_nobody_more_often_than_the_plan_says(
    tmp_path: Path, crash: Crash, bolna: Bolna, process: Crashing
) -> None:
    batch = killed(tmp_path / "b", crash, process, plan='outcomes = ["no-answer"]\ntimes = ["1h"]')
    called = [one["to_number"] for one in bolna.calls(batch.agent)]
    for whom, row in shown(batch).items():
        # A call in doubt waits for a person.
        assert called.count(whom) == 2 or (row["status"] == "unknown" and called.count(whom) == 1)
        assert row["attempts"] == "2"
