"""Why the last run of a batch stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.engine import answers_in_a_row
from dialer.messages.values import duration
from dialer.messages.words import without_stop
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from dialer.operations.last_run import LastRun

_WHY = {
    "killed": "the run was killed",
    "interrupted": "somebody stopped the run",
    "no_money": "the account has no money",
    "key_refused": "the API key was refused",
    "agent_not_known": "the agent is not known",
    "cannot_leave": "requests cannot leave this machine",
    "other_server": "another server answered",
    "calls_stand_still": "the calls that are live do not end",
    "other_lists": "a do-not-call file was changed on another machine only",
    "schedule_ended": "the schedule has ended",
}


def why_stopped(ended: LastRun) -> str:
    """Return why a run stopped, and when."""
    return f"{_why(ended)}{'' if ended.at is None else f', {to_the_minute(ended.at)}'}"


def _why(ended: LastRun) -> str:
    facts = ended.facts
    match ended.reason:
        case "many_errors":
            return answers_in_a_row(facts["count"])
        case "many_unclear":
            return f"{facts['count']} of the last answers left a call unknown"
        case "no_connection":
            return f"no connection for {duration(facts['seconds'])}"
        case "too_many_requests":
            return f"no call got through for {duration(facts['seconds'])}, too many requests"
        case "failed":
            return on_one_line(without_stop(facts["words"]))
        case reason:
            return _WHY.get(reason) or f"the run ended with exit code {ended.exit_code}"
