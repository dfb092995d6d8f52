"""The sandbox answers as documented, fails as asked, and keeps a true book."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialer.provider.bolna.sandbox import Sandbox, Settings, running, serve
from dialer.provider.bolna.sandbox.book import Book, Call, Clock
from dialer.provider.bolna.sandbox.execution import full, row
from dialer.provider.bolna.sandbox.faults import FAULTS, Strikes
from dialer.provider.bolna.sandbox.order import Order, RefusedError, Retry, read
from dialer.provider.bolna.sandbox.plan import OUTCOMES, STATUSES, draw
from dialer.provider.bolna.sandbox.server import _config, _listen
from dialer.provider.bolna.sandbox.settings import parse
from dialer.provider.bolna.sandbox.traffic import Window
from tests.harness import PATIENCE, PLACE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = "123e4567-e89b-12d3-a456-426655440000"
NUMBER = "+919876543210"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SURE = {"completed": 1.0}


def order(**fields: object) -> dict[str, Any]:
    return {"agent_id": AGENT, "recipient_phone_number": NUMBER, **fields}


class Hands:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.at, NOON.timestamp())


class Desk:
    """A book with a clock in hand, in which one second is a second of the phone world."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - as many kinds as settings
        self.hands = Hands()
        self.settings = Settings(speed=1, **settings)
        self.book = Book(self.settings, self.hands.clock())

    def place(self, number: str = NUMBER, *, wait: float | None = None, retry: Retry | None = None) -> Call:
        asked = Order(AGENT, None, number, "+918035315300", wait, retry, json.dumps(order()).encode())
        return self.book.place(asked, received_at=self.hands.at, connection=1)

    def status(self, call: Call, *, at: float | None = None) -> str:
        self.hands.at = self.hands.at if at is None else at
        return self.book.standing(call).status


@contextmanager
def calling(**settings: Any) -> Iterator[tuple[Sandbox, httpx.Client]]:  # noqa: ANN401 - as many kinds as settings
    headers = {"authorization": "Bearer bn-test"}
    with (
        running(Settings(**settings)) as sandbox,
        httpx.Client(base_url=sandbox.base_url, headers=headers, timeout=PATIENCE, trust_env=False) as client,
    ):
        yield sandbox, client


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with calling(call_rate=None, agent_rate=None, other_rate=None) as both:
        yield both


# --- placing ---


def test_a_call_is_placed_and_answered_with_its_id(plain: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, client = plain
    answer = client.post("/call", json=order(user_data={"customer_name": "Zoë"}))
    assert answer.status_code == 200
    call = sandbox.book.find(answer.json()["execution_id"])
    assert answer.json() == {"message": "done", "status": "queued", "execution_id": call and call.execution_id}
    assert call is not None
    assert (call.to_number, call.user_data) == (NUMBER, {"customer_name": "Zoë"})


@given(st.dictionaries(st.text(), st.text()))
def test_user_data_comes_back_as_it_was_sent(user_data: dict[str, str]) -> None:
    desk = Desk()
    body = json.dumps(order(user_data=user_data)).encode()
    call = desk.book.place(read(body, numbers=None, now=NOON), received_at=0, connection=1)
    assert full(call, desk.book, desk.settings)["context_details"]["recipient_data"] == user_data
    assert call.body == json.loads(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The body must be JSON"),
        (b"\xff", "The body must be JSON"),
        (b'{"a": NaN}', "The body must be JSON"),
        (b"[]", "The body must be a JSON object"),
        (order(agent_id=None), "agent_id is required"),
        (order(agent_id="7"), "Invalid `agent_id`"),
        (order(agent_id=7), "Invalid `agent_id`"),
        (order(recipient_phone_number=""), "recipient_phone_number is required"),
        (order(recipient_phone_number="919876543210"), "Invalid `recipient_phone_number`"),
        (order(recipient_phone_number="+0123456"), "Invalid `recipient_phone_number`"),
        (order(recipient_phone_number="+9198 7654"), "Invalid `recipient_phone_number`"),
        (order(recipient_phone_number="+919876543210\n"), "Invalid `recipient_phone_number`"),
        (order(recipient_phone_number="+9198765432109876"), "Invalid `recipient_phone_number`"),
        (order(recipient_phone_number="+91\u0669\u0668\u0667"), "Invalid `recipient_phone_number`"),
        (order(from_phone_number="+15550001111"), "Invalid `from_phone_number`"),
        (order(from_phone_number=None), "Invalid `from_phone_number`"),
        (order(user_data=[]), "Invalid `user_data`"),
        (order(agent_data=""), "Invalid `agent_data`"),
        (order(bypass_call_guardrails="no"), "Invalid `bypass_call_guardrails`"),
        (order(scheduled_at=5), "Invalid `scheduled_at`"),
        (order(scheduled_at="soon"), "Invalid isoformat string: 'soon'"),
        (order(scheduled_at="2026-03-02T12:01:59+00:00"), "Scheduled time should be atleast 2 minutes in the future"),
        (order(scheduled_at="2026-03-02T13:00:00+05:30"), "Scheduled time should be atleast 2 minutes in the future"),
        (order(scheduled_at="2026-04-01T12:00:01+00:00"), "Scheduled time should be within 30 days"),
        (order(retry_config=[]), "Invalid `retry_config`"),
        (order(retry_config={"enabled": 1}), "Invalid `enabled`"),
        (order(retry_config={"max_retries": 0}), "Invalid `max_retries`"),
        (order(retry_config={"max_retries": 4}), "Invalid `max_retries`"),
        (order(retry_config={"max_retries": True}), "Invalid `max_retries`"),
        (order(retry_config={"retry_on_statuses": ["completed"]}), "Invalid `retry_on_statuses`"),
        (order(retry_config={"retry_intervals_minutes": [0]}), "Invalid `retry_intervals_minutes`"),
        (order(retry_config={"retry_intervals_minutes": []}), "Invalid `retry_intervals_minutes`"),
    ],
)
def test_a_wrong_body_is_refused_in_words(body: bytes | dict[str, Any], words: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RefusedError) as refused:
        read(raw, numbers=("+918035315300",), now=NOON)
    assert (refused.value.message, refused.value.status) == (words, 400)


def test_a_scheduled_time_with_z_is_an_internal_error() -> None:
    with pytest.raises(RefusedError, match="Internal server error") as refused:
        read(json.dumps(order(scheduled_at="2026-03-02T13:00:00Z")).encode(), numbers=None, now=NOON)
    assert refused.value.status == 500


def test_a_scheduled_time_counts_in_its_own_zone() -> None:
    body = json.dumps(order(scheduled_at="2026-03-02T18:30:00+05:30")).encode()
    assert read(body, numbers=None, now=NOON).wait == 3600


def test_without_a_caller_number_the_pool_of_the_country_calls() -> None:
    numbers = [read(json.dumps(order(recipient_phone_number=to)).encode(), numbers=(), now=NOON) for to in
               (NUMBER, "+442079460000")]  # fmt: skip
    assert [one.from_number[:3] for one in numbers] == ["+91", "+14"]


def test_a_refusal_has_the_documented_envelope_and_places_nothing(plain: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, client = plain
    before = len(sandbox.book.calls)
    answer = client.post("/call", json=order(agent_id="7"))
    assert (answer.status_code, answer.json()) == (400, {"error": 400, "message": "Invalid `agent_id`"})
    assert len(sandbox.book.calls) == before


def test_an_unknown_agent_is_not_found_whatever_its_case() -> None:
    with calling(agents=(AGENT.upper(),)) as (_, client):
        other = "00000000-0000-4000-8000-000000000000"
        assert client.post("/call", json=order(agent_id=other)).status_code == 404
        assert client.get(f"/v2/agent/{other}").status_code == 404
        assert client.post("/call", json=order()).status_code == 200
        assert client.get(f"/v2/agent/{AGENT.upper()}").json()["id"] == AGENT


# --- keys ---


@pytest.mark.parametrize(
    ("settings", "header", "status", "content"),
    [
        ({}, "", 401, {"error": 401, "message": "Access denied"}),
        ({}, "Basic bn-x", 401, {"error": 401, "message": "Access denied"}),
        ({}, "Bearer other", 403, {"detail": "Unrecognized access token"}),
        ({"refused_key_status": 401}, "Bearer other", 401, {"error": 401, "message": "Access denied"}),
        ({"api_key": "secret"}, "Bearer bn-x", 403, {"detail": "Unrecognized access token"}),
        ({"api_key": "secret"}, "Bearer secret", 200, None),
        ({}, "Bearer sa-x", 200, None),
    ],
)
def test_only_a_known_key_is_taken(
    settings: dict[str, Any], header: str, status: int, content: dict[str, Any] | None
) -> None:
    with calling(**settings) as (sandbox, client):
        answer = client.post("/call", json=order(), headers={"authorization": header})
        assert answer.status_code == status
        assert content is None or answer.json() == content
        assert len(sandbox.book.calls) == (status == 200)


# --- life of a call ---


def test_a_plan_is_the_same_for_the_same_seed_and_differs_for_another_placing() -> None:
    shares = Settings().outcomes
    assert draw(1, NUMBER, 0, 0, shares) == draw(1, NUMBER, 0, 0, shares)
    assert len({draw(1, NUMBER, placing, 0, shares) for placing in range(20)}) > 10


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_call_goes_through_its_statuses_in_order_and_ends_as_planned(outcome: str) -> None:
    desk = Desk(outcomes={outcome: 1.0})
    call = desk.place()
    seen = [status for status, _ in itertools.groupby(desk.status(call, at=tenth / 10) for tenth in range(2000))]
    answered = ["initiated", "ringing", "in-progress", "call-disconnected"]
    expected = {
        "completed": [*answered, "completed"],
        "voicemail": [*answered, "completed"],
        "call-disconnected": answered,
        "failed": ["initiated", "failed"],
        "error": ["initiated", "error"],
        "balance-low": ["balance-low"],
    }
    assert seen == expected.get(outcome, ["initiated", "ringing", outcome])
    assert set(seen) <= set(STATUSES)


def test_figures_are_told_only_once_a_call_is_final() -> None:
    desk = Desk(outcomes=SURE)
    call, plan = desk.place(), desk.book.plan(NUMBER)
    desk.hands.at = plan.length - 0.01
    before = full(call, desk.book, desk.settings)
    desk.hands.at = plan.length + 0.01
    after = full(call, desk.book, desk.settings)
    assert before.keys() == after.keys()
    telephony = ("duration", "recording_url", "hangup_by", "hangup_reason", "hangup_provider_code", "ring_duration")
    assert [before[name] for name in ("transcript", "extracted_data", "cost_breakdown")] == [None] * 3
    assert [before["telephony_data"][name] for name in telephony] == [None] * len(telephony)
    assert (before["total_cost"], before["conversation_duration"]) == (0, 0)
    assert after["conversation_duration"] == plan.talk
    assert after["total_cost"] == pytest.approx(sum(after["cost_breakdown"].values()), abs=0.01)
    assert None not in [after["telephony_data"][name] for name in telephony]


def test_a_call_that_is_over_says_why_it_ended_in_lists_too_and_what_the_agent_noted_by_category() -> None:
    desk = Desk(outcomes=SURE)
    version = "423e4567-e89b-12d3-a456-426655440000"
    body = json.dumps(order(agent_version_id=version.upper())).encode()
    call = desk.book.place(read(body, numbers=None, now=NOON), received_at=0, connection=1)
    assert row(call, desk.book, desk.settings)["termination_reason"] is None
    desk.hands.at = 1000
    shown = full(call, desk.book, desk.settings)
    assert shown["agent_version_id"] == version
    assert shown["termination_reason"] == row(call, desk.book, desk.settings)["termination_reason"] == "Normal Hangup"
    noted = shown["extracted_data"]["call_outcome"]["user_interested"]
    assert noted.keys() >= {"subjective", "objective", "confidence", "confidence_label", "validation"}


@pytest.mark.parametrize("version", ["", "live", 5])
def test_a_version_that_is_not_an_id_is_refused(version: object) -> None:
    with pytest.raises(RefusedError, match="agent_version_id"):
        read(json.dumps(order(agent_version_id=version)).encode(), numbers=None, now=NOON)


def test_the_transcript_greets_the_customer_by_name() -> None:
    desk = Desk(outcomes=SURE)
    body = json.dumps(order(user_data={"customer_name": "Zoë"})).encode()
    call = desk.book.place(read(body, numbers=None, now=NOON), received_at=0, connection=1)
    desk.hands.at = 1000
    assert "Hello Zoë," in full(call, desk.book, desk.settings)["transcript"]


def test_a_voicemail_is_completed_and_flagged() -> None:
    desk = Desk(number_outcomes={NUMBER: "voicemail"})
    call = desk.place()
    desk.hands.at = 1000
    execution = full(call, desk.book, desk.settings)
    assert (execution["status"], execution["answered_by_voice_mail"]) == ("completed", True)


def test_speed_shortens_the_wait_but_not_the_figures() -> None:
    desk, hands = Desk(outcomes=SURE), Hands()
    fast = Book(Settings(speed=100, outcomes=SURE), hands.clock())
    call = fast.place(desk.place().order, received_at=0, connection=1)
    hands.at = fast.plan(NUMBER).length / 100 + 0.001
    assert fast.standing(call).result == desk.book.plan(NUMBER)


placings = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 20)), min_size=1, max_size=60)


@given(placings, st.integers(1, 4), st.sets(st.floats(0, 500), max_size=20))
def test_lines_are_never_overbooked_serve_in_order_and_do_not_depend_on_who_looks(
    gaps: list[tuple[float, int]], lines: int, looks: set[float]
) -> None:
    def dials(reads: set[float]) -> list[list[tuple[float, float]]]:
        desk = Desk(lines=lines)
        moments = itertools.accumulate(gap for gap, _ in gaps)
        events = [(at, str(who)) for at, (_, who) in zip(moments, gaps, strict=True)] + [(at, "") for at in reads]
        for at, who in sorted(events, key=lambda event: event[0]):
            desk.hands.at = at
            _ = desk.place(f"+91987654{who}") if who else desk.book.busy_lines
        desk.hands.at = 1e9
        assert desk.book.busy_lines == 0
        return [call.dials for call in desk.book.calls]

    alone = dials(set())
    assert alone == dials(looks)
    held = [dial for call in alone for dial in call]
    assert held == sorted(held, key=lambda dial: dial[0])
    for start, _ in held:
        assert sum(begin <= start < end for begin, end in held) <= lines


def test_a_call_waits_as_queued_until_a_line_is_free() -> None:
    desk = Desk(lines=1, outcomes=SURE)
    first, second = desk.place(), desk.place("+919876543211")
    until = desk.book.plan(NUMBER).line_time
    assert desk.status(second, at=until - 0.01) == "queued"
    assert desk.book.busy_lines == 1
    assert desk.status(second, at=until + 0.01) == "initiated"
    assert desk.status(first) == "call-disconnected"


def test_a_scheduled_call_waits_for_its_time() -> None:
    desk = Desk(outcomes=SURE)
    call = desk.place(wait=300)
    assert [desk.status(call, at=moment) for moment in (0, 299.9, 300.5)] == ["scheduled", "scheduled", "initiated"]


def test_a_no_answer_is_tried_again_on_the_same_id_as_often_as_asked() -> None:
    desk = Desk(outcomes={"no-answer": 1.0})
    call = desk.place(retry=Retry(2, ("no-answer",), voicemail=False, intervals=(30,)))
    assert desk.status(call, at=32) == "no-answer"
    assert desk.status(call, at=60) == "scheduled"
    assert full(call, desk.book, desk.settings)["retry_count"] == 1
    assert desk.status(call, at=31 + 1800.5) == "initiated"
    assert desk.status(call, at=1e6) == "no-answer"
    execution = full(call, desk.book, desk.settings)
    assert (len(call.dials), execution["retry_count"], len(execution["retry_history"])) == (3, 2, 2)


@pytest.mark.parametrize(("voicemail", "dials"), [(True, 2), (False, 1)])
def test_a_voicemail_is_tried_again_only_where_asked(voicemail: bool, dials: int) -> None:  # noqa: FBT001 - pytest's
    desk = Desk(outcomes={"voicemail": 1.0})
    call = desk.place(retry=Retry(1, (), voicemail=voicemail, intervals=(1,)))
    desk.status(call, at=1e6)
    assert len(call.dials) == dials


def test_calls_end_as_balance_low_once_the_wallet_is_empty() -> None:
    desk = Desk(outcomes=SURE, wallet=0.01, lines=1)
    calls = [desk.place(), desk.place()]
    assert [desk.status(call, at=1000) for call in calls] == ["completed", "balance-low"]
    assert desk.book.wallet < 0


# --- stopping ---


def test_only_a_waiting_call_can_be_stopped_and_it_is_never_dialled() -> None:
    desk = Desk(lines=1, outcomes=SURE)
    live, queued, scheduled = desk.place(), desk.place(), desk.place(wait=500)
    assert [desk.book.stop(call) for call in (live, queued, scheduled, queued)] == [False, True, True, False]
    assert [desk.status(call, at=1000) for call in (live, queued, scheduled)] == ["completed", "stopped", "stopped"]
    assert queued.dials == scheduled.dials == []


def test_stopping_speaks_as_documented() -> None:
    with calling(lines=1, speed=0.001) as (_, client):
        live, queued = (client.post("/call", json=order()).json()["execution_id"] for _ in range(2))
        stopped = client.post(f"/call/{queued}/stop")
        assert stopped.json() == {"message": "done", "status": "stopped", "execution_id": queued}
        assert client.post(f"/call/{live}/stop").json() == {"error": 400, "message": "Call is not queued or scheduled"}
        assert client.post("/call/none/stop").status_code == 404


# --- reading ---


def listing(client: httpx.Client, **params: str | int) -> dict[str, Any]:
    now = datetime.now(UTC)
    bounds = {"from": (now - timedelta(minutes=9)).isoformat(), "to": (now + timedelta(minutes=9)).isoformat()}
    content: dict[str, Any] = client.get(f"/v2/agent/{AGENT}/executions", params={**bounds, **params}).json()
    return content


def test_a_listing_is_paged_newest_first_and_trimmed() -> None:
    with calling() as (_, client):
        ids = [client.post("/call", json=order()).json()["execution_id"] for _ in range(5)]
        pages = [listing(client, page_number=page, page_size=2) for page in (1, 2, 3, 4)]
        assert [row["id"] for page in pages for row in page["data"]] == ids[::-1]
        assert [(page["total"], page["has_more"]) for page in pages] == [(5, True), (5, True), (5, False), (5, False)]
        assert not listing(client, page_size=5)["has_more"]
        assert pages[0]["data"][0].keys() == {
            "id", "status", "conversation_duration", "created_at", "telephony_data", "termination_reason",
        }  # fmt: skip
        assert pages[0]["data"][0]["telephony_data"].keys() == {"to_number", "from_number", "provider"}


def test_a_listing_can_be_filtered() -> None:
    with calling(lines=1, speed=0.001) as (_, client):
        for _ in range(3):
            client.post("/call", json=order())
        asked = [("status", "queued"), ("status", "busy"), ("call_type", "outbound"), ("call_type", "inbound")]
        totals = [listing(client, **{name: value})["total"] for name, value in asked]
        assert totals == [2, 0, 3, 0]


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-01-01T00:00:00Z"},
        {"to": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-08T00:00:01Z"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "now", "to": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "page_size": "51"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "page_number": "0"},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "status": "done"},
    ],
)
def test_a_listing_outside_the_documented_bounds_is_refused(
    plain: tuple[Sandbox, httpx.Client], params: dict[str, str]
) -> None:
    answer = plain[1].get(f"/v2/agent/{AGENT}/executions", params=params)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error", "message"}


def test_a_listing_holds_what_was_created_between_its_bounds() -> None:
    desk = Desk()
    for at in (0.0, 10.0, 20.0):
        desk.hands.at = at
        desk.place()
    calls, total = desk.book.listed(AGENT, NOON + timedelta(seconds=10), NOON + timedelta(seconds=20))
    assert ([call.created_at for call in calls], total) == ([20, 10], 2)
    assert desk.book.listed(AGENT, NOON + timedelta(hours=1), NOON + timedelta(hours=2)) == ([], 0)


def test_a_fresh_call_is_found_only_after_its_time() -> None:
    desk = Desk(listed_after=30)
    call = desk.place()
    wide = (NOON - timedelta(days=1), NOON + timedelta(days=1))
    desk.hands.at = 29.9
    assert (desk.book.find(call.execution_id), desk.book.listed(AGENT, *wide)) == (None, ([], 0))
    desk.hands.at = 30
    assert (desk.book.find(call.execution_id), desk.book.listed(AGENT, *wide)) == (call, ([call], 1))


def test_shifting_pages_hide_rows_from_one_reading_but_not_for_ever() -> None:
    with calling(shifting_pages=True) as (_, client):
        ids = {client.post("/call", json=order()).json()["execution_id"] for _ in range(20)}
        readings = [
            [row["id"] for page in range(1, 11) for row in listing(client, page_number=page, page_size=2)["data"]]
            for _ in range(8)
        ]
        assert any(set(reading) < ids for reading in readings)
        assert set().union(*readings) == ids


def test_rows_may_hide_the_number_and_executions_the_user_data() -> None:
    with calling(blank_to_number=True, echo=False) as (_, client):
        execution_id = client.post("/call", json=order(user_data={"a": "b"})).json()["execution_id"]
        assert listing(client)["data"][0]["telephony_data"]["to_number"] == ""
        context = client.get(f"/executions/{execution_id}").json()["context_details"]
        assert context == {"recipient_phone_number": NUMBER}


def test_the_account_reads_as_documented() -> None:
    with calling(numbers=("+918035000001",), lines=7, wallet=42.42) as (_, client):
        user = client.get("/user/me").json()
        assert (user["wallet"], user["concurrency"]) == (42.42, {"max": 7, "current": 0})
        assert [number["phone_number"] for number in client.get("/phone-numbers/all").json()] == ["+918035000001"]
        agent = client.get(f"/v2/agent/{AGENT}").json()
        assert "{customer_name}" in agent["agent_prompts"]["task_1"]["system_prompt"]
        (listed,) = client.get("/v2/agent/all").json()
        assert client.get(f"/v2/agent/{listed['id']}").json() == listed
        assert client.get("/nowhere").json() == {"detail": "Not Found"}


def test_a_skewed_clock_shows_in_date_and_created_at_and_not_in_the_book() -> None:
    with calling(skew=7200) as (sandbox, client):
        answer = client.post("/call", json=order())
        now = datetime.now(UTC)
        execution = client.get(f"/executions/{answer.json()['execution_id']}").json()
        shown = (parsedate_to_datetime(answer.headers["date"]), datetime.fromisoformat(execution["created_at"]))
        assert all(timedelta(minutes=118) < moment - now < timedelta(minutes=122) for moment in shown)
        received = client.get("/_sandbox/book").json()["calls"][0]["received_wall"]
        assert abs(received - now.timestamp()) < 60
        assert sandbox.book.calls[0].received_at < 60


# --- limits ---


@given(st.integers(1, 5), st.lists(st.floats(0, 1), max_size=50))
@example(1, [0.0, 1.0])
def test_a_window_never_takes_more_than_its_limit(limit: int, gaps: list[float]) -> None:
    window = Window(limit, 1.0)
    taken: list[float] = []
    for now in itertools.accumulate(gaps):
        wait = window.wait(now)
        assert (wait > 0) == (sum(moment + 1.0 > now for moment in taken) >= limit)
        if not wait:
            taken.append(now)


@pytest.mark.parametrize("form", ["absent", "seconds", "date"])
def test_the_rate_is_kept_by_429_which_places_nothing(form: str) -> None:
    with calling(call_rate=2, rate_window=1000, retry_after=form, skew=-7200) as (sandbox, client):
        answers = [client.post("/call", json=order()) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert len(sandbox.book.calls) == 2
        told, date = answers[2].headers.get("retry-after"), parsedate_to_datetime(answers[2].headers["date"])
        if form == "date":
            assert told is not None
            told = str(int((parsedate_to_datetime(told) - date).total_seconds()))
        assert told is None if form == "absent" else 900 < int(told or 0) <= 1001


def test_endpoints_have_limits_of_their_own() -> None:
    with calling(call_rate=1, agent_rate=1, other_rate=1) as (_, client):
        paths = ("/user/me", "/phone-numbers/all", f"/v2/agent/{AGENT}", f"/v2/agent/{AGENT}/executions")
        assert [client.get(path).status_code for path in paths] == [200, 429, 200, 400]
        assert client.get("/_sandbox/book").json()["counters"]["throttled"] == 1


# --- faults ---

RAISED = {
    "closed_before": httpx.ReadError,
    "closed_after": httpx.RemoteProtocolError,
    "reset_after": httpx.ReadError,
    "half_after": httpx.RemoteProtocolError,
    "silent_before": httpx.ReadTimeout,
    "silent_after": httpx.ReadTimeout,
    "broken_gzip": httpx.DecodingError,
}
ANSWERED_WITH = {
    "refused": 400,
    "unauthorized": 401,
    "payment_required": 402,
    "forbidden": 403,
    "agent_gone": 404,
    "rate_limited": 429,
    "redirect": 307,
    "error_before": 500,
    "error_after": 500,
    "unavailable_before": 503,
    "unavailable_after": 503,
    "garbage": 200,
    "no_id": 200,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows_as_it_should_and_strikes_once(plain: tuple[Sandbox, httpx.Client], name: str) -> None:
    sandbox, client = plain
    before, traffic = len(sandbox.book.calls), sandbox.traffic
    asked = traffic.requests[PLACE]
    assert client.post("/_sandbox/faults", json={"next": [name]}).status_code == 200
    if name in RAISED:
        with pytest.raises(RAISED[name]):
            client.post("/call", json=order(), timeout=1.0 if "silent" in name else PATIENCE)
        # Whoever has not waited for the answer may be gone before the server is done.
        wait_until(lambda: traffic.requests[PLACE] > asked and not traffic.in_flight[PLACE])
    else:
        assert client.post("/call", json=order()).status_code == ANSWERED_WITH[name]
    acts = name.endswith("_after") or name in ("garbage", "broken_gzip", "no_id")
    assert len(sandbox.book.calls) - before == acts
    assert client.post("/call", json=order()).status_code == 200


@pytest.mark.parametrize(("form", "limited", "busy"), [("absent", None, "3"), ("seconds", "3", "3")])
def test_a_forced_503_always_tells_a_wait_and_a_429_where_set(form: str, limited: str | None, busy: str) -> None:
    with calling(retry_after=form, retry_after_seconds=3) as (sandbox, client):
        sandbox.call_strikes.force("rate_limited", "unavailable_before")
        answers = [client.post("/call", json=order()) for _ in range(2)]
        assert [answer.headers.get("retry-after") for answer in answers] == [limited, busy]


def test_what_is_answered_after_a_fault_is_no_answer_to_it() -> None:
    with calling() as (sandbox, client):
        sandbox.call_strikes.force("garbage", "no_id")
        assert not client.post("/call", json=order()).text.startswith("{")
        assert client.post("/call", json=order()).json() == {"message": "done", "status": "queued"}


def test_faults_by_number_strike_always_or_one_a_request() -> None:
    always, once = "+919876543211", "+919876543212"
    with calling(number_faults={always: "refused", once: ("error_before", "rate_limited")}) as (_, client):
        statuses = {
            number: [client.post("/call", json=order(recipient_phone_number=number)).status_code for _ in range(3)]
            for number in (always, once, NUMBER)
        }
        assert statuses == {always: [400] * 3, once: [500, 429, 200], NUMBER: [200] * 3}


def test_faults_by_share_are_the_same_for_the_same_seed_and_keep_their_share() -> None:
    def struck(seed: int) -> list[bool]:
        strikes = Strikes(seed, {"refused": 0.2, "garbage": 0.1})
        return [strikes.next() is not None for _ in range(2000)]

    assert struck(1) == struck(1) != struck(2)
    assert 0.25 < sum(struck(1)) / 2000 < 0.35


def test_other_requests_have_faults_of_their_own() -> None:
    with calling(other_faults={"error_after": 1.0}) as (_, client):
        assert client.post("/call", json=order()).status_code == 200
        assert client.get("/user/me").status_code == 500


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"faults": {"fire": 0.1}}, "there are: refused, unauthorized"),
        ({"number_faults": {NUMBER: ("fire",)}}, "there are: refused"),
        ({"faults": {"refused": 0.6, "garbage": 0.6}}, "between 0 and 1"),
        ({"faults": {"refused": -0.1}}, "between 0 and 1"),
        ({"outcomes": {"married": 1}}, "there are: completed"),
        ({"number_outcomes": {NUMBER: "married"}}, "there are: completed"),
        ({"lines": 0}, "above zero"),
        ({"speed": 0}, "above zero"),
        ({"call_rate": 0}, "1 or more"),
        ({"haste": 1}, "there are: seed"),
        ({"lines": "ten"}, "of the wrong kind"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_there_is(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(json.dumps(settings))


def test_an_unknown_fault_cannot_be_forced(plain: tuple[Sandbox, httpx.Client]) -> None:
    answer = plain[1].post("/_sandbox/faults", json={"next": ["fire"]})
    assert answer.status_code == 400
    assert "broken_gzip" in answer.json()["message"]


# --- the book ---


def test_the_book_shows_every_call_as_it_came_and_what_was_asked() -> None:
    with calling(call_rate=2) as (sandbox, client):
        bodies = [
            order(recipient_phone_number=f"+9198765432{tail}", user_data={"n": str(tail)}) for tail in (10, 11, 12)
        ]
        for body in bodies:
            client.post("/call", json=body)
        book = client.get("/_sandbox/book", params={"limit": 1}).json()
        rest = client.get("/_sandbox/book", params={"offset": book["next"]}).json()
        assert [call["body"] for call in book["calls"] + rest["calls"]] == bodies[:2]
        assert [call["user_data"] for call in rest["calls"]] == [{"n": "11"}]
        assert (book["total"], rest["next"]) == (2, None)
        counters = book["counters"]
        assert (counters["requests"], counters["answers"]) == ({"POST /call": 3}, {"200": 2, "429": 1})
        assert (counters["connections"], book["calls"][0]["connection"]) == (1, 1)
        assert [call.execution_id for call in sandbox.book.calls][1] == rest["calls"][0]["execution_id"]


def test_requests_in_flight_are_counted() -> None:
    with calling(latency=1.0) as (_, client):
        threads = [threading.Thread(target=client.post, args=("/call",), kwargs={"json": order()}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counters = client.get("/_sandbox/book").json()["counters"]
        assert counters["max_in_flight"]["POST /call"] > 1
        assert counters["in_flight"]["POST /call"] == 0


# --- running ---


def test_it_ends_while_requests_hang() -> None:
    threads = threading.active_count()
    with running(Settings(faults={"silent_after": 1.0})) as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        body = json.dumps(order()).encode()
        head = f"POST /call HTTP/1.1\r\nhost: x\r\nauthorization: Bearer bn-x\r\ncontent-length: {len(body)}\r\n\r\n"
        client = socket.create_connection((host, int(port)), timeout=PATIENCE)
        client.sendall(head.encode() + body)
        other = httpx.Client(base_url=sandbox.base_url, trust_env=False)
        while not sandbox.book.calls:
            other.get("/_sandbox/book")
        other.close()
    assert client.recv(1) == b""
    client.close()
    assert threading.active_count() == threads
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.base_url, trust_env=False)


def test_its_end_closes_a_connection_that_came_a_moment_before(recwarn: pytest.WarningsRecorder) -> None:
    """Left open, it would fail whatever test the garbage collector comes by in."""
    with running(Settings()) as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        opened = [socket.create_connection((host, int(port))) for _ in range(8)]
    for connection in opened:
        connection.close()
    gc.collect()
    assert [str(found.message) for found in recwarn] == []


def test_a_thread_leaves_signals_alone_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with calling() as (_, client):
        assert signal.getsignal(signal.SIGINT) is before
        client.get("/nowhere")
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_is_an_error_at_once() -> None:
    with running() as sandbox, pytest.raises(OSError, match="in use"), running(port=int(sandbox.base_url[-5:])):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::"])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        serve(host=host, port=0)


def test_idle_connections_are_kept_for_75_seconds() -> None:
    assert _config(Sandbox(Settings())).timeout_keep_alive == 75


def test_small_answers_are_sent_at_once() -> None:
    """Nagle's algorithm and delayed acknowledgements would add 40 ms to each request."""

    async def accepted() -> int:
        nodelay: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nodelay.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _listen(Sandbox(Settings()), "127.0.0.1", 0)
        async with await asyncio.start_server(note, sock=listener):
            with socket.create_connection(listener.getsockname()):
                return await nodelay

    assert asyncio.run(accepted()) == 1


def test_as_a_process_it_says_where_it_is_and_ends_by_ctrl_c_in_silence() -> None:
    command = [
        sys.executable,
        "-m",
        "dialer.provider.bolna.sandbox",
        "--port",
        "0",
        "--settings",
        '{"agent_name": "Mira"}',
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = json.loads(process.stdout.readline())["base_url"]
        headers = {"authorization": "Bearer bn-x"}
        agent = httpx.get(f"{base_url}/v2/agent/{AGENT}", headers=headers, trust_env=False).json()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert (agent["agent_name"], process.returncode) == ("Mira", 0)


def test_as_a_process_it_refuses_wrong_settings_in_words() -> None:
    command = [sys.executable, "-m", "dialer.provider.bolna.sandbox", "--settings", '{"haste": 1}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no setting is called 'haste'" in done.stderr
