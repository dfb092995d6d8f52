"""How calls went is read as fast as the provider allows each kind of request, and no faster."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer.engine.reads import Reads
from dialer.provider.bolna.sandbox.settings import Settings
from dialer.rate import Rate
from dialer.sync.reconcile import Reconciled, reconcile
from dialer.sync.track import Tracker
from tests.ledgers import opened
from tests.test_runner import Inline, virtually
from tests.test_tracking import AGENT, PAGE_ROWS, RETRY, Bolna, at_most, now, people

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from dialer.provider.interface import Account, Listed
    from dialer.store.sqlite import Ledger

LISTS, CALLS = Rate(500, 60.0), Rate(1000, 60.0)
"""What Bolna's documentation allows an organisation."""
ENDED = Settings(speed=1.0, lines=100_000, outcomes={"completed": 0.7, "no-answer": 0.3})


class Listing(Bolna):
    """Also lists all calls of a span."""

    async def executions(
        self, agent_id: str, *, start: datetime, end: datetime, turn: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[Listed, None]:
        number, more = 1, True
        while more:
            await turn()
            page = await self.executions_page(agent_id, start=start, end=end, number=number)
            for row in page.rows:
                yield row
            number, more = number + 1, page.more

    async def account(self) -> Account:
        raise NotImplementedError  # nothing of these tests asks for it; the class it stands for has it


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        ledger._db.execute("PRAGMA synchronous = OFF")
        yield ledger


def within_the_limits(bolna: Bolna) -> bool:
    pages = [one for one in bolna.asked if one[1] == "list"]
    calls = [one for one in bolna.asked if one[1] != "list"]
    return at_most(pages, LISTS) and at_most(calls, CALLS)


def tracked(ledger: Ledger, settings: Settings, count: int) -> tuple[Bolna, float]:
    """Return a Bolna whose calls have all ended and were read, and how many seconds that took."""
    people(ledger, count)

    async def main() -> tuple[Bolna, float]:
        bolna = Bolna(settings)
        await bolna.place(ledger, count, every=0.12)
        await anyio.sleep(3600)
        began = anyio.current_time()
        looked = await Tracker(Inline(ledger), bolna, agent_id=AGENT, reads=Reads(None), now=now).look()
        took = anyio.current_time() - began
        assert (looked.open, looked.trouble) == (0, "")
        talked = sum(bolna.book.standing(call).status == "completed" for call in bolna.book.calls)
        kept = "SELECT count(*), count(cost), sum(transcript <> '') FROM call WHERE final = 1"
        assert ledger._db.execute(kept).fetchone() == (count, count, talked)
        return bolna, took

    bolna, took = virtually(main)
    assert within_the_limits(bolna)
    return bolna, took


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_calls_that_have_ended_are_read_at_the_pace_of_their_limit(ledger: Ledger, count: int) -> None:
    bolna, took = tracked(ledger, ENDED, count)
    # Ten thousand in twelve minutes; a list that shows nothing of use is not read on.
    assert took <= 720 * count / 10_000 + 10
    assert bolna.reads == count
    assert bolna.pages <= 21


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_calls_that_a_list_shows_whole_are_read_by_the_page(ledger: Ledger, count: int) -> None:
    bolna, took = tracked(ledger, replace(ENDED, whole_rows=True), count)
    assert took <= 90 * count / 10_000 + 5
    assert bolna.reads == 0
    assert bolna.pages <= 1.1 * count / PAGE_ROWS


def test_what_a_glance_sees_whole_is_not_read_again(ledger: Ledger) -> None:
    people(ledger, 40)

    async def main() -> Bolna:
        bolna = Bolna(replace(ENDED, whole_rows=True))
        await bolna.place(ledger, 40)
        await anyio.sleep(3600)
        one = Tracker(Inline(ledger), bolna, agent_id=AGENT, reads=Reads(None), now=now)
        await one.glance(ledger.open_calls())
        bolna.asked.clear()
        await one.look()
        return bolna

    assert virtually(main).asked == []


@pytest.mark.parametrize(
    "emptied",
    [
        {"total_cost": None},
        {"updated_at": None},
        {"context_details": None},
        {"telephony_data": {"to_number": "+1", "from_number": "", "provider": "plivo"}},
        {"retry_config": None},
    ],
    ids=str,
)
def test_a_row_that_does_not_show_all_of_a_call_is_read_by_its_id(ledger: Ledger, emptied: dict[str, object]) -> None:
    people(ledger, 40)

    async def main() -> Bolna:
        bolna = Bolna(replace(ENDED, whole_rows=True), trims=lambda row: {**row, **emptied})
        await bolna.place(ledger, 40, retry_config=RETRY)
        await anyio.sleep(4 * 3600)
        await Tracker(Inline(ledger), bolna, agent_id=AGENT, reads=Reads(None), now=now).look()
        return bolna

    assert virtually(main).reads == 40


def reconciled(ledger: Ledger, settings: Settings, count: int) -> tuple[Listing, float]:
    """Return a Bolna at which so many calls of which nobody knew were found, and how many seconds that took."""
    people(ledger, count)

    async def main() -> tuple[Listing, float]:
        bolna = Listing(settings)
        await bolna.place(ledger, count)
        ledger._db.execute("UPDATE attempt SET outcome = 'unknown', execution_id = ''")
        ledger._db.execute("UPDATE recipient SET state = 'unknown', execution_id = ''")
        began = anyio.current_time()
        found = await reconcile(Inline(ledger), bolna, agent_id=AGENT, reads=Reads(None))
        assert isinstance(found, Reconciled)
        assert (found.settled, found.left, found.trouble) == (count, 0, "")
        return bolna, anyio.current_time() - began

    bolna, took = virtually(main)
    assert within_the_limits(bolna)
    # Each person has the call that was placed to them.
    placed = {call.execution_id: int(call.to_number) for call in bolna.book.calls}
    rows = ledger._db.execute("SELECT execution_id, number FROM recipient WHERE state = 'queued'").fetchall()
    assert dict(rows) == placed
    return bolna, took


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_unclear_calls_are_found_at_the_pace_of_their_limit(ledger: Ledger, count: int) -> None:
    bolna, took = reconciled(ledger, ENDED, count)
    # A thousand in 75 seconds.
    assert took <= 0.075 * count + 5 * (count < 1000)
    assert bolna.reads == count


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_unclear_calls_whose_reference_is_listed_are_found_by_the_page(ledger: Ledger, count: int) -> None:
    bolna, took = reconciled(ledger, replace(ENDED, whole_rows=True), count)
    assert took <= 0.02 * count
    assert bolna.reads == 0


def test_a_person_may_allow_less_for_both_kinds_together() -> None:
    async def main() -> float:
        reads = Reads(Rate(60, 60.0))
        for _ in range(5):
            await reads.wait_for_page()
            await reads.wait_for_call()
        return anyio.current_time()

    assert math.isclose(virtually(main), 9.0, rel_tol=0.1)
