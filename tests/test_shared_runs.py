"""Runs that share the organisation's rate: none too fast, none called twice or lost, whatever becomes of the others."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer.engine.pacing import Pacer
from dialer.engine.shared_rate import VALID, SharedRate
from dialer.engine.shared_rate.file import RateFile
from dialer.errors import ExitCode
from dialer.provider.bolna.client import answer_of_status
from dialer.rate import Rate
from tests.test_pacing import most_within
from tests.test_runner import ACCEPTED, FIRST, Bolna, Rig, after, opened, trip_of, virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from dialer.engine.ending import Ending
    from dialer.models import Answer

    Stop = Callable[[Rig], Coroutine[Any, Any, None]]

BOLNA = Rate(500, 60.0)
OWN = Rate(400, 60.0)
REFUSED = answer_of_status(429, words="Too many requests", retry_after=30.0)


@contextlib.contextmanager
def runs(folder: Path, *people: int, rate: Rate = OWN) -> Iterator[list[Rig]]:
    """Yield runs that share a workspace: each with so many people, and a rate of its own."""
    with contextlib.ExitStack() as stack:
        rigs = []
        for index, count in enumerate(people):
            rig = Rig(stack.enter_context(opened(folder / f"{index}.ledger", count)))
            rig.rate = rate
            rigs.append(rig)
        yield rigs


async def share(path: Path, rigs: list[Rig], *stops: Stop | None, start: bytes | None = None) -> list[Ending]:
    """Run all of them at the same time, each beside what stops it, and return how they ended."""
    found: dict[int, Ending] = {}

    async def one(index: int) -> None:
        rig, stop = rigs[index], stops[index] if index < len(stops) else None
        with RateFile(path / "dialer.rate", start=start, now=anyio.current_time) as file:
            slots = SharedRate(file, BOLNA, note=rig.told.note, on_hold=rig.recorder.note_hold)
            rig.pacer = Pacer(rig.rate, slots=slots)
            found[index] = await rig.run(stop)

    async with anyio.create_task_group() as group:
        for index in range(len(rigs)):
            group.start_soon(one, index)
    return [found[index] for index in range(len(rigs))]


def attempts(rig: Rig) -> int:
    (count,) = rig.ledger._db.execute("SELECT count(*) FROM attempt").fetchone()
    return int(count)


class Slow(Bolna):
    """Its connection takes so long over the head of some requests that their moment is over before the body leaves."""

    late = 0

    async def call(self, body: bytes, may_leave: Callable[[], bool]) -> Answer:
        if self.late:
            self.late -= 1
            await anyio.sleep(VALID + 0.01)
        return await super().call(body, may_leave)


def test_two_runs_never_place_more_calls_than_the_organisation_may_and_hardly_fewer(tmp_path: Path) -> None:
    with runs(tmp_path, 600, 600) as rigs:
        ends = virtually(lambda: share(tmp_path, rigs))
        assert [rig.counts for rig in rigs] == [{"queued": 600}, {"queued": 600}]
    sent = sorted(one.at for rig in rigs for one in rig.bolna.sent)
    assert len(sent) == 1200
    assert most_within(sent, 60.0) <= 500
    assert 1200 / (sent[-1] - sent[0]) >= 0.97 * BOLNA.per_second
    assert all(most_within([one.at for one in rig.bolna.sent], 60.0) <= 400 for rig in rigs)
    assert [end.trip for end in ends] == [None, None]


def test_a_run_whose_neighbour_is_gone_has_all_of_its_own_rate(tmp_path: Path) -> None:
    with runs(tmp_path, 1000, 400) as rigs:
        virtually(lambda: share(tmp_path, rigs, None, after(20.0, lambda rig: rig.control.abort.set())))
        alone = [one.at for one in rigs[0].bolna.sent if one.at > 21.0]
    assert len(alone) / (alone[-1] - alone[0]) >= 0.97 * OWN.per_second


def test_who_misses_a_moment_is_called_at_a_later_one_with_the_same_intent(tmp_path: Path) -> None:
    """A machine that is busy at the wrong time costs a moment, and nobody their call."""
    with runs(tmp_path, 30) as (rig,):
        rig.bolna = slow = Slow(rig.ledger)
        slow.late = 7
        virtually(lambda: share(tmp_path, [rig]))
        assert rig.counts == {"queued": 30}
        assert attempts(rig) == 30
        assert rig.bolna.numbers == list(range(30))


@pytest.mark.parametrize("after_seconds", [0.6, 0.7, 0.8, 0.9])
def test_who_misses_a_moment_as_the_sending_ends_is_pending(tmp_path: Path, after_seconds: float) -> None:
    with runs(tmp_path, 30) as (rig,):
        rig.bolna = slow = Slow(rig.ledger)
        slow.late = 1000
        virtually(lambda: share(tmp_path, [rig], after(after_seconds, lambda rig: rig.control.stop("stopped"))))
        assert rig.counts == {"pending": 30}
        assert not rig.bolna.sent


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_wall_clock_that_is_set_anew_changes_nothing(
    tmp_path: Path, step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starts(folder: Path, by: float) -> list[float]:
        folder.mkdir()

        def wall() -> float:
            now = anyio.current_time()
            return 1.8e9 + now + (by if now > 3.0 else 0.0)

        with runs(folder, 30, 30) as rigs, monkeypatch.context() as patch:
            patch.setattr("time.time", wall)
            for rig in rigs:
                rig.now = wall
            virtually(lambda: share(folder, rigs))
            assert [rig.counts for rig in rigs] == [{"queued": 30}, {"queued": 30}]
            return sorted(round(one.at, 3) for rig in rigs for one in rig.bolna.sent)

    assert starts(tmp_path / "stepped", step) == starts(tmp_path / "steady", 0.0)


def test_a_429_of_one_run_holds_all_of_them(tmp_path: Path) -> None:
    with runs(tmp_path, 200, 200) as rigs:
        one, other = rigs
        one.bolna.answer = lambda sent: REFUSED if sent.number - FIRST == 50 and not sent.before else ACCEPTED
        virtually(lambda: share(tmp_path, rigs))
        (moment,) = [sent.at + 0.05 for sent in one.bolna.sent if sent.number - FIRST == 50 and not sent.before]
        starts = sorted(sent.at for rig in rigs for sent in rig.bolna.sent)
        assert [rig.counts for rig in rigs] == [{"queued": 200}, {"queued": 200}]
    assert not [start for start in starts if moment < start < moment + 30.0]
    soon = [start for start in starts if moment + 30.0 < start < moment + 32.0]
    assert len(soon) <= 0.6 * 2 * BOLNA.per_second
    assert any("all runs wait 30 s" in note for note in other.told.notes)


def test_a_rate_file_that_is_gone_for_good_ends_the_run_and_loses_nobody(tmp_path: Path) -> None:
    def take_away(_: Rig) -> None:
        (tmp_path / "dialer.rate").unlink()
        (tmp_path / "dialer.rate").mkdir()

    with runs(tmp_path, 200) as (rig,):
        rig.bolna.takes = lambda _: 1.0
        (end,) = virtually(lambda: share(tmp_path, [rig], after(10.0, take_away)))
        trip = trip_of(end)
        assert trip.exit_code is ExitCode.MUST_ACT
        assert f"{tmp_path / 'dialer.rate'} cannot be read and written" in trip.words
        assert rig.counts == {"queued": len(rig.bolna.sent), "pending": 200 - len(rig.bolna.sent)}
        assert 10 <= len(rig.bolna.sent) < 80


def test_a_second_machine_on_the_same_folder_ends_the_run_in_words(tmp_path: Path) -> None:
    async def elsewhere(_: Rig) -> None:
        await anyio.sleep(10.0)
        with RateFile(tmp_path / "dialer.rate", start=b"b" * 16, now=anyio.current_time) as file:
            await SharedRate(file, BOLNA, note=print, on_hold=print).slot(wait=0.0)

    with runs(tmp_path, 200) as (rig,):
        (end,) = virtually(lambda: share(tmp_path, [rig], elsewhere, start=b"a" * 16))
        trip = trip_of(end)
        assert trip.exit_code is ExitCode.USAGE
        assert "another machine uses this file" in trip.words
        assert set(rig.counts) == {"queued", "pending"}
