"""Several batches share the organisation's lines: never more calls live than there are, and each comes free again."""

from __future__ import annotations

import contextlib
import json
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.engine.concurrency import Lines
from dialer.engine.reads import Reads
from dialer.errors import CampaignError, ExitCode, MustActError
from dialer.provider.bolna.client import answer_of_status
from dialer.provider.bolna.executions import execution_in
from dialer.provider.interface import ProviderReadError
from dialer.store import Binding
from dialer.store.sqlite import Ledger, Neighbours, Registry, lock_of, locked
from dialer.sync.neighbour_calls import NeighbourCalls
from tests.harness import Batch, run, sandbox, settled
from tests.ledgers import BINDING, QUEUED, UNCLEAR, call, intend, opened, people
from tests.test_concurrency import Phones
from tests.test_runner import Rig, Sent, load, virtually
from tests.test_shared_kills import running, wait_until_asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from dialer.models import Answer
    from dialer.provider.interface import Execution, Page
    from tests.place import Place

TEN_MINUTES = 600.0


# -- real runs -----------------------------------------------------------------------------------------------------


def most_live(calls: Sequence[dict[str, Any]]) -> int:
    """Return how many calls were live at once at most: from the request to the hang-up."""
    edges = [(one["received_at"], 1) for one in calls] + [(one["dials"][-1][1], -1) for one in calls if one["dials"]]
    live = most = 0
    for _, step in sorted(edges):
        live += step
        most = max(most, live)
    return most


def test_four_batches_never_have_more_calls_live_than_there_are_lines_also_where_one_is_killed(tmp_path: Path) -> None:
    (tmp_path / "dialer.toml").write_text("[organisation]\nlines = 5\n", encoding="utf-8")
    batches = [Batch.write(tmp_path / str(one), people=6, rate="100/second", start=one * 100) for one in range(4)]
    for batch in batches:
        with batch.campaign.open("a", encoding="utf-8") as file:
            file.write('[forecast]\naverage_call = "1s"\n')
    with sandbox(speed=60, lines=1000, latency=0.02) as bolna, contextlib.ExitStack() as stack:
        runs = [stack.enter_context(running(bolna, batch)) for batch in batches]
        wait_until_asked(bolna, 8)
        runs[0].kill()
        for one in runs[1:]:
            assert one.wait() == ExitCode.LOOK, one.told()
        assert run(bolna, batches[0].command("run")) == ExitCode.LOOK
        calls = list(chain(*(bolna.calls(batch.agent) for batch in batches)))
        assert most_live(calls) <= 5
        for batch in batches:
            settled(batch, bolna)


# -- on a virtual clock --------------------------------------------------------------------------------------------


@dataclass
class Shown:
    """What a provider shows of the calls of some phones."""

    phones: Phones
    looked_up: int = 0
    skew: float | None = 0.0

    async def execution(self, execution_id: str) -> Execution | None:
        await anyio.sleep(0.05)
        self.looked_up += 1
        if execution_id not in self.phones.dials:
            return None
        return execution_in({"id": execution_id, "status": self.phones.status(execution_id)})

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        raise ProviderReadError(f"no list of {agent_id}: {start} {end} {number}")


@contextlib.contextmanager
def batches(folder: Path, *counts: int) -> Iterator[list[Rig]]:
    with contextlib.ExitStack() as stack:
        ledgers = [
            stack.enter_context(closing(batch(folder / f"{at}.ledger", count))) for at, count in enumerate(counts)
        ]
        yield [Rig(ledger, latency=0.02) for ledger in ledgers]


def batch(path: Path, count: int) -> Ledger:
    ledger = Ledger.open(path, binding=Binding("agent", "loopback", "e164"), batch=path.stem)
    ledger._db.execute("PRAGMA synchronous = OFF")
    load(ledger, count)
    return ledger


def others_of(folder: Path, ledger: Path, phones: Phones, stack: contextlib.ExitStack) -> NeighbourCalls:
    found = stack.enter_context(
        Neighbours(
            [folder], registry=Registry(folder / "dialer.ledgers"), own=ledger, server="loopback", within=86_400.0
        )
    )
    return NeighbourCalls(found, Shown(phones), reads=Reads(None))


async def share(folder: Path, rigs: list[Rig], phones: Phones, *, shared: int, most: int = 1000) -> None:
    """Run all of them at the same time, over the same phones and lines."""

    def answer(sent: Sent) -> Answer:
        execution_id = f"e-{sent.reference}"
        phones.place(execution_id)
        return answer_of_status(200, execution_id=execution_id)

    with contextlib.ExitStack() as stack:
        async with anyio.create_task_group() as group:
            for rig in rigs:
                rig.bolna.answer = answer
                rig.lines = lines = Lines(
                    min(most, shared),
                    ledger=rig.recorder,
                    tracker=phones,
                    lines=shared,
                    average=phones.lasts,
                    shared=shared,
                    others=others_of(folder, rig.ledger.path, phones, stack),
                    now=anyio.current_time,
                )
                rig.watchers = [lines.watch]
                group.start_soon(rig.run)


@pytest.mark.parametrize(("shared", "seed"), [(3, 2), (7, 3)])
def test_runs_that_begin_at_the_same_moment_never_take_a_line_too_many(tmp_path: Path, shared: int, seed: int) -> None:
    phones = Phones(1000, lasts=5.0, seed=seed)
    with batches(tmp_path, 6, 6, 6, 6) as rigs:
        virtually(lambda: share(tmp_path, rigs, phones, shared=shared))
        assert [rig.counts for rig in rigs] == [{"queued": 6}] * 4
    assert phones.most_live() <= shared
    starts = [start for start, _, _ in phones.dials.values()]
    used = sum(min(over, max(starts)) - start for start, _, over in phones.dials.values())
    assert used / (shared * (max(starts) - min(starts))) >= 0.7


def test_a_batch_has_no_more_live_than_its_own_campaign_says(tmp_path: Path) -> None:
    phones = Phones(1000, lasts=5.0)
    with batches(tmp_path, 8) as rigs:
        virtually(lambda: share(tmp_path, rigs, phones, shared=7, most=2))
    assert phones.most_live() == 2


# -- what counts of another batch ----------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Ledger]:
    """Return another batch's ledger."""
    with closing(opened(tmp_path / "other.ledger")) as ledger:
        people(ledger, 9)
        yield ledger


@contextlib.contextmanager
def counting(folder: Path) -> Iterator[Neighbours]:
    with Neighbours(
        [folder],
        registry=Registry(folder / "dialer.ledgers"),
        own=folder / "own.ledger",
        server=BINDING.server,
        within=86_400.0,
    ) as found:
        yield found


def live(folder: Path) -> tuple[int, int]:
    """Return how many calls may be live, and how many attempts are in doubt, for a run that begins."""
    with counting(folder) as found:
        ledgers = found.live()
        return sum(len(one.calls) for one in ledgers), sum(one.doubts for one in ledgers)


def age(ledger: Ledger, seconds: float) -> None:
    """Have all attempts have been so much earlier."""
    ledger._db.execute("UPDATE attempt SET at = at - ?, answered_at = answered_at - ?", (seconds, seconds))


def test_an_accepted_call_counts_until_its_batch_knows_that_it_is_over(tmp_path: Path, other: Ledger) -> None:
    attempt = call(other, 1, QUEUED)
    assert live(tmp_path) == (1, 0)
    for status, counts in (("ringing", 1), ("in-progress", 1), ("scheduled", 0), ("ringing", 1), ("completed", 0)):
        other.note_statuses([(attempt.id, status)])
        assert live(tmp_path) == (counts, 0), status


@pytest.mark.parametrize("answer", [UNCLEAR, None])
def test_what_may_have_been_placed_counts_for_ten_minutes(tmp_path: Path, other: Ledger, answer: Answer | None) -> None:
    """Unclear is also what a run was about to send that was killed."""
    if answer is None:
        intend(other, 1)
    else:
        call(other, 1, answer)
    age(other, TEN_MINUTES - 60)
    assert live(tmp_path) == (0, 1)
    age(other, 120)
    assert live(tmp_path) == (0, 0)


def test_what_a_run_is_about_to_send_counts_as_long_as_the_run_lives(tmp_path: Path, other: Ledger) -> None:
    """It may be frozen."""
    intend(other, 1)
    age(other, 10 * TEN_MINUTES)
    with locked(lock_of(other.path), command="run"):
        assert live(tmp_path) == (0, 1)
    assert live(tmp_path) == (0, 0)


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_doubt_counts_ten_minutes_whatever_the_wall_clock_is_set_to(
    tmp_path: Path, other: Ledger, step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(other, 1, UNCLEAR)
    elapsed, wall = 1000.0, time.time()
    monkeypatch.setattr("dialer.store.sqlite.live_calls.time.monotonic", lambda: elapsed)
    with counting(tmp_path) as found:
        assert found.live()[0].doubts == 1
        monkeypatch.setattr("time.time", lambda: wall + step)
        elapsed += TEN_MINUTES - 30
        assert found.live()[0].doubts == 1
        elapsed += 60
        assert found.live()[0].doubts == 0


def test_each_moment_counts_of_a_ledger_that_is_written_to(tmp_path: Path, other: Ledger) -> None:
    with counting(tmp_path) as found:
        for index in range(1, 8):
            (attempt,) = intend(other, index)
            assert (len(found.live()[0].calls), found.live()[0].doubts) == ((index - 1) // 3, 1)
            if index % 3 == 0:
                other.settle([(attempt, QUEUED)])
                assert (len(found.live()[0].calls), found.live()[0].doubts) == (index // 3, 0)
            else:
                other.withhold([attempt], reason="")
                assert found.live()[0].doubts == 0


def test_a_damaged_ledger_of_another_batch_ends_a_run_that_cannot_count(tmp_path: Path, other: Ledger) -> None:
    call(other, 1, QUEUED)
    other.close()
    content = other.path.read_bytes()
    with counting(tmp_path) as found:
        calls = NeighbourCalls(found, Shown(Phones(1)), reads=Reads(None))
        assert calls.count() == 1
        other.path.write_bytes(content[:100] + bytes(len(content) - 100))
        with pytest.raises(MustActError, match=r"other\.ledger"):
            calls.count()


def test_what_its_batch_does_not_know_is_looked_up(tmp_path: Path, other: Ledger) -> None:
    async def look() -> list[int]:
        phones = Phones(5, lasts=100.0)
        attempt = call(other, 1, QUEUED)
        phones.place("exec-1")
        with counting(tmp_path) as found:
            calls = NeighbourCalls(found, Shown(phones), reads=Reads(None))
            counts = [calls.count()]
            await calls.look()
            counts.append(calls.count())
            await anyio.sleep(200)
            counts.append(calls.count())
            await calls.look()
            counts.append(calls.count())
            # Bolna tries it again by itself, as its batch has seen.
            other.note_statuses([(attempt.id, "ringing")])
            counts.append(calls.count())
            return counts

    assert virtually(look) == [1, 1, 1, 0, 1]


def test_a_call_that_the_provider_never_shows_holds_a_line_for_an_hour(tmp_path: Path, other: Ledger) -> None:
    async def look() -> list[int]:
        call(other, 1, QUEUED)
        counts = []
        for seconds in (3500.0, 200.0):
            age(other, seconds)
            with counting(tmp_path) as found:
                calls = NeighbourCalls(found, Shown(Phones(1)), reads=Reads(None))
                await calls.look()
                counts.append(calls.count())
        return counts

    assert virtually(look) == [1, 0]


# -- dialer.toml ---------------------------------------------------------------------------------------------------


def limited(place: Place, text: str, *, more: str = "") -> Path:
    (place.folder / "dialer.toml").write_text(f"[organisation]\n{text}\n", encoding="utf-8")
    path = place.campaign()
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("more", "account", "live_calls"),
    [
        ("", 20, 10),
        ("", None, 10),
        ("live_calls = 4\n", 20, 4),
        ("live_calls = 40\n", 20, 10),
        ('live_calls = "account"\n', 20, 10),
        ('live_calls = "account"\n', 3, 3),
        ('live_calls = "account"\n', None, 10),
    ],
)
def test_a_run_has_as_many_live_as_the_smallest_number_says(
    place: Place, more: str, account: int | None, live_calls: int
) -> None:
    campaign = load_campaign(limited(place, "lines = 10", more=more))
    assert campaign.live_calls(lines=campaign.lines(account)) == live_calls


@pytest.mark.parametrize("value", ["0", "-1", "true", '"10"', "2.5"])
def test_a_number_of_lines_that_is_none_is_named(place: Place, value: str) -> None:
    path = limited(place, f"lines = {value}")
    with pytest.raises(CampaignError, match=r"dialer\.toml, line 2: `organisation\.lines` is .*whole number from 1"):
        load_campaign(path)


def test_check_and_status_tell_the_lines(quick: Place, capsys: pytest.CaptureFixture[str]) -> None:
    quick.recipients([[f"+9198765432{index}", "N"] for index in range(10, 16)], header=["phone", "customer_name"])
    path = str(limited(quick, "lines = 2"))
    assert main(["check", path]) == 0
    assert "(2 lines, 1 min a call)" in capsys.readouterr().out
    assert main(["run", path, "--yes", "-q"]) == 0
    assert main(["status", path]) == 0
    assert f"lines: 2 for all batches in {quick.folder}\n" in capsys.readouterr().out
    assert main(["status", path, "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["workspace"]["lines"] == 2


def test_a_trial_has_the_lines_to_itself(place: Place) -> None:
    place.recipients([["+919876543210", "N"]], header=["phone", "customer_name"])
    path = str(limited(place, "lines = 1"))
    with closing(opened(place.folder / "other.ledger")) as ledger:
        people(ledger, 1)
        call(ledger, 1, QUEUED)
    assert main(["run", path, "--yes", "-q", "--sandbox"]) == 0
