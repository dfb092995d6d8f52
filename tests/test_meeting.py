"""Two runs that meet on one number, on virtual time: never both call it, and one of them does, soon."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.intake.do_not_call import Suppression
from dialer.operations.eligibility import Judge
from dialer.rate import Rate
from dialer.store.sqlite import Neighbours, Registry, locked
from dialer.store.sqlite.lock import lock_of
from tests.test_runner import Rig, after, opened, render, virtually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.engine.ending import Ending

NOBODY = Suppression.load([], region=None, max_age_days=None, now=datetime.now(UTC))


@contextlib.contextmanager
def meeting(folder: Path, people: int, *, latency: float = 0.0, seed: int = 0) -> Iterator[list[Rig]]:
    """Yield two runs over the same people, each with a ledger and a lock of its own, that see each other."""
    with contextlib.ExitStack() as stack:
        rigs = []
        for index in range(2):
            path = folder / f"{index}.ledger"
            stack.enter_context(locked(lock_of(path), command="run"))
            rig = Rig(stack.enter_context(opened(path, people)), latency=latency)
            others = stack.enter_context(
                Neighbours(
                    [folder], registry=Registry(folder / "dialer.ledgers"), own=path, server="loopback", within=86_400.0
                )
            )
            rig.judge = Judge(
                suppression=NOBODY,
                window=None,
                neighbours=others,
                within=86_400.0,
                ends=None,
                random=random.Random(seed + index).uniform,
            )
            rigs.append(rig)
        yield rigs


async def together(rigs: list[Rig]) -> list[Ending]:
    endings: dict[int, Ending] = {}

    async def one(index: int) -> None:
        endings[index] = await rigs[index].run()

    async with anyio.create_task_group() as group:
        for index in range(len(rigs)):
            group.start_soon(one, index)
    return [endings[index] for index in range(len(rigs))]


def times(rigs: list[Rig]) -> Counter[int]:
    return Counter(number for rig in rigs for number in rig.bolna.numbers)


@settings(max_examples=8)
@given(
    people=st.integers(1, 12),
    rates=st.tuples(*[st.sampled_from([Rate(1, 7.0), Rate(60, 60.0), Rate(20, 1.0), Rate(1000, 1.0)])] * 2),
    latency=st.sampled_from([0.0, 0.004, 0.5]),
    takes=st.sampled_from([0.01, 3.0]),
    seed=st.integers(0, 1000),
)
def test_over_one_list_everybody_is_called_by_one_of_two_runs(
    people: int, rates: tuple[Rate, Rate], latency: float, takes: float, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, meeting(Path(folder), people, latency=latency, seed=seed) as rigs:
        for rig, rate in zip(rigs, rates, strict=True):
            rig.rate, rig.bolna.takes = rate, lambda _: takes
        virtually(lambda: together(rigs))
        assert times(rigs) == dict.fromkeys(range(people), 1)
        assert sum(rig.counts.get("queued", 0) for rig in rigs) == people


@pytest.mark.parametrize("seed", range(5))
def test_where_both_find_each_other_one_calls_within_two_minutes(tmp_path: Path, seed: int) -> None:
    """Both intents are on disk before either is about to leave: neither may, and neither is put off for a day."""
    with meeting(tmp_path, 1, latency=1.0, seed=seed) as rigs:
        virtually(lambda: together(rigs))
        (called,) = [rig for rig in rigs if rig.bolna.sent]
        (other,) = [rig for rig in rigs if rig is not called]
        assert called.took < 120.0
        assert called.counts == {"queued": 1}
        assert other.counts == {"pending": 1}


def test_the_others_are_called_meanwhile_and_whoever_was_only_met_afterwards(tmp_path: Path) -> None:
    """A run that is about to call somebody, and then does not, costs them nothing but some seconds."""
    with meeting(tmp_path, 5) as (rig, other):
        attempts = other.ledger.intend(other.ledger.page(after=0, size=1), render)
        withdraw = after(30.0, lambda _: other.ledger.withhold(attempts, reason=""))
        virtually(lambda: rig.run(withdraw))
        assert rig.bolna.numbers == [1, 2, 3, 4, 0]
        assert rig.counts == {"queued": 5}


def test_who_is_about_to_be_called_elsewhere_for_minutes_is_left_for_a_later_run(tmp_path: Path) -> None:
    """A frozen run must not keep this one for ever."""
    with meeting(tmp_path, 3) as (rig, other):
        other.ledger.intend(other.ledger.page(after=0, size=1), render)
        ending = virtually(rig.run)
        assert rig.counts == {"queued": 2, "pending": 1}
        (reason,) = ending.deferred
        assert reason == "the batch b is about to call this number"
        assert ending.deferred[reason].until is None
        assert rig.took < 10 * 45.0 + 10.0


def test_what_a_dead_run_was_about_to_place_counts_as_a_call(tmp_path: Path) -> None:
    with meeting(tmp_path, 3) as (rig, other):
        other.ledger.intend(other.ledger.page(after=0, size=1), render)
        lock_of(other.ledger.path).write_text('{"left": {}}', encoding="utf-8")
        ending = virtually(rig.run)
        assert rig.counts == {"queued": 2, "pending": 1}
        assert rig.took < 1.0
        (reason,) = ending.deferred
        assert reason == "called less than a minute ago by the batch b"
        assert ending.deferred[reason].until is not None
