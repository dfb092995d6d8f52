"""The pacer's promises, on a virtual clock."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from dialer.engine.pacing import Pacer
from dialer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


def virtually(main: Callable[[MockClock], Awaitable[Any]]) -> Any:  # noqa: ANN401  whatever main returns
    """Run `main` on a clock that jumps to the next thing to do."""
    clock = MockClock(autojump_threshold=0)
    return trio.run(main, clock, clock=clock)


async def starts(pacer: Pacer, count: int) -> list[float]:
    moments = []
    for _ in range(count):
        await pacer.wait()
        moments.append(anyio.current_time())
    return moments


def gaps(moments: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def most_within(moments: Sequence[float], length: float) -> int:
    """Return the most starts in any rolling window, open at its end."""
    return max((bisect_left(moments, first + length) - i for i, first in enumerate(moments)), default=0)


@pytest.mark.parametrize(
    ("text", "count", "per", "per_second"),
    [
        ("300/minute", 300, 60, 5),
        ("5/second", 5, 1, 5),
        ("9000/hour", 9000, 3600, 2.5),
        (" 30 per Minute ", 30, 60, 0.5),
        ("1/s", 1, 1, 1),
    ],
)
def test_a_rate_is_read_as_it_is_written(text: str, count: int, per: float, per_second: float) -> None:
    rate = Rate.parse(text)
    assert (rate.count, rate.per, rate.per_second) == (count, per, per_second)


@given(count=st.integers(1, 1_000_000), unit=st.sampled_from(["second", "minute", "hour"]))
def test_a_rate_reads_back_from_its_text(count: int, unit: str) -> None:
    assert str(Rate.parse(f"{count}/{unit}")) == f"{count}/{unit}"


@pytest.mark.parametrize(
    "text",
    ["", "5", "fast", "5/day", "0/minute", "-1/second", "0.5/second", "1e3/second", "5/", "\u0665/second", "9999999/s"],
)
def test_what_is_no_rate_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="requests"):
        Rate.parse(text)


@pytest.mark.parametrize("per", [0.0, -1.0, math.inf, math.nan])
def test_a_window_without_length_is_refused(per: float) -> None:
    with pytest.raises(ValueError, match="window"):
        Rate(1, per)


@pytest.mark.parametrize("text", ["1/second", "5/second", "500/second", "300/minute", "30/minute", "7/hour"])
def test_the_first_start_is_at_once_and_the_rest_come_evenly(text: str) -> None:
    rate = Rate.parse(text)
    moments = virtually(lambda _: starts(Pacer(rate), 20))
    assert moments[0] == 0
    assert gaps(moments) == pytest.approx([1 / rate.per_second] * 19, rel=0.01)


@pytest.mark.parametrize(
    "text", ["1/second", "50/second", "500/minute", "20/minute", "59/minute", "5999/minute", "7/hour", "3599/hour"]
)
def test_there_is_no_drift(text: str) -> None:
    rate = Rate.parse(text)
    moments = virtually(lambda _: starts(Pacer(rate), 2000))
    assert 0.99 < 1999 / moments[-1] / rate.per_second <= 1


@pytest.mark.parametrize("text", ["101/second", "500/second", "1000/second"])
def test_a_high_rate_is_kept_but_for_one_and_a_half_percent(text: str) -> None:
    rate = Rate.parse(text)
    moments = virtually(lambda _: starts(Pacer(rate), 5000))
    assert 0.985 < 4999 / moments[-1] / rate.per_second <= 1


@pytest.mark.parametrize("late", [0.0002, 0.001, 0.003])
def test_late_wake_ups_do_not_add_up(late: float) -> None:
    rate = Rate.parse("50/second")

    async def main(clock: MockClock) -> list[float]:
        pacer, moments = Pacer(rate), []
        for _ in range(2000):
            await pacer.wait()
            clock.jump(late)
            moments.append(anyio.current_time())
        return moments

    moments = virtually(main)
    assert 0.99 < 1999 / (moments[-1] - moments[0]) / rate.per_second <= 1


@pytest.mark.parametrize("rate", [Rate(538, 60), Rate(30_000, 60), Rate(20, 0.1), Rate(1, 0.05), Rate(500, 1)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_no_window_holds_more_however_late_the_wake_ups_are(rate: Rate, seed: int) -> None:
    async def main(clock: MockClock) -> list[float]:
        chance = random.Random(seed)
        async with anyio.create_task_group() as tasks:

            async def stall() -> None:
                while True:
                    await anyio.sleep(chance.random() * 5 / rate.per_second)
                    clock.jump(chance.random() * 0.006)

            tasks.start_soon(stall)
            moments = await starts(Pacer(rate), 1500)
            tasks.cancel_scope.cancel()
        return moments

    moments = virtually(main)
    assert most_within(moments, rate.per) <= rate.count
    if rate.per > 1:
        assert most_within(moments, 1) <= rate.per_second + 1


@pytest.mark.parametrize(
    ("text", "freeze"), [("5/second", 1.0), ("50/second", 30.0), ("300/minute", 7.3), ("6/minute", 900)]
)
def test_a_freeze_is_followed_by_no_burst(text: str, freeze: float) -> None:
    rate = Rate.parse(text)

    async def main(clock: MockClock) -> list[float]:
        pacer = Pacer(rate)
        await starts(pacer, 3)
        clock.jump(freeze)
        return await starts(pacer, 10)

    assert min(gaps(virtually(main))) >= 1 / rate.per_second - 0.0051


def test_a_freeze_while_the_head_waits_is_followed_by_no_burst() -> None:
    async def main(clock: MockClock) -> list[float]:
        pacer, moments = Pacer(Rate(5, 1)), []

        async def one() -> None:
            await pacer.wait()
            moments.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(one)
            await anyio.sleep(0.5)
            clock.jump(10)
        return moments

    moments = virtually(main)
    assert len(moments) == 20
    assert min(gaps(moments)) >= 0.195


def test_an_idle_pacer_saves_nothing_up() -> None:
    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate(5, 1))
        await pacer.wait()
        await anyio.sleep(100)
        return await starts(pacer, 5)

    moments = virtually(main)
    assert moments[0] == 100
    assert min(gaps(moments)) >= 0.2


def test_who_asked_first_starts_first() -> None:
    async def main(_clock: MockClock) -> list[int]:
        pacer, order = Pacer(Rate(10, 1)), []

        async def one(number: int) -> None:
            await anyio.sleep(number / 1000)
            await pacer.wait()
            order.append(number)

        async with anyio.create_task_group() as tasks:
            for number in reversed(range(30)):
                tasks.start_soon(one, number)
        return order

    assert virtually(main) == list(range(30))


@pytest.mark.parametrize("waiting", [1, 2])
def test_a_cancelled_wait_uses_up_no_start(waiting: int) -> None:
    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate(1, 1))
        await pacer.wait()
        with anyio.move_on_after(0.5):
            async with anyio.create_task_group() as tasks:
                for _ in range(waiting):
                    tasks.start_soon(pacer.wait)
        return await starts(pacer, 2)

    assert virtually(main) == pytest.approx([1, 2], rel=0.01)


def test_a_wait_in_a_cancelled_scope_uses_up_no_start() -> None:
    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate(1, 1))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await pacer.wait()
        assert scope.cancelled_caught
        return await starts(pacer, 1)

    assert virtually(main) == [0]


@pytest.mark.parametrize("rate", [None, Rate(5, 1), Rate(30, 60)])
def test_nothing_starts_during_a_hold_even_with_no_limit(rate: Rate | None) -> None:
    async def main(_clock: MockClock) -> tuple[float, float, float]:
        pacer = Pacer(rate)
        pacer.hold(30)
        pacer.hold(10)
        before = pacer.held()
        (moment,) = await starts(pacer, 1)
        return before, moment, pacer.held()

    before, moment, after = virtually(main)
    assert before == 30
    assert 30 <= moment < 30.001
    assert after == 0


def test_a_hold_binds_who_is_waiting_already() -> None:
    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate(1, 1))
        await pacer.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pacer.wait)
            await anyio.sleep(0.5)
            pacer.hold(60)
        return [anyio.current_time(), *await starts(pacer, 2)]

    assert virtually(main) == pytest.approx([60.5, 61.5, 62.5], abs=0.03)


def test_a_pacer_without_limit_lets_everybody_start_at_once() -> None:
    assert virtually(lambda _: starts(Pacer(None), 100)) == [0] * 100
    assert Pacer(None).rate_now == math.inf


def test_a_pacer_without_limit_lets_other_tasks_run() -> None:
    ran = []

    async def other() -> None:
        ran.append("other")

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(other)
            await starts(Pacer(None), 100)
            ran.append("starts")

    anyio.run(main)
    assert ran == ["other", "starts"]


def test_a_lower_rate_comes_back_step_by_step() -> None:
    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate(10, 1))
        rates = [pacer.rate_now]
        for _ in range(6):
            pacer.slow_down()
            pacer.slow_down()  # an answer to what had started before: says nothing new
            rates.append(pacer.rate_now)
            await pacer.wait()
        for _ in range(100):
            pacer.recover()
            rates.append(pacer.rate_now)
        return rates

    rates = virtually(main)
    assert rates[:7] == [10, 5, 2.5, 1.25, 0.625, 0.625, 0.625]
    assert gaps(rates[6:-10]) == pytest.approx([0.1] * 90)
    assert rates[-1] == 10


def test_the_starts_follow_the_lower_rate_at_once() -> None:
    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate(10, 1))
        await starts(pacer, 10)
        pacer.slow_down()
        return gaps(await starts(pacer, 10))

    assert virtually(main) == pytest.approx([0.2] * 9, rel=0.01)


Step = tuple[str, float]
RATES = st.one_of(
    st.builds(Rate, st.integers(1, 12), st.sampled_from([1.0, 6.0, 60.0])),
    st.builds(Rate, st.integers(1, 2000), st.sampled_from([60.0, 3600.0])),
    st.builds(Rate, st.integers(100, 1000), st.just(1.0)),
)
SHARES = st.floats(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 30)),
        st.tuples(st.sampled_from(["rest", "freeze", "hold"]), SHARES),
        st.tuples(st.just("stall"), st.floats(0, 0.02)),
        st.tuples(st.just("cancel"), SHARES),
        st.tuples(st.sampled_from(["slow_down", "recover"]), st.just(0)),
    ),
    max_size=25,
)


class Play:
    """A pacer, and what is done to it; `moments` are the starts, `holds` from when to when."""

    def __init__(self, rate: Rate, clock: MockClock, tasks: anyio.abc.TaskGroup) -> None:
        self.pacer, self.clock, self.tasks = Pacer(rate), clock, tasks
        self.unit = min(rate.per, 10 / rate.per_second)
        self.moments: list[float] = []
        self.holds: list[tuple[float, float]] = []

    async def start(self) -> None:
        await self.pacer.wait()
        self.moments.append(anyio.current_time())

    async def ask(self, count: float) -> None:
        for _ in range(int(count)):
            self.tasks.start_soon(self.start)

    async def rest(self, size: float) -> None:
        await anyio.sleep(size * self.unit)

    async def freeze(self, size: float) -> None:
        self.clock.jump(size * self.unit)

    async def stall(self, size: float) -> None:
        await anyio.sleep(size)
        self.clock.jump(size)

    async def hold(self, size: float) -> None:
        now = anyio.current_time()
        self.pacer.hold(size * self.unit)
        self.holds.append((now, now + size * self.unit))

    async def cancel(self, size: float) -> None:
        with anyio.move_on_after(size * self.unit):
            await self.start()

    async def slow_down(self, _: float) -> None:
        self.pacer.slow_down()

    async def recover(self, _: float) -> None:
        self.pacer.recover()


async def _played(rate: Rate, steps: list[Step], clock: MockClock) -> Play:
    async with anyio.create_task_group() as tasks:
        play = Play(rate, clock, tasks)
        for kind, size in steps:
            await getattr(play, kind)(size)
            await anyio.lowlevel.checkpoint()
    return play


@given(rate=RATES, steps=STEPS)
def test_no_rolling_window_holds_more_than_the_rate_whatever_happens(rate: Rate, steps: list[Step]) -> None:
    play = virtually(lambda clock: _played(rate, steps, clock))
    moments = play.moments
    assert moments == sorted(moments)
    assert most_within(moments, rate.per) <= rate.count
    if rate.per > 1:
        assert most_within(moments, 1) <= rate.per_second + 1
    assert not [moment for moment in moments for begin, end in play.holds if begin < moment < end]


@settings(max_examples=15, deadline=None)
@given(rates=st.lists(RATES, min_size=2, max_size=4), steps=STEPS)
def test_a_rate_that_is_changed_is_kept_by_each_window_that_begins_after_the_change(
    rates: list[Rate], steps: list[Step]
) -> None:
    parts: list[list[float]] = []

    async def main(clock: MockClock) -> None:
        async with anyio.create_task_group() as tasks:
            play = Play(rates[0], clock, tasks)
            for rate in rates:
                play.pacer.set_rate(rate)
                play.moments = []
                parts.append(play.moments)
                for kind, size in steps:
                    await getattr(play, kind)(size)
                    await anyio.lowlevel.checkpoint()

    virtually(main)
    for rate, moments in zip(rates, parts, strict=True):
        assert most_within(moments, rate.per) <= rate.count
        if rate.per > 1:
            assert most_within(moments, 1) <= rate.per_second + 1


@pytest.mark.parametrize(("before", "after"), [("400/second", "5/second"), ("5/second", "400/second")])
def test_a_changed_rate_counts_from_the_next_start_on(before: str, after: str) -> None:
    """Neither a burst nor a pause: they go on evenly."""

    async def main(_clock: MockClock) -> list[float]:
        pacer = Pacer(Rate.parse(before))
        await starts(pacer, 300)
        pacer.set_rate(Rate.parse(after))
        return gaps(await starts(pacer, 100))

    assert virtually(main) == pytest.approx([1 / Rate.parse(after).per_second] * 99, rel=0.02)


def test_who_waits_for_a_slow_rate_is_woken_by_a_faster_one() -> None:
    async def main(_clock: MockClock) -> float:
        pacer = Pacer(Rate(1, 3600.0))
        await pacer.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pacer.wait)
            await anyio.sleep(10)
            pacer.set_rate(Rate(5, 1.0))
        return anyio.current_time()

    assert virtually(main) < 12
