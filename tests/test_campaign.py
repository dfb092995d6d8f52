"""A campaign file is taken as it is, or refused in a clerk's words: the key, its line, what is expected."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from dialer.config.campaign import load_campaign
from dialer.config.campaign.schema import Content
from dialer.config.campaign.values import Constant, Section
from dialer.errors import CampaignError, ExitCode
from dialer.messages.config.campaign import EXPECTED
from dialer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.config.campaign import Campaign

AGENT = "123e4567-e89b-12d3-a456-426655440000"
HEAD = f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
JARGON = re.compile(
    r"\b([Ii]nput|[Vv]alid|instance|dictionary|pattern|string|integer|boolean|Traceback|None|True|False)\b"
)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_AGENT_ID", raising=False)


def load(more: str, *, head: str = HEAD, sandbox: bool = False) -> Campaign:
    Path("c.toml").write_text(head + more, encoding="utf-8")
    return load_campaign("c.toml", sandbox=sandbox)


def refused(more: str, *, head: str = HEAD, sandbox: bool = False) -> str:
    with pytest.raises(CampaignError) as caught:
        load(more, head=head, sandbox=sandbox)
    assert caught.value.exit_code == ExitCode.USAGE
    return str(caught.value)


def test_agent_and_recipients_are_enough() -> None:
    campaign = load("")
    assert (campaign.agent_id, campaign.batch.recipients) == (AGENT, Path("list.csv"))
    assert campaign.user_data is None
    assert campaign.pacing.rate == Rate(300, 60.0)
    assert campaign.pacing.max_in_flight == 20
    assert campaign.screening.duplicates == "skip"
    assert campaign.breaker.errors_in_a_row == 20
    assert campaign.breaker.outage_after == 90.0


def test_every_key_is_taken_as_it_is_given() -> None:
    campaign = load(
        """
        results = "out/{recipients}.csv"
        ledger = "out/{recipients}.db"
        [columns]
        phone = "Telefon"
        id = "id"
        from = "caller"
        agent_id = "agent"
        agent_version_id = "version"
        voice_id = "voice"
        scheduled_at = "at"
        timezone = "tz"
        [csv]
        region = "IN"
        encoding = "cp1252"
        delimiter = "\\t"
        plus_lost = true
        [user_data]
        customer_name = "first name"
        clinic = { value = "Sunrise" }
        floor = { value = 3 }
        [call]
        agent_version_id = "423E4567-e89b-12d3-a456-426655440000"
        from_phone_number = ["+918035000001", "+918035000002"]
        agent_data = { voice_id = "Sam" }
        retry_config = { enabled = true, max_retries = 2, retry_intervals_minutes = [30, 60] }
        scheduled_at = 2026-12-01T10:00:00
        timezone = "Asia/Kolkata"
        bypass_call_guardrails = false
        [pacing]
        rate = "5/second"
        max_in_flight = 1000
        [screening]
        duplicates = "call"
        suppression = "dnc.csv"
        max_age_days = 7
        required = ["first name"]
        allow = ["toll_free"]
        [breaker]
        errors_in_a_row = 1
        outage_after = "2m"
        """
    )
    assert (campaign.batch.results, campaign.batch.ledger) == (Path("out/list.csv"), Path("out/list.db"))
    assert campaign.columns.model_dump(by_alias=True) == {
        "phone": ["Telefon"], "id": "id", "from": "caller", "agent_id": "agent", "agent_version_id": "version",
        "voice_id": "voice", "scheduled_at": "at", "timezone": "tz",
    }  # fmt: skip
    assert campaign.csv.model_dump() == {"region": "IN", "encoding": "cp1252", "delimiter": "\t", "plus_lost": True}
    assert campaign.user_data == {
        "customer_name": "first name", "clinic": Constant("Sunrise"), "floor": Constant(3),
    }  # fmt: skip
    assert campaign.call.model_dump(exclude_unset=True) == {
        "agent_version_id": "423e4567-e89b-12d3-a456-426655440000",
        "from_phone_number": ["+918035000001", "+918035000002"],
        "agent_data": {"voice_id": "Sam"},
        "retry_config": {"enabled": True, "max_retries": 2, "retry_intervals_minutes": [30, 60]},
        "scheduled_at": "2026-12-01T10:00:00",
        "timezone": "Asia/Kolkata",
        "bypass_call_guardrails": False,
    }
    assert (campaign.pacing.rate, campaign.pacing.max_in_flight) == (Rate(5, 1.0), 1000)
    assert campaign.suppression == (Path("dnc.csv"),)
    assert (campaign.screening.max_age_days, campaign.screening.required) == (7.0, ["first name"])
    assert (campaign.screening.duplicates, campaign.screening.allow) == ("call", ["toll_free"])
    assert (campaign.breaker.errors_in_a_row, campaign.breaker.outage_after) == (1, 120.0)
    assert campaign.key_definition == "id:id"


RATE = (
    'write a whole number of requests per second, minute or hour, in quotes, like "300/minute", "5/second" or "30/hour"'
)
CALLER = 'a caller number is + and digits in quotes, like "+918035000001"; several: ["+918035000001", ...]'
SOURCE = 'name a column of the CSV in quotes, or a constant like { value = "Sunrise" }'
MOMENT = 'a date and a time are expected, like "2026-12-01T10:00:00+05:30"'
ZONE = 'a name of the time zone database is expected, like "Asia/Kolkata" or "America/New_York"'
DURATION = 'write a time from "1s" to "24h", like "90s", "10m" or "2h"'
LONG = 'write a time from "1s" to "31d", like "90m", "24h" or "7d"'
WHOLE = "a whole number is expected, without quotes"
TEXT = "a text in quotes is expected"
PHONE = 'name a column of the CSV in quotes, or several in the order in which they count: ["Mobile", "Phone"]'
ZONE_COLUMN = "name a column of the CSV in quotes, or write false where no column says in which time zone somebody is"
YES_NO = "true or false is expected, without quotes"
LIST = 'a list in brackets is expected, like [1, 2] or ["a", "b"]'
REGION = 'a country\'s two capital letters are expected, like "IN" or "US"'
ENCODING = 'no text encoding has that name; usual ones are "utf-8", "cp1252" and "utf-16"'
DELIMITER = 'one character is expected, like "," or ";" or "\\t"'
FILLED_IN = "Bolna fills in this variable itself, so what you send under its name is lost; choose another name"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("recipients", "3", TEXT),
        ("columns.phone", "3", PHONE),
        ("columns.id", '""', "it must not be empty"),
        ("columns.from", "[]", TEXT),
        ("columns.timezone", "true", ZONE_COLUMN),
        ("columns.timezone", '""', ZONE_COLUMN),
        ("csv.region", '"India"', REGION),
        ("csv.region", '"in"', REGION),
        ("csv.region", '"XX"', REGION),
        ("csv.encoding", '"klingon"', ENCODING),
        ("csv.encoding", '"hex"', ENCODING),
        ("csv.encoding", '"a\\u0000b"', ENCODING),
        ("csv.delimiter", '",,"', DELIMITER),
        ("csv.delimiter", '""', DELIMITER),
        ("csv.delimiter", '"\\n"', DELIMITER),
        ("csv.plus_lost", '"yes"', YES_NO),
        ("csv.plus_lost", "1", YES_NO),
        ("user_data.a", "3", SOURCE),
        ("user_data.a", '""', SOURCE),
        ("user_data.a", '{ "value" = "x", "valu" = 3 }', SOURCE),
        ("user_data.a", '{ "value" = [1] }', SOURCE),
        ("user_data.a", '{ "value" = inf }', SOURCE),
        ("user_data.to_number", '"to"', FILLED_IN),
        ("user_data.current_time", '{ "value" = "noon" }', FILLED_IN),
        ("user_data.dialer_ref", '"x"', "dialer uses this name to find its calls at Bolna; choose another name"),
        ("user_data.timezone", '{ "value" = "Mars/Base" }', ZONE),
        ("call.from_phone_number", "918035000001", CALLER),
        ("call.from_phone_number", '"918035000001"', CALLER),
        ("call.from_phone_number", '"+91 80350 00001"', CALLER),
        ("call.from_phone_number", '"+\uff19\uff118035000001"', CALLER),
        ("call.from_phone_number", "[]", CALLER),
        ("call.from_phone_number", '["+918035000001", 3]', CALLER),
        ("call.agent_data", '"Sam"', 'keys in braces are expected, like { name = "value" }'),
        ("call.retry_config", "true", "a table is expected: [call.retry_config] on a line of its own, its keys below"),
        ("call.scheduled_at", '"tomorrow"', MOMENT),
        ("call.scheduled_at", '"2026-12-01"', MOMENT),
        ("call.scheduled_at", "2026-12-01", MOMENT),
        ("call.scheduled_at", '"2026-13-01T10:00:00+05:30"', MOMENT),
        ("call.scheduled_at", '"01/12/2026 10:00"', MOMENT),
        ("call.timezone", '"India"', ZONE),
        ("call.timezone", '"asia/kolkata"', ZONE),
        ("call.timezone", '"localtime"', ZONE),
        ("call.timezone", '"../../etc/passwd"', ZONE),
        ("call.bypass_call_guardrails", '"yes"', YES_NO),
        ("pacing.rate", '"fast"', RATE),
        ("pacing.rate", "300", RATE),
        ("pacing.rate", '"0/second"', RATE),
        ("pacing.rate", '"5/day"', RATE),
        ("pacing.max_in_flight", "0", "1 or more is expected"),
        ("pacing.max_in_flight", "1001", "1000 or less is expected"),
        ("pacing.max_in_flight", '"3"', WHOLE),
        ("pacing.max_in_flight", "3.0", WHOLE),
        ("pacing.max_in_flight", "true", WHOLE),
        ("screening.duplicates", '"maybe"', 'one of "skip", "refuse" or "call" is expected'),
        ("screening.suppression", "3", LIST),
        ("screening.required", "3", LIST),
        ("screening.max_age_days", "0", "more than 0 is expected"),
        ("screening.max_age_days", "1e9", "3650 or less is expected"),
        ("screening.max_age_days", '"week"', "a number is expected, without quotes"),
        ("breaker.errors_in_a_row", "0", "1 or more is expected"),
        ("breaker.outage_after", '"soon"', DURATION),
        # Without a unit 24 may be meant as hours.
        ("breaker.outage_after", "90", DURATION),
        ("screening.called_elsewhere_within", "24", LONG),
        ("screening.called_elsewhere_within", '"32d"', LONG),
        (
            "window.days",
            '["Saturday"]',
            '"Saturday" is not a weekday; write mon, tue, wed, thu, fri, sat, sun, or a run like mon-fri',
        ),
        ("window.days", "[1]", 'write days = ["mon", "tue", "sat"], or a run like ["mon-fri"]'),
        ("breaker.outage_after", "0", DURATION),
        ("breaker.outage_after", "-5", DURATION),
        ("breaker.outage_after", "true", DURATION),
        ("breaker.outage_after", "inf", DURATION),
        ("breaker.outage_after", '"25h"', DURATION),
        ("pacing", "3", "a table is expected: [pacing] on a line of its own, its keys below"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_with_key_line_value_and_what_is_expected(
    key: str, value: str, expected: str
) -> None:
    parsed = tomllib.loads(f"x = {value}")["x"]
    shown = parsed.isoformat() if isinstance(parsed, date) else json.dumps(parsed, ensure_ascii=False)
    table, _, name = key.rpartition(".")
    where = f"\n[{table}]\n" if table else "\n\n"
    head = "" if key == "recipients" else HEAD
    line = head.count("\n") + 3
    assert refused(f"{where}{name} = {value}\n", head=head) == f"c.toml, line {line}: `{key}` is {shown}: {expected}."


def test_an_entry_of_a_list_is_told_by_its_place() -> None:
    assert refused('[screening]\nrequired = [\n  "a",\n  3,\n]\n') == (
        "c.toml, line 4: `screening.required`, entry 2, is 3: a text in quotes is expected."
    )


def test_retry_intervals_are_as_many_as_retries() -> None:
    assert refused("[call]\nretry_config = { enabled = true, retry_intervals_minutes = [30] }") == (
        "c.toml, line 4: `call.retry_config.retry_intervals_minutes` is [30]: one number for each retry is expected, "
        "so 3 (there are 3 unless max_retries says otherwise)."
    )
    assert refused("[call.retry_config]\nenabled = true\nmax_retries = 1\nretry_intervals_minutes = [3, 4]") == (
        "c.toml, line 6: `call.retry_config.retry_intervals_minutes` is [3, 4]: one number for each retry is "
        "expected, so 1."
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("max_retries = 0", "max_retries` is 0: 1 or more is expected."),
        ("max_retries = 4", "max_retries` is 4: 3 or less is expected."),
        (
            "retry_on_statuses = ['completed']",
            'retry_on_statuses`, entry 1, is "completed": one of "no-answer", "busy", "failed" or "error" is expected.',
        ),
        ("retry_on_voicemail = 1", "retry_on_voicemail` is 1: true or false is expected, without quotes."),
        ("retry_intervals_minutes = [30, 0, 60]", "retry_intervals_minutes`, entry 2, is 0: 1 or more is expected."),
    ],
)
def test_retry_config_keeps_the_documented_ranges(more: str, words: str) -> None:
    assert refused(f"[call.retry_config]\nenabled = true\n{more}") == f"c.toml, line 5: `call.retry_config.{words}"


def test_retry_config_says_whether_it_is_enabled() -> None:
    assert refused("[call.retry_config]\nmax_retries = 2") == "c.toml, line 3: `call.retry_config.enabled` is missing."


def test_agent_data_holds_only_what_json_can_say() -> None:
    words = "dates, times, inf and nan cannot be sent; write them as text in quotes"
    for value in ("2026-12-01", "10:00:00", "inf", "[1, nan]", "{ b = 2026-12-01T10:00:00Z }"):
        assert refused(f"call.agent_data = {{ a = {value} }}").endswith(f": {words}.")


def test_calling_duplicates_needs_an_id() -> None:
    assert refused('[screening]\nduplicates = "call"') == (
        'c.toml, line 4: `screening.duplicates` is "call": "call" needs an id in [columns]: without it two rows with '
        "one number are one person."
    )


def test_a_schedule_without_a_zone_needs_one_somewhere() -> None:
    schedule = '[call]\nscheduled_at = "2026-12-01T10:00:00"\n'
    assert refused(schedule) == (
        'c.toml, line 4: `call.scheduled_at` is "2026-12-01T10:00:00": there is no time zone: add an offset like '
        '+05:30, or timezone = "Asia/Kolkata" in [call].'
    )
    assert load(f'{schedule}timezone = "Asia/Kolkata"').call.scheduled_at == "2026-12-01T10:00:00"
    assert load(f'{schedule}[columns]\ntimezone = "tz"').call.scheduled_at == "2026-12-01T10:00:00"


TOP = (
    "recipients, results, results_xlsx, results_bom, ledger, agent_id, columns, csv, user_data, call, pacing, window, "
    "schedule, screening, "
    "redial, breaker, forecast"
)
COLUMNS = "phone, id, from, agent_id, agent_version_id, voice_id, scheduled_at, timezone"


@pytest.mark.parametrize(
    ("more", "line", "key", "instead"),
    [
        ("agent = 'x'", 3, "agent", "Did you mean `agent_id`?"),
        ("[pacing]\nrat = '3/s'", 4, "pacing.rat", "Did you mean `rate`?"),
        ("\n\n[ pacing ] # fast\n\n# rat\n 'rat' = '3/s'", 8, "pacing.rat", "Did you mean `rate`?"),
        ("pacing = { rate = '3/s', max_in_fligh = 3 }", 3, "pacing.max_in_fligh", "Did you mean `max_in_flight`?"),
        ("pacing.rate = '3/s'\npacing.rat = 3", 4, "pacing.rat", "Did you mean `rate`?"),
        ("call.retry_config.enabled = true\ncall.retry_config.max_retrys = 2", 4, "call.retry_config.max_retrys",
            "Did you mean `max_retries`?"),
        ("[call]\nagent_data = { a = [\n1,\n] }\nfrom_number = '+91'", 7, "call.from_number",
            "Did you mean `from_phone_number`?"),
        ("results = '''\nrat\n'''\n[pacing]\nrat = 3", 7, "pacing.rat", "Did you mean `rate`?"),
        ("[columns]\n'phone number' = 'x'", 4, "columns.phone number", f"Known here: {COLUMNS}."),
        ("[columns]\n\"pho\\u006ee.\" = 'x'", 4, "columns.phone.", "Did you mean `phone`?"),
        ("[user-data]\na = 'b'", 3, "user-data", "Did you mean `user_data`?"),
        ("[variables]\na = 'b'", 3, "variables", f"Known here: {TOP}."),
        ("[[user]]\na = 'b'", 3, "user", "Did you mean `user_data`?"),
        ("[breaker]\nzzz = 1", 4, "breaker.zzz", "Known here: errors_in_a_row, outage_after."),
        ("zzz = 1", 3, "zzz", f"Known here: {TOP}."),
        ("path = 'x'", 3, "path", f"Known here: {TOP}."),
        ("sandbox = true", 3, "sandbox", f"Known here: {TOP}."),
        ("rate = '3/s'", 3, "rate", "It belongs in [pacing]."),
        ("[csv]\ntimezone = 'x'", 4, "csv.timezone",
            "It belongs in [columns] or in [call] or in [window] or in [schedule]."),
        ("[pacing]\nresults = 'x.csv'", 4, "pacing.results", "It belongs at the top, before the first [table]."),
        ("[call]\nmax_retries = 3", 4, "call.max_retries", "It belongs in [call.retry_config]."),
    ],
)  # fmt: skip
def test_an_unknown_key_is_told_with_its_line_and_what_may_have_been_meant(
    more: str, line: int, key: str, instead: str
) -> None:
    assert refused(more) == f"c.toml, line {line}: `{key}` is not a key of a campaign file. {instead}"


def test_mistakes_are_told_in_the_order_of_the_file_and_fit_on_a_screen() -> None:
    told = refused("[breaker]\nzzz = 1\n[pacing]\n" + "".join(f"key{n} = 1\n" for n in range(20))).splitlines()
    assert [line.split(":")[0] for line in told[:-1]] == [f"c.toml, line {n}" for n in (4, 6, 7, 8, 9, 10, 11, 12)]
    assert told[-1] == "... and 13 more."


QUOTES = 'a text needs straight quotes, as in rate = "300/minute"; true, false and numbers have none'
TWICE = "this table is in the file twice; put its keys together under one [name]"
ASSIGN = 'a line is a key, = and a value, as in rate = "300/minute"'
MORE = "there is more on this line than one value; a list needs [ ], a note begins with #"
SLASH = "write paths with / or in single quotes: \\ means something else in double quotes"
OPEN = "a text is not closed; put the quotes at its end"
INVISIBLE = "there is an invisible character on this line; type the line anew"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rate = fast", 3, QUOTES),
        ("rate = “fast”", 3, QUOTES),
        ("x = True", 3, QUOTES),
        ("x = 1\nx = 2", 4, "this key is in the file twice; delete one"),
        ("a = { b = 1, b = 2 }", 3, "this key is in the braces twice; delete one"),
        ("[csv]\n[pacing]\n[csv]", 5, TWICE),
        ("csv = {}\n[csv]", 4, TWICE),
        ("[call.retry_config]\n[call]\nretry_config.enabled = true", 5, TWICE),
        ("rate: '3/s'", 3, ASSIGN),
        ("= 3", 3, ASSIGN),
        ("a\nb = 1", 3, ASSIGN),
        ("a = 'b', 'c'", 3, MORE),
        ("[pacing\nrate = '3/s'", 3, "the name of a table needs brackets on both sides, as in [pacing]"),
        ("a = [1, 2\n\n# note\n", 3, "a list is not closed; put a ] at its end"),
        ("a = { b = 1", 3, "braces are not closed; put a } at the end of the line"),
        ('a = "C:\\list.csv"', 3, SLASH),
        ('a = "C:\\users\\x.csv"', 3, SLASH),
        ('a = "x', 3, OPEN),
        ("a = 'x\nb = 1\n", 3, OPEN),
        ('a = "x\nb = 1\n', 3, OPEN),
        ('a = """x\nb = 1\n', 3, OPEN),
        ("a = '\u0007'", 3, INVISIBLE),
        ("# \u0007", 3, INVISIBLE),
        ("a = 2026-02-30", 3, "there is no such date or time"),
        (f"a = {'9' * 5000}", 3, "a number has too many digits; a text needs quotes"),
        (f"a = {'[' * 5000}", 3, "brackets or dotted keys are nested more than 32 deep"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, line: int, words: str) -> None:
    assert refused(text) == f"c.toml, line {line}: {words}."


INIT = "To write one: dialer init RECIPIENTS.csv"
INIT_LIST = "To write one for it: dialer init list.csv"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.toml", None, "none.toml: there is no such campaign file. In . there are: other.toml."),
        ("far/none.toml", None, f"far/none.toml: there is no such campaign file. {INIT}"),
        (".", None, ".: this is a folder, not a campaign file. In . there are: other.toml."),
        ("c.toml", b"\xff\xfea\x00", "c.toml: not UTF-8 (byte 1). Save it as UTF-8."),
        ("list.csv", b"phone\n+91", f"list.csv: this is a table, not a campaign file. {INIT_LIST}"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_with_the_next_step(name: str, content: bytes | None, words: str) -> None:
    Path("other.toml").touch()
    if content is not None:
        Path(name).write_bytes(content)
    with pytest.raises(CampaignError) as caught:
        load_campaign(name)
    assert str(caught.value) == words


def test_a_byte_order_mark_is_no_mistake() -> None:
    Path("c.toml").write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load_campaign("c.toml").agent_id == AGENT


def test_what_is_missing_is_named() -> None:
    assert refused("", head=f'agent_id = "{AGENT}"') == (
        'c.toml: `recipients` is missing. Name the CSV (recipients = "list.csv") or use --recipients FILE.'
    )
    assert refused("", head='recipients = "list.csv"') == (
        "c.toml: `agent_id` is missing. Copy the agent's id from Bolna's dashboard, or set BOLNA_AGENT_ID."
    )


@pytest.mark.parametrize("agent", ["", "x", "123e4567e89b12d3a456426655440000", f"{{{AGENT}}}", f"urn:uuid:{AGENT}"])
def test_an_agent_is_a_uuid_as_the_dashboard_shows_it(agent: str) -> None:
    assert refused("", head=f'recipients = "list.csv"\nagent_id = "{agent}"') == (
        f'c.toml, line 2: `agent_id` is "{agent}": the agent\'s id is expected, a UUID like {AGENT}.'
    )


def test_an_agent_in_capitals_is_the_same_agent() -> None:
    assert load("", head=f'recipients = "list.csv"\nagent_id = " {AGENT.upper()} "').agent_id == AGENT


def test_the_placeholder_is_an_agent_in_the_sandbox_only() -> None:
    head = 'agent_id = "00000000-0000-0000-0000-000000000000"\nrecipients = "list.csv"'
    assert refused("", head=head) == (
        "c.toml, line 1: `agent_id` is still the placeholder. Copy the agent's id from Bolna's dashboard. "
        "To try without one: dialer run c.toml --sandbox --any-hour"
    )
    assert load("", head=head, sandbox=True).sandbox


def test_the_agent_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_AGENT_ID", AGENT.upper())
    assert load("", head='recipients = "list.csv"').agent_id == AGENT
    other = AGENT.replace("4", "5")
    assert load("", head=f'recipients = "list.csv"\nagent_id = "{other}"').agent_id == other


def test_a_wrong_agent_of_the_environment_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_AGENT_ID", "Asha")
    assert refused("", head='recipients = "list.csv"') == (
        f'BOLNA_AGENT_ID is "Asha": the agent\'s id is expected, a UUID like {AGENT}.'
    )
    monkeypatch.setenv("BOLNA_AGENT_ID", "bn-0123456789abcdef")
    assert "0123456789" not in refused("", head='recipients = "list.csv"')


KEY = "bn-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("more", "line", "shown"),
    [
        (f"api_key = '{KEY}'", 3, "api_key"),
        ("BOLNA_API_KEY = 'whatever it is'", 3, "BOLNA_API_KEY"),
        ("key = 17", 3, "key"),
        ("token = { value = 'x' }", 3, "token"),
        ("[call]\nauthorization = 'x'", 4, "call.authorization"),
        (f"[pacing]\nrate = '{KEY}'", 4, "pacing.rate"),
        (f"[call]\nscheduled_at = 'Bearer {KEY}'", 4, "call.scheduled_at"),
        (f"[call]\nagent_data = {{ a = {{ b = {{ c = '{KEY}' }} }} }}", 4, "call.agent_data.a.b.c"),
        (f"[call]\nagent_data = {{ a = [[ '{KEY}' ]] }}", 4, "call.agent_data.a"),
        (f"[call]\nagent_data = {{ a = [{{ b = '{KEY}' }}] }}", 4, "call.agent_data.a.b"),
        (f"[user_data]\ntoken = {{ value = '{KEY}' }}", 4, "user_data.token.value"),
        (f"[user_data]\ntext = {{ value = 'Use {KEY}, please' }}", 4, "user_data.text.value"),
        ("[user_data]\napi_key = 'column'", 4, "user_data.api_key"),
        (f"[screening]\nsuppression = [\n'a.csv',\n'{KEY}',\n]", 4, "screening.suppression"),
        (f"['{KEY}']\na = 1", 3, "..."),
        (f"[columns]\n{KEY} = 'a'", 4, "columns...."),
        (f"x = 'sa-{KEY[3:]}'", 3, "x"),
        (f"agent = '{KEY.upper()}'", 3, "agent"),
    ],
)  # fmt: skip
def test_an_api_key_anywhere_is_refused_and_not_shown(more: str, line: int, shown: str) -> None:
    assert refused(more) == (
        f"c.toml, line {line}: `{shown}` looks like an API key. This file is passed around, so no key is "
        "read from it.\n"
        "Take it out, make a new key if the file was shared, and: export BOLNA_API_KEY=... (or write that into .env)."
    )


@pytest.mark.parametrize(
    "text", [f"x = {KEY}", f"x = '{KEY}", f"{KEY} = 1\n{KEY} = 2", f"a = {{ {KEY} = 1, {KEY} = 2 }}"]
)
def test_an_api_key_in_what_is_no_toml_is_not_shown(text: str) -> None:
    assert KEY not in refused(text)


@pytest.mark.parametrize(
    "more",
    [
        f"# {KEY}",
        "results = 'bn-customers-2026-12.csv'",
        "results = 'sa-2026-customers/{recipients}.csv'",
        "[user_data]\ntoken = 'token'\nkey = 'key'",
        "[user_data]\ngreeting = 'bn-greeting-long'",
        "[columns]\nid = 'key'",
    ],
)
def test_what_is_no_api_key_is_let_through(more: str) -> None:
    load(more)


# -- every key, every kind of value ------------------------------------------------------------------------------


def fields(section: type[Section] = Content, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in section.model_fields.items():
        yield (*at, field.alias or name)
        for option in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(option, type) and issubclass(option, Section):
                yield from fields(option, (*at, field.alias or name))


WORDS = st.text("ab0-:+/.`\"'{}\\\n\u00e9\U0001f642", max_size=8)
SCALARS = WORDS | st.integers() | st.floats() | st.booleans() | st.datetimes() | st.dates() | st.times()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def spelled(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spelled(name)} = {spelled(inner)}" for name, inner in value.items()) + "}"
    return repr(value)


@given(keys=st.sampled_from(sorted(fields())), value=VALUES)
@example(keys=("call", "agent_data"), value={"a": float("nan")})
@example(keys=("call", "retry_config"), value={"enabled": True, "retry_intervals_minutes": []})
@example(keys=("user_data",), value={"timezone": {"value": 3}})
@example(keys=("user_data",), value={" ": "a"})
@example(keys=("ledger",), value="/")
def test_any_value_of_any_key_is_taken_or_refused_in_plain_words(keys: tuple[str, ...], value: object) -> None:
    text = f"{'.'.join(keys)} = {spelled(value)}\n"
    assert tomllib.loads(text)
    try:
        load(text, head=HEAD if keys[0] not in {"agent_id", "recipients"} else "")
    except CampaignError as error:
        told = str(error)
        assert told.startswith("c.toml")
        assert not JARGON.search(told), told
        assert "it cannot be used" not in told


@given(keys=st.sampled_from(sorted(fields())), value=VALUES)
def test_every_kind_of_error_that_pydantic_finds_has_our_words(keys: tuple[str, ...], value: object) -> None:
    content: Any = value
    for key in reversed(keys):
        content = {key: content}
    try:
        Content.model_validate(content)
    except ValidationError as error:
        kinds = {detail["type"] for detail in error.errors()}
        assert kinds <= EXPECTED.keys() | {"value_error", "extra_forbidden"}


BEFORE = ["", "# note", "  ", "a{n} = 1", "a{n} = [\n1,\n2 ]", "b{n} = '''\nc = 1\n'''", "[t{n}]"]


@given(st.lists(st.sampled_from(BEFORE), max_size=7))
def test_the_line_of_a_key_is_right_whatever_stands_before_it(pieces: list[str]) -> None:
    before = "".join(f"{piece.format(n=n)}\n" for n, piece in enumerate(pieces))
    told = refused(f"{before}[pacing]\nrat = 1\n", head="").splitlines()
    line = before.count("\n") + 2
    assert told[-1] == f"c.toml, line {line}: `pacing.rat` is not a key of a campaign file. Did you mean `rate`?"
