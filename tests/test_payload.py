"""A row becomes the body of `POST /call`: every cell as it stands, every field as documented, or a reason why not."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.cli import main
from dialer.config.campaign import load_campaign
from dialer.errors import CampaignError, InputError
from dialer.intake.payload import Payload, scheduled
from dialer.models import NOTHING_OWN, Own, Problem, Recipient
from dialer.provider.bolna.body import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AGENT = "123e4567-e89b-12d3-a456-426655440000"
NUMBER = 919876543210
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def payload(more: str = "", *, header: Sequence[str] = ("phone", "name"), now: datetime = NOW) -> Payload:
    Path("c.toml").write_text(f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n{more}\n', encoding="utf-8")
    return Payload(load_campaign("c.toml"), tuple(header), phones=header[:1], now=now)


def body_of(made: str | Problem) -> dict[str, Any]:
    """Return a body that follows the rules of the documentation of `POST /call`."""
    assert isinstance(made, str), made
    body: dict[str, Any] = json.loads(made, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    check_fields(body)
    return body


def make(more: str = "", row: Mapping[str, str] | None = None, *, key: str = "k") -> dict[str, Any]:
    return body_of(attempt(more, row, key=key))


def only(made: Payload, cells: Sequence[str], *, key: str = "k") -> str | Problem:
    """Return the body that is made of one row, without a reference."""
    owns, problems = made([cells], [key])
    (own,) = owns or [NOTHING_OWN]
    return problems.get(0) or made.body(whom(cells, own, key), "").text


def whom(cells: Sequence[str], own: Own, key: str = "k") -> Recipient:
    return Recipient(id=1, key=key, number=NUMBER, cells=tuple(cells), attempts=0, position=1, own=own)


def attempt(more: str = "", row: Mapping[str, str] | None = None, *, key: str = "k") -> str | Problem:
    cells = {"phone": "+919876543210"} | dict({"name": "Zoë"} if row is None else row)
    return only(payload(more, header=tuple(cells)), tuple(cells.values()), key=key)


def problem(more: str, row: Mapping[str, str]) -> Problem:
    made = attempt(more, row)
    assert isinstance(made, Problem), made
    return made


E164 = re.compile(r"\+[1-9][0-9]{1,14}")
TYPES: dict[str, type] = {
    "agent_id": str,
    "recipient_phone_number": str,
    "from_phone_number": str,
    "scheduled_at": str,
    "user_data": dict,
    "agent_version_id": str,
    "agent_data": dict,
    "retry_config": dict,
    "bypass_call_guardrails": bool,
}
RETRY_TYPES: dict[str, type] = {
    "enabled": bool,
    "max_retries": int,
    "retry_on_statuses": list,
    "retry_on_voicemail": bool,
    "retry_intervals_minutes": list,
}


def check_fields(body: dict[str, Any]) -> None:
    """Hold a body against the documented schema of `POST /call`, and nothing beyond it."""
    assert {"agent_id", "recipient_phone_number"} <= body.keys() <= TYPES.keys()
    assert all(type(value) is TYPES[name] for name, value in body.items())
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["agent_id"])
    assert E164.fullmatch(body["recipient_phone_number"])
    assert E164.fullmatch(body.get("from_phone_number", "+1234567"))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", body.get("scheduled_at", "2026-12-01T10:00:00+05:30")
    )
    retry = body.get("retry_config", {})
    assert all(type(value) is RETRY_TYPES[name] for name, value in retry.items())
    assert 1 <= retry.get("max_retries", 3) <= 3
    assert set(retry.get("retry_on_statuses", ())) <= {"no-answer", "busy", "failed", "error"}
    assert all(type(minutes) is int for minutes in retry.get("retry_intervals_minutes", ()))


# -- variables ---------------------------------------------------------------------------------------------------

NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name not in RESERVED | {"dialer_ref", "timezone", "phone"})


@given(row=st.dictionaries(NAMES, st.text(), max_size=5))
def test_every_cell_reaches_user_data_exactly_as_it_stands(row: dict[str, str]) -> None:
    assert make("", row)["user_data"] == row


@given(row=st.dictionaries(NAMES, st.text(), max_size=5), more=st.sampled_from(["", "agent_data = { a = {} }"]))
def test_every_request_ends_with_its_variables_so_that_the_reference_can_join_them(
    row: dict[str, str], more: str
) -> None:
    text = attempt(f"[call]\n{more}", row)
    assert isinstance(text, str)
    assert text.endswith('"user_data":' + json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "}")


@pytest.mark.parametrize(
    "cell",
    ["", " ", "NA", "null", "nan", "None", "007", "1e5", " padded ", 'two\n"lines"', "a\r\nb", "\\n", "\u2028", "\0",
     "=SUM(A1)", "'x", "{name}", "अनन्या", "李娜", "ليلى", "🙂", "true", "\u200b"],
)  # fmt: skip
def test_an_awkward_cell_reaches_user_data_exactly_as_it_stands(cell: str) -> None:
    assert make("", {"name": cell})["user_data"] == {"name": cell}
    assert make('[user_data]\nwho = "name"', {"name": cell})["user_data"] == {"who": cell}


def test_text_of_any_script_is_sent_as_it_is_and_not_as_escapes() -> None:
    assert '"अनन्या 🙂"' in str(attempt("", {"name": "अनन्या 🙂"}))


def test_every_column_but_the_number_is_a_variable() -> None:
    made = payload("", header=("phone", "name", "Account Id", "to_number", "current_time"))
    assert made.variables == {"name": "name", "Account Id": "Account Id"}
    assert made.left_out == ("to_number", "current_time")
    assert body_of(only(made, ("+91", "a", "b", "c", "d")))["user_data"] == {"name": "a", "Account Id": "b"}


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_column_that_bolna_fills_in_itself_is_left_out_and_listed(name: str) -> None:
    assert payload("", header=("phone", name)).left_out == (name,)
    assert make("", {name: "x"})["user_data"] == {}


@pytest.mark.parametrize("name", ["To_Number", "agent_ID", "current", "current_second", "number"])
def test_other_names_are_the_agents_own(name: str) -> None:
    assert make("", {name: "x"})["user_data"] == {name: "x"}


def test_columns_that_say_how_to_call_are_no_variables_but_id_and_timezone_are() -> None:
    columns = '[columns]\nfrom = "caller"\nscheduled_at = "at"\nid = "id"\ntimezone = "tz"'
    row = {"id": "7", "caller": "", "at": "", "tz": "Asia/Kolkata", "name": "x"}
    assert make(columns, row)["user_data"] == {"id": "7", "tz": "Asia/Kolkata", "name": "x"}


def test_a_reserved_column_with_a_use_is_not_said_to_be_left_out() -> None:
    assert payload('[columns]\nfrom = "from_number"', header=("phone", "from_number")).left_out == ()


def test_with_a_mapping_only_what_it_names_is_sent() -> None:
    mapping = '[user_data]\ncustomer = "name"\nagain = "name"\nnumber = "phone"\nclinic = { value = "Sunrise" }'
    made = payload(mapping, header=("phone", "name", "other", "to_number"))
    assert made.variables == {"customer": "name", "again": "name", "number": "phone", "clinic": "Sunrise"}
    assert made.left_out == ()
    assert body_of(only(made, ("0 98", "Zoë", "x", "y")))["user_data"] == {
        "customer": "Zoë", "again": "Zoë", "number": "0 98", "clinic": "Sunrise",
    }  # fmt: skip


def test_an_empty_mapping_sends_no_variable() -> None:
    assert make("[user_data]", {"name": "x"})["user_data"] == {}


@pytest.mark.parametrize(
    ("value", "sent", "shown"),
    [('"007"', "007", "007"), ('""', "", ""), ("7", 7, "7"), ("7.5", 7.5, "7.5"), ("true", True, "true")],
)
def test_a_constant_keeps_its_type(value: str, sent: object, shown: str) -> None:
    mapping = f"[user_data]\nx = {{ value = {value} }}"
    made = make(mapping)["user_data"]["x"]
    assert (made, type(made)) == (sent, type(sent))
    assert payload(mapping).variables == {"x": shown}


def test_the_mark_of_our_calls_is_no_column() -> None:
    with pytest.raises(InputError) as caught:
        payload("", header=("phone", "dialer_ref"))
    assert str(caught.value) == (
        'list.csv: rename the column "dialer_ref": dialer uses this name to find its calls at Bolna.'
    )


def test_a_timezone_goes_through_when_it_is_one() -> None:
    assert make("", {"timezone": "Asia/Kolkata"})["user_data"] == {"timezone": "Asia/Kolkata"}
    assert make("", {"timezone": ""})["user_data"] == {}
    assert make('[user_data]\ntimezone = { value = "UTC" }')["user_data"] == {"timezone": "UTC"}
    assert make('[user_data]\ntimezone = "tz"', {"tz": "Asia/Tokyo"})["user_data"] == {"timezone": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        (
            "IST",
            'it may mean "Asia/Kolkata", "Europe/Dublin" or "Asia/Jerusalem": write the one that is meant',
        ),
        ("asia/kolkata", 'write "Asia/Kolkata" if that is meant'),
        (" Asia/Kolkata", 'write "Asia/Kolkata" if that is meant'),
        ("America/New York", 'write "America/New_York" if that is meant'),
        ("+05:30", 'it may mean "Asia/Kolkata" or "Asia/Colombo": write the one that is meant'),
        (" ", 'write a name like "America/New_York"'),
        ("x\0", 'write a name like "America/New_York"'),
    ],
)
@pytest.mark.parametrize(
    "more", ["", '[user_data]\ntimezone = "timezone"', '[user_data]\n[columns]\ntimezone = "timezone"']
)
def test_a_timezone_that_is_none_makes_the_row_invalid(more: str, cell: str, hint: str) -> None:
    assert problem(more, {"timezone": cell}) == Problem(
        "zone_unknown",
        f'"timezone": "{cell}" is not the time zone of a place; {hint}',
    )


def test_a_column_that_is_said_to_hold_no_time_zone_is_neither_judged_nor_sent() -> None:
    made = payload("[columns]\ntimezone = false", header=("phone", "timezone", "name"))
    assert made.zone_column is None
    assert body_of(only(made, ["+91", "mornings", "Zoë"]))["user_data"] == {"name": "Zoë"}


@pytest.mark.parametrize(("more", "code"), [("", 2), ("[columns]\ntimezone = false\n", 0)])
def test_a_column_that_is_said_to_hold_no_time_zone_decides_no_hours(more: str, code: int) -> None:
    Path("list.csv").write_text("phone,Time zone\n+919876543210,mornings\n", encoding="utf-8")
    Path("c.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n{more}[window]\nhours = "00:00-24:00"\n', encoding="utf-8"
    )
    assert main(["check", "c.toml", "--sandbox"]) == code


def test_rows_made_together_are_what_each_is_by_itself() -> None:
    """Among them rows with several faults: the first of zone, caller and schedule is told."""
    made = payload(
        '[columns]\nfrom = "from"\nscheduled_at = "at"\ntimezone = "timezone"',
        header=("phone", "name", "timezone", "from", "at"),
    )
    zones, callers, times = ("Asia/Kolkata", "", "Asia"), (CALLERS[0], "", "12"), ("2026-12-01T10:00:00", "", "soon")
    rows = list(product(["+91"], ['"Zoë"\n', ""], zones, callers, times))
    keys = [str(at) for at in range(len(rows))]
    owns, problems = made(rows, keys)
    together = [
        problems.get(at) or made.body(whom(row, own, key), "").text
        for at, (row, own, key) in enumerate(zip(rows, owns, keys, strict=True))
    ]
    assert together == [only(made, row, key=key) for key, row in zip(keys, rows, strict=True)]
    assert Counter(problem.code for problem in problems.values()) == {
        "zone_unknown": 18, "from_not_valid": 12, "schedule_not_a_time": 8, "schedule_without_zone": 4,
    }  # fmt: skip


# -- columns that are not there ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "line", "key"),
    [
        ('[columns]\nid = "nam"', 4, "columns.id"),
        ('[columns]\nfrom = "nam"', 4, "columns.from"),
        ('[columns]\nscheduled_at = "nam"', 4, "columns.scheduled_at"),
        ('[columns]\ntimezone = "nam"', 4, "columns.timezone"),
        ('\n[user_data]\nclinic = { value = "x" }\nwho = "nam"', 6, "user_data.who"),
        ('[screening]\nrequired = ["name", "nam"]', 4, "screening.required"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_its_key_and_those_there_are(more: str, line: int, key: str) -> None:
    with pytest.raises(CampaignError) as caught:
        payload(more)
    assert str(caught.value) == (
        f'c.toml, line {line}: `{key}`: list.csv has no column "nam". Did you mean "name"?\n'
        "Its columns are: phone, name."
    )


def test_of_many_columns_a_screenful_is_named() -> None:
    with pytest.raises(CampaignError) as caught:
        payload('[columns]\nid = "zzz"', header=[f"c{n}" for n in range(40)])
    assert str(caught.value).endswith(f"Its columns are: {', '.join(f'c{n}' for n in range(30))}, ...")


def test_required_names_variables_or_columns() -> None:
    mapping = '[user_data]\nwho = "name"\nclinic = { value = "x" }\n[screening]\nrequired = ["who", "clinic", "note"]'
    assert payload(mapping, header=("phone", "name", "note")).required == ("name", "note")
    assert payload('[screening]\nrequired = "name"').required == ("name",)


# -- who calls ---------------------------------------------------------------------------------------------------

CALLERS = [f"+91803500000{n}" for n in range(1, 5)]


def test_without_a_caller_number_the_field_is_left_out() -> None:
    assert "from_phone_number" not in make()


def test_one_caller_number_calls_everybody() -> None:
    assert make(f'[call]\nfrom_phone_number = "{CALLERS[0]}"')["from_phone_number"] == CALLERS[0]


def test_several_caller_numbers_are_shared_out_evenly_and_stably() -> None:
    more = f"[call]\nfrom_phone_number = {json.dumps(CALLERS)}"
    one, other = payload(more), payload(more, header=("phone", "name", "more"))
    keys = [f"+9198{n:08d}" for n in range(4000)]

    def callers(made: Payload, cells: Sequence[str], order: Sequence[str]) -> dict[str, str]:
        found, _ = made([[cell] * len(order) for cell in cells], order)
        return {key: str(own.caller) for key, own in zip(order, found, strict=True)}

    first = callers(one, ("+91", "a"), keys)
    assert first == callers(other, ("+91", "b", "c"), keys[::-1])
    counts = Counter(first.values())
    assert set(counts) == set(CALLERS)
    assert all(900 < count < 1100 for count in counts.values())


def test_a_caller_column_wins_and_an_empty_cell_falls_back() -> None:
    columns = '[columns]\nfrom = "caller"\n'
    both = f'{columns}[call]\nfrom_phone_number = "{CALLERS[0]}"'
    assert make(both, {"caller": CALLERS[1]})["from_phone_number"] == CALLERS[1]
    assert make(both, {"caller": " +91 80350 00002 "})["from_phone_number"] == CALLERS[1]
    assert make(both, {"caller": "  "})["from_phone_number"] == CALLERS[0]
    assert "from_phone_number" not in make(columns, {"caller": ""})


def test_a_caller_without_its_country_is_read_by_the_region() -> None:
    more = '[columns]\nfrom = "caller"\n[csv]\nregion = "IN"'
    assert make(more, {"caller": "080 3500 0002"})["from_phone_number"] == CALLERS[1]


def test_a_caller_that_is_no_number_makes_the_row_invalid() -> None:
    found = problem('[columns]\nfrom = "caller"', {"caller": "reception"})
    assert found.code == "from_not_valid"
    assert found.reason.startswith('caller number in "caller": ')


# -- when --------------------------------------------------------------------------------------------------------

AT = '[columns]\nscheduled_at = "at"\ntimezone = "tz"\n'


@pytest.mark.parametrize(
    ("more", "row", "sent"),
    [
        ('[call]\nscheduled_at = "2026-12-01T10:00:00+05:30"', {}, "2026-12-01T10:00:00+05:30"),
        ('[call]\nscheduled_at = "2026-12-01T10:00:00Z"', {}, "2026-12-01T10:00:00+00:00"),
        ('[call]\nscheduled_at = "2026-12-01t10:00:00z"', {}, "2026-12-01T10:00:00+00:00"),
        ('[call]\nscheduled_at = "2026-12-01 10:00:59.999-0800"', {}, "2026-12-01T10:00:59-08:00"),
        ("[call]\nscheduled_at = 2026-12-01T10:00:00.5+05:30", {}, "2026-12-01T10:00:00+05:30"),
        ("[call]\nscheduled_at = 2026-12-01 10:00:00Z", {}, "2026-12-01T10:00:00+00:00"),
        ('[call]\nscheduled_at = 2026-12-01T10:00:00\ntimezone = "Asia/Kolkata"', {}, "2026-12-01T10:00:00+05:30"),
        ('[call]\nscheduled_at = "2026-12-01T10:00"\ntimezone = "Europe/Berlin"', {}, "2026-12-01T10:00:00+01:00"),
        (AT, {"at": " 2026-12-01T10:00:00+05:30 "}, "2026-12-01T10:00:00+05:30"),
        (AT, {"at": "2026-12-01 10:00", "tz": "Asia/Kolkata"}, "2026-12-01T10:00:00+05:30"),
        (AT, {"at": "2026-12-01 10:00Z", "tz": "Asia/Kolkata"}, "2026-12-01T10:00:00+00:00"),
        (f'{AT}[call]\ntimezone = "Asia/Tokyo"', {"at": "2026-12-01 10:00"}, "2026-12-01T10:00:00+09:00"),
        (f'{AT}[call]\ntimezone = "Asia/Tokyo"', {"at": "2026-12-01 10:00", "tz": "UTC"}, "2026-12-01T10:00:00+00:00"),
        (f'{AT}[call]\nscheduled_at = "2026-12-01T10:00:00"', {"tz": "Asia/Tokyo"}, "2026-12-01T10:00:00+09:00"),
        (f'{AT}[call]\nscheduled_at = "2026-12-02T10:00Z"', {"at": "2026-12-01T10:00Z"}, "2026-12-01T10:00:00+00:00"),
        (f'{AT}[call]\nscheduled_at = "2026-12-02T10:00Z"', {"at": " "}, "2026-12-02T10:00:00+00:00"),
    ],
)  # fmt: skip
def test_a_schedule_is_sent_with_a_numeric_offset_and_without_a_fraction(
    more: str, row: dict[str, str], sent: str
) -> None:
    assert make(more, {"at": "", "tz": ""} | row)["scheduled_at"] == sent


def test_without_a_schedule_the_field_is_left_out() -> None:
    assert "scheduled_at" not in make(AT, {"at": " ", "tz": "Asia/Kolkata"})


NO_TIME = "is not a date and time like 2026-12-01T10:00:00+05:30"
NO_ZONE = (
    "has no time zone: add an offset like +05:30, or name a zone in the campaign file "
    '(timezone = "Asia/Kolkata" in [call]; where a column holds it, timezone = "its name" in [columns])'
)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("tomorrow", NO_TIME),
        ("2026-12-01", NO_TIME),
        ("10:00", NO_TIME),
        ("01/12/2026 10:00", NO_TIME),
        ("2026-02-30T10:00:00Z", NO_TIME),
        ("2026-12-01T10:00:00+25:00", NO_TIME),
        ("0001-01-01T00:00:00", NO_TIME),
        ("9999-12-31T23:59:59Z", NO_TIME),
        ("46357.4166", NO_TIME),
        ("2026-12-01T10:00:00", NO_ZONE),
        ("2026-11-30T11:00:00Z", "is in the past or less than 3 minutes ahead"),
        ("2026-11-30T12:02:59Z", "is in the past or less than 3 minutes ahead"),
        ("2026-12-30T12:00:01Z", "is more than 30 days ahead, which Bolna refuses"),
        ("2999-01-01T00:00:00Z", "is more than 30 days ahead, which Bolna refuses"),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_sent_makes_the_row_invalid(cell: str, reason: str) -> None:
    assert problem(AT, {"at": cell, "tz": ""}).reason == f"scheduled_at {cell} {reason}"


@pytest.mark.parametrize("cell", ["2026-11-30T12:03:00Z", "2026-12-30T12:00:00Z"])
def test_a_schedule_may_be_three_minutes_or_thirty_days_ahead(cell: str) -> None:
    assert make(AT, {"at": cell, "tz": ""})["scheduled_at"] == cell.replace("Z", "+00:00")


def test_a_long_cell_is_cut_in_the_reason() -> None:
    assert len(problem(AT, {"at": "x" * 10_000, "tz": ""}).reason) < 200
    assert len(problem(AT, {"at": "", "tz": "x" * 10_000}).reason) < 200


def test_a_time_that_the_clocks_skip_is_no_time() -> None:
    assert scheduled("2027-03-28T02:30:00", zone="Europe/Berlin") == Problem(
        "schedule_not_a_time",
        "scheduled_at 2027-03-28T02:30:00 does not exist in Europe/Berlin: the clocks skip it",
    )
    after = scheduled("2027-03-28T03:00:00", zone="Europe/Berlin")
    assert isinstance(after, datetime)
    assert after.isoformat() == "2027-03-28T03:00:00+02:00"


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    first = scheduled("2026-10-25T02:30:00", zone="Europe/Berlin")
    assert isinstance(first, datetime)
    assert first.isoformat() == "2026-10-25T02:30:00+02:00"


def test_a_fraction_is_dropped_from_the_moment_itself() -> None:
    for text, zone in (("2026-12-01T10:00:00.999Z", None), ("2026-12-01T10:00:00.999", "Asia/Kolkata")):
        found = scheduled(text, zone=zone)
        assert isinstance(found, datetime)
        assert found.microsecond == 0


@given(text=st.text() | st.datetimes().map(str), zone=st.sampled_from([None, "Asia/Kolkata", "America/New_York"]))
def test_any_text_is_a_moment_or_a_reason(text: str, zone: str | None) -> None:
    found = scheduled(text, zone=zone)
    assert isinstance(found, Problem) or (found.tzinfo is not None and found.microsecond == 0)


def test_a_body_says_when_it_asks_to_dial_and_over_how_long_it_is_tried_again() -> None:
    cells = ("+91", '"scheduled_at"')
    row = whom(cells, Own(scheduled_at="2026-12-01T10:00:00+05:30"))
    body = payload('[call]\nscheduled_at = "2026-12-01T10:00:00+05:30"\nretry_config = { enabled = true }').body(
        row, "r-1"
    )
    assert body.scheduled_at == datetime(2026, 12, 1, 4, 30, tzinfo=UTC).timestamp()
    assert body.retry_seconds == 210 * 60.0
    plain = payload().body(whom(cells, Own()), "r-1")
    assert (plain.scheduled_at, plain.retry_seconds) == (None, None)


# -- the other fields --------------------------------------------------------------------------------------------


def test_what_is_not_given_is_left_out() -> None:
    assert make() == {
        "agent_id": AGENT, "recipient_phone_number": "+919876543210", "user_data": {"name": "Zoë"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("enabled = false", {"enabled": False}),
        ("enabled = true, max_retries = 3", {"enabled": True, "max_retries": 3}),
        (
            "enabled = true, retry_on_statuses = ['busy', 'error'], retry_on_voicemail = true",
            {"enabled": True, "retry_on_statuses": ["busy", "error"], "retry_on_voicemail": True},
        ),
        (
            "enabled = true, max_retries = 1, retry_intervals_minutes = [45]",
            {"enabled": True, "max_retries": 1, "retry_intervals_minutes": [45]},
        ),
        (
            "enabled = true, retry_intervals_minutes = [1, 2, 3]",
            {"enabled": True, "retry_intervals_minutes": [1, 2, 3]},
        ),
    ],
)
def test_retry_config_is_sent_exactly_as_it_is_given(given: str, sent: dict[str, object]) -> None:
    assert make(f"[call]\nretry_config = {{ {given} }}")["retry_config"] == sent


def test_agent_data_is_sent_exactly_as_it_is_given() -> None:
    more = '[call]\nagent_data = { voice_id = "Sam", more = [1, 2.5, true, { a = "b" }] }'
    assert make(more)["agent_data"] == {"voice_id": "Sam", "more": [1, 2.5, True, {"a": "b"}]}


@pytest.mark.parametrize("value", [True, False])
def test_the_guardrails_are_bypassed_only_as_it_is_given(value: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    assert make(f"[call]\nbypass_call_guardrails = {str(value).lower()}")["bypass_call_guardrails"] is value


def test_all_fields_together_follow_the_documentation() -> None:
    body = make(
        '[columns]\nfrom = "caller"\n[call]\nagent_data = { voice_id = "Sam" }\nretry_config = { enabled = true }\n'
        'agent_version_id = "423e4567-e89b-12d3-a456-426655440000"\n'
        'scheduled_at = "2026-12-01T10:00:00Z"\nbypass_call_guardrails = true',
        {"caller": CALLERS[0], "name": "Zoë"},
    )
    assert body.keys() == TYPES.keys()


def test_a_column_that_looks_as_if_it_told_when_to_call_and_does_not_is_told() -> None:
    header = ("phone", "Call at", "name")
    (hint,) = payload(header=header).hints
    assert hint == (
        'the column "Call at" does not say when somebody is called; for that write scheduled_at = "Call at" in '
        "[columns]"
    )
    assert not payload('[columns]\nscheduled_at = "Call at"', header=header).hints
