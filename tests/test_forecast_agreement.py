"""What is foretold of a run is what it then does: campaigns of every kind, each run whole under a clock of its own.

What is right is what the phones saw and the ledger holds after the run.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import TYPE_CHECKING
from unittest.mock import Mock

import anyio
import pytest

from dialer.config.campaign import Campaign as Settings
from dialer.engine.concurrency import Lines
from dialer.engine.forecast import Course, Forecast
from dialer.engine.pace import Pace
from dialer.hours.recipient_zones import Locator
from dialer.models import Whereabouts, e164
from dialer.operations.eligibility import Judge
from dialer.operations.list_order import Kind, ListOrder, in_order, width_of
from dialer.operations.timing import groups_of, places_of, when_of
from dialer.provider.bolna.client import answer_of_status
from dialer.rate import Rate
from dialer.store.shared import Elsewhere
from tests.test_calling_hours import INDIA, LONDON, NEW_YORK, NOBODY, Campaign, utc, window
from tests.test_concurrency import Phones
from tests.test_runner import virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dialer.models import Answer
    from dialer.operations.timing import Place
    from dialer.store.sqlite import Ledger
    from tests.test_runner import Sent


@dataclass(frozen=True)
class Case:
    """A campaign: how many people of each country, and what its file says; times are UTC, on Monday 23 November 2026.

    Hours are from 9 to 20: India's end at 14:30, London's begin at 09:00 and end at 20:00, New York's begin at 14:00.
    A list in order has India first, then London, then New York; otherwise they are mixed. Every third one was called
    by another batch, where `again` says until when that counts. `busy` lines are taken by another batch's calls.
    """

    begins: str
    india: int = 0
    london: int = 0
    new_york: int = 0
    rate: str = "60/minute"
    waits: bool = False
    limit: int | None = None
    start: str | None = None
    until: str | None = None
    lines: int | None = None
    live: int | None = None
    average: float = 60.0
    scheduled: tuple[str, ...] = ()
    in_order: bool = False
    again: str | None = None
    busy: int = 0

    def numbers(self) -> list[int]:
        groups = ((INDIA, self.india), (LONDON, self.london), (NEW_YORK, self.new_york))
        each = [range(first, first + count) for first, count in groups]
        people = chain.from_iterable(each if self.in_order else zip_longest(*each))
        return [number for number in people if number is not None]


CASES = {
    "open to the end": Case("10:00", india=120),
    "closes on the way": Case("14:29", india=100),
    "closes, by two": Case("14:28", india=150, rate="2/second"),
    "closes, waits": Case("14:29", india=100, waits=True),
    "closed for all": Case("02:00", london=40),
    "closed for all, waits": Case("02:00", london=40, waits=True),
    "one zone closed": Case("11:00", india=80, new_york=80),
    "one zone closed, waits": Case("11:00", india=80, new_york=80, waits=True),
    "one closes, one opens on the way": Case("13:55", india=500, new_york=500),
    "opens while it runs": Case("13:58", india=90, new_york=90),
    "three zones, one closes": Case("14:27", india=200, london=200, new_york=200),
    "limit": Case("10:00", india=100, limit=30),
    "limit with closed people": Case("11:00", india=50, new_york=50, limit=30),
    "limit is the hours' remainder": Case("14:29", india=100, limit=80),
    "until": Case("10:00", india=100, until="10:01"),
    "start and until": Case("09:00", india=100, start="10:00", until="10:01"),
    "until before another opening, waits": Case("13:00", india=50, new_york=50, until="13:30", waits=True),
    "lines": Case("10:00", india=60, lines=5, live=5),
    "lines, closes": Case("14:20", india=80, lines=5, live=5),
    "a queue at the lines": Case("10:00", india=60, lines=4, live=12, average=30.0),
    "a queue, closes": Case("14:20", india=80, lines=4, live=8, average=30.0),
    "scheduled": Case("10:00", india=90, scheduled=("12:00", "10:04", "10:03")),
    "the campaign's own scheduled_at": Case("10:00", india=60, scheduled=("12:00",), lines=5, live=5),
    "the campaign's own scheduled_at comes too soon": Case("10:00", india=90, scheduled=("10:04",)),
    "some are scheduled, with lines": Case("10:00", india=80, scheduled=("12:00", ""), lines=5, live=5),
    "called elsewhere": Case("10:00", india=60, again="18:00"),
    "called elsewhere, over on the way": Case("10:00", india=90, again="10:00:30.500"),
    "called elsewhere, waits for others": Case("11:00", india=60, new_york=40, again="13:00", waits=True),
    "called elsewhere, with a limit": Case("10:00", india=90, again="18:00", limit=50),
    "a neighbour's lines": Case("10:00", india=60, lines=6, live=6, busy=4),
    "a neighbour's lines, closes": Case("14:20", india=60, lines=6, live=6, busy=6),
    "in order, the first zone closes": Case("14:29", india=100, london=100, in_order=True),
    "in order, the last zone opens on the way": Case("13:58", london=100, new_york=100, in_order=True),
    "in order, the last zone is closed, with a limit": Case(
        "11:00", india=40, london=40, new_york=40, in_order=True, limit=90
    ),
    "in order, waits": Case("13:58", london=60, new_york=90, in_order=True, waits=True),
}


@dataclass(frozen=True)
class Seen:
    """When the first and the last request left, and when the last call was over."""

    left: int
    times: tuple[datetime, ...]


LARGE = {
    "one closes, one opens on the way",
    "three zones, one closes",
    "closes, by two",
    "opens while it runs",
    "in order, waits",
    "called elsewhere, with a limit",
    "the campaign's own scheduled_at comes too soon",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in LARGE)) for name in CASES])
def test_who_stays_is_foretold_exactly_and_when_it_ends_within_a_tenth(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    checked, planned, seen = _seen(tmp_path, case)
    for foretold in (checked, planned):
        times = tuple(at for at in (foretold.begins, foretold.sent_by, foretold.ends_at) if at is not None)
        assert sum(one.count for one in foretold.later) == seen.left
        assert foretold.calls == len(case.numbers()) - seen.left
        began = _at(case.begins)
        for said, real in zip(times, seen.times, strict=True):
            assert abs((said - real).total_seconds()) <= max(2.0, 0.1 * (real - began).total_seconds())


def _at(text: str) -> datetime:
    return utc(f"2026-11-23T{text}")


def _campaign(case: Case) -> Settings:
    campaign = Mock(spec=Settings)
    campaign.window, campaign.waits = window(), case.waits
    campaign.schedule = Mock(
        begins=None if case.start is None else _at(case.start), ends=None if case.until is None else _at(case.until)
    )
    return campaign


def _moments(case: Case) -> list[str | None]:
    moments = [_at(text).isoformat() if text else None for text in case.scheduled] or [None]
    return [moments[at % len(moments)] for at in range(len(case.numbers()))]


def _called_elsewhere(case: Case) -> set[int]:
    return set(case.numbers()[::3]) if case.again else set()


def _foretold(case: Case, ledger: Ledger) -> tuple[Forecast, Forecast]:
    """Return what `check` and `run` foretell: the one goes through the rows, the other asks the ledger."""
    now, elsewhere = _at(case.begins), _called_elsewhere(case)
    locate = Locator(window(), column=1, at=now)
    kinds, order = [], ListOrder()
    for number, moment in zip(case.numbers(), _moments(case), strict=True):
        where = locate((e164(number), ""), number, None)
        assert isinstance(where, Whereabouts)
        again_at = _at(case.again).timestamp() if case.again and number in elsewhere else None
        kinds.append(Kind(where, moment, again_at))
    order.add_people(kinds)
    others = [(position, kind) for position, kind in enumerate(kinds, 1) if kind.again_at]
    width = width_of(len(kinds))
    asked = in_order(ledger.whereabouts(width=width), others, width=width)
    return _course(case, places_of(order)).forecast(), _course(case, places_of(asked)).forecast()


def _course(case: Case, places: Sequence[Place]) -> Course:
    now, campaign = _at(case.begins), _campaign(case)
    rate = Rate.parse(case.rate).per_second
    pace = Pace(rate, lines=case.lines or 1000, live=case.live, average=case.average, busy=case.busy)
    groups, when = tuple(groups_of(campaign, places, now=now)), when_of(campaign, now=now, limit=case.limit)
    return Course(groups, pace, now=now, when=when)


@dataclass(frozen=True)
class OtherCalls:
    """The calls of another batch that are live when the run begins: they end one after the other."""

    ends: tuple[float, ...]

    def count(self) -> int:
        return sum(end > anyio.current_time() for end in self.ends)

    async def look(self) -> None:
        await anyio.sleep(0.1)


def _judge(case: Case, campaign: Campaign, *, wait: Callable[[], float]) -> Judge:
    within, elsewhere = 86_400.0, _called_elsewhere(case)

    def called(numbers: Sequence[int], *, now: float, **_: float) -> Elsewhere | None:
        at = 0.0 if case.again is None else _at(case.again).timestamp() - within
        return Elsewhere(at, "b") if elsewhere & set(numbers) and now < at + within else None

    return Judge(
        suppression=NOBODY,
        window=campaign.calling,
        neighbours=Mock(called=called),
        within=within,
        ends=None if case.until is None else _at(case.until).timestamp(),
        wait=wait,
        now=campaign.wall.now,
    )


class Steady(Phones):
    """Phones whose calls all take as long as was assumed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.random = Mock(uniform=lambda _least, _most: 1.0)


def _seen(folder: Path, case: Case) -> tuple[Forecast, Forecast, Seen]:
    begins = _at(case.start or case.begins)
    campaign = Campaign(folder, case.numbers(), window(), begins)
    rings = dict(zip(case.numbers(), _moments(case), strict=True))
    with closing(campaign.ledger):
        for number, moment in rings.items():
            campaign.ledger._db.execute("UPDATE recipient SET scheduled_at = ? WHERE number = ?", (moment, number))
        foretold = _foretold(case, campaign.ledger)
        rig, phones = campaign.rig, Steady(case.lines or 1000, lasts=case.average)
        others = OtherCalls(tuple(case.average * (turn + 1) / (case.busy + 1) for turn in range(case.busy)))
        phones.free = [*[0.0] * (len(phones.free) - case.busy), *others.ends]
        rig.rate, rig.waits = Rate.parse(case.rate), case.waits
        rig.limit = len(case.numbers()) if case.limit is None else case.limit

        def answer(sent: Sent) -> Answer:
            if rings[sent.number] is None:
                phones.place(f"e-{sent.reference}")
            return answer_of_status(200, execution_id=f"e-{sent.reference}")

        async def main() -> object:
            rig.judge = _judge(case, campaign, wait=lambda: 0.0)
            if case.live is not None:
                lines = Lines(
                    case.live,
                    ledger=rig.recorder,
                    tracker=phones,
                    lines=case.lines or case.live,
                    average=case.average,
                    shared=case.lines if case.busy else None,
                    others=others if case.busy else None,
                    now=campaign.wall.now,
                )
                rig.lines, rig.watchers = lines, [lines.watch]
                rig.judge = _judge(case, campaign, wait=lines.wait)
                await lines.begin()
            return await rig.run()

        campaign.phones.answer = answer
        virtually(main)
        (left,) = campaign.ledger._db.execute("SELECT count(*) FROM recipient WHERE state = 'pending'").fetchone()
    sent = [at for _, at in campaign.phones.left]
    over = [begins + timedelta(seconds=over) for _, _, over in phones.dials.values()]
    called = [rings[number] for number, _ in campaign.phones.left]
    over += [datetime.fromisoformat(moment) + timedelta(seconds=case.average) for moment in called if moment]
    return *foretold, Seen(left, (min(sent), max(sent), max(over)) if sent else ())
