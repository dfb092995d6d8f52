"""How Bolna spells the status of a call is read into our words, and what is not known stays open."""

from __future__ import annotations

import pytest

from dialer.provider.bolna.executions import execution_in, listed_in
from dialer.provider.bolna.sandbox.plan import STATUSES
from dialer.provider.states import CallState


def state_of(status: str, **fields: object) -> CallState:
    found = execution_in({"id": "e", "status": status, **fields})
    assert found is not None
    return found.state


@pytest.mark.parametrize("status", STATUSES)
def test_each_documented_status_has_a_meaning(status: str) -> None:
    assert state_of(status) is not CallState.OTHER


def test_a_status_that_is_not_known_is_neither_over_nor_free_and_is_kept_as_it_stands() -> None:
    found = execution_in({"id": "e", "status": "warp-drive"})
    assert found is not None
    assert (found.status, found.state) == ("warp-drive", CallState.OTHER)
    assert not found.is_final
    assert found.state.is_live


def test_only_a_person_who_answered_was_reached() -> None:
    assert state_of("completed").was_reached
    assert state_of("completed", answered_by_voice_mail=False).was_reached
    assert not state_of("completed", answered_by_voice_mail=True).was_reached
    assert not any(state_of(status).was_reached for status in STATUSES if status != "completed")


@pytest.mark.parametrize("status", ["scheduled", "rescheduled", "call-disconnected", "no-answer", "stopped"])
def test_a_call_that_waits_for_a_moment_or_is_over_holds_no_line(status: str) -> None:
    assert not state_of(status).is_live


def test_a_list_s_status_means_the_same_as_the_call_s() -> None:
    for status in STATUSES:
        listed = listed_in({"id": "e", "status": status})
        assert listed is not None
        assert CallState(listed.status) is state_of(status)
