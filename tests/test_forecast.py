"""What is foretold follows from the rate, the lines and the average call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dialer.engine.forecast import forecast
from dialer.models import ENOUGH, RINGING, Talk

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_the_lines_and_not_the_rate_say_when_the_phones_have_rung() -> None:
    found = forecast(3000, per_second=5.0, now=NOW, lines=10, average=60.0)
    assert found.sending == 600
    assert found.calling == 3000 * 60 / 10 + 60
    assert found.ends_at == NOW + timedelta(seconds=18_060)


def test_with_lines_enough_the_rate_says_it() -> None:
    assert forecast(60, per_second=1.0, now=NOW, lines=1000, average=30.0).calling == 90


def test_without_known_lines_only_the_sending_is_foretold() -> None:
    found = forecast(60, per_second=1.0, now=NOW)
    assert found.calling is None
    assert found.ends_at == NOW + timedelta(seconds=60)
    assert found.cost is None


def test_the_cost_is_minutes_times_price() -> None:
    assert forecast(90, per_second=1.0, now=NOW, average=120.0, cost_per_minute=0.5).cost == 90


def test_nobody_takes_no_time() -> None:
    found = forecast(0, per_second=1.0, now=NOW, lines=10, cost_per_minute=1.0)
    assert (found.sending, found.calling, found.cost) == (0, None, 0)


def test_calls_that_were_tracked_tell_how_long_one_takes_once_there_are_enough() -> None:
    assert Talk(ENOUGH - 1, 40.0).average(60.0) == 60.0
    assert Talk(ENOUGH, 40.0).average(60.0) == 40.0 + RINGING
