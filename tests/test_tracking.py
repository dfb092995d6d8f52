"""What becomes of accepted calls is found out wholly, once each, and with few requests."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer.engine.reads import Reads
from dialer.errors import LedgerError, MustActError, only
from dialer.provider.bolna.client import read_error
from dialer.provider.bolna.executions import execution_in, page_in
from dialer.provider.bolna.limits import LIMITS
from dialer.provider.bolna.sandbox.book import Book, Clock
from dialer.provider.bolna.sandbox.execution import full, row
from dialer.provider.bolna.sandbox.order import read
from dialer.provider.bolna.sandbox.settings import Settings
from dialer.provider.interface import Execution, Page, ProviderReadError
from dialer.provider.states import FINAL
from dialer.rate import Rate
from dialer.sync.track import Looked, Tracker
from dialer.sync.track.watch import CallWatch
from tests.ledgers import QUEUED, load, opened, rendering
from tests.ledgers import row as input_row
from tests.test_runner import Inline, virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dialer.store.sqlite import Ledger

AGENT = "123e4567-e89b-12d3-a456-426655440000"
BEGAN = 1_790_000_000.0
RATE = Rate(300, 60.0)
PAGE_ROWS = LIMITS.page_rows


@dataclass
class Bolna:
    """The sandbox's book on the virtual clock, asked without a network, and what goes wrong with asking."""

    settings: Settings = field(default_factory=lambda: Settings(speed=1.0))
    takes: float = 0.2
    fails: Callable[[str], ProviderReadError | None] = lambda _what: None
    shows: Callable[[dict[str, Any]], dict[str, Any]] = lambda shown: shown
    trims: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row
    """What a list makes of a row."""
    skew: float | None = 0.0
    hidden: set[str] = field(default_factory=set)
    """Ids of calls that it does not know."""
    asked: list[tuple[float, str]] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    """Reads by id that showed a final status."""

    def __post_init__(self) -> None:
        self.book = Book(self.settings, Clock(anyio.current_time, BEGAN, self.settings.skew))

    async def place(self, ledger: Ledger, count: int, *, every: float = 0.0, **fields: object) -> None:
        """Place a call to so many people, with these fields in its request."""
        made = rendering(agent_id=AGENT, **fields)
        for recipient in ledger.page(after=0, size=count):
            await anyio.sleep(every)
            (attempt,) = ledger.intend([recipient], made, now=now())
            order = read(attempt.body.text.encode(), numbers=None, now=datetime.fromtimestamp(now(), UTC))
            placed = self.book.place(order, received_at=anyio.current_time(), connection=1)
            ledger.settle([(attempt, replace(QUEUED, execution_id=placed.execution_id))], now=now())

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        await self._answer("list")
        skip = (number - 1) * PAGE_ROWS
        calls, total = self.book.listed(agent_id, start, end, skip=skip)
        shown = [call for call in calls if call.execution_id not in self.hidden]
        rows = [self.trims(row(call, self.book, self.settings)) for call in shown]
        page = page_in({"data": rows, "total": total, "has_more": skip + PAGE_ROWS < total}, size=PAGE_ROWS)
        assert page is not None
        return page

    async def execution(self, execution_id: str) -> Execution | None:
        await self._answer(execution_id)
        call = self.book.find(execution_id)
        if call is None or execution_id in self.hidden:
            return None
        execution = execution_in(self.shows(full(call, self.book, self.settings)))
        assert execution is not None
        self.ended[execution_id] += execution.is_final
        return execution

    async def _answer(self, what: str) -> None:
        self.asked.append((anyio.current_time(), what))
        await anyio.sleep(self.takes)
        if (error := self.fails(what)) is not None:
            raise error

    @property
    def pages(self) -> int:
        return sum(what == "list" for _, what in self.asked)

    @property
    def reads(self) -> int:
        return len(self.asked) - self.pages


def now() -> float:
    return BEGAN + anyio.current_time()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        yield ledger


def people(ledger: Ledger, count: int) -> None:
    load(ledger, (input_row(index, index) for index in range(1, count + 1)))


def tracker(ledger: Ledger, bolna: Bolna) -> Tracker:
    return Tracker(Inline(ledger), bolna, agent_id=AGENT, reads=Reads(RATE), now=now)


async def until_all_are_final(one: Tracker, *, every: float = 30.0) -> Looked:
    looked = await one.look()
    while looked.open:
        await anyio.sleep(every)
        looked = await one.look()
    return looked


def outcomes(ledger: Ledger) -> Counter[str]:
    return Counter({count.outcome: count.calls for count in ledger.call_counts()})


def at_most(asked: list[tuple[float, str]], rate: Rate) -> bool:
    times = [at for at, _ in asked]
    return all(later - first >= rate.per for first, later in zip(times, times[rate.count :], strict=False))


# -- the whole way ---------------------------------------------------------------------------------------------------


def test_every_call_is_followed_to_its_end_within_the_rate_and_read_once_when_it_has_ended(ledger: Ledger) -> None:
    people(ledger, 300)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=20))
        await bolna.place(ledger, 300)
        await until_all_are_final(tracker(ledger, bolna))
        return bolna

    bolna = virtually(main)
    expected = Counter(
        "voicemail" if plan.outcome == "voicemail" else plan.status
        for plan in map(bolna.book.plan, (call.to_number for call in bolna.book.calls))
    )
    assert outcomes(ledger) == expected
    assert set(bolna.ended.values()) <= {0, 1}
    assert sum(bolna.ended.values()) == sum(many for status, many in expected.items() if status != "call-disconnected")
    assert at_most(bolna.asked, RATE)


def test_a_queue_is_watched_by_the_page(ledger: Ledger) -> None:
    people(ledger, 3000)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=5, outcomes={"completed": 1}))
        await bolna.place(ledger, 3000, every=0.2)
        await tracker(ledger, bolna).look()
        return bolna

    bolna = virtually(main)
    # Sixty pages hold them all.
    assert bolna.pages <= 63
    assert bolna.reads == outcomes(ledger)["completed"]


def test_a_glance_costs_a_page_and_leaves_the_details_to_a_look(ledger: Ledger) -> None:
    people(ledger, 30)

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=10, outcomes={"no-answer": 1.0}))
        await bolna.place(ledger, 30)
        bolna.hidden = {bolna.book.calls[29].execution_id}
        await anyio.sleep(61)
        one = tracker(ledger, bolna)
        calls = ledger.open_calls()
        told = await one.glance(calls)
        # Ten hold a line for 31 seconds; of the one that is shown nowhere nothing is said.
        assert Counter(told.values()) == {"no-answer": 10, "ringing": 10, "queued": 9}
        assert (bolna.pages, bolna.reads, one.trouble) == (1, 1, "")
        assert {(count.outcome, count.final) for count in ledger.call_counts()} == {
            ("no-answer", 3), ("ringing", 0), ("queued", 0), ("", 0),
        }  # fmt: skip
        await one.look()
        assert Counter(bolna.ended) == Counter({call.execution_id: 1 for call in calls[:10]})

    virtually(main)


def test_a_glance_keeps_no_status_that_waits_for_a_moment_it_does_not_know(ledger: Ledger) -> None:
    people(ledger, 4)

    async def main() -> None:
        bolna = Bolna()
        await bolna.place(ledger, 4, scheduled_at=_stamp(3600))
        one = tracker(ledger, bolna)
        assert set((await one.glance(ledger.open_calls())).values()) == {"scheduled"}
        await one.look()
        assert {call.scheduled_at for call in ledger.open_calls()} == {float(int(BEGAN + 3600))}

    virtually(main)


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(int(BEGAN + seconds), UTC).isoformat()


def test_a_few_open_calls_among_many_that_have_ended_are_read_by_their_ids(ledger: Ledger) -> None:
    people(ledger, 400)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=1000, outcomes={"completed": 1}))
        await bolna.place(ledger, 400)
        await until_all_are_final(tracker(ledger, bolna))
        # One at the begin and one at the end never ended, as far as the ledger knows.
        ledger._db.execute("UPDATE call SET final = 0, status = 'ringing' WHERE attempt IN (1, 200, 400)")
        bolna.asked.clear()
        await tracker(ledger, bolna).look()
        return bolna

    bolna = virtually(main)
    assert (bolna.pages, bolna.reads) == (0, 3)


def test_a_list_full_of_other_peoples_calls_is_left_after_its_first_page(ledger: Ledger) -> None:
    people(ledger, 1010)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=1, outcomes={"completed": 1}))
        await bolna.place(ledger, 1010)
        # The ledger of a batch that shares the agent with a far bigger one.
        ledger._db.execute("DELETE FROM attempt WHERE id > 10")
        await tracker(ledger, bolna).look()
        return bolna

    bolna = virtually(main)
    assert (bolna.pages, bolna.reads) == (1, 10)


def test_calls_that_wait_for_their_time_are_left_alone_until_then(ledger: Ledger) -> None:
    at = datetime.fromtimestamp(BEGAN + 7200, UTC).isoformat()
    people(ledger, 40)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, outcomes={"completed": 1}))
        await bolna.place(ledger, 40, scheduled_at=at)
        one = tracker(ledger, bolna)
        for _ in range(120):
            assert (await one.look()).open == 40
            await anyio.sleep(60)
        assert bolna.reads <= 40
        assert bolna.pages <= 15
        await until_all_are_final(one)
        return bolna

    virtually(main)
    assert outcomes(ledger) == {"completed": 40}


# -- what is final ---------------------------------------------------------------------------------------------------

RETRY = {"enabled": True, "max_retries": 2, "retry_on_statuses": ["no-answer"], "retry_intervals_minutes": [30, 60]}


@pytest.mark.parametrize("echo", [True, False])
def test_automatic_retries_are_waited_for_also_where_bolna_does_not_tell_of_them(ledger: Ledger, *, echo: bool) -> None:
    people(ledger, 20)
    hidden = {} if echo else {"retry_config": None}

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, outcomes={"no-answer": 1}), shows=lambda shown: {**shown, **hidden})
        await bolna.place(ledger, 20, retry_config=RETRY)
        await until_all_are_final(tracker(ledger, bolna))
        return bolna

    bolna = virtually(main)
    assert outcomes(ledger) == {"no-answer": 20}
    assert all(len(call.dials) == 3 for call in bolna.book.calls)


@pytest.mark.parametrize(
    ("fields", "gone_at"),
    [
        ({"status": "call-disconnected"}, 1800),
        ({"status": "ringing"}, 86_400),
        ({"status": "a-new-one"}, 86_400),
        ({"status": "scheduled", "scheduled_at": "2026-09-28T00:00:00Z"}, 86_400),
    ],
)
def test_what_never_ends_is_given_up_in_its_time(ledger: Ledger, fields: dict[str, Any], gone_at: float) -> None:
    people(ledger, 3)
    assert datetime.fromtimestamp(BEGAN, UTC).isoformat() == "2026-09-21T14:13:20+00:00"
    begins = 553_600.0 if "scheduled_at" in fields else 0.0

    async def main() -> None:
        bolna = Bolna(shows=lambda one: {**one, **fields})
        await bolna.place(ledger, 3)
        one = tracker(ledger, bolna)
        while anyio.current_time() < begins + gone_at - 60:
            assert (await one.look()).open == 3
            # Days go by before a scheduled call is due.
            await anyio.sleep(300 if anyio.current_time() >= begins - 7200 else 7200)
        await anyio.sleep(600)
        looked = await one.look()
        assert (looked.open, one.tally.given_up) == (0, 3)
        bolna.asked.clear()
        await one.look()
        assert not bolna.asked

    virtually(main)


def test_calls_that_bolna_does_not_know_are_given_up_unless_it_is_another_account_that_is_asked(ledger: Ledger) -> None:
    people(ledger, 13)

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=20, outcomes={"failed": 1}))
        await bolna.place(ledger, 13)
        ours = {call.execution_id for call in bolna.book.calls}
        bolna.hidden = ours
        one = tracker(ledger, bolna)
        for _ in range(10):
            looked = await one.look()
            await anyio.sleep(600)
        # Nobody ever saw one of them: perhaps all of it is another account's.
        assert looked.open == 13
        assert "Is the key of the account that made them?" in looked.trouble
        bolna.hidden = {call.execution_id for call in bolna.book.calls[10:]}
        looked = await one.look()
        assert (looked.open, one.tally.given_up, looked.trouble) == (0, 3, "")

    virtually(main)


def test_the_key_of_another_account_gives_no_call_up(ledger: Ledger) -> None:
    people(ledger, 20)

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=10, outcomes={"failed": 1}))
        await bolna.place(ledger, 10)
        await anyio.sleep(60)
        assert (await tracker(ledger, bolna).look()).open == 0
        await bolna.place(ledger, 10)
        bolna.hidden = {call.execution_id for call in bolna.book.calls}
        one = tracker(ledger, bolna)
        for _ in range(10):
            assert (await one.look()).open == 10
            await anyio.sleep(600)

    virtually(main)


def test_a_fresh_call_that_is_not_found_yet_is_found_later(ledger: Ledger) -> None:
    people(ledger, 30)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=100, listed_after=300.0))
        await bolna.place(ledger, 30)
        one = tracker(ledger, bolna)
        assert (await one.look()).open == 30
        # Not in the list so soon: none of them is worth a request of its own.
        assert bolna.reads == 0
        await until_all_are_final(one)
        return bolna

    bolna = virtually(main)
    assert sum(bolna.ended.values()) == 30 - outcomes(ledger)["call-disconnected"]


def test_pages_that_shift_while_they_are_read_lose_no_call(ledger: Ledger) -> None:
    people(ledger, 500)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=50, shifting_pages=True, outcomes={"completed": 1}))
        await bolna.place(ledger, 500)
        await anyio.sleep(60)
        one = tracker(ledger, bolna)
        looked = await one.look()
        assert not any(count.outcome == "" for count in looked.counts)
        await until_all_are_final(one)
        return bolna

    bolna = virtually(main)
    assert set(bolna.ended.values()) == {1}
    assert len(bolna.ended) == 500


def test_a_status_that_comes_late_changes_no_call_that_has_ended(ledger: Ledger) -> None:
    people(ledger, 60)
    late: set[str] = set()

    def shows(shown: dict[str, Any]) -> dict[str, Any]:
        # Every other answer is that of an hour ago.
        late.symmetric_difference_update({shown["id"]})
        return {**shown, "status": "ringing"} if shown["id"] in late else shown

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=60, outcomes={"completed": 1}), shows=shows)
        await bolna.place(ledger, 60)
        await anyio.sleep(300)
        looked = await until_all_are_final(tracker(ledger, bolna))
        assert [(count.outcome, count.calls) for count in looked.counts] == [("completed", 60)]

    virtually(main)


def test_a_look_comes_to_its_end_while_more_and_more_calls_are_placed(ledger: Ledger) -> None:
    people(ledger, 2000)

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=5))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: bolna.place(ledger, 2000, every=0.2))
            for _ in range(5):
                await anyio.sleep(60)
                begun = anyio.current_time()
                await tracker(ledger, bolna).look()
                assert anyio.current_time() - begun < 30
            tasks.cancel_scope.cancel()

    virtually(main)


# -- when Bolna does not answer --------------------------------------------------------------------------------------


def failing(status: int | None, *, only_after: int = 0) -> Callable[[str], ProviderReadError | None]:
    asked = Counter[str]()

    def fails(_what: str) -> ProviderReadError | None:
        asked["all"] += 1
        return read_error(f"HTTP {status}", status) if asked["all"] > only_after else None

    return fails


@pytest.mark.parametrize("status", [None, 429, 500, 503])
def test_a_bolna_that_does_not_answer_ends_the_look_and_what_was_read_is_kept(
    ledger: Ledger, status: int | None
) -> None:
    people(ledger, 100)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=100, outcomes={"failed": 1}), fails=failing(status, only_after=42))
        await bolna.place(ledger, 100)
        await anyio.sleep(60)
        one = tracker(ledger, bolna)
        looked = await one.look()
        assert looked.trouble == f"HTTP {status}"
        assert looked.open == 60
        assert len(bolna.asked) < 60
        bolna.fails = lambda _: None
        assert (await one.look()).open == 0
        assert not (await one.look()).trouble
        return bolna

    assert set(virtually(main).ended.values()) == {1}


def test_one_call_that_cannot_be_read_does_not_hide_the_others(ledger: Ledger) -> None:
    people(ledger, 50)

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=100, outcomes={"failed": 1}))
        await bolna.place(ledger, 50)
        await anyio.sleep(60)
        broken = bolna.book.calls[7].execution_id
        bolna.fails = lambda what: ProviderReadError("HTTP 500", 500) if what == broken else None
        looked = await tracker(ledger, bolna).look()
        assert (looked.open, looked.trouble) == (1, "")

    virtually(main)


def test_a_list_that_cannot_be_read_is_done_without(ledger: Ledger) -> None:
    people(ledger, 50)

    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=100, outcomes={"failed": 1}))
        bolna.fails = lambda what: ProviderReadError("HTTP 404", 404) if what == "list" else None
        await bolna.place(ledger, 50)
        await anyio.sleep(60)
        assert (await tracker(ledger, bolna).look()).open == 0

    virtually(main)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_a_persons_affair(ledger: Ledger, status: int) -> None:
    people(ledger, 50)

    async def main() -> None:
        bolna = Bolna(fails=failing(status))
        await bolna.place(ledger, 50)
        with pytest.raises(MustActError, match="Set BOLNA_API_KEY"):
            await tracker(ledger, bolna).look()
        assert len(bolna.asked) == 1

    virtually(main)


def test_what_was_read_when_it_is_cut_short_is_not_read_again(ledger: Ledger) -> None:
    people(ledger, 200)

    async def main() -> Bolna:
        bolna = Bolna(Settings(speed=1.0, lines=300, outcomes={"failed": 1}))
        await bolna.place(ledger, 200)
        await anyio.sleep(60)
        for _ in range(6):
            with anyio.move_on_after(7.3):
                await tracker(ledger, bolna).look()
        assert (await tracker(ledger, bolna).look()).open == 0
        return bolna

    bolna = virtually(main)
    assert len(bolna.ended) == 200
    # Only those that were being asked for when it was cut short.
    assert sum(bolna.ended.values()) == 200
    assert bolna.reads <= 200 + 6 * 8


def test_every_final_status_is_documented_as_one() -> None:
    assert {
        "completed",
        "no-answer",
        "busy",
        "failed",
        "error",
        "stopped",
        "canceled",
        "balance-low",
        "voicemail",
    } == set(map(str, FINAL))


def test_of_several_errors_at_once_the_first_that_is_told_in_words_is_raised() -> None:
    first, second = LedgerError("the disk is full"), LedgerError("so it is")
    assert only(BaseExceptionGroup("", [ExceptionGroup("", [first]), second])) is first
    assert only(BaseExceptionGroup("", [second])) is second
    group = ExceptionGroup("", [first, ZeroDivisionError()])
    assert only(group) is group


def test_a_run_beside_others_looks_up_its_own_calls_only(ledger: Ledger) -> None:
    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=100, outcomes={"no-answer": 1.0}))
        people(ledger, 6)
        mine: set[int] = set()
        watch = CallWatch(Inline(ledger), tracker(ledger, bolna), every=15.0, mine=mine, clock=now)
        await watch.begin()
        await bolna.place(ledger, 6)
        mine.update(call.attempt for call in ledger.open_calls()[::2])
        await anyio.sleep(120)
        await watch.read()
        assert watch.ended == {"no-answer": 3}

    virtually(main)


def test_while_a_run_sends_its_calls_are_looked_up_by_list_and_one_that_was_just_asked_for_is_not_asked_again(
    ledger: Ledger,
) -> None:
    async def main() -> None:
        bolna = Bolna(Settings(speed=1.0, lines=100, outcomes={"no-answer": 1.0}))
        people(ledger, 40)
        watch = CallWatch(Inline(ledger), tracker(ledger, bolna), every=15.0, clock=now)
        await watch.begin()
        await bolna.place(ledger, 40)
        await watch.glance(ledger.open_calls())
        asked = len(bolna.asked)
        await watch.read()
        assert len(bolna.asked) == asked
        await anyio.sleep(120)
        await watch.read()
        assert watch.ended == {"no-answer": 40}
        assert watch.reached == 0
        assert bolna.reads == 0
        asked = len(bolna.asked)
        await anyio.sleep(15)
        await watch.read()
        assert len(bolna.asked) == asked

    virtually(main)
