"""The writer thread's promises: grouped, in order, durable when it says so, and nothing after a failure."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from dialer.errors import LedgerError
from dialer.models import Status
from dialer.store import writer as writer_module
from dialer.store.sqlite import Ledger
from dialer.store.writer import LedgerWriter
from tests.harness import PATIENCE
from tests.ledgers import AGAIN, QUEUED, REFUSED, UNCLEAR, key_of, opened, people, render, standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from dialer.models import Answer, Attempt, Recipient
    from dialer.store import Store

    Main = Callable[[LedgerWriter], Awaitable[Any]]


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.ledger"


def using(path: Path, main: Main, *, count: int = 10, backend: str = "asyncio") -> LedgerWriter:
    """Run `main` with the writer of a ledger that holds so many people; return the writer as it ended."""

    async def run() -> LedgerWriter:
        async with LedgerWriter(lambda: opened(path)) as writer:
            await writer.call(lambda store: people(store, count))
            await main(writer)
        return writer

    return anyio.run(run, backend=backend)


def left(path: Path) -> dict[str, Status]:
    """Return where everybody stands in the file that a writer left."""
    with contextlib.closing(opened(path)) as ledger:
        ledger.recover()
        return standing(ledger)


async def attempts(writer: LedgerWriter, count: int) -> list[Attempt]:
    return await writer.intend(await writer.page(after=0, size=count), render)


def settle_all(writer: LedgerWriter, made: Sequence[Attempt], answer: Answer) -> None:
    for attempt in made:
        writer.settle(attempt, answer)


def sql(store: Store) -> sqlite3.Connection:
    """Return what is under a store, to look at it or to break it."""
    assert isinstance(store, Ledger)
    return store._db


class Gate:
    """Work that keeps the thread busy until it is opened."""

    def __init__(self) -> None:
        self._reached, self._open = threading.Event(), threading.Event()

    def __call__(self, _store: Store) -> None:
        self._reached.set()
        assert self._open.wait(PATIENCE)

    async def reached(self) -> None:
        """Wait until the thread stands here: what is asked for from now on waits together."""
        while not self._reached.is_set():
            await anyio.lowlevel.checkpoint()

    def open(self) -> None:
        self._open.set()


async def behind(writer: LedgerWriter, ask: Callable[[], None]) -> None:
    """Have `ask` ask for work while the thread is busy, so that all of it waits together."""
    gate = Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writer.call, gate)
        await gate.reached()
        ask()
        gate.open()


def traced(into: list[str]) -> Callable[[Store], None]:
    return lambda store: sql(store).set_trace_callback(into.append)


def test_everything_that_waits_is_committed_at_once(path: Path, backend: str) -> None:
    statements: list[str] = []

    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 10)
        await writer.call(traced(statements))
        await behind(writer, lambda: settle_all(writer, made, QUEUED))
        await writer.call(lambda store: sql(store).set_trace_callback(None))

    using(path, main, backend=backend)
    assert statements.count("COMMIT") == 1
    assert set(left(path).values()) == {Status.QUEUED}


def test_outcomes_gather_until_somebody_waits_for_the_ledger(
    path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One commit holds all of them and what is waited for."""
    statements: list[str] = []
    monkeypatch.setattr(writer_module, "_GATHER", 3600.0)

    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 5)
        rest = await writer.page(after=0, size=5)
        await writer.call(traced(statements))
        settle_all(writer, made, QUEUED)
        await writer.intend(rest, render)
        await writer.call(lambda store: sql(store).set_trace_callback(None))

    using(path, main, backend=backend)
    assert statements.count("COMMIT") == 1
    assert sorted(left(path).values()) == [*[Status.QUEUED] * 5, *[Status.UNKNOWN] * 5]


def test_intents_that_are_asked_for_at_once_are_written_at_once(path: Path, backend: str) -> None:
    """One statement holds all of them; and of two who ask for one person only the first may call."""
    statements: list[str] = []
    made: list[list[Attempt]] = []

    async def main(writer: LedgerWriter) -> None:
        everybody = await writer.page(after=0, size=9)

        async def intend(one: Recipient) -> None:
            made.append(await writer.intend([one], render))

        await writer.call(traced(statements))
        async with anyio.create_task_group() as tasks:
            gate = Gate()
            tasks.start_soon(writer.call, gate)
            await gate.reached()
            for one in [*everybody, everybody[0]]:
                tasks.start_soon(intend, one)
            await anyio.wait_all_tasks_blocked()
            gate.open()
        await writer.call(lambda store: sql(store).set_trace_callback(None))

    using(path, main, backend=backend)
    assert sum("INSERT INTO attempt" in statement for statement in statements) == 1
    assert sorted(len(attempts) for attempts in made) == [0, *[1] * 9]
    assert {attempt.recipient.key for attempts in made for attempt in attempts} == set(map(key_of, range(1, 10)))


def test_intents_that_follow_each_other_fast_share_a_commit(
    path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many calls a second cost few commits, and what is not an intent waits for no others."""
    statements: list[str] = []

    async def main(writer: LedgerWriter) -> None:
        everybody = await writer.page(after=0, size=9)
        monkeypatch.setattr(writer_module, "_APART", 3600.0)
        await writer.call(traced(statements))
        async with anyio.create_task_group() as tasks:
            for one in everybody:
                tasks.start_soon(writer.intend, [one], render)
                await anyio.wait_all_tasks_blocked()
            await writer.call(lambda store: sql(store).set_trace_callback(None))

    using(path, main, backend=backend)
    assert statements.count("COMMIT") == 1
    assert list(left(path).values()).count(Status.UNKNOWN) == 9


def test_outcomes_that_nobody_waits_for_are_recorded_by_themselves(path: Path, backend: str) -> None:
    recorded = threading.Event()

    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 1)
        writer.on_settled = lambda _store, _positions: recorded.set()
        writer.settle(made[0], QUEUED)
        assert await anyio.to_thread.run_sync(recorded.wait, 30)

    using(path, main, backend=backend)


def test_whoever_is_to_be_tried_again_may_be_among_the_next_intents(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        (attempt,) = await attempts(writer, 1)
        again: list[Attempt] = []

        async def intend() -> None:
            again.extend(await writer.intend([attempt.recipient], render))

        gate = Gate()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.call, gate)
            await gate.reached()
            writer.settle(attempt, AGAIN)
            tasks.start_soon(intend)
            await anyio.wait_all_tasks_blocked()
            gate.open()
        assert [one.reference[-2:] for one in (attempt, *again)] == ["-1", "-2"]

    using(path, main, count=1, backend=backend)


def test_a_hold_is_recorded_with_the_moment_it_was_asked_for(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        before = time.time()
        await behind(writer, lambda: writer.note_hold(30.0, "Slow down"))
        (hold,) = await writer.call(lambda store: list(store.holds()))
        assert (hold.seconds, hold.words) == (30.0, "Slow down")
        assert before <= hold.at <= time.time()

    using(path, main, backend=backend)


def test_an_intent_is_on_disk_when_it_is_handed_out(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 3)
        with contextlib.closing(Ledger.read(path)) as reader:
            assert reader.counts() == {Status.SENDING: 3, Status.PENDING: 7}
        assert [attempt.recipient.key for attempt in made] == [key_of(1), key_of(2), key_of(3)]

    using(path, main, backend=backend)


def test_work_is_done_in_the_order_it_was_asked_for(path: Path, backend: str) -> None:
    """A question after an outcome sees it, and one before it does not."""
    seen: list[int] = []

    def look(store: Store) -> None:
        seen.append(store.counts().get(Status.QUEUED, 0))

    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 3)
        async with anyio.create_task_group() as tasks:
            for attempt in made:
                writer.settle(attempt, QUEUED)
                tasks.start_soon(writer.call, look)
                await anyio.wait_all_tasks_blocked()
        await behind(writer, lambda: writer.settle(made[0], REFUSED))
        await writer.call(look)

    using(path, main, backend=backend)
    assert seen == [1, 2, 3, 2]


def test_a_waiter_that_is_cancelled_does_not_undo_what_it_asked_for(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        page = await writer.page(after=0, size=2)
        gate = Gate()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.call, gate)
            await gate.reached()
            tasks.start_soon(writer.intend, page, render)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        gate.open()
        assert await writer.intend(page, render) == []

    using(path, main, backend=backend)
    assert sorted(left(path).values()) == [Status.PENDING] * 8 + [Status.UNKNOWN] * 2


def test_what_was_asked_for_is_recorded_when_the_run_is_cancelled(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 10)
        with anyio.CancelScope() as scope:
            settle_all(writer, made, QUEUED)
            scope.cancel()
            await anyio.sleep_forever()

    using(path, main, backend=backend)
    assert set(left(path).values()) == {Status.QUEUED}


def test_what_was_asked_for_is_recorded_when_the_run_breaks(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        settle_all(writer, await attempts(writer, 10), QUEUED)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        using(path, main, backend=backend)
    assert set(left(path).values()) == {Status.QUEUED}


def fill(store: Store) -> None:
    """Let the database grow no further; then SQLite says that the disk is full."""
    pages = sql(store).execute("PRAGMA page_count").fetchone()[0]
    sql(store).execute(f"PRAGMA max_page_count = {pages}")


def test_after_a_failure_nothing_succeeds_and_what_is_lost_is_told(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 2)
        await writer.call(fill)
        page = await writer.page(after=0, size=300)
        with pytest.raises(LedgerError, match="the disk is full"):
            await writer.intend(page, render)
        writer.settle(made[0], QUEUED)
        with pytest.raises(LedgerError, match="the disk is full"):
            await writer.counts()
        writer.settle(made[1], REFUSED)

    writer = using(path, main, count=300, backend=backend)
    assert writer.failure is not None
    assert [(attempt.recipient.key, answer) for attempt, answer in writer.unrecorded] == [
        (key_of(1), QUEUED),
        (key_of(2), REFUSED),
    ]
    assert list(left(path).values()) == [Status.UNKNOWN] * 2 + [Status.PENDING] * 298


def test_a_failed_group_is_undone_as_a_whole(path: Path) -> None:
    """Of a group either everything is recorded or nothing, so nobody is told of half of it."""

    async def main(writer: LedgerWriter) -> None:
        made = await attempts(writer, 3)
        forbid = (
            "CREATE TEMP TRIGGER no BEFORE UPDATE ON recipient WHEN new.id = 2 BEGIN SELECT raise(ABORT, 'no'); END"
        )
        await writer.call(lambda store: sql(store).execute(forbid))
        await behind(writer, lambda: settle_all(writer, made, QUEUED))

    writer = using(path, main, count=3)
    assert len(writer.unrecorded) == 3
    assert set(left(path).values()) == {Status.UNKNOWN}


def test_a_question_that_fails_ends_nothing(path: Path, backend: str) -> None:
    def fails(_store: Store) -> None:
        raise ValueError("a wrong column")

    async def main(writer: LedgerWriter) -> None:
        with pytest.raises(ValueError, match="a wrong column"):
            await writer.call(fails)
        assert await writer.counts() == {Status.PENDING: 10}

    assert using(path, main, backend=backend).failure is None


@pytest.mark.parametrize("error", [RuntimeError("broken"), LedgerError("no room")])
def test_what_is_told_of_settled_outcomes_may_fail_but_the_outcomes_stay(
    path: Path, backend: str, error: Exception
) -> None:
    def fails(_store: Store, _positions: Sequence[int]) -> None:
        raise error

    async def main(writer: LedgerWriter) -> None:
        writer.on_settled = fails
        (attempt,) = await attempts(writer, 1)
        writer.settle(attempt, QUEUED)
        with pytest.raises(LedgerError, match=str(error)):
            await attempts(writer, 1)

    writer = using(path, main, count=2, backend=backend)
    assert writer.unrecorded == []
    assert list(left(path).values()) == [Status.QUEUED, Status.PENDING]


def test_settled_positions_are_told_once_durable_and_never_those_to_be_tried_again(path: Path) -> None:
    told: list[tuple[Sequence[int], dict[Status, int]]] = []

    def note(_store: Store, positions: Sequence[int]) -> None:
        with contextlib.closing(Ledger.read(path)) as reader:
            told.append((positions, reader.counts()))

    async def main(writer: LedgerWriter) -> None:
        writer.on_settled = note
        made = await attempts(writer, 4)

        def settle() -> None:
            for attempt, answer in zip(made, (QUEUED, AGAIN, REFUSED, UNCLEAR), strict=True):
                writer.settle(attempt, answer)

        await behind(writer, settle)

    using(path, main, count=4)
    everybody = dict.fromkeys((Status.QUEUED, Status.PENDING, Status.ERROR, Status.UNKNOWN), 1)
    assert told == [([1, 3, 4], everybody)]


def test_a_ledger_that_cannot_be_opened_is_told_at_once(backend: str) -> None:
    def refuse() -> Ledger:
        raise LedgerError("no such place")

    async def main() -> None:
        async with LedgerWriter(refuse):
            pytest.fail("it was opened")

    with pytest.raises(LedgerError, match="no such place"):
        anyio.run(main, backend=backend)


def test_a_closed_writer_refuses_instead_of_waiting_for_ever(path: Path) -> None:
    async def main() -> None:
        async with LedgerWriter(lambda: opened(path)) as writer:
            pass
        with pytest.raises(RuntimeError, match="closed"):
            await writer.counts()

    anyio.run(main)


def test_after_the_end_the_one_file_is_whole(path: Path, backend: str) -> None:
    async def main(writer: LedgerWriter) -> None:
        await attempts(writer, 5)

    using(path, main, backend=backend)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(("kind", "rounds"), [("asyncio", 300), ("trio", 100)])
def test_no_acknowledged_record_is_lost(path: Path, kind: str, rounds: int) -> None:
    """Groups form by chance while the loop goes on asking; each record must reach the file, and the last as last."""
    told: list[int] = []

    async def main(writer: LedgerWriter) -> None:
        writer.on_settled = lambda _, positions: told.extend(positions)
        made = await attempts(writer, 100)
        for turn in range(rounds):
            settle_all(writer, made, dataclasses.replace(QUEUED, execution_id=f"exec-{turn}"))
            await anyio.lowlevel.checkpoint()

    using(path, main, count=100, backend=kind)
    assert told == list(range(1, 101)) * rounds
    with contextlib.closing(opened(path)) as ledger:
        assert {result.execution_id for result in ledger.results()} == {f"exec-{rounds - 1}"}


def test_one_at_a_time_from_many_tasks_nobody_is_lost_or_taken_twice(path: Path, backend: str) -> None:
    taken: list[int] = []

    async def main(writer: LedgerWriter) -> None:
        page = await writer.page(after=0, size=1000)

        async def work() -> None:
            # Each of them wants everybody.
            for recipient in page:
                for attempt in await writer.intend([recipient], render):
                    taken.append(attempt.recipient.position)
                    writer.settle(attempt, QUEUED)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(work)

    using(path, main, count=40, backend=backend)
    assert sorted(taken) == list(range(1, 41))
    assert set(left(path).values()) == {Status.QUEUED}
