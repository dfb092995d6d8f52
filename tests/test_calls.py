"""What the ledger keeps of accepted calls."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dialer.provider.bolna.executions import execution_in
from tests.ledgers import QUEUED, REFUSED, call, opened, people

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.provider.interface import Execution
    from dialer.store.sqlite import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 4)
        yield ledger


def execution(status: str, **fields: Any) -> Execution:  # noqa: ANN401 - any of Bolna's
    found = execution_in({"id": "exec-1", "status": status, **fields})
    assert found is not None
    return found


def test_only_accepted_calls_that_are_not_final_are_open(ledger: Ledger) -> None:
    ended, rings, _ = call(ledger, 1, QUEUED), call(ledger, 2, QUEUED), call(ledger, 3, REFUSED)
    ledger.note_calls([(ended.id, execution("completed")), (rings.id, execution("ringing"))], now=5.0)
    (open_,) = ledger.open_calls()
    assert (open_.attempt, open_.status, open_.since) == (rings.id, "ringing", 5.0)
    assert ledger.open_calls(after=rings.id) == []


def test_a_status_keeps_the_moment_it_was_first_seen(ledger: Ledger) -> None:
    attempt = call(ledger, 1, QUEUED)
    for status, now in (("queued", 1.0), ("queued", 2.0), ("ringing", 3.0), ("ringing", 4.0)):
        ledger.note_calls([(attempt.id, execution(status))], now=now)
    assert ledger.open_calls()[0].since == 3.0


def test_a_final_call_is_not_changed_by_an_older_answer_that_comes_late(ledger: Ledger) -> None:
    attempt = call(ledger, 1, QUEUED)
    ledger.note_calls([(attempt.id, execution("completed"))])
    ledger.note_calls([(attempt.id, execution("ringing"))])
    assert ledger.open_calls() == []


def test_a_call_that_bolna_does_not_know_yet_stays_open_and_one_given_up_does_not(ledger: Ledger) -> None:
    attempt = call(ledger, 1, QUEUED)
    ledger.note_missing([attempt.id], now=1.0)
    ledger.note_missing([attempt.id], now=2.0)
    (open_,) = ledger.open_calls()
    assert (open_.status, open_.since) == ("", 1.0)
    ledger.give_up([attempt.id])
    assert ledger.open_calls() == []


def test_a_machine_that_an_older_version_noted_apart_is_voicemail_and_a_person_who_answers_later_is_not(
    ledger: Ledger,
) -> None:
    over, retried = call(ledger, 1, QUEUED), call(ledger, 2, QUEUED)
    ledger.note_calls([(over.id, execution("completed"))])
    ledger.note_calls([(retried.id, execution("scheduled"))])
    ledger._db.execute("UPDATE call SET status = 'completed', voicemail = 1")
    assert {count.outcome for count in ledger.call_counts()} == {"voicemail"}
    ledger.note_calls([(retried.id, execution("completed"))])
    assert {count.outcome: count.calls for count in ledger.call_counts()} == {"voicemail": 1, "completed": 1}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner),
    max_leaves=8,
)
FIELDS = (
    "status",
    "retry_count",
    "conversation_duration",
    "total_cost",
    "transcript",
    "extracted_data",
    "scheduled_at",
)


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
@example({"extracted_data": {"\ud800": "\ud800"}, "transcript": "\ud800"})
@example({"retry_count": 10**30, "conversation_duration": 10**400, "scheduled_at": "0001-01-01T00:00:00+14:00"})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_bolna_shows_can_be_kept(ledger: Ledger, fields: dict[str, Any]) -> None:
    for table in ("call", "sent", "attempt"):
        ledger._db.execute(f"DELETE FROM {table}")
    ledger._db.execute("UPDATE recipient SET state = 'pending', attempts = 0")
    attempt = call(ledger, 1, QUEUED)
    found = execution_in({"id": "exec-1", **fields})
    assert found is not None
    ledger.note_calls([(attempt.id, found)])
    assert ledger._db.execute("SELECT count(*) FROM call").fetchone() == (1,)


RETRY = {"enabled": True, "max_retries": 2, "retry_on_statuses": ["no-answer"]}


@pytest.mark.parametrize(
    ("fields", "final"),
    [
        ({"status": "completed"}, True),
        ({"status": "call-disconnected"}, False),
        ({"status": "ringing"}, False),
        ({"status": "a-new-one"}, False),
        ({"status": "no-answer"}, True),
        ({"status": "no-answer", "retry_config": RETRY}, False),
        ({"status": "no-answer", "retry_config": RETRY, "retry_count": 2}, True),
        ({"status": "busy", "retry_config": RETRY}, True),
        ({"status": "busy", "retry_config": {"enabled": True}}, False),
        ({"status": "busy", "retry_config": {"enabled": True}, "retry_count": 3}, True),
        ({"status": "no-answer", "retry_config": {**RETRY, "enabled": False}}, True),
        ({"status": "completed", "answered_by_voice_mail": True}, True),
        (
            {
                "status": "completed",
                "answered_by_voice_mail": True,
                "retry_config": {**RETRY, "retry_on_voicemail": True},
            },
            False,
        ),
    ],
)
def test_a_call_is_final_when_nothing_more_will_happen(fields: dict[str, Any], final: bool) -> None:  # noqa: FBT001 - a case
    found = execution_in({"id": "exec-1", **fields})
    assert found is not None
    assert found.is_final is final
