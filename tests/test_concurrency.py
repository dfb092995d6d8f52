"""No more of our calls live at Bolna than are allowed, and the lines stay busy."""

from __future__ import annotations

import contextlib
import heapq
import math
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from dialer import load_campaign
from dialer.engine.concurrency import Lines
from dialer.errors import CampaignError, ExitCode, MustActError
from dialer.hours import CallingWindow, WeeklyHours
from dialer.intake.do_not_call import Suppression
from dialer.models import Answer, Attempt, Body, Effect, Outcome, Recipient
from dialer.operations.eligibility import Judge
from dialer.provider.bolna.client import answer_of_status
from dialer.provider.bolna.executions import execution_in
from dialer.provider.bolna.sandbox import Settings, running
from dialer.rate import Rate
from dialer.store.sqlite import Ledger
from tests.ledgers import QUEUED, call, opened, people, render
from tests.place import Place, number, run
from tests.test_runner import FIRST, Inline, Rig, Sent, virtually
from tests.test_runner import opened as batch_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dialer.engine.breaker import Trip
    from dialer.store import Call


@dataclass
class Phones:
    """A Bolna with some lines: calls wait for one, first come, first served; each takes its time."""

    lines: int
    lasts: float = 60.0
    seed: int = 0
    trouble: str = ""
    dials: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """When each call was placed, dialled, and over."""
    free: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)
    on_look: Callable[[], None] = lambda: None
    refused: bool = False

    def __post_init__(self) -> None:
        self.free = [0.0] * self.lines
        self.random = Random(self.seed)

    def place(self, execution_id: str) -> None:
        now = anyio.current_time()
        start = max(now, heapq.heappop(self.free))
        over = start + self.random.uniform(0.1, 1.9) * self.lasts
        heapq.heappush(self.free, over)
        self.dials[execution_id] = (now, start, over)

    async def glance(self, calls: Sequence[Call]) -> Mapping[int, str]:
        await anyio.sleep(0.1)
        self.looks.append(anyio.current_time())
        if self.refused:
            raise MustActError("Bolna refused the key")
        return {} if self.trouble else {call.attempt: self.status(call.execution_id) for call in calls}

    async def look(self) -> None:
        self.looked.append(anyio.current_time())
        await anyio.sleep(0.1)
        self.on_look()

    def status(self, execution_id: str) -> str:
        now = anyio.current_time()
        _, start, over = self.dials[execution_id]
        return "queued" if now < start else "in-progress" if now < over else "call-disconnected"

    def most_live(self) -> int:
        """Return how many were live at once at most."""
        edges = sorted(
            [(at, 1) for at, _, _ in self.dials.values()] + [(over, -1) for _, _, over in self.dials.values()]
        )
        live, most = 0, 0
        for _, step in edges:
            live += step
            most = max(most, live)
        return most

    def busy(self) -> float:
        """Return the share of the lines' time in use, from the first call to the start of the last one."""
        starts = [start for _, start, _ in self.dials.values()]
        first, last = min(starts), max(starts)
        used = sum(min(over, last) - start for _, start, over in self.dials.values() if start < last)
        return used / (self.lines * (last - first))


@contextlib.contextmanager
def rigged(tmp_path: Path, count: int) -> Iterator[Rig]:
    with batch_of(tmp_path / "b.ledger", count) as ledger:
        yield Rig(ledger)


def limited(one: Rig, phones: Phones, most: float, *, lasts: float = 60.0) -> Lines:
    """Have a rig call those phones, so many live at once."""

    def answer(sent: Sent) -> Answer:
        execution_id = f"e-{sent.reference}"
        phones.place(execution_id)
        return answer_of_status(200, execution_id=execution_id)

    one.bolna.answer = answer
    lines = Lines(most, ledger=one.recorder, tracker=phones, lines=phones.lines, average=lasts, now=anyio.current_time)
    one.lines = lines
    one.watchers = [lines.watch]
    return lines


@pytest.mark.parametrize("lasts", [5.0, 60.0])
def test_no_more_are_live_than_may_be_and_the_lines_stay_busy(tmp_path: Path, lasts: float) -> None:
    with rigged(tmp_path, 120) as one:
        phones = Phones(5, lasts=lasts)

        async def main() -> object:
            limited(one, phones, 5)
            return await one.run()

        virtually(main)
    assert len(phones.dials) == 120
    assert phones.most_live() == 5
    assert phones.busy() >= 0.93
    # Gently: not more than every quarter of a second, and of calls of a minute some thirty times a minute.
    assert min(later - earlier for earlier, later in pairwise(phones.looks)) >= 0.25
    minutes = (phones.looks[-1] - phones.looks[0]) / 60
    assert len(phones.looks) / minutes <= (200 if lasts == 5.0 else 40)


def test_more_live_calls_than_lines_wait_at_bolna(tmp_path: Path) -> None:
    with rigged(tmp_path, 40) as one:
        phones = Phones(2, lasts=20.0)

        async def main() -> object:
            limited(one, phones, 6)
            return await one.run()

        virtually(main)
    assert phones.most_live() == 6
    assert phones.busy() >= 0.99


def test_nothing_is_asked_for_while_there_is_room(tmp_path: Path) -> None:
    with rigged(tmp_path, 5) as one:
        phones = Phones(5)

        async def main() -> object:
            limited(one, phones, 6)
            return await one.run()

        virtually(main)
    assert len(phones.dials) == 5
    assert phones.looks == []


def test_nobody_holds_an_intent_while_they_wait_for_a_line(tmp_path: Path) -> None:
    sending: set[int] = set()
    with rigged(tmp_path, 30) as one:
        phones = Phones(3, lasts=20.0)

        async def look(found: Rig) -> None:
            while True:
                await anyio.sleep(1.7)
                if phones.dials and not found.bolna.in_flight:
                    sending.add(found.counts.get("sending", 0))

        async def main() -> object:
            limited(one, phones, 3)
            return await one.run(look)

        virtually(main)
    assert sending == {0}


def test_what_may_have_been_placed_counts_as_live_for_a_while(tmp_path: Path) -> None:
    with rigged(tmp_path, 6) as one:
        phones = Phones(2, lasts=1.0)

        async def main() -> list[float]:
            limited(one, phones, 2)
            accept = one.bolna.answer
            answers = iter([True, True])
            one.bolna.answer = lambda sent: answer_of_status(500, words="?") if next(answers, False) else accept(sent)
            await one.run()
            return [sent.at - one.bolna.sent[0].at for sent in one.bolna.sent]

        starts: list[float] = virtually(main)
    assert starts[1] < 1
    assert 600 <= starts[2] < 620


def alone(most: int, phones: Phones) -> Lines:
    """Return lines that no ledger knows of."""
    unknown = cast("Inline", None)
    return Lines(most, ledger=unknown, tracker=phones, lines=phones.lines, average=60.0, now=anyio.current_time)


def attempt(index: int = 0) -> Attempt:
    recipient = Recipient(id=index, key=str(index), number=FIRST + index, cells=(), attempts=1, position=index)
    return Attempt(
        id=index, recipient=recipient, reference=f"r-{index}", at=datetime.fromtimestamp(0, UTC), body=Body("{}")
    )


def accepted(index: int) -> Answer:
    return Answer(Outcome.QUEUED, Effect.GO_ON, execution_id=f"e{index}", http_status=200)


def test_a_call_that_is_made_later_takes_no_line_until_then() -> None:
    async def main() -> list[float]:
        lines = alone(2, Phones(2))
        later = replace(attempt(0), body=Body("{}", scheduled_at=anyio.current_time() + 7200))
        lines.came_back(later, accepted(0))
        rooms = [lines.room()]
        lines.came_back(attempt(1), accepted(1))
        return [*rooms, lines.room()]

    assert virtually(main) == [2, 1]


@pytest.mark.parametrize(
    ("trouble", "refused", "words", "code"),
    [
        ("", False, "For an hour, the only live call at Bolna has not changed", ExitCode.LEFT),
        ("HTTP 502", False, "as far as can be seen (HTTP 502)", ExitCode.LEFT),
        ("", True, "Bolna refused the key", ExitCode.MUST_ACT),
    ],
)
def test_what_cannot_be_seen_to_move_ends_the_run(trouble: str, refused: bool, words: str, code: ExitCode) -> None:  # noqa: FBT001 - a case
    trips: list[tuple[float, Trip]] = []

    async def main() -> None:
        phones = Phones(1, lasts=1e6, trouble=trouble, refused=refused)
        lines = alone(1, phones)
        phones.place("e0")
        lines.came_back(attempt(), accepted(0))
        began = anyio.current_time()
        with anyio.move_on_after(4000):
            await lines.watch(lambda trip: trips.append((anyio.current_time() - began, trip)))

    virtually(main)
    at, trip = trips[0]
    assert words in trip.words
    assert trip.exit_code is code
    assert at <= 3620


def test_the_calls_of_earlier_runs_count_unless_they_are_over(tmp_path: Path) -> None:
    async def main() -> None:
        phones = Phones(5, lasts=1e6)
        with closing(opened(tmp_path / "l.ledger")) as ledger:
            people(ledger, 5)
            statuses = ("completed", "ringing", "scheduled", None, None)
            for index, status in enumerate(statuses, 1):
                placed = call(ledger, index, QUEUED)
                found = execution_in({"id": "exec-1", "status": status or "queued"})
                assert found is not None
                if status is not None:
                    ledger.note_calls([(placed.id, found)])
            # That one was placed the day before yesterday.
            ledger._db.execute("UPDATE attempt SET at = at - 2 * 86400, answered_at = NULL WHERE id = 5")
            phones.place("exec-1")

            lines = Lines(4, ledger=Inline(ledger), tracker=phones, lines=5, average=60.0)
            await lines.begin()
            assert lines.room() == 2

    virtually(main)


def test_what_bolna_tries_again_takes_its_line_again(tmp_path: Path) -> None:
    async def main() -> None:
        phones = Phones(5, lasts=1e6)
        with closing(opened(tmp_path / "l.ledger")) as ledger:
            people(ledger, 3)
            attempts = [call(ledger, index, QUEUED) for index in (1, 2)]

            def now_stands(attempt_: Attempt, status: str) -> None:
                ledger.note_statuses([(attempt_.id, status)])

            for one in attempts:
                now_stands(one, "scheduled")
            lines = Lines(
                3, ledger=Inline(ledger), tracker=phones, lines=5, average=60.0, retried=True, now=anyio.current_time
            )
            await lines.begin()
            assert lines.room() == 3
            phones.on_look = lambda: now_stands(attempts[0], "ringing")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lines.watch, lambda _trip: None)
                await anyio.sleep(70)
                assert lines.room() == 2
                tasks.cancel_scope.cancel()
            assert len(phones.looked) == 1

    virtually(main)


def test_a_queue_is_foreseen_in_the_hours() -> None:
    async def main() -> None:
        phones = Phones(2)
        lines = alone(10, phones)
        waits = []
        for index in range(4):
            waits.append(lines.wait())
            lines.came_back(attempt(index), accepted(index))
        assert waits == [0.0, 0.0, 30.0, 60.0]

    virtually(main)


def test_who_would_ring_after_the_hours_is_not_called() -> None:
    moment = datetime(2026, 12, 1, 18, 50, tzinfo=UTC).timestamp()
    wait = 0.0
    judge = Judge(
        suppression=Suppression.load((), region=None, plus_lost=False, max_age_days=None, now=datetime.now(UTC)),
        window=CallingWindow(hours=WeeklyHours.parse(hours="09:00-19:00", days=None), packs=(), default_zone="UTC"),
        neighbours=None,
        within=0.0,
        ends=None,
        wait=lambda: wait,
        now=lambda: moment,
    )
    recipient = Recipient(id=1, key="a", number=FIRST, cells=(), attempts=0, position=1, zones=("UTC",))
    assert judge(recipient) is None
    wait = 700.0
    assert judge(recipient) is not None


# -- the campaign file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "limit"),
    [
        ("", None),
        ("live_calls = 5\n", 5),
        ('live_calls = "account"\n', 10),
        ('[window]\nhours = "09:00-20:00"\n', 10),
        ('live_calls = 50\n[window]\nhours = "09:00-20:00"\n', 50),
    ],
)
def test_how_many_may_be_live_stands_in_the_campaign_file(place: Place, more: str, limit: int | None) -> None:
    path = place.campaign()
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert load_campaign(path).live_calls(lines=10) == limit


@pytest.mark.parametrize("value", ["0", "-1", "true", '"all"', "2.5"])
def test_a_number_of_live_calls_that_is_none_is_told(place: Place, value: str) -> None:
    path = place.campaign()
    path.write_text(path.read_text(encoding="utf-8") + f"live_calls = {value}\n", encoding="utf-8")
    with pytest.raises(CampaignError, match='whole number from 1, or "account" for as many as the account has lines'):
        load_campaign(path)


@pytest.fixture
def limited_place(place: Place) -> Place:
    place.recipients([[number(index), "N"] for index in range(25)], header=["phone", "customer_name"])
    path = place.campaign()
    more = 'live_calls = "account"\n[forecast]\naverage_call = "1s"\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return place


def test_an_account_that_does_not_tell_its_lines_calls_nobody(
    limited_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.provider.bolna.executions._count", lambda _value: None)
    with pytest.raises(MustActError, match=r"write it into \[pacing\]: live_calls = 10"):
        run(limited_place.folder / "c.toml")
    assert limited_place.calls() == []


def test_a_run_that_cannot_find_out_what_is_live_leaves_whole_results(
    limited_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_lines: Lines) -> None:
        raise MustActError("Bolna refused the key")

    monkeypatch.setattr(Lines, "begin", refused)
    summary = run(limited_place.folder / "c.toml")
    assert (summary.exit_code, summary.ended, summary.sent) == (ExitCode.MUST_ACT, "Bolna refused the key", 0)
    rows = limited_place.results()
    assert len(rows) == summary.left == 25
    assert {row["status"] for row in rows} == {"pending"}


def test_no_more_are_live_than_the_account_has_lines(limited_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Settings(lines=3, speed=100.0, outcomes={"busy": 1.0}, call_rate=None)) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        summary = run(limited_place.folder / "c.toml")
        calls = bolna.book.calls
        bolna.book.busy_lines  # noqa: B018 - lets what is due happen
    assert summary.sent == len(calls) == 25
    for call_ in calls:
        live = [other for other in calls if other.created_at <= call_.created_at < other.dials[0][1]]
        assert len(live) <= 3
    # Nobody waited for a line.
    assert max(call_.dials[0][0] - call_.created_at for call_ in calls) < 0.05
    with closing(Ledger.read(limited_place.folder / "c.results.ledger")) as ledger:
        assert {count.outcome for count in ledger.call_counts()} <= {"busy", ""}


def test_a_call_that_bolna_never_shows_does_not_hold_a_line_for_ever(tmp_path: Path) -> None:
    with rigged(tmp_path, 300) as one:
        phones = Phones(2)
        asked = Counter[str]()
        status = phones.status

        def without_the_fourth(execution_id: str) -> str:
            asked[execution_id] += 1
            return "" if execution_id == [*phones.dials, "", "", "", ""][3] else status(execution_id)

        phones.status = without_the_fourth  # type: ignore[method-assign] # a Bolna that lost it

        async def main() -> object:
            limited(one, phones, 2)
            return await one.run()

        virtually(main, patience=50_000.0)
    assert asked[list(phones.dials)[3]] > 1
    # 300 calls of a minute on two lines take 2.5 hours; on one of them they took 5.
    assert one.took < 1.4 * 300 * 60 / 2


def test_calls_that_wait_for_hours_in_a_queue_go_on_being_counted(tmp_path: Path) -> None:
    with rigged(tmp_path, 400) as one:
        phones = Phones(1)

        async def main() -> object:
            limited(one, phones, 150)
            return await one.run()

        virtually(main)
    # The last of 150 on one line waits for more than two hours, while those before it move.
    assert phones.most_live() <= 150


def test_calls_of_which_an_earlier_run_does_not_know_may_be_live(tmp_path: Path) -> None:
    with rigged(tmp_path, 4) as one:
        phones = Phones(2)
        attempts = one.ledger.intend(one.ledger.page(after=0, size=2), render, now=0.0)
        for attempt in attempts:
            one.ledger.settle([(attempt, Answer(Outcome.UNKNOWN, Effect.GO_ON))], now=0.0)

        async def main() -> tuple[float, float]:
            lines = limited(one, phones, 2)
            await anyio.sleep(1.0)
            await lines.begin()
            rooms = lines.room()
            await anyio.sleep(3600.0)
            return rooms, lines.room()

        assert virtually(main) == (0, 2)


def test_lines_that_are_full_after_a_long_wait_for_the_start_are_given_their_hour(tmp_path: Path) -> None:
    with rigged(tmp_path, 4) as one:
        phones = Phones(1)

        async def main() -> list[Trip]:
            ends: list[Trip] = []
            lines = limited(one, phones, 0)
            await anyio.sleep(7200.0)
            await lines.begin()
            with anyio.move_on_after(3000.0):
                await lines.watch(ends.append)
            return ends

        assert virtually(main) == []


def test_a_run_without_a_bound_is_given_one_while_it_goes_on(tmp_path: Path) -> None:
    """What is live already counts: nobody is called until it is over."""
    with rigged(tmp_path, 60) as one:
        phones = Phones(60, lasts=5.0)
        one.rate = Rate(3, 1.0)
        live: list[int] = []

        async def change(_end: object) -> None:
            lines = cast("Lines", one.lines)
            await anyio.sleep(4)
            await lines.bind(3)
            while True:
                await anyio.sleep(0.25)
                if anyio.current_time() > 15:
                    now = anyio.current_time()
                    live.append(sum(start <= now < over for _, start, over in phones.dials.values()))

        async def main() -> object:
            limited(one, phones, math.inf)
            one.watchers.append(change)
            return await one.run()

        virtually(main, patience=1e5)
    assert len(phones.dials) == 60
    assert max(live) == 3
