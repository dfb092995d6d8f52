"""The calling window: who may be called at which moment, in every zone where they may be."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialer.hours import (
    WEEKDAYS,
    CallingWindow,
    Closed,
    Hours,
    Open,
    WeeklyHours,
    ZoneChoice,
    ZoneSource,
    load_pack,
    pack_names,
    zone_problem,
)
from dialer.hours.zones import row_zone_problem
from dialer.models import Problem

TOLL_FREE = (
    "America/Adak", "America/Anchorage", "America/Chicago", "America/Denver", "America/Halifax", "America/Los_Angeles",
    "America/New_York", "America/Phoenix", "America/Puerto_Rico", "America/St_Johns", "Pacific/Guam",
    "Pacific/Honolulu", "Pacific/Pago_Pago", "Pacific/Saipan",
)  # fmt: skip
RUSSIAN_MOBILE = (
    "Asia/Almaty", "Asia/Anadyr", "Asia/Irkutsk", "Asia/Kamchatka", "Asia/Magadan", "Asia/Omsk", "Asia/Vladivostok",
    "Europe/Bucharest", "Europe/Moscow", "Europe/Samara",
)  # fmt: skip
AUSTRALIAN_MOBILE = (
    "Australia/Adelaide", "Australia/Brisbane", "Australia/Eucla", "Australia/Lord_Howe", "Australia/Perth",
    "Australia/Sydney", "Indian/Christmas", "Indian/Cocos",
)  # fmt: skip
AWKWARD = (
    "America/New_York", "Europe/London", "Australia/Adelaide", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia",
    "Pacific/Kiritimati", "America/St_Johns", "Pacific/Chatham", "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza",
)  # fmt: skip


def window(
    hours: str | dict[str, str | list[str]] | None = "09:00-20:00",
    *packs: str,
    days: list[str] | None = None,
    default: str | None = None,
) -> CallingWindow:
    own = None if hours is None else WeeklyHours.parse(hours=hours, days=days)
    return CallingWindow(hours=own, packs=tuple(map(load_pack, packs)), default_zone=default)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def until(verdict: Open | Closed) -> datetime | None:
    assert isinstance(verdict, Open), verdict
    return verdict.until


def opens_at(verdict: Open | Closed) -> datetime | None:
    assert isinstance(verdict, Closed), verdict
    return verdict.opens_at


# --- hours as written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("09:00-20:00", time(9), time(20)),
        (" 9:30 - 24:00 ", time(9, 30), time()),
        ("00:00-24:00", time(), time()),
        ("22:00\u201302:15", time(22), time(2, 15)),
    ],
)
def test_hours_are_read_as_written(text: str, start: time, end: time) -> None:
    assert Hours.parse(text) == Hours(start, end)


@pytest.mark.parametrize(
    "text", ["", "9-20", "09:00", "09:60-20:00", "24:00-08:00", "09:00-24:01", "9:00-09:00", "00:00-00:00"]
)
def test_hours_that_cannot_be_read_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"\"\d\d:\d\d-\d\d:\d\d\""):
        Hours.parse(text)


def test_weekly_hours_in_all_their_spellings_are_the_same() -> None:
    listed = WeeklyHours.parse(hours="09:00-20:00", days=["mon", "tue", "wed"])
    assert WeeklyHours.parse(hours="09:00-20:00", days=["Mon-Wed"]) == listed
    assert WeeklyHours.parse(hours={"mon-tue": "09:00-20:00", "wed": ["09:00-20:00"], "sun": []}, days=None) == listed


def test_a_run_of_days_may_go_round_the_weekend() -> None:
    week = WeeklyHours.parse(hours="09:00-20:00", days=["sat-mon"])
    assert [day for day, openings in zip(WEEKDAYS, week.openings, strict=True) if openings] == ["mon", "sat", "sun"]


@pytest.mark.parametrize(
    ("hours", "days", "words"),
    [
        ("09:00-20:00", [], "no day is open"),
        ({"sun": []}, None, "no day is open"),
        ("09:00-20:00", ["monday"], '"monday" is not a weekday'),
        ({"fri-": "09:00-20:00"}, ["fri"], "`days` goes with hours that are the same"),
        ({"mon-fri": "09:00-20:00", "wed": "10:00-12:00"}, None, 'twice for "wed"'),
    ],
)
def test_weekly_hours_that_cannot_be_meant_are_refused(
    hours: str | dict[str, str | list[str]], days: list[str] | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        WeeklyHours.parse(hours=hours, days=days)


# --- daylight saving time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes"),
    [
        ("America/New_York", "2026-03-07", "2026-03-07T14:00", "2026-03-08T01:00"),  # EST
        ("America/New_York", "2026-03-08", "2026-03-08T13:00", "2026-03-09T00:00"),  # EDT
        ("America/New_York", "2026-11-01", "2026-11-01T14:00", "2026-11-02T01:00"),  # EST again
        ("Europe/London", "2026-03-28", "2026-03-28T09:00", "2026-03-28T20:00"),  # GMT
        ("Europe/London", "2026-03-29", "2026-03-29T08:00", "2026-03-29T19:00"),  # BST
        ("Europe/London", "2026-10-25", "2026-10-25T09:00", "2026-10-25T20:00"),  # GMT again
        ("Australia/Adelaide", "2026-04-04", "2026-04-03T22:30", "2026-04-04T09:30"),  # ACDT
        ("Australia/Adelaide", "2026-04-05", "2026-04-04T23:30", "2026-04-05T10:30"),  # ACST
        ("Australia/Adelaide", "2026-10-04", "2026-10-03T22:30", "2026-10-04T09:30"),  # ACDT again
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T22:30", "2026-04-05T09:30"),  # back by half an hour
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T22:00", "2026-10-04T09:00"),  # forth by half an hour
        ("Asia/Kolkata", "2026-03-29", "2026-03-29T03:30", "2026-03-29T14:30"),  # never changes
        ("Asia/Kolkata", "2026-10-25", "2026-10-25T03:30", "2026-10-25T14:30"),
    ],
)
def test_nine_to_eight_is_wall_clock_time_on_both_sides_of_a_change(
    zone: str, day: str, opens: str, closes: str
) -> None:
    nine_to_eight = window()
    before = local(f"{day}T06:00", zone)
    assert opens_at(nine_to_eight.verdict(zones=(zone,), country=None, at=before)) == utc(opens)
    assert until(nine_to_eight.verdict(zones=(zone,), country=None, at=utc(opens))) == utc(closes)


def test_an_opening_edge_in_the_skipped_hour_opens_when_the_clock_jumps_past_it() -> None:
    early = window("02:30-20:00")
    verdict = early.verdict(zones=("America/New_York",), country="US", at=utc("2026-03-08T06:59:59"))
    assert opens_at(verdict) == utc("2026-03-08T07:00")  # 01:59:59 is followed by 03:00


def test_an_opening_wholly_in_the_skipped_hour_does_not_take_place() -> None:
    night = window("02:10-02:50")
    verdict = night.verdict(zones=("America/New_York",), country="US", at=utc("2026-03-08T05:00"))
    assert opens_at(verdict) == local("2026-03-09T02:10", "America/New_York")


def test_an_edge_in_the_repeated_hour_counts_both_times() -> None:
    late = window("00:30-01:30")
    zones = ("America/New_York",)
    assert until(late.verdict(zones=zones, country="US", at=utc("2026-11-01T05:00"))) == utc("2026-11-01T05:30")
    assert opens_at(late.verdict(zones=zones, country="US", at=utc("2026-11-01T05:30"))) == utc("2026-11-01T06:00")
    second = local("2026-11-01T01:00", "America/New_York", fold=1)
    assert until(late.verdict(zones=zones, country="US", at=second)) == utc("2026-11-01T06:30")


# --- days -------------------------------------------------------------------------------------------------------------


def test_a_window_across_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = window("22:00-02:00", days=["fri"])
    zones = ("Asia/Kolkata",)
    saturday = local("2026-11-21T01:59:59", "Asia/Kolkata")
    assert until(friday_night.verdict(zones=zones, country="IN", at=saturday)) == saturday + timedelta(seconds=1)
    friday_morning = local("2026-11-20T01:00", "Asia/Kolkata")
    expected = local("2026-11-20T22:00", "Asia/Kolkata")
    assert opens_at(friday_night.verdict(zones=zones, country="IN", at=friday_morning)) == expected


def test_hours_by_day_with_a_break_close_and_open_again() -> None:
    broken = window({"mon-fri": ["09:00-12:00", "14:00-18:00"], "sat": "10:00-12:00"})
    zones = ("Europe/London",)
    friday = local("2026-11-20T12:00", "Europe/London")
    assert opens_at(broken.verdict(zones=zones, country="GB", at=friday)) == friday + timedelta(hours=2)
    sunday = local("2026-11-22T11:00", "Europe/London")
    assert opens_at(broken.verdict(zones=zones, country="GB", at=sunday)) == local("2026-11-23T09:00", "Europe/London")


def test_openings_that_touch_are_one() -> None:
    whole_days = window("00:00-24:00", days=["mon", "tue"])
    verdict = whole_days.verdict(zones=("Asia/Kolkata",), country="IN", at=local("2026-11-23T12:00", "Asia/Kolkata"))
    assert until(verdict) == local("2026-11-25T00:00", "Asia/Kolkata")


def test_a_window_that_never_closes_has_no_closing_moment() -> None:
    assert until(window("00:00-24:00").verdict(zones=("Europe/London",), country="GB", at=utc("2026-03-20"))) is None


def test_it_closes_and_opens_to_the_microsecond() -> None:
    nine_to_eight, zones = window(), ("Asia/Kolkata",)
    edge, moment = local("2026-11-23T20:00", "Asia/Kolkata"), timedelta(microseconds=1)
    assert until(nine_to_eight.verdict(zones=zones, country="IN", at=edge - moment)) == edge
    assert opens_at(nine_to_eight.verdict(zones=zones, country="IN", at=edge)) == edge + timedelta(hours=13)


def test_across_the_date_line_it_is_another_weekday() -> None:
    mondays = window("09:00-20:00", days=["mon"])
    at = utc("2026-11-22T20:30")  # Monday 10:30 on Kiritimati, Sunday 09:30 in Pago Pago
    assert until(mondays.verdict(zones=("Pacific/Kiritimati",), country="KI", at=at)) == utc("2026-11-23T06:00")
    assert opens_at(mondays.verdict(zones=("Pacific/Pago_Pago",), country="AS", at=at)) == utc("2026-11-23T20:00")


def test_a_day_that_the_calendar_skipped_has_no_opening() -> None:
    """Samoa went from Thursday 29 to Saturday 31 December 2011."""
    daily = window()
    thursday_evening = local("2011-12-29T21:00", "Pacific/Apia")
    expected = local("2011-12-31T09:00", "Pacific/Apia")
    assert opens_at(daily.verdict(zones=("Pacific/Apia",), country="WS", at=thursday_evening)) == expected
    fridays = window(days=["fri"])
    verdict = fridays.verdict(zones=("Pacific/Apia",), country="WS", at=thursday_evening)
    assert opens_at(verdict) == local("2012-01-06T09:00", "Pacific/Apia")


# --- numbers in several zones -----------------------------------------------------------------------------------------


def test_a_number_in_many_zones_is_callable_only_while_all_are_open() -> None:
    """+61 mobile in July: the Cocos Islands open last, at 02:30 UTC, Lord Howe closes first, at 09:30 UTC."""
    daily = window()
    verdict = daily.verdict(zones=AUSTRALIAN_MOBILE, country="AU", at=utc("2026-07-15T02:29:59"))
    assert opens_at(verdict) == utc("2026-07-15T02:30")
    verdict = daily.verdict(zones=AUSTRALIAN_MOBILE, country="AU", at=utc("2026-07-15T02:30"))
    assert until(verdict) == utc("2026-07-15T09:30")


def test_russian_mobiles_have_the_hour_in_which_bucharest_and_kamchatka_are_both_open() -> None:
    daily = window()
    verdict = daily.verdict(zones=RUSSIAN_MOBILE, country="RU", at=utc("2026-07-15T00:00"))
    assert opens_at(verdict) == utc("2026-07-15T06:00")  # 09:00 in Bucharest, 18:00 on Kamchatka
    assert until(daily.verdict(zones=RUSSIAN_MOBILE, country="RU", at=utc("2026-07-15T06:00"))) == utc(
        "2026-07-15T08:00"
    )


def test_a_toll_free_number_is_callable_while_it_is_evening_in_st_johns_and_already_tomorrow_on_guam() -> None:
    """In winter 21 hours of zones meet across the date line for half an hour, in summer never."""
    daily = window()
    winter = utc("2026-11-22T12:00")
    assert opens_at(daily.verdict(zones=TOLL_FREE, country=None, at=winter)) == utc("2026-11-22T23:00")
    assert until(daily.verdict(zones=TOLL_FREE, country=None, at=utc("2026-11-22T23:00"))) == utc("2026-11-22T23:30")
    assert opens_at(daily.verdict(zones=TOLL_FREE, country=None, at=utc("2026-07-15T12:00"))) is None


def test_zones_that_agree_in_one_season_only_are_no_problem() -> None:
    choice = window().zones_for(row_zone=None, number_zones=TOLL_FREE, at=utc("2026-07-15T12:00"))
    assert choice == ZoneChoice(TOLL_FREE, ZoneSource.NUMBER)


@pytest.mark.parametrize("zones", [TOLL_FREE, TOLL_FREE[::-1]])
def test_zones_that_never_agree_are_a_problem_with_a_reason(zones: tuple[str, ...]) -> None:
    problem = window("10:00-18:00").zones_for(row_zone=None, number_zones=zones, at=utc("2026-11-22T00:00"))
    assert isinstance(problem, Problem)
    assert problem.code == "never_open"
    assert "the 14 zones" in problem.reason
    assert "the campaign's hours" in problem.reason
    assert "timezone column" in problem.reason


def test_zones_that_never_agree_are_closed_for_good_if_judged_all_the_same() -> None:
    verdict = window("10:00-18:00").verdict(zones=TOLL_FREE, country=None, at=utc("2026-11-22T12:00"))
    assert opens_at(verdict) is None


# --- which zones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row_zone", "default", "expected"),
    [
        ("Asia/Kolkata", "Europe/London", ZoneChoice(("Asia/Kolkata",), ZoneSource.COLUMN)),
        (" Asia/Kolkata ", None, ZoneChoice(("Asia/Kolkata",), ZoneSource.COLUMN)),
        ("  ", "Europe/London", ZoneChoice(("Europe/London",), ZoneSource.DEFAULT)),
        (None, "Europe/London", ZoneChoice(("Europe/London",), ZoneSource.DEFAULT)),
        (None, None, ZoneChoice(("Europe/Paris",), ZoneSource.NUMBER)),
    ],
)
def test_the_rows_zone_comes_before_the_default_and_that_before_the_numbers(
    row_zone: str | None, default: str | None, expected: ZoneChoice
) -> None:
    choice = window(default=default).zones_for(row_zone=row_zone, number_zones=("Europe/Paris",))
    assert choice == expected


def test_a_default_zone_settles_zones_that_never_agree() -> None:
    choice = window("10:00-18:00", default="America/New_York").zones_for(row_zone=None, number_zones=TOLL_FREE)
    assert choice == ZoneChoice(("America/New_York",), ZoneSource.DEFAULT)


def test_a_number_without_a_zone_is_a_problem() -> None:
    problem = window().zones_for(row_zone=None, number_zones=())
    assert isinstance(problem, Problem)
    assert problem.code == "zone_missing"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("Asia/Kolkatta", "Asia/Kolkata"), ("europe/london", "Europe/London"), ("???", "America/New_York")],
)
def test_an_unknown_zone_in_a_row_is_a_problem_with_the_nearest_name(name: str, nearest: str) -> None:
    """It does not fall back to the default: the row says something else."""
    problem = window(default="Asia/Tokyo").zones_for(row_zone=name, number_zones=())
    assert isinstance(problem, Problem)
    assert problem.code == "zone_unknown"
    assert f'"{nearest}"' in problem.reason


@pytest.mark.parametrize("name", ["EST", "MST", "HST", "IST", "Etc/GMT+5", "+05:30", "localtime", "America", "../UTC"])
def test_fixed_offsets_and_abbreviations_are_no_zones(name: str) -> None:
    assert zone_problem(name) is not None


@pytest.mark.parametrize(
    ("names", "zones"),
    [
        (
            ["Pacific Standard Time", "Pacific Time (US & Canada)", "pacific"],
            ["America/Los_Angeles", "America/Vancouver"],
        ),
        (["Eastern Time", "(UTC-05:00) Eastern Time (US & Canada)", "ET"], ["America/New_York", "America/Toronto"]),
        (["EST"], ["America/New_York", "Australia/Sydney"]),
        (["IST"], ["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]),
        (["CST"], ["America/Chicago", "Asia/Shanghai"]),
        (["India Standard Time", "(UTC+05:30) India Standard Time", "Indian Standard Time"], ["Asia/Kolkata"]),
        (["W. Europe Standard Time", "Central European Summer Time", "CEST"], ["Europe/Berlin", "Europe/Rome"]),
        (["E. South America Standard Time", "BRT"], ["America/Sao_Paulo"]),
        (
            ["(GMT-05:00) Eastern Standard Time (America/New_York)", "new york", "America/New York"],
            ["America/New_York"],
        ),
        (["+05:30", "UTC+5:30", "GMT+0530", "(UTC+05:30)"], ["Asia/Kolkata"]),
        (["UTC-8", "-08:00"], ["America/Los_Angeles"]),
    ],
)
def test_what_people_write_for_a_zone_is_answered_with_the_zones_it_may_mean(
    names: list[str], zones: list[str]
) -> None:
    for name in names:
        problem = row_zone_problem(name)
        assert problem is not None
        assert [zone for zone in zones if f'"{zone}"' not in problem.reason] == []


def test_a_long_text_is_no_zone_and_takes_no_time() -> None:
    assert row_zone_problem("a" * 100_000 + "/") is not None


def test_of_many_zones_some_are_named_and_a_hint_is_a_zone() -> None:
    many = row_zone_problem("UTC-5")
    assert many is not None
    assert many.reason.count('"America/') == 6
    assert "or another one" in many.reason
    for text in ("Pacific Time", "IST", "FLE Standard Time", "+10:00", "UTC-3"):
        problem = row_zone_problem(text)
        assert problem is not None
        assert all(row_zone_problem(zone) is None for zone in re.findall(r'"(\w+/\w+)"', problem.reason))


def test_an_unknown_default_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="Europe/London"):
        window(default="Europe/Londn")


def test_zones_unknown_on_this_machine_are_closed_with_a_reason_not_an_exception() -> None:
    verdict = window().verdict(zones=("Asia/Kolkata", "Mars/Base"), country="IN", at=utc("2026-11-22T12:00"))
    assert isinstance(verdict, Closed)
    assert "Mars/Base" in verdict.reason


def test_nobody_is_callable_in_no_zone() -> None:
    assert opens_at(window().verdict(zones=(), country="IN", at=utc("2026-11-22T12:00"))) is None


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        window().verdict(zones=("Asia/Kolkata",), country="IN", at=datetime(2026, 11, 22))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="time zone"):
        window().zones_for(row_zone=None, number_zones=(), at=datetime(2026, 11, 22))  # noqa: DTZ001 - the point


# --- rule packs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "country", "zone", "weekday", "sunday"),
    [
        ("us-federal", "US", "America/New_York", (8, 21), (8, 21)),
        ("us-strict", "US", "America/New_York", (9, 20), (12, 20)),
        ("in-promotional", "IN", "Asia/Kolkata", (9, 21), (9, 21)),
        ("in-collections", "IN", "Asia/Kolkata", (8, 19), (8, 19)),
    ],
)
def test_a_pack_opens_and_closes_at_its_hours(
    name: str, country: str, zone: str, weekday: tuple[int, int], sunday: tuple[int, int]
) -> None:
    floor = window(None, name)
    for day, (opens, closes) in (("2026-11-21", weekday), ("2026-11-22", sunday)):
        morning = floor.verdict(zones=(zone,), country=country, at=local(f"{day}T00:00", zone))
        assert opens_at(morning) == local(f"{day}T{opens:02}:00", zone)
        noon = floor.verdict(zones=(zone,), country=country, at=local(f"{day}T12:00", zone))
        assert until(noon) == local(f"{day}T{closes:02}:00", zone)


def test_every_pack_cites_its_source_and_the_day_it_was_read() -> None:
    assert pack_names() == ("in-collections", "in-promotional", "us-federal", "us-strict")
    for pack in map(load_pack, pack_names()):
        assert len(pack.source) > 50, pack.name
        assert pack.note, pack.name
        assert pack.countries, pack.name
        assert type(pack.date) is date


def test_a_packs_file_says_nothing_that_is_not_read() -> None:
    for name in pack_names():
        text = (files("dialer.hours") / "rules" / f"{name}.toml").read_text(encoding="utf-8")
        assert set(tomllib.loads(text)) == {"hours", "countries", "about", "source", "date", "note"}


@pytest.mark.parametrize("name", ["us-fedral", "", "../rules/us-federal"])
def test_an_unknown_pack_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match="in-collections, in-promotional, us-federal, us-strict"):
        load_pack(name)


def test_own_hours_only_narrow_a_pack() -> None:
    wide, narrow = window("06:00-23:00", "us-federal"), window("10:00-11:00", "us-federal")
    zones, midnight = ("America/New_York",), local("2026-11-23T00:00", "America/New_York")
    assert opens_at(wide.verdict(zones=zones, country="US", at=midnight)) == midnight + timedelta(hours=8)
    assert opens_at(narrow.verdict(zones=zones, country="US", at=midnight)) == midnight + timedelta(hours=10)


def test_several_packs_of_a_country_all_hold() -> None:
    both, zones = window(None, "in-promotional", "in-collections"), ("Asia/Kolkata",)
    midnight = local("2026-11-23T00:00", "Asia/Kolkata")
    assert opens_at(both.verdict(zones=zones, country="IN", at=midnight)) == midnight + timedelta(hours=9)
    noon = both.verdict(zones=zones, country="IN", at=midnight + timedelta(hours=12))
    assert until(noon) == midnight + timedelta(hours=19)


@pytest.mark.parametrize(("country", "closes"), [("US", 21), ("PR", 21), ("IN", 19), ("CA", None)])
def test_a_pack_holds_for_the_numbers_of_its_countries_only(country: str, closes: int | None) -> None:
    mixed = dataclasses.replace(window(None, "us-federal", "in-collections"), calls_uncovered=True)
    ten = local("2026-11-23T10:00", "America/New_York")
    verdict = mixed.verdict(zones=("America/New_York",), country=country, at=ten)
    assert until(verdict) == (None if closes is None else ten.replace(hour=closes))


@pytest.mark.parametrize("country", [None, "001"])
def test_a_number_of_no_single_country_falls_under_every_pack(country: str | None) -> None:
    mixed = window(None, "us-federal", "in-collections")
    midnight = local("2026-11-23T12:00", "America/New_York")
    verdict = mixed.verdict(zones=("America/New_York",), country=country, at=midnight)
    assert until(verdict) == local("2026-11-23T19:00", "America/New_York")


def test_hours_that_a_pack_forbids_altogether_are_a_problem_that_names_both() -> None:
    problem = window("21:00-23:00", "us-federal").zones_for(
        row_zone="America/New_York", number_zones=(), country="US", at=utc("2026-11-22T00:00")
    )
    assert isinstance(problem, Problem)
    assert problem.reason.endswith("ever within the campaign's hours and the rule us-federal")


def test_nobody_is_ever_callable_whom_neither_hours_nor_a_pack_cover() -> None:
    strict, noon = window(None, "us-federal"), utc("2026-11-22T12:00")
    problem = strict.zones_for(row_zone=None, number_zones=("Asia/Kolkata",), country="IN")
    assert isinstance(problem, Problem)
    assert problem.code == "no_rule"
    assert "a number of IN" in problem.reason
    assert opens_at(strict.verdict(zones=("Asia/Kolkata",), country="IN", at=noon)) is None
    assert isinstance(window("09:00-20:00", "us-federal").verdict(zones=("UTC",), country="IN", at=noon), Open)


def test_where_the_campaign_says_so_uncovered_numbers_are_callable_even_without_a_zone() -> None:
    free = dataclasses.replace(window(None, "us-federal"), calls_uncovered=True)
    assert free.zones_for(row_zone=None, number_zones=(), country="IN") == ZoneChoice((), ZoneSource.NUMBER)
    assert until(free.verdict(zones=(), country="IN", at=utc("2026-11-22T00:00"))) is None


def test_a_closed_verdict_says_where_and_by_which_rules() -> None:
    verdict = window("09:00-20:00", "us-federal", "in-promotional").verdict(
        zones=("America/New_York",), country="US", at=local("2026-11-23T22:00", "America/New_York")
    )
    assert isinstance(verdict, Closed)
    assert verdict.reason == "in America/New_York it is not within the campaign's hours and the rule us-federal"


def test_windows_with_the_same_rules_are_equal_whatever_they_were_asked() -> None:
    asked, fresh = window("09:00-20:00", "us-federal"), window("09:00-20:00", "us-federal")
    asked.verdict(zones=("America/New_York",), country="US", at=utc("2026-11-22T00:00"))
    assert asked == fresh
    assert hash(asked) == hash(fresh)


def test_what_a_window_keeps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.hours.calling._MOST_KEPT", 3)
    daily, start = window(), utc("2026-11-22T06:00")
    for week in range(10):
        assert isinstance(daily.verdict(zones=("UTC",), country=None, at=start + timedelta(weeks=week)), Closed)
        assert len(daily._kept) <= 3


# --- against a model that looks at the clock on the wall, minute by minute -----------------------------------------


MINUTE = timedelta(minutes=1)
CHANGES = tuple(
    utc(text)
    for text in (
        "2026-03-08T07:00", "2026-11-01T06:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-04-04T16:30",
        "2026-10-03T16:30", "2026-04-04T15:00", "2026-10-03T15:30", "2011-12-30T10:00", "2026-02-15T02:00",
        "2026-03-22T02:00", "2026-11-19T00:00",
    )
)  # fmt: skip


def naively_open(rules: list[WeeklyHours], zones: tuple[str, ...], at: datetime) -> bool:
    for zone in zones:
        wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if not all(any(wall_in(wall, hours, back) for back in (0, 1)) for hours in rules):
            return False
    return True


def wall_in(wall: datetime, hours: WeeklyHours, back: int) -> bool:
    day = wall.date() - timedelta(days=back)
    for opening in hours.openings[day.weekday()]:
        start, end = datetime.combine(day, opening.start), datetime.combine(day, opening.end)
        if start <= wall < end + timedelta(days=opening.end <= opening.start):
            return True
    return False


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))
openings = st.builds(Hours, start=clocks, end=clocks)
weeks = st.lists(st.lists(openings, max_size=2).map(tuple), min_size=7, max_size=7).map(
    lambda days: WeeklyHours(tuple(days))
)
zone_tuples = st.lists(st.sampled_from(AWKWARD), min_size=1, max_size=3, unique=True).map(tuple)
moments = st.builds(
    lambda change, minutes: change + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-40 * 60, 30 * 60)
)


@given(week=weeks, pack=st.sampled_from([None, *pack_names()]), zones=zone_tuples, at=moments)
@example(week=WeeklyHours.parse(hours="00:00-24:00", days=None), pack=None, zones=AWKWARD[:1], at=CHANGES[0])
def test_it_agrees_with_the_clock_on_the_wall(
    week: WeeklyHours, pack: str | None, zones: tuple[str, ...], at: datetime
) -> None:
    """Open at exactly the minutes at which every wall clock is inside every rule, up to the first that differs."""
    packs = () if pack is None else (load_pack(pack),)
    rules = [week, *(rule.hours for rule in packs)]
    verdict = CallingWindow(hours=week, packs=packs, default_zone=None).verdict(zones=zones, country=None, at=at)
    now = naively_open(rules, zones, at)
    assert isinstance(verdict, Open) is now
    edge = verdict.until if isinstance(verdict, Open) else verdict.opens_at
    horizon = at + timedelta(days=2)
    others = (later for step in range(1, 2 * 24 * 60) if naively_open(rules, zones, later := at + step * MINUTE) != now)
    assert next(others, None) == (edge if edge is not None and edge < horizon else None)


@given(week=weeks, zones=zone_tuples, at=moments)
def test_from_edge_to_edge_it_alternates_and_never_looks_less_than_fifteen_days_ahead(
    week: WeeklyHours, zones: tuple[str, ...], at: datetime
) -> None:
    """For two weeks each edge is where the verdict turns, whichever block of computation it falls in."""
    calling = CallingWindow(hours=week, packs=(), default_zone=None)
    verdict, end = calling.verdict(zones=zones, country=None, at=at), at + timedelta(days=14)
    while (edge := verdict.until if isinstance(verdict, Open) else verdict.opens_at) and at < end:
        just_before = calling.verdict(zones=zones, country=None, at=edge - timedelta(microseconds=1))
        assert isinstance(just_before, type(verdict))
        at, before = edge, verdict
        verdict = calling.verdict(zones=zones, country=None, at=edge)
        assert not isinstance(verdict, type(before))
    if edge is None:
        sample = (at + timedelta(hours=hours) for hours in range(0, 15 * 24, 7))
        assert {naively_open([week], zones, later) for later in sample} == {isinstance(verdict, Open)}
