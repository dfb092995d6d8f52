"""Nobody is called whom neither hours nor a rule covers; everybody is judged by the clock of their own place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from dialer.cli import main
from dialer.hours import CallingWindow, load_pack
from dialer.intake.do_not_call import Suppression
from dialer.models import Recipient
from dialer.operations.eligibility import Judge

if TYPE_CHECKING:
    from tests.place import Place

TOLL_FREE = '[screening]\nallow = ["toll_free"]\n'
STRICT = '[window]\nrules = ["us-strict"]\ntimezone = "UTC"\n'
INDIA, GERMANY, US, UK_FREEPHONE, US_TOLL_FREE = (
    "+919812345678", "+4915112345678", "+12125550100", "+448081570000", "+18005550123",
)  # fmt: skip


def check(place: Place, numbers: list[str], more: str, capsys: pytest.CaptureFixture[str], name: str = "u") -> str:
    place.recipients([[number, "Ann"] for number in numbers], header=["phone", "name"], name=f"{name}.csv")
    main(["check", str(place.campaign(name=name, recipients=f"{name}.csv", more=more))])
    return capsys.readouterr().out


def at(zone: str, clock: time) -> str:
    """Return a moment a week from now by a zone's clock, as `scheduled_at` gives it."""
    day = datetime.now(ZoneInfo(zone)).date() + timedelta(days=7)
    return datetime.combine(day, clock, ZoneInfo(zone)).isoformat()


def codes(place: Place, rows: list[tuple[str, str]], window: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return the reason code of each row with a `scheduled_at`, `pending` where it can be called."""
    place.recipients([[number, "Ann", when] for number, when in rows], header=["phone", "name", "when"], name="s.csv")
    more = f'[columns]\nscheduled_at = "when"\n[window]\n{window}\n'
    rejects = place.folder / "rejects.csv"
    main(["check", str(place.campaign(name="s", recipients="s.csv", more=more)), "--rejects", str(rejects)])
    capsys.readouterr()
    refused = {line.split(",")[1]: line.split(",")[3] for line in rejects.read_text("utf-8").splitlines()[1:]}
    return {number: refused.get(str(position), "pending") for position, (number, _) in enumerate(rows, 1)}


# -- the clock they live by ----------------------------------------------------------------------------------------


def test_an_exchange_that_nobody_lists_is_judged_by_every_clock_of_its_area_code(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """07:15 in Gary and Bowling Green (Central), 21:45 in Chattanooga (Eastern): under 8 to 21 nobody is called."""
    rows = [
        ("+12196131234", at("America/Chicago", time(7, 15))),
        ("+12703921234", at("America/Chicago", time(7, 15))),
        ("+14233221234", at("America/New_York", time(21, 45))),
    ]
    assert set(codes(place, rows, 'rules = ["us-federal"]', capsys).values()) == {"schedule_outside_hours"}
    noon = [(number, at("America/Chicago", time(12))) for number, _ in rows]
    assert set(codes(place, noon, 'rules = ["us-federal"]', capsys).values()) == {"pending"}


def test_a_mobile_is_judged_by_the_clocks_of_its_own_country(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ("+212661234567", at("Africa/Casablanca", time(20, 30))),
        ("+6282112345678", at("Asia/Jayapura", time(21, 30))),
        ("+18763831234", at("America/Jamaica", time(12))),
        ("+18683831234", at("America/Port_of_Spain", time(19, 45))),
        ("+77012345678", at("Asia/Almaty", time(9, 5))),
    ]
    assert list(codes(place, rows, 'hours = "09:00-20:00"', capsys).values()) == [
        *("schedule_outside_hours", "schedule_outside_hours", "pending", "pending", "pending")
    ]


@pytest.mark.parametrize("window", ['hours = "09:00-20:00"', 'rules = ["in-promotional"]'])
def test_a_number_newer_than_the_known_plan_has_every_clock_of_its_country_code(
    window: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        ("+912001234567", at("Asia/Kolkata", time(12))),
        ("+912001234568", at("Asia/Kolkata", time(22))),
    ]
    allowed = f'{window}\n[screening]\nallow = ["not_valid"]'
    assert list(codes(place, rows, allowed, capsys).values()) == ["pending", "schedule_outside_hours"]


# -- nobody covers them --------------------------------------------------------------------------------------------


def test_a_number_of_a_country_that_no_rule_is_for_is_invalid_and_check_counts_them_by_country(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    told = check(place, [US, INDIA, "+919812345679", GERMANY, UK_FREEPHONE], TOLL_FREE + STRICT, capsys)
    assert "5 rows, 1 pending, 4 invalid" in told
    assert "4 no_rule" in told
    assert "4 numbers are in countries that no rule of [window] is for, and not called: India 2, " in told
    assert "Germany 1" in told
    assert "no single country 1" in told
    assert 'uncovered = "allow"' in told


def test_with_hours_or_a_rule_for_their_country_everybody_is_covered(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    everybody = [US, INDIA, GERMANY, UK_FREEPHONE]
    hours = check(place, everybody, '[window]\nhours = "09:00-20:00"\nrules = ["us-strict"]\n', capsys, "hours")
    assert "no rule" not in hours
    rules = '[window]\nrules = ["us-strict", "in-promotional"]\ntimezone = "UTC"\n'
    both = check(place, [US, INDIA, US_TOLL_FREE], TOLL_FREE + rules, capsys, "both")
    assert "3 rows, 3 pending" in both


def test_where_the_campaign_allows_it_they_are_called_and_check_and_run_warn(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    warning = "1 number is in countries that no rule of [window] is for, and can be called at any hour: India 1."
    told = check(place, [INDIA], STRICT + 'uncovered = "allow"\n', capsys)
    assert "1 row, 1 pending" in told
    assert f"Warning: {warning}" in told
    assert main(["run", str(place.folder / "u.toml"), "--yes"]) == 0
    assert warning in capsys.readouterr().err
    assert [call["recipient_phone_number"] for call in place.calls()] == [INDIA]


def test_a_run_says_by_country_whom_it_does_not_call_also_when_the_list_is_read_already(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    check(place, [INDIA, GERMANY], STRICT, capsys)
    for _ in range(2):
        assert main(["run", str(place.folder / "u.toml"), "--yes"]) == 1
        told = capsys.readouterr().err
        assert "2 numbers are in countries that no rule of [window] is for, and not called: " in told
        assert "Germany 1" in told
    assert not place.calls()


def test_a_rule_that_is_taken_away_holds_for_a_list_that_is_read_already(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run at an hour at which nobody is called leaves them pending; then the campaign file loses India's rules."""
    now = datetime.now(UTC)
    shut = f"{(now.hour + 2) % 24:02}:00-{(now.hour + 3) % 24:02}:00"
    check(place, [INDIA], f'[window]\nhours = "{shut}"\ntimezone = "UTC"\n', capsys)
    assert main(["run", str(place.folder / "u.toml"), "--yes"]) == 3
    check(place, [INDIA], STRICT, capsys)
    assert main(["run", str(place.folder / "u.toml"), "--yes"]) == 1
    assert not place.calls()


@pytest.mark.parametrize(("allowed", "is_called"), [(False, False), (True, True)])
def test_it_is_judged_again_as_the_request_leaves(allowed: bool, is_called: bool) -> None:  # noqa: FBT001 - cases
    window = CallingWindow(hours=None, packs=(load_pack("us-strict"),), default_zone=None, calls_uncovered=allowed)
    nobody = Suppression.load([], region=None, max_age_days=None, now=datetime.now(UTC))
    judge = Judge(suppression=nobody, window=window, neighbours=None, within=0.0, ends=None)
    someone = Recipient(
        id=1, key=INDIA, number=int(INDIA), cells=(), attempts=0, position=1, zones=("Asia/Kolkata",), country="IN"
    )
    found = judge(someone)
    assert (found is None) is is_called
    assert found is None or "none of its rules is for a number of IN" in found.reason


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('rules = ["us-strict"]\nuncovered = "refuse"', 'one of "skip" or "allow" is expected'),
        ('hours = "09:00-20:00"\nuncovered = "allow"', "hours cover everybody; uncovered goes with rules alone"),
    ],
)
def test_an_uncovered_that_means_nothing_is_refused_in_words(
    place: Place, capsys: pytest.CaptureFixture[str], more: str, words: str
) -> None:
    place.recipients([[US, "Ann"]], header=["phone", "name"], name="u.csv")
    assert main(["check", str(place.campaign(name="u", recipients="u.csv", more=f"[window]\n{more}\n"))]) == 2
    assert words in capsys.readouterr().err


def test_scripts_are_given_the_counts(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    check(place, [US, INDIA], STRICT, capsys)
    main(["check", str(place.folder / "u.toml"), "-o", "json"])
    told = json.loads(capsys.readouterr().out)
    assert told["uncovered"] == {"countries": {"India": 1}, "called": False}
