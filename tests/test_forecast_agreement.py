"""What is foretold of a run is what it then does: twenty campaigns, each run whole under a wall clock of its own.

What is right is what the phones saw and the ledger holds after the run.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from dialer.config.campaign import Campaign as Settings
from dialer.engine.concurrency import Lines
from dialer.engine.forecast import Course, Forecast
from dialer.engine.pace import Pace
from dialer.engine.pacing import Rate
from dialer.hours.recipient_zones import Locator
from dialer.models import Whereabouts, e164
from dialer.operations.timing import Place, groups_of, when_of
from dialer.provider.bolna.client import answer_of_status
from tests.test_calling_hours import INDIA, LONDON, NEW_YORK, Campaign, utc, window
from tests.test_concurrency import Phones
from tests.test_runner import virtually

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.models import Answer
    from tests.test_runner import Sent


@dataclass(frozen=True)
class Case:
    """A campaign: how many people of each country, and what its file says; times are UTC, on Monday 23 November 2026.

    Hours are from 9 to 20: India's end at 14:30, London's begin at 09:00 and end at 20:00, New York's begin at 14:00.
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

    def numbers(self) -> list[int]:
        groups = ((INDIA, self.india), (LONDON, self.london), (NEW_YORK, self.new_york))
        mixed = zip_longest(*(range(first, first + count) for first, count in groups))
        return [number for number in chain.from_iterable(mixed) if number is not None]


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
}


@dataclass(frozen=True)
class Seen:
    """When the first and the last request left, and when the last call was over."""

    left: int
    times: tuple[datetime, ...]


LARGE = {"one closes, one opens on the way", "three zones, one closes", "closes, by two", "opens while it runs"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in LARGE)) for name in CASES])
def test_who_stays_is_foretold_exactly_and_when_it_ends_within_a_tenth(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    foretold, seen = _foretold(case), _seen(tmp_path, case)
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
    moments: list[str | None] = [_at(text).isoformat() for text in case.scheduled]
    moments = moments or [None]
    return [moments[at % len(moments)] for at in range(len(case.numbers()))]


def _foretold(case: Case) -> Forecast:
    now, campaign = _at(case.begins), _campaign(case)
    locate = Locator(window(), column=1, at=now)
    places = []
    for number, moment in zip(case.numbers(), _moments(case), strict=True):
        where = locate((e164(number), ""), number, None)
        assert isinstance(where, Whereabouts)
        places.append(Place(where, 1, moment))
    pace = Pace(Rate.parse(case.rate).per_second, lines=case.lines or 1000, live=case.live, average=case.average)
    when = when_of(campaign, now=now, limit=case.limit)
    return Course(tuple(groups_of(campaign, places, now=now)), pace, now=now, when=when).forecast()


class Steady(Phones):
    """Phones whose calls all take as long as was assumed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.random = Mock(uniform=lambda _least, _most: 1.0)


def _seen(folder: Path, case: Case) -> Seen:
    begins = _at(case.start or case.begins)
    campaign = Campaign(folder, case.numbers(), window(), begins)
    with closing(campaign.ledger):
        ends = None if case.until is None else _at(case.until).timestamp()
        for number, moment in zip(case.numbers(), _moments(case), strict=True):
            campaign.ledger._db.execute("UPDATE recipient SET scheduled_at = ? WHERE number = ?", (moment, number))
        rig, phones = campaign.rig, Steady(case.lines or 1000, lasts=case.average)
        rig.rate, rig.waits = Rate.parse(case.rate), case.waits
        rig.limit = len(case.numbers()) if case.limit is None else case.limit

        def answer(sent: Sent) -> Answer:
            phones.place(f"e-{sent.reference}")
            return answer_of_status(200, execution_id=f"e-{sent.reference}")

        async def main() -> object:
            campaign.judge_by(ends=ends)
            if case.live is not None:
                lines = Lines(
                    case.live,
                    ledger=rig.recorder,
                    tracker=phones,
                    lines=case.lines or case.live,
                    average=case.average,
                    now=campaign.wall.now,
                )
                rig.lines, rig.watchers = lines, [lines.watch]
                campaign.judge_by(ends=ends, wait=lines.wait)
            return await rig.run()

        campaign.phones.answer = answer
        virtually(main)
        (left,) = campaign.ledger._db.execute("SELECT count(*) FROM recipient WHERE state = 'pending'").fetchone()
    sent = [at for _, at in campaign.phones.left]
    over = [begins + timedelta(seconds=over) for _, _, over in phones.dials.values()]
    rings = dict(zip(case.numbers(), _moments(case), strict=True))
    called = [rings[number] for number, _ in campaign.phones.left]
    over += [datetime.fromisoformat(moment) + timedelta(seconds=case.average) for moment in called if moment]
    return Seen(left, (min(sent), max(sent), max(over)) if sent else ())
