"""What is foretold follows from the rate, the lines and the average call; whole runs are in test_forecast_agreement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from dialer import provider
from dialer.engine.forecast import Course, Forecast, Later
from dialer.engine.pace import Pace
from dialer.engine.simulation import Group, Reason, When
from dialer.models import ENOUGH, RINGING, Talk
from dialer.provider.bolna.sandbox import Settings
from dialer.provider.bolna.sandbox.plan import draw

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def foretold(count: int, pace: Pace) -> Forecast:
    return Course((Group(count),), pace, NOW).forecast()


def seconds(moment: datetime | None) -> float:
    assert moment is not None
    return (moment - NOW).total_seconds()


def test_the_lines_and_not_the_rate_say_when_the_phones_have_rung() -> None:
    found = foretold(3000, Pace(5.0, lines=10, average=60.0))
    assert seconds(found.sent_by) == pytest.approx(600, abs=1)
    assert seconds(found.ends_at) == pytest.approx(3000 * 60 / 10, rel=0.01)


def test_with_lines_enough_the_rate_says_it() -> None:
    assert seconds(foretold(60, Pace(1.0, lines=1000, average=30.0)).ends_at) == 59 + 30


def test_without_known_lines_only_the_sending_is_foretold() -> None:
    found = foretold(60, Pace(1.0))
    assert found.ends_at is None
    assert seconds(found.sent_by) == 59


def test_nobody_takes_no_time() -> None:
    found = foretold(0, Pace(1.0, lines=10))
    assert (found.calls, found.begins, found.sent_by, found.ends_at, found.later) == (0, None, None, None, ())


def test_calls_that_were_tracked_tell_how_long_one_takes_once_there_are_enough() -> None:
    assert Talk(ENOUGH - 1, 40.0).average(60.0) == 60.0
    assert Talk(ENOUGH, 40.0).average(60.0) == 40.0 + RINGING


def test_only_so_many_live_take_as_long_as_their_lines() -> None:
    found = foretold(1000, Pace(5.0, lines=10, live=5, average=60.0))
    assert found.at_once == 5
    assert seconds(found.sent_by) == pytest.approx(995 * 12, rel=0.03)


def test_a_run_that_goes_on_ends_later_by_what_it_waited() -> None:
    course = Course((Group(600),), Pace(1.0, lines=100, average=30.0), now=NOW)
    late = course.remaining(sent=300, live=20, now=NOW + timedelta(seconds=400))
    assert seconds(late.ends_at) == pytest.approx(400 + 299 + 30, abs=1)
    none_left = course.remaining(sent=600, live=20, now=NOW + timedelta(seconds=700))
    assert seconds(none_left.ends_at) == 700 + 30


def test_a_million_people_in_many_zones_are_foreseen_at_once() -> None:
    day = 86_400.0
    groups = [
        Group(20_000, tuple((day * turn + 900 * zone, day * turn + 900 * zone + 36_000) for turn in range(14)))
        for zone in range(50)
    ]
    when = When(waits=True, limit=900_000)
    began = process_time()
    found = Course(tuple(groups), Pace(8.0, lines=200, live=200, average=60.0), NOW, when).forecast()
    assert process_time() - began < 0.5
    assert found.calls + sum(later.count for later in found.later) == 1_000_000


def test_a_trial_reckons_with_the_calls_of_the_stand_in() -> None:
    speed, shares = Settings().speed, Settings().outcomes
    calls = [draw(0, f"+9198{index:08d}", 0, 0, shares).line_time for index in range(5000)]
    assert provider.VENDOR.sandbox_call == pytest.approx(sum(calls) / len(calls) / speed, rel=0.05)


def test_who_was_called_elsewhere_stays_whatever_the_run_does() -> None:
    tomorrow = NOW + timedelta(days=1)
    found = Course((Group(2), Group(3, free_at=86_400.0)), Pace(1.0), NOW, When(waits=True)).forecast()
    assert found.later == (Later(Reason.ELSEWHERE, 3, tomorrow),)
