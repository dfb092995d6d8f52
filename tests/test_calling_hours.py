"""No request leaves outside its recipient's hours: whole runs under a wall clock that daylight saving time changes."""

from __future__ import annotations

import json
import math
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.hours import CallingWindow, WeeklyHours, load_pack
from dialer.hours.recipient_zones import Locator, zone_column
from dialer.input_rows import InputRow
from dialer.intake.do_not_call import Suppression
from dialer.messages.operations.eligibility import TOO_LATE
from dialer.models import Problem, Status, Whereabouts, e164
from dialer.operations.eligibility import CLOSING, Judge
from dialer.rate import Rate
from dialer.store import Binding
from dialer.store.sqlite import Ledger
from tests.ledgers import in_columns
from tests.test_runner import Bolna, Rig, virtually
from tests.test_window import naively_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dialer.engine.ending import Ending
    from dialer.models import Answer

NEW_YORK, LONDON, INDIA = 12125550100, 442079460000, 919800000000
TOLL_FREE, RUSSIAN_MOBILE, AUSTRALIAN_MOBILE = 18005550100, 79161234567, 61412345678
NOBODY = Suppression.load([], region=None, max_age_days=None, now=datetime(2026, 1, 1, tzinfo=UTC))


def window(hours: str | dict[str, str | list[str]] | None = "09:00-20:00", *packs: str, **more: str) -> CallingWindow:
    own = None if hours is None else WeeklyHours.parse(hours=hours, days=None)
    return CallingWindow(hours=own, packs=tuple(map(load_pack, packs)), default_zone=more.get("default"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Wall:
    """A wall clock over the virtual one; it leaps when the machine was suspended."""

    begins: datetime
    leapt: float = 0.0

    def now(self) -> float:
        return self.begins.timestamp() + anyio.current_time() + self.leapt

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


@dataclass
class Phones(Bolna):
    """Notes at which moment of the wall clock each body left."""

    wall: Wall = field(default_factory=lambda: Wall(utc("2026-01-01T00:00")))
    left: list[tuple[int, datetime]] = field(default_factory=list)

    async def call(self, body: bytes, may_leave: Callable[[], bool]) -> Answer:
        def noted() -> bool:
            leaves = may_leave()
            if leaves:
                number = int(json.loads(body)["recipient_phone_number"])
                self.left.append((number, self.wall.moment()))
            return leaves

        return await super().call(body, noted)


def rows(numbers: Sequence[int], calling: CallingWindow, at: datetime, zones: Sequence[str] = ()) -> list[InputRow]:
    """Return a list's rows as intake judges them; `zones` are the cells of a timezone column."""
    locate = Locator(calling, column=1, at=at)
    found = []
    for position, number in enumerate(numbers, 1):
        cells = (e164(number), zones[position - 1] if zones else "")
        where = locate(cells, number, None)
        problem = where if isinstance(where, Problem) else None
        found.append(
            InputRow(
                position=position,
                line=position + 1,
                cells=cells,
                key=e164(number),
                number=number,
                status=Status.PENDING if problem is None else Status.INVALID,
                problem=problem,
                whereabouts=Whereabouts((), "", "") if isinstance(where, Problem) else where,
            )
        )
    return found


class Campaign:
    """A run of some people under a calling window, from a moment on."""

    def __init__(
        self,
        folder: Path,
        numbers: Sequence[int],
        calling: CallingWindow,
        begins: datetime,
        *,
        zones: Sequence[str] = (),
        latency: float = 0.0,
    ) -> None:
        self.ledger = Ledger.open(folder / "b.ledger", binding=Binding("agent", "loopback", "number"), batch="b")
        self.ledger._db.execute("PRAGMA synchronous = OFF")
        chunk = in_columns(rows(numbers, calling, begins, zones))
        self.ledger.load(("phone", "timezone"), phones=("phone",), id_column=None, chunks=[chunk])
        self.wall = Wall(begins)
        self.rig = Rig(self.ledger, latency=latency)
        self.phones = Phones(self.ledger, wall=self.wall)
        self.rig.bolna = self.phones
        self.rig.now = self.wall.now
        self.calling = calling
        self.judge_by()

    def judge_by(self, *, ends: float | None = None, wait: Callable[[], float] = lambda: 0.0) -> None:
        """Let nobody be called from an end on (Unix seconds), or who would not ring in time."""
        self.rig.judge = Judge(
            suppression=NOBODY,
            window=self.calling,
            neighbours=None,
            within=0.0,
            ends=ends,
            wait=wait,
            now=self.wall.now,
        )

    def run(self, **options: object) -> Ending:
        for name, value in options.items():
            setattr(self.rig, name, value)
        return self.rig.ended()

    @property
    def calls(self) -> list[tuple[int, str]]:
        """Who was called when: number, and the minute by the wall clock in UTC."""
        return [(number, f"{at:%Y-%m-%dT%H:%M}") for number, at in self.phones.left]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    opened: list[Ledger] = []
    original = Ledger.open

    def opening(*args: object, **options: object) -> Ledger:
        opened.append(original(*args, **options))  # type: ignore[arg-type] # as the original
        return opened[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "open", opening)
        yield tmp_path
    for ledger in opened:
        ledger.close()


# -- one number, one moment ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "zone", "begins", "first_call"),
    [
        # New York: 9 o'clock is 14:00 UTC in winter, 13:00 in summer; the clocks change on 8 March and 1 November.
        (NEW_YORK, "", "2026-03-07T06:00", "2026-03-07T14:00"),
        (NEW_YORK, "", "2026-03-08T06:00", "2026-03-08T13:00"),
        (NEW_YORK, "", "2026-10-31T06:00", "2026-10-31T13:00"),
        (NEW_YORK, "", "2026-11-01T05:30", "2026-11-01T14:00"),
        # London: on 29 March and 25 October.
        (LONDON, "", "2026-03-28T03:00", "2026-03-28T09:00"),
        (LONDON, "", "2026-03-29T00:30", "2026-03-29T08:00"),
        (LONDON, "", "2026-10-24T03:00", "2026-10-24T08:00"),
        (LONDON, "", "2026-10-25T00:30", "2026-10-25T09:00"),
        # Adelaide, half an hour off and the other way round: on 5 April and 4 October.
        (AUSTRALIAN_MOBILE, "Australia/Adelaide", "2026-04-04T12:00", "2026-04-04T23:30"),
        (AUSTRALIAN_MOBILE, "Australia/Adelaide", "2026-10-03T12:00", "2026-10-03T22:30"),
        # India has no daylight saving time.
        (INDIA, "", "2026-03-29T00:30", "2026-03-29T03:30"),
        (INDIA, "", "2026-10-25T00:30", "2026-10-25T03:30"),
    ],
)
def test_a_run_that_waits_begins_at_nine_by_the_recipients_own_clock(
    folder: Path, number: int, zone: str, begins: str, first_call: str
) -> None:
    campaign = Campaign(folder, [number], window(), utc(begins), zones=[zone])
    campaign.run(waits=True)
    assert campaign.calls == [(number, first_call)]


def test_a_number_in_many_zones_is_called_only_while_all_of_them_are_open(folder: Path) -> None:
    """+1 800 lies in 42 zones over 21 hours, +7 mobiles in 16, +61 mobiles in 8."""
    numbers = [TOLL_FREE, RUSSIAN_MOBILE, AUSTRALIAN_MOBILE]
    judged = rows(numbers, window(), utc("2026-11-23T00:00"))

    campaign = Campaign(folder, numbers, window(), utc("2026-11-23T00:00"))
    campaign.run(waits=True)

    assert [number for number, _ in campaign.phones.left] == [AUSTRALIAN_MOBILE, RUSSIAN_MOBILE, TOLL_FREE]
    for number, at in campaign.phones.left:
        (row,) = [one for one in judged if one.number == number]
        assert len(row.whereabouts.zones) > 5
        for zone in row.whereabouts.zones:
            assert 9 <= at.astimezone(ZoneInfo(zone)).hour < 20


def test_a_number_whose_zones_never_agree_is_a_problem_with_the_way_out() -> None:
    (row,) = rows([TOLL_FREE], window("10:00-18:00"), utc("2026-11-23T00:00"))
    assert row.problem is not None
    assert row.problem.code == "never_open"
    assert "give one zone in a timezone column, or a default in the campaign" in row.problem.reason


def test_a_default_zone_makes_a_toll_free_number_callable_and_is_kept_as_what_named_it(folder: Path) -> None:
    campaign = Campaign(folder, [TOLL_FREE], window(default="America/Chicago"), utc("2026-11-23T12:00"))
    campaign.run(waits=True)
    assert campaign.calls == [(TOLL_FREE, "2026-11-23T15:00")]
    kept = campaign.ledger._db.execute("SELECT zones, zone_source, country FROM recipient").fetchall()
    assert kept == [("America/Chicago", "campaign default", "")]


def test_a_toll_free_number_falls_under_the_rules_of_every_country_that_shares_its_code() -> None:
    (row,) = rows([TOLL_FREE], window(None, "us-federal", default="America/Chicago"), utc("2026-11-23T12:00"))
    assert row.whereabouts.country == ""
    (row,) = rows([448081570000], window("09:00-20:00"), utc("2026-11-23T12:00"))
    assert row.whereabouts.country == ""
    (row,) = rows([NEW_YORK], window("09:00-20:00"), utc("2026-11-23T12:00"))
    assert (row.whereabouts.country, row.whereabouts.source) == ("US", "number")


def test_the_timezone_column_comes_before_the_number_and_is_kept_as_what_named_it(folder: Path) -> None:
    zones = ["America/Los_Angeles", ""]
    campaign = Campaign(folder, [NEW_YORK, NEW_YORK + 1], window(), utc("2026-11-23T12:00"), zones=zones)
    campaign.run(waits=True)
    assert campaign.calls == [(NEW_YORK + 1, "2026-11-23T14:00"), (NEW_YORK, "2026-11-23T17:00")]
    kept = campaign.ledger._db.execute("SELECT zones, zone_source FROM recipient ORDER BY id").fetchall()
    assert kept == [("America/Los_Angeles", "timezone column"), ("America/New_York", "number")]


@pytest.mark.parametrize("cell", ["UTC", "GMT", "Etc/UTC", "Zulu"])
def test_what_a_program_writes_that_knows_of_no_place_does_not_say_where_somebody_is(cell: str) -> None:
    (row,) = rows([NEW_YORK], window(), utc("2026-11-23T12:00"), zones=[cell])
    assert row.problem is not None
    assert row.problem.code == "zone_unknown"
    assert "Etc/" not in row.problem.reason.removeprefix(f'"{cell}"')
    assert rows([NEW_YORK], window(default="UTC"), utc("2026-11-23T12:00"))[0].problem is None


def test_a_column_of_time_zones_is_found_by_its_usual_names() -> None:
    assert zone_column(("phone", "Time Zone"), None) == 1
    assert zone_column(("phone", "tz", "timezone"), 2) == 2
    assert zone_column(("phone", "tz", "timezone"), None) is None
    assert zone_column(("phone", "name"), None) is None


def test_an_opening_after_the_end_of_the_schedule_is_none(folder: Path) -> None:
    campaign = Campaign(folder, [INDIA], window(), utc("2026-11-23T20:00"))
    campaign.judge_by(ends=utc("2026-11-24T02:00").timestamp())
    ending = campaign.run(waits=True)
    assert campaign.rig.took < 60.0
    (reason,) = ending.deferred
    assert reason == "in Asia/Kolkata it is not within the campaign's hours any more before the schedule ends"


def test_who_would_ring_after_their_hours_for_want_of_lines_is_told_so(folder: Path) -> None:
    campaign = Campaign(folder, [INDIA], window(), utc("2026-11-23T14:00"))
    campaign.judge_by(wait=lambda: 3600.0)
    (reason,) = campaign.run().deferred
    assert reason == "no line is free in time: then in Asia/Kolkata it is not within the campaign's hours"


def test_across_the_date_line_it_is_another_weekday(folder: Path) -> None:
    """Friday in Samoa is Thursday in American Samoa, 25 hours behind."""
    fridays = window({"fri": "09:00-12:00"})
    campaign = Campaign(folder, [6857212345, 16846331234], fridays, utc("2026-11-26T12:00"))
    campaign.run(waits=True)
    assert campaign.calls == [(6857212345, "2026-11-26T20:00"), (16846331234, "2026-11-27T20:00")]


def test_a_window_across_midnight_goes_on_into_the_next_day(folder: Path) -> None:
    night = window({"fri": "22:00-02:00"})
    campaign = Campaign(folder, [INDIA], night, utc("2026-11-27T20:00"))
    campaign.run()
    assert campaign.calls == [(INDIA, "2026-11-27T20:00")], "Saturday 01:30 in India belongs to Friday's window"


# -- a run that leaves the window ----------------------------------------------------------------------------------


def test_a_run_that_begins_in_the_window_and_leaves_it_leaves_the_rest_with_the_next_opening(folder: Path) -> None:
    numbers = [INDIA + index for index in range(100)]
    campaign = Campaign(folder, numbers, window(), utc("2026-11-23T14:29"))
    ending = campaign.run(rate=Rate(60, 60.0))
    assert 50 <= len(campaign.calls) <= 56
    assert campaign.phones.left[-1][1] <= utc("2026-11-23T14:30") - CLOSING
    (left,) = ending.deferred.values()
    assert left.count == 100 - len(campaign.calls)
    assert left.until == utc("2026-11-24T03:30").timestamp()


def test_a_run_that_waits_goes_on_at_the_next_opening(folder: Path) -> None:
    numbers = [INDIA + index for index in range(100)]
    campaign = Campaign(folder, numbers, window(), utc("2026-11-23T14:29"))
    ending = campaign.run(rate=Rate(60, 60.0), waits=True)
    assert sorted(number for number, _ in campaign.phones.left) == numbers
    days = [f"{at:%d %H}" for _, at in campaign.phones.left]
    assert {*days} == {"23 14", "24 03"}
    assert ending.deferred == {}
    assert timedelta(seconds=ending.waited) > timedelta(hours=12)


def test_a_machine_suspended_between_the_check_and_the_sending_sends_nothing_when_it_wakes_up(folder: Path) -> None:
    campaign = Campaign(folder, [INDIA + index for index in range(5)], window(), utc("2026-11-23T14:00"))

    async def main() -> None:
        async def suspend() -> None:
            # In the middle of the connecting, which takes three seconds.
            await anyio.sleep(1.0)
            campaign.wall.leapt = 3600.0

        async with anyio.create_task_group() as beside:
            beside.start_soon(suspend)
            await campaign.rig.run()

    campaign.phones.connects = 3.0
    virtually(main)
    assert campaign.calls == []
    assert campaign.rig.counts == {"pending": 5}
    assert campaign.ledger._db.execute("SELECT count(*) FROM attempt").fetchone() == (0,)


# -- schedules -----------------------------------------------------------------------------------------------------


def scheduled_row(number: int, scheduled_at: str, calling: CallingWindow) -> Whereabouts | Problem:
    return Locator(calling, column=None, at=utc("2026-11-23T00:00"))((e164(number),), number, scheduled_at)


def test_a_schedule_outside_the_hours_is_a_problem_of_its_row_with_the_reason() -> None:
    assert scheduled_row(INDIA, "2026-11-24T21:30:00+05:30", window()) == Problem(
        "schedule_outside_hours",
        "scheduled_at is outside the calling hours: then in Asia/Kolkata it is not within the campaign's hours",
    )
    assert isinstance(scheduled_row(INDIA, "2026-11-24T19:30:00+05:30", window()), Whereabouts)


def test_a_call_that_bolna_places_later_is_sent_at_night_and_not_when_its_lead_is_used_up(folder: Path) -> None:
    begins = utc("2026-11-23T20:00")
    campaign = Campaign(folder, [INDIA, INDIA + 1], window(), begins)
    for number, scheduled_at in ((INDIA, "2026-11-24T10:00:00+05:30"), (INDIA + 1, "2026-11-24T01:32:59+05:30")):
        campaign.ledger._db.execute("UPDATE recipient SET scheduled_at = ? WHERE number = ?", (scheduled_at, number))
    ending = campaign.run()
    assert campaign.calls == [(INDIA, "2026-11-23T20:00")]
    assert list(ending.deferred) == [TOO_LATE]


# -- the promise ---------------------------------------------------------------------------------------------------

CLOCKS = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 59]))
WEEKS = st.dictionaries(
    st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    st.tuples(CLOCKS, CLOCKS)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: f"{pair[0][0]:02}:{pair[0][1]:02}-{pair[1][0]:02}:{pair[1][1]:02}"),
    min_size=1,
)
NUMBERS = st.lists(
    st.sampled_from([NEW_YORK, LONDON, INDIA, RUSSIAN_MOBILE, AUSTRALIAN_MOBILE, 61882000000, 13105550100, 6857212345]),
    min_size=1,
    max_size=8,
    unique=True,
)
CHANGES = [utc(text) for text in ("2026-03-08T07:00", "2026-11-01T06:00", "2026-03-29T01:00", "2026-10-03T16:30")]
ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Europe/Moscow", "Australia/Adelaide", "Asia/Kamchatka"]


@st.composite
def weeks_and_beginnings(draw: st.DrawFn) -> tuple[dict[str, str], datetime]:
    """Draw hours, and when a run begins: around a change of the clocks, or as hours end somewhere in those days."""
    week, change = draw(WEEKS), draw(st.sampled_from(CHANGES))
    if draw(st.booleans()):
        return week, change + timedelta(minutes=draw(st.integers(-2000, 2000)))
    end = time.fromisoformat(draw(st.sampled_from(sorted(week.values()))).rpartition("-")[2])
    day = change.date() + timedelta(days=draw(st.integers(-3, 3)))
    closes = datetime.combine(day, end, ZoneInfo(draw(st.sampled_from(ZONES)))).astimezone(UTC)
    return week, closes - timedelta(seconds=draw(st.integers(-30, 600)))


@given(
    numbers=NUMBERS,
    when=weeks_and_beginnings(),
    pack=st.sampled_from([(), (), ("us-strict",), ("us-federal", "in-collections")]),
    rate=st.sampled_from([Rate(1, 60.0), Rate(6, 3600.0), Rate(5, 1.0)]),
    latency=st.sampled_from([0.0, 0.5, 40.0]),
    connects=st.sampled_from([0.0, 3.0, 30.0]),
    leaps=st.lists(
        st.tuples(st.sampled_from([0.5, 2.0, 25.0, 700.0, 4000.0]), st.sampled_from([600.0, 7 * 3600.0, -1800.0])),
        max_size=4,
    ),
    waits=st.booleans(),
)
@settings(max_examples=100)
def test_no_request_ever_leaves_outside_its_recipients_hours(  # noqa: PLR0917 - what Hypothesis gives
    numbers: list[int],
    when: tuple[dict[str, str], datetime],
    pack: tuple[str, ...],
    rate: Rate,
    latency: float,
    connects: float,
    leaps: list[tuple[float, float]],
    waits: bool,  # noqa: FBT001 - a case
) -> None:
    """For random numbers, hours, times and rates, a stalled disk, slow connections, and a clock that leaps.

    What is right is told by the wall clocks of the zones, and not by the code that is tested.
    """
    week, begins = when
    calling = window({**week}, *pack)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # Days go by: fewer looks at the clock.
        patch.setattr("dialer.engine.waiting.LOOK_AGAIN", 300.0)
        campaign = Campaign(Path(folder), numbers, calling, begins, latency=latency)
        campaign.phones.connects = connects
        campaign.rig.rate, campaign.rig.waits = rate, waits

        async def main() -> None:
            async def leap() -> None:
                for after, seconds in leaps:
                    await anyio.sleep(after)
                    campaign.wall.leapt += seconds

            async with anyio.create_task_group() as beside:
                beside.start_soon(leap)
                with anyio.move_on_after(3 * 86_400):
                    await campaign.rig.run()
                beside.cancel_scope.cancel()

        with closing(campaign.ledger):
            virtually(main, patience=math.inf)
            zones = dict(campaign.ledger._db.execute("SELECT number, zones FROM recipient"))
            countries = dict(campaign.ledger._db.execute("SELECT number, country FROM recipient"))
    rules = {"us-strict": ("US", ""), "us-federal": ("US", ""), "in-collections": ("IN", "")}
    for number, at in campaign.phones.left:
        applying = [load_pack(name).hours for name in pack if countries[number] in rules[name]]
        assert calling.hours is not None
        assert naively_open([calling.hours, *applying], tuple(zones[number].split(",")), at)
