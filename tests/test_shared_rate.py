"""Several runs keep one rate together: the promises of their schedule, on a virtual clock, over a real file."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.engine.pacing import Pacer, Slot
from dialer.engine.shared_rate import AHEAD, VALID, SharedRate, shared_rate
from dialer.engine.shared_rate.file import RateFile
from dialer.engine.shared_rate.schedule import Schedule, after_loss
from dialer.errors import ExitCode, MustActError, UsageError
from dialer.rate import Rate
from tests.test_pacing import most_within, virtually

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from trio.testing import MockClock


BOLNA = Rate(500, 60.0)
NETWORK = 0.05
"""Seconds by which one request may take longer to the server than another."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dialer.rate"


@contextlib.contextmanager
def shared(
    path: Path,
    rate: Rate = BOLNA,
    *,
    start: bytes | None = None,
    note: Callable[[str], None] = lambda _: None,
    on_hold: Callable[[float, str], None] = lambda _seconds, _words: None,
    ahead_by: float = 0.0,
) -> Iterator[SharedRate]:
    """Yield what one run keeps the rate by; its machine was started `ahead_by` seconds before the test's clock."""
    with RateFile(path, start=start, now=lambda: anyio.current_time() + ahead_by) as file:
        yield SharedRate(file, rate, note=note, on_hold=on_hold)


async def calls(slots: SharedRate, *, per_minute: int, until: float) -> list[float]:
    """Return the moments at which a run calls that has a rate of its own."""
    pacer, moments = Pacer(Rate(per_minute, 60.0), slots=slots), list[float]()
    while anyio.current_time() < until:
        await pacer.wait()
        moments.append(anyio.current_time())
    return moments


async def all_of(*runs: Callable[[], Awaitable[list[float]]]) -> list[list[float]]:
    """Return the moments of several runs that go on at the same time."""
    found: list[list[float]] = [[] for _ in runs]

    async def one(index: int) -> None:
        found[index] = await runs[index]()

    async with anyio.create_task_group() as group:
        for index in range(len(runs)):
            group.start_soon(one, index)
    return found


def together(path: Path, *, per_minute: Sequence[int], seconds: float) -> list[list[float]]:
    """Return when several runs called that share the organisation's rate."""

    async def main(_: MockClock) -> list[list[float]]:
        with contextlib.ExitStack() as stack:
            rates = [stack.enter_context(shared(path)) for _ in per_minute]
            return await all_of(
                *(
                    lambda rate=rate, each=each: calls(rate, per_minute=each, until=seconds)
                    for rate, each in zip(rates, per_minute, strict=True)
                )
            )

    found: list[list[float]] = virtually(main)
    return found


# -- the arithmetic ------------------------------------------------------------------------------------------------

PART = st.sampled_from([0.0, 1.0]) | st.floats(0, 1)
MOVES = st.one_of(
    st.tuples(st.just("call"), PART, PART, st.floats(0, 1)),
    st.tuples(st.just("leave it unused"), st.floats(0, 1)),
    st.tuples(st.just("lose the file")),
    st.tuples(st.just("429"), st.floats(0, 400), st.floats(-1, 1)),
    st.tuples(st.just("time passes"), st.floats(0, 700)),
)


@given(
    rate=st.builds(Rate, st.integers(1, 3) | st.integers(4, 40), st.sampled_from([60.0, 3600.0])),
    moves=st.lists(MOVES, max_size=200),
    source=st.randoms(use_true_random=False),
)
def test_no_window_at_the_server_holds_more_than_the_rate_allows(
    rate: Rate, moves: list[tuple[Any, ...]], source: random.Random
) -> None:
    """However many ask, however late in its slot a request leaves: the server never counts one too many.

    What is modelled is one schedule, since a lock lets only one process at a time change it.
    """
    now, arrived = 1000.0, []
    schedule = after_loss(rate, now=now)
    for name, *given_ in moves:
        if name == "time passes":
            now += given_[0]
        elif name == "lose the file":
            schedule = after_loss(rate, now=now)
        elif name == "429":
            schedule = schedule.refused(Slot(now + given_[1]), now=now, seconds=given_[0])
        else:
            not_before = now + given_[-1] * AHEAD if name == "call" else now
            opens = schedule.opens(now=now, not_before=not_before)
            # Some ask as early as they are given a slot, some late.
            now = max(now, opens - AHEAD * source.random())
            schedule, slot = schedule.take(rate, now=now, not_before=not_before)
            if slot is not None and name == "call":
                arrived.append(slot.moment + given_[0] * VALID + given_[1] * NETWORK)
    assert most_within(sorted(arrived), rate.per) <= rate.count


@pytest.mark.parametrize("rate", ["1/minute", "7/minute", "500/minute", "1/hour", "30/hour", "9000/hour"])
def test_the_first_as_late_and_the_last_as_early_as_can_be_are_a_window_apart(rate: str) -> None:
    allowed = Rate.parse(rate)
    schedule, moments = Schedule(next=1000.0), []
    for _ in range(allowed.count + 1):
        now = schedule.opens(now=0.0, not_before=0.0) - AHEAD
        schedule, slot = schedule.take(allowed, now=now, not_before=now)
        assert slot is not None
        moments.append(slot.moment)
    assert moments[-1] - (moments[0] + VALID + NETWORK) >= allowed.per - 1e-6


def test_a_slot_is_handed_out_shortly_before_its_moment_only() -> None:
    """What is handed out early and not used is lost to everybody."""
    schedule = Schedule(next=10.0)
    assert schedule.take(BOLNA, now=10.0 - AHEAD - 0.001, not_before=0.0) == (schedule, None)
    _, slot = schedule.take(BOLNA, now=10.0 - AHEAD, not_before=0.0)
    assert slot is not None
    assert slot.moment == 10.0


def test_a_429_halves_the_rate_once_for_all_that_was_under_way() -> None:
    schedule = Schedule(next=100.0)
    for moment in (99.0, 99.5, 99.9):
        schedule = schedule.refused(Slot(moment), now=100.0, seconds=2.0)
    assert (schedule.share, schedule.held_until) == (0.5, 102.0)
    assert schedule.refused(Slot(103.0), now=103.1, seconds=1.0).share == 0.25


def test_after_a_429_the_rate_comes_back_by_the_slots_and_after_ten_minutes_at_once() -> None:
    schedule = Schedule(next=100.0).refused(Slot(99.0), now=100.0, seconds=2.0)
    for _ in range(10):
        schedule, slot = schedule.take(BOLNA, now=schedule.opens(now=0.0, not_before=0.0), not_before=0.0)
    assert slot is not None
    assert schedule.share == pytest.approx(0.6)
    later, slot = schedule.take(BOLNA, now=700.0, not_before=0.0)
    assert slot is not None
    assert later.next - slot.moment == pytest.approx(60.25 / 500)


def test_however_often_the_server_refuses_some_of_the_rate_is_left() -> None:
    schedule = Schedule(next=100.0)
    for second in range(100):
        schedule = schedule.refused(Slot(101.0 + second), now=101.0 + second, seconds=1e9)
    assert schedule.share == 1 / 16
    assert schedule.held_until <= 200.0 + 300.0


# -- several runs --------------------------------------------------------------------------------------------------


def test_two_runs_that_want_more_than_there_is_use_all_of_it_and_never_more(path: Path) -> None:
    one, other = together(path, per_minute=[400, 400], seconds=180.0)
    assert most_within(sorted(one + other), 60.0) <= 500
    assert len(one) + len(other) >= 0.97 * 500 * 3
    assert abs(len(one) - len(other)) <= 0.05 * 1500


@pytest.mark.parametrize("per_minute", [[400, 200], [450, 100, 30], [300, 300, 300, 300], [499, 20]])
def test_whatever_the_runs_want_the_rate_is_used(path: Path, per_minute: list[int]) -> None:
    found = together(path, per_minute=per_minute, seconds=180.0)
    assert most_within(sorted(chain(*found)), 60.0) <= 500
    assert sum(map(len, found)) >= 0.97 * 500 * 3


def test_alone_a_run_has_its_own_rate(path: Path) -> None:
    (one,) = together(path, per_minute=[400], seconds=180.0)
    assert len(one) >= 0.97 * 400 * 3


def test_slots_that_a_frozen_run_leaves_unused_cost_the_others_next_to_nothing(path: Path) -> None:
    async def main(_: MockClock) -> list[float]:
        with shared(path) as one, shared(path) as frozen:
            await frozen.slot(wait=0.0)
            return await calls(one, per_minute=400, until=60.0)

    assert len(virtually(main)) >= 0.97 * 400


def test_a_429_of_one_run_holds_all_of_them_and_they_are_told_why(path: Path) -> None:
    told: list[object] = []

    async def main(_: MockClock) -> float:
        with (
            shared(path, note=told.append) as one,
            shared(path, note=told.append, on_hold=lambda *hold: told.append(hold)) as other,
        ):
            slot = await one.slot(wait=0.0)
            refused = anyio.current_time()
            await one.hold(30.0, after=slot)
            assert one.held() == pytest.approx(30.0)
            assert other.held() == pytest.approx(30.0)
            return (await other.slot(wait=0.0)).moment - refused

    assert virtually(main) == pytest.approx(30.0, abs=0.01)
    assert told == [
        "Bolna gets too many requests from this organisation: all runs wait 30 s",
        (pytest.approx(30.0), "too many requests from this organisation"),
    ]


def test_a_hold_is_seen_by_a_run_that_has_a_slot_already(path: Path) -> None:
    async def main(_: MockClock) -> tuple[float, float]:
        with shared(path) as one, shared(path) as other:
            slot = await one.slot(wait=0.0)
            before = other.held()
            await one.hold(2.0, after=slot)
            return before, other.held()

    before, after = virtually(main)
    assert before == 0
    assert after > 0


def test_a_slot_cannot_be_used_long_after_its_moment(path: Path) -> None:
    async def main(_: MockClock) -> list[bool]:
        with shared(path) as rate:
            slot = await rate.slot(wait=0.2)
            await anyio.sleep(rate.wait_for(slot))
            found = [rate.is_over(slot)]
            await anyio.sleep(VALID + 0.001)
            return [*found, rate.is_over(slot)]

    assert virtually(main) == [False, True]


# -- the file ------------------------------------------------------------------------------------------------------


def test_the_first_call_of_a_new_workspace_waits_less_than_a_second(path: Path) -> None:
    async def main(_: MockClock) -> float:
        with shared(path) as rate:
            return rate.wait_for(await rate.slot(wait=0.0)) + anyio.current_time()

    assert virtually(main) < 1.0


LOSSES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "replaced by an empty one": lambda path: _beside(path, b"").replace(path),
    "replaced by a copy": lambda path: _beside(path, path.read_bytes()).replace(path),
    "replaced by an older copy": lambda path: _older_copy(path).replace(path),
    "cut to nothing": lambda path: path.write_bytes(b""),
    "cut in the middle": lambda path: path.write_bytes(path.read_bytes()[:30]),
    "one bit changed": lambda path: path.write_bytes(bytes([*path.read_bytes()[:50], 1, *path.read_bytes()[51:]])),
    "overwritten by text": lambda path: path.write_text("rate = 500\n" * 20),
}


def _older_copy(path: Path) -> Path:
    oldest = path.with_name("oldest")
    if not oldest.exists():
        oldest.write_bytes(path.read_bytes())
    return _beside(path, oldest.read_bytes())


def _written_as_it_is(path: Path) -> Callable[[], object]:
    older = path.read_bytes()
    return lambda: path.write_bytes(older)


def _beside(path: Path, content: bytes) -> Path:
    other = path.with_name("other")
    other.write_bytes(content)
    return other


@pytest.mark.parametrize("loss", LOSSES)
def test_two_runs_keep_the_rate_whatever_becomes_of_the_file(path: Path, loss: str) -> None:
    async def main(_: MockClock) -> list[list[float]]:
        async def spoil() -> list[float]:
            for _ in range(60):
                await anyio.sleep(0.97)
                LOSSES[loss](path)
            return []

        with shared(path) as one, shared(path) as other:
            return await all_of(
                lambda: calls(one, per_minute=400, until=60.0), lambda: calls(other, per_minute=400, until=60.0), spoil
            )

    moments = sorted(chain(*virtually(main)))
    assert min(later - earlier for earlier, later in pairwise(moments)) >= 0.12
    assert len(moments) > 100


def test_an_older_copy_written_over_the_file_is_noticed(path: Path) -> None:
    async def main(_: MockClock) -> tuple[float, float]:
        with shared(path) as one, shared(path) as other:
            await one.slot(wait=0.0)
            write_it_again = _written_as_it_is(path)
            for _turn in range(10):
                await one.slot(wait=0.0)
                last = await other.slot(wait=0.0)
            write_it_again()
            return last.moment, (await other.slot(wait=0.0)).moment

    last, following = virtually(main)
    assert following - last >= 0.12


def test_after_a_restart_of_the_machine_the_schedule_of_before_does_not_count(path: Path) -> None:
    """Its times are of a clock that began anew."""

    async def main(_: MockClock) -> float:
        with shared(path, start=b"a" * 16, ahead_by=1e6) as before:
            await before.slot(wait=0.0)
        with shared(path, start=b"b" * 16) as after:
            asked = anyio.current_time()
            return (await after.slot(wait=0.0)).moment - asked

    assert 0 < virtually(main) < 1.0


def test_where_nothing_tells_of_a_restart_the_clock_does(path: Path) -> None:
    async def main(_: MockClock) -> float:
        with shared(path, ahead_by=1e6) as before:
            await before.slot(wait=0.0)
        with shared(path) as after:
            asked = anyio.current_time()
            return (await after.slot(wait=0.0)).moment - asked

    assert 0 < virtually(main) < 1.0


def test_two_machines_on_one_file_are_told_so_before_they_send_more_than_is_allowed(path: Path) -> None:
    async def main(_: MockClock) -> list[float]:
        with shared(path, start=b"a" * 16) as here, shared(path, start=b"b" * 16) as there:
            moments = [(await here.slot(wait=0.0)).moment, (await there.slot(wait=0.0)).moment]
            with pytest.raises(UsageError, match=r"another machine uses this file.*on one machine") as refused:
                await here.slot(wait=0.0)
            assert refused.value.exit_code is ExitCode.USAGE
            return moments

    first, second = virtually(main)
    assert second - first >= 0.12


def _socket_at(path: Path) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind(str(path))


PLANTED: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a socket": _socket_at,
    "a link to somebody's file": lambda path: path.symlink_to(path.with_name("people.csv")),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("what", [*PLANTED, "in a folder that is a file"])
def test_a_file_that_cannot_be_written_ends_the_run_in_words(tmp_path: Path, what: str) -> None:
    path = tmp_path / "dialer.rate"
    (tmp_path / "people.csv").write_text("phone")
    if what in PLANTED:
        PLANTED[what](path)
    else:
        path = tmp_path / "x" / "dialer.rate"
        path.parent.touch()
    with pytest.raises(MustActError, match=r"dialer\.rate cannot be read and written \(.+\)") as refused, shared(path):
        pytest.fail("it was opened")
    assert refused.value.exit_code is ExitCode.MUST_ACT
    assert (tmp_path / "people.csv").read_text() == "phone"
    assert not (tmp_path / "nothing").exists()


# -- a run that is frozen while it holds the lock ---------------------------------------------------------------------

_HOLDS_THE_LOCK = """
import pathlib, signal, sys
from dialer.engine.shared_rate.file import RateFile
with RateFile(pathlib.Path(sys.argv[1])) as file, file._locked():
    print("locked", flush=True)
    signal.pause()
"""


def test_a_run_that_is_frozen_with_the_lock_is_named_and_the_others_go_on_once_it_is_killed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.engine.shared_rate._PATIENCE", 0.05)
    told: list[str] = []

    async def main(frozen: subprocess.Popen[str]) -> None:
        named = anyio.Event()

        def note(text: str) -> None:
            told.append(text)
            named.set()

        async def end_it() -> None:
            await named.wait()
            frozen.kill()

        with shared_rate(path, BOLNA, note=note, on_hold=lambda *_: None) as rate:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(end_it)
                await rate.slot(wait=0.0)

    with subprocess.Popen([sys.executable, "-c", _HOLDS_THE_LOCK, path], stdout=subprocess.PIPE, text=True) as frozen:
        try:
            assert frozen.stdout is not None
            assert frozen.stdout.readline() == "locked\n"
            frozen.send_signal(signal.SIGSTOP)
            anyio.run(main, frozen)
        finally:
            frozen.kill()
    words = f"Process {frozen.pid} has locked {path} and does nothing (was it stopped, as by Ctrl-Z?)"
    assert told == [f"{words}. Nothing is sent until it goes on or ends."]
