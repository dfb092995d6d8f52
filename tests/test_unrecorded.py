"""Calls that no ledger knows: whom a search at Bolna finds, what it asks for, and when it is finished."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from dialer.engine.reads import Reads
from dialer.models import Status
from dialer.provider.bolna.client import answer_of_status
from dialer.provider.interface import Listed, Page, ProviderReadError
from dialer.rate import Rate
from dialer.reference import reference
from dialer.sync.unrecorded import Unrecorded, find_unrecorded
from tests.ledgers import QUEUED
from tests.test_reconcile import AGENT, HOURS, Placed, state
from tests.test_reconcile import Bolna as Shown
from tests.test_runner import FIRST, Inline, load, opened, render, virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from dialer.store.sqlite import Ledger

PAGE = 50
DAY = 24 * HOURS
LATE = 0.5 * HOURS


@dataclass
class Bolna(Shown):
    """Lists calls in pages, the newest first."""

    pages: list[tuple[float, int]] = field(default_factory=list)
    """When each began that was asked for, and its number."""

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        assert agent_id == AGENT
        self.pages.append((start.timestamp(), number))
        there = [call for call in self.calls if start.timestamp() <= call.at <= end.timestamp()]
        rows = sorted(there, key=lambda call: -call.at)[(number - 1) * PAGE : number * PAGE]
        if any(call.id in self.breaks_at for call in rows):
            raise ProviderReadError("HTTP 503 Service Unavailable", 503)
        listed = [Listed(one.id, "queued", None if one.blank else f"+{one.number}", None) for one in rows]
        return Page(tuple(listed), more=number * PAGE < len(there), total=len(there))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with five people, of whom nobody was called, as it is when work on it begins once more."""
    with opened(tmp_path / "b.ledger", 5) as found:
        for _ in range(2):
            found.begin_work()
        yield found


def searched(
    ledger: Ledger, bolna: Bolna, *, time_limit: float | None = None, now: float = 0.0, rate: Rate | None = None
) -> Unrecorded:
    found = virtually(
        lambda: find_unrecorded(
            Inline(ledger),
            bolna,  # type: ignore[arg-type] # only what is read
            agent_id=AGENT,
            reads=Reads(rate),
            known=ledger.calls_since(0.0),
            time_limit=time_limit,
            now=lambda: time.time() + now,
        )
    )
    assert isinstance(found, Unrecorded)
    return found


def lost(ledger: Ledger, index: int, *, attempt: int = 1, ago: float = 30.0, **more: Any) -> Placed:  # noqa: ANN401 - fields of Placed
    """Return a call that a run has placed whose ledger is lost."""
    mark = reference(ledger.shared_reference(f"+{FIRST + index}"), attempt)
    return Placed(f"e-{index}", FIRST + index, mark, **({"at": time.time() - ago} | more))


def last_searched(ledger: Ledger, seconds: float) -> None:
    """Have the last search be so long ago."""
    ledger.note_searched(time.time() - seconds)


@pytest.mark.parametrize("attempt", [1, 3])
@pytest.mark.parametrize("ahead", [0.0, 2 * HOURS, -2 * HOURS])
def test_a_call_with_our_reference_makes_its_person_queued_and_the_ledger_an_older_copy(
    ledger: Ledger, attempt: int, ahead: float
) -> None:
    call = lost(ledger, 2, attempt=attempt, ago=30 - ahead)

    result = searched(ledger, Bolna([call], skew=ahead))

    assert (result.adopted, result.why_unfinished) == (1, "")
    assert [index for index in range(5) if state(ledger, index) is Status.QUEUED] == [2]
    until = ledger.wait_until()
    assert until is not None
    assert until == pytest.approx(time.time() + LATE, abs=60)


@pytest.mark.parametrize("ahead", [2 * HOURS, -2 * HOURS])
def test_a_lost_call_is_found_also_where_the_servers_clock_was_set_since(ledger: Ledger, ahead: float) -> None:
    assert searched(ledger, Bolna([lost(ledger, 2)], skew=ahead)).adopted == 1


def test_a_lost_call_is_found_also_where_our_clock_was_wrong_and_is_right_now(ledger: Ledger) -> None:
    """It was 5.5 hours ahead, as the last answers have shown."""
    (answered,) = ledger.intend(ledger.page(after=0, size=1), render)
    ledger.settle([(answered, replace(answer_of_status(400), skew=-5.5 * HOURS))])
    assert searched(ledger, Bolna([lost(ledger, 2, ago=5.5 * HOURS)], skew=0.0)).adopted == 1


def test_a_lost_call_is_found_also_where_our_clock_was_ahead_in_all_that_is_recorded(ledger: Ledger) -> None:
    """The last attempt and the last search are both in the future by now."""
    ahead = time.time() + 2 * HOURS
    (answered,) = ledger.intend(ledger.page(after=0, size=1), render, now=ahead)
    ledger.settle([(answered, answer_of_status(400))], now=ahead)
    ledger.note_searched(ahead)
    assert searched(ledger, Bolna([lost(ledger, 2)])).adopted == 1


def test_a_call_without_a_reference_leaves_its_person_unknown_and_the_ledger_as_it_is(ledger: Ledger) -> None:
    """Somebody called from Bolna's dashboard, for instance."""
    by_hand, unechoed = (replace(lost(ledger, 0), mark=None), replace(lost(ledger, 1), echo=False))

    result = searched(ledger, Bolna([by_hand, unechoed]))

    assert (result.adopted, result.doubted, result.why_unfinished) == (0, 2, "")
    assert (state(ledger, 0), state(ledger, 1), state(ledger, 2)) == (Status.UNKNOWN, Status.UNKNOWN, Status.PENDING)
    assert ledger.wait_until() is None
    (row,) = [row for row in ledger.results() if row.number == f"+{FIRST}"]
    assert "not placed with this ledger (e-0)" in row.error


def test_what_was_found_once_is_not_read_again(ledger: Ledger) -> None:
    bolna = Bolna([replace(lost(ledger, 0), mark=None), lost(ledger, 1)])
    searched(ledger, bolna)
    searched(ledger, bolna)
    assert sorted(bolna.read) == ["e-0", "e-1"]


def test_calls_with_references_of_others_leave_our_people_pending(ledger: Ledger) -> None:
    result = searched(ledger, Bolna([replace(lost(ledger, 0), mark="0123456789abcdef0123-1")]))
    assert result == Unrecorded()
    assert state(ledger, 0) is Status.PENDING


def test_a_call_of_an_attempt_that_is_known_says_nothing_against_the_ledger(ledger: Ledger) -> None:
    (attempt,) = ledger.intend(ledger.page(after=0, size=1), render)
    ledger.recover()
    call = Placed("e", FIRST, attempt.reference, at=time.time())
    assert searched(ledger, Bolna([call])) == Unrecorded()
    assert ledger.wait_until() is None


def test_where_there_is_nothing_one_page_is_asked_for(ledger: Ledger) -> None:
    bolna = Bolna()
    assert searched(ledger, bolna) == Unrecorded()
    assert len(bolna.pages) == 1
    assert bolna.pages[0][0] <= time.time() - LATE


def test_a_ledger_that_is_made_now_asks_for_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "b.ledger", 5) as ledger:
        ledger.begin_work()
        bolna = Bolna()
        searched(ledger, bolna)
        assert bolna.pages == []


@pytest.mark.parametrize("unknown", [False, True])
def test_the_pages_of_a_long_run_are_read_only_where_they_hold_more_than_is_known(
    tmp_path: Path, *, unknown: bool
) -> None:
    with opened(tmp_path / "b.ledger", 400) as ledger:
        for _ in range(2):
            ledger.begin_work()
        last_searched(ledger, 10 * HOURS)
        calls = []
        for attempt in ledger.intend(ledger.page(after=0, size=300), render, now=time.time() - 5 * HOURS):
            answer = replace(QUEUED, execution_id=f"id-{attempt.id}", skew=0.0)
            ledger.settle([(attempt, answer)], now=time.time() - 5 * HOURS)
            calls.append(
                Placed(f"id-{attempt.id}", attempt.recipient.number, attempt.reference, time.time() - 5 * HOURS)
            )
        if unknown:
            # Older than all others, so on the last page.
            calls.append(lost(ledger, 350, ago=6 * HOURS))
        bolna = Bolna(calls)

        assert searched(ledger, bolna).adopted == unknown
        assert (len(bolna.pages) > 5) is unknown


def test_a_known_call_that_is_not_listed_yet_hides_no_unknown_one(tmp_path: Path) -> None:
    """There are as many calls on the list as are known: one of them is missing there, and another one is not known."""
    with opened(tmp_path / "b.ledger", 400) as ledger:
        for _ in range(2):
            ledger.begin_work()
        last_searched(ledger, 10 * HOURS)
        calls = []
        for ago, size in ((5 * HOURS, 300), (60.0, 70)):
            at = time.time() - ago
            for attempt in ledger.intend(ledger.page(after=0, size=size), render, now=at):
                ledger.settle([(attempt, replace(QUEUED, execution_id=f"id-{attempt.id}", skew=0.0))], now=at)
                calls.append(Placed(f"id-{attempt.id}", attempt.recipient.number, attempt.reference, at))
        *listed, _ = calls
        bolna = Bolna([*listed, lost(ledger, 380, ago=6 * HOURS)])

        assert searched(ledger, bolna).adopted == 1

        # Once all is listed, the pages with what was placed lately are enough.
        bolna = Bolna(calls)
        ledger.note_searched(time.time() - 10 * HOURS)
        searched(ledger, bolna)
        assert len(bolna.pages) == 2


def test_a_call_that_was_found_days_later_hides_no_unknown_one(tmp_path: Path) -> None:
    """It is recorded with the moment at which it was found; it was placed before, and is not on that day's list."""
    with opened(tmp_path / "b.ledger", 400) as ledger:
        for _ in range(2):
            ledger.begin_work()
        last_searched(ledger, 10 * HOURS)
        at = time.time() - 5 * HOURS
        calls = []
        for attempt in ledger.intend(ledger.page(after=0, size=300), render, now=at):
            ledger.settle([(attempt, replace(QUEUED, execution_id=f"id-{attempt.id}", skew=0.0))], now=at)
            calls.append(Placed(f"id-{attempt.id}", attempt.recipient.number, attempt.reference, at))
        assert ledger.doubt([FIRST + 390], execution_id="somebody else's") == 1
        ledger._db.execute("UPDATE attempt SET at = ? WHERE execution_id = 'somebody else''s'", (at,))

        assert searched(ledger, Bolna([*calls, lost(ledger, 380, ago=6 * HOURS)])).adopted == 1


def test_a_search_that_was_cut_short_goes_on_by_days_not_by_pages(ledger: Ledger) -> None:
    last_searched(ledger, 10 * DAY)
    slow = Rate(1, 60.0)
    result = searched(ledger, Bolna([lost(ledger, 2)]), time_limit=300.0, rate=slow)
    assert (result.adopted, result.trouble) == (0, "not everything could be read in 300 seconds")

    bolna = Bolna([lost(ledger, 2)])
    assert searched(ledger, bolna, time_limit=600.0, rate=slow).adopted == 1
    assert bolna.pages[0][0] > time.time() - 7 * DAY


def test_reads_keep_to_the_rate(ledger: Ledger) -> None:
    last_searched(ledger, 10 * DAY)
    result = searched(ledger, Bolna(), time_limit=8 * 60.0, rate=Rate(1, 60.0))
    assert result.trouble
    assert not searched(ledger, Bolna(), time_limit=4 * 60.0, rate=Rate(1, 60.0)).trouble


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bolna, call: bolna.absent.add(call.id),
        lambda bolna, call: bolna.unreadable.add(call.id),
        lambda bolna, call: bolna.breaks_at.add(call.id),
        lambda bolna, call: bolna.calls.__setitem__(0, replace(call, blank=True)),
        lambda bolna, call: bolna.calls.__setitem__(0, replace(call, blank=True, echo=False)),
    ],
    ids=["not found by id", "unreadable", "list breaks", "no number", "neither number nor reference"],
)
def test_a_call_that_may_be_to_anybody_leaves_the_search_unfinished_until_it_shows(
    ledger: Ledger, spoil: Callable[[Bolna, Placed], None]
) -> None:
    call = lost(ledger, 0)
    bolna = Bolna([call])
    spoil(bolna, call)
    result = searched(ledger, bolna)
    assert result.adopted == 0
    assert result.why_unfinished
    later = 2 * HOURS
    assert searched(ledger, Bolna([call]), now=later).adopted == 1


def test_who_comes_into_the_list_later_was_perhaps_called_as_well(tmp_path: Path) -> None:
    """Ledger and list came back together from a backup, with fewer people than were called."""
    with opened(tmp_path / "b.ledger", 3) as ledger:
        for _ in range(2):
            ledger.begin_work()
        mark = reference(ledger.shared_reference(f"+{FIRST + 4}"), 1)
        assert searched(ledger, Bolna([Placed("e-4", FIRST + 4, mark, at=time.time())])) == Unrecorded()
        ledger.note_searched(time.time() + 5 * DAY)
        load(ledger, 5)
        calls = [Placed("e-4", FIRST + 4, mark, at=time.time() - 5 * DAY)]
        assert searched(ledger, Bolna(calls), now=6 * DAY).adopted == 1
        assert state(ledger, 4) is Status.QUEUED


def test_a_gap_is_closed_once_nothing_of_it_can_be_listed_any_more(ledger: Ledger) -> None:
    now = time.time()
    ledger.note_gap(now - 3 * DAY, now)
    assert searched(ledger, Bolna()).why_unfinished == ""
    ((start, end),) = ledger.gaps()
    assert (end, start > now - LATE - 60) == (now, True)

    searched(ledger, Bolna(), now=LATE + 1)

    assert ledger.gaps() == []
    assert ledger.wait_until() is None
