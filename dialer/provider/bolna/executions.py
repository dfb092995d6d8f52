"""What Bolna says about the account and about a call it has taken, read without trusting any of its types."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from dialer.provider.interface import Account, Execution, Listed, Page, Request, Retries
from dialer.provider.states import CallState
from dialer.reference import VARIABLE

_OTHER_WORDS: Final = {"prepared": CallState.QUEUED}
"""Statuses of Bolna's that are not a CallState's word; every other one is, or has no meaning here."""
_MOST: Final = 1e9
"""A count beyond is none."""
_RETRIED: Final = frozenset({CallState.NO_ANSWER, CallState.BUSY, CallState.FAILED})
_KEPT: Final = frozenset(
    {
        *("id", "status", "conversation_duration", "total_cost", "answered_by_voice_mail", "error_message"),
        *("termination_reason", "transcript", "extracted_data", "created_at", "updated_at", "telephony_data"),
        "context_details",
    }
)
"""The fields of a call that are kept, or read to know whose it is."""
_KEPT_OF_TELEPHONY: Final = frozenset({"to_number", "recording_url", "hangup_by", "hangup_reason"})
_MOST_RETRIES: Final = 3
_RETRIED_FOR: Final = 210.0
"""What Bolna retries, how often, and over how many minutes, where `retry_config` does not say."""


def status_in(row: Mapping[str, Any]) -> str:
    """Return a call's state; `completed` with an answering machine is VOICEMAIL."""
    status = _line(row.get("status"))
    if status == CallState.COMPLETED and row.get("answered_by_voice_mail") is True:
        return CallState.VOICEMAIL
    return _OTHER_WORDS.get(status, status)


def _within(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mapping(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _reference(variables: object) -> str | None:
    """Return the reference among the variables of a call: see `Execution`."""
    mark = variables.get(VARIABLE, "") if isinstance(variables, Mapping) else None
    return mark if mark is None or isinstance(mark, str) else ""


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # A lone surrogate is valid in JSON and in no file.
    return str(value).encode("utf-8", "replace").decode("utf-8").strip()


def _line(value: object) -> str:
    """Return a text on one line, as names, statuses and reasons are; a second one could pass for a line of ours."""
    return " ".join(_text(value).split())


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None or abs(number) > _MOST else int(number)


def _moment(value: object) -> datetime | None:
    """Return a moment with its zone; Bolna's times without one are UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found if found.utcoffset() is not None else found.replace(tzinfo=UTC)
    except ValueError:
        return None


def agent_name_in(agent: Mapping[str, Any]) -> str:
    """Return what an agent is called; empty where Bolna does not say."""
    return _line(agent.get("agent_name"))


def account_in(value: object) -> Account | None:
    """Parse the answer to `GET /user/me`; None if it is not an account."""
    if not isinstance(value, Mapping):
        return None
    lines = _within(value.get("concurrency"))
    wallets = (_number(value.get(name)) for name in ("wallet", "wallet_balance", "balance", "account_balance"))
    return Account(
        name=_line(value.get("name")),
        email=_line(value.get("email")),
        wallet=next((wallet for wallet in wallets if wallet is not None), None),
        lines=_count(lines.get("max")),
        live=_count(lines.get("current")),
    )


def _called(row: Mapping[str, Any], telephony: Mapping[str, Any]) -> str | None:
    """Return whom a call calls; some of Bolna's answers have it beside the telephony's data."""
    return _text(telephony.get("to_number")) or _text(row.get("user_number")) or None


def listed_in(value: object) -> Listed | None:
    """Return a row of a list of executions; None where it has no id."""
    row = _within(value)
    telephony = _within(row.get("telephony_data"))
    identity = _text(row.get("id"))
    if not identity:
        return None
    return Listed(
        id=identity,
        status=status_in(row),
        to_number=_called(row, telephony),
        created_at=_moment(row.get("created_at")),
        reference=_reference(_within(row.get("context_details")).get("recipient_data")),
        whole=execution_in(row) if _is_whole(row, telephony) else None,
    )


def _is_whole(row: Mapping[str, Any], telephony: Mapping[str, Any]) -> bool:
    """Tell whether a row of a list shows all that is kept of a call.

    Bolna's documentation contradicts itself. By its OpenAPI page a row is an `AgentExecution`, as
    `GET /executions/{id}` gives it; by the page on the payload of executions it is trimmed to id, status, conversation
    duration, moment of creation, numbers and provider. So a row is whole only where it has each of the fields that are
    kept, has ended, and names what Bolna knows of every call that has: what it cost, when it changed last, whom it
    called and with which variables. A trimmed row has neither; one whose fields were emptied has no such values.
    """
    has_all = row.keys() >= _KEPT and telephony.keys() >= _KEPT_OF_TELEPHONY
    context = _within(row.get("context_details"))
    return (
        has_all
        and CallState(status_in(row)).is_final
        and None not in (_number(row["total_cost"]), _moment(row["updated_at"]), _moment(row["created_at"]))
        and bool(_called(row, telephony))
        and isinstance(context.get("recipient_data"), Mapping)
    )


def execution_in(value: object) -> Execution | None:
    """Parse the answer to `GET /executions/{id}`; None if it is not an execution."""
    row = _within(value)
    telephony, context = (_within(row.get(name)) for name in ("telephony_data", "context_details"))
    identity = _text(row.get("id"))
    if not identity:
        return None
    duration = _number(row.get("conversation_duration"))
    return Execution(
        id=identity,
        status=status_in(row),
        reference=_reference(context.get("recipient_data")),
        recipient_number=_text(context.get("recipient_phone_number")) or _called(row, telephony),
        created_at=_moment(row.get("created_at")),
        updated_at=_moment(row.get("updated_at")),
        duration=_number(telephony.get("duration")) if duration is None else duration,
        cost=_number(row.get("total_cost")),
        hangup_by=_line(telephony.get("hangup_by")),
        hangup_reason=_line(telephony.get("hangup_reason")),
        error_message=_line(row.get("error_message")),
        termination_reason=_line(row.get("termination_reason")),
        recording_url=_line(telephony.get("recording_url")),
        extracted=_mapping(row.get("extracted_data")),
        transcript=_text(row.get("transcript")),
        scheduled_at=_moment(row.get("scheduled_at")),
        retry_count=_count(row.get("retry_count")) or 0,
        retries=retries_in(row.get("retry_config")),
    )


def request_in(body: str) -> Request:
    """Return what the body of a `POST /call` asked for; an empty one asked for nothing."""
    asked = _within(json.loads(body or "{}"))
    return Request(
        retries=retries_in(asked.get("retry_config")),
        scheduled_at=_moment(asked.get("scheduled_at")),
        variables=_within(asked.get("user_data")),
        agent=_text(asked.get("agent_id")) or "",
    )


def retries_in(value: object) -> Retries | None:
    """Return what a `retry_config` says; None where it is none."""
    if not isinstance(value, Mapping):
        return None
    given = _count(value.get("max_retries"))
    most = _MOST_RETRIES if given is None else given
    if value.get("enabled") is not True:
        return Retries(0, _retried(value))
    intervals = value.get("retry_intervals_minutes")
    minutes = sum(filter(None, map(_number, intervals))) if isinstance(intervals, list) else _RETRIED_FOR
    return Retries(most, _retried(value), seconds=60.0 * minutes)


def _retried(retries: Mapping[str, Any]) -> frozenset[CallState]:
    statuses = retries.get("retry_on_statuses")
    named = frozenset(map(CallState, map(_text, statuses))) if isinstance(statuses, list) else _RETRIED
    return named | ({CallState.VOICEMAIL} if retries.get("retry_on_voicemail") is True else set())


def page_in(value: object, *, size: int) -> Page | None:
    """Return a page of `GET /v2/agent/{id}/executions`; None where it is none.

    Args:
        value: the answer.
        size: rows that were asked for; where it does not say whether there are more, a full page has a next one.
    """
    whole = _within(value)
    rows = whole.get("data") if isinstance(value, Mapping) else value
    if not isinstance(rows, list):
        return None
    more = whole.get("has_more", False if isinstance(value, list) else None)
    listed = (listed_in(row) for row in rows)
    return Page(
        rows=tuple(row for row in listed if row),
        more=more if isinstance(more, bool) else len(rows) >= size,
        total=_count(whole.get("total")),
    )
