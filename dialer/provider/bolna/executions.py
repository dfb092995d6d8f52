"""What Bolna says about the account and about a call it has taken, read without trusting any of its types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

FINAL: Final = frozenset({"completed", "no-answer", "busy", "failed", "error", "stopped", "canceled", "balance-low"})
"""Statuses after which nothing happens any more, unless an automatic retry is to come (Bolna's list of statuses).

`call-disconnected` is none: the data follows. Nor is a status that is not known here.
"""
VOICEMAIL: Final = "voicemail"
"""What became of a call that is `completed` with a machine."""
NOT_REACHED: Final = FINAL - {"completed"} | {VOICEMAIL}
"""What may have become of a call that has reached nobody."""
_MOST: Final = 1e9
"""A count beyond is none."""
_RETRIED: Final = ("no-answer", "busy", "failed")
_MOST_RETRIES: Final = 3
"""What Bolna retries, and how often, where `retry_config` does not say."""


@dataclass(frozen=True, slots=True)
class Retries:
    """The automatic retries of a call.

    Attributes:
        most: how many there may be; 0 where none are asked for.
        outcomes: what is tried again.
    """

    most: int
    outcomes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is, and what is left.

    Attributes:
        name: of the account's owner.
        email: of the account's owner.
        wallet: as Bolna says it; unit and currency are not documented, so only its sign means something.
        lines: calls that may be live at once; None where it is not told.
        live: calls that are live now; None where it is not told.
    """

    name: str
    email: str
    wallet: float | None
    lines: int | None
    live: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A call as the list of an agent's executions shows it; Bolna trims these rows.

    Attributes:
        id: execution id.
        status: as Bolna spells it; empty where it is not told.
        to_number: whom it calls; None where it is not (yet) told.
        created_at: with its zone; None where it is not told.
    """

    id: str
    status: str
    to_number: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of executions.

    Attributes:
        rows: the calls, each as far as the list shows it.
        more: whether there are more pages.
        total: calls on all pages; None where it is not told.
    """

    rows: tuple[Listed, ...]
    more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Execution:
    """A call as Bolna shows it by its id; what is not told is None, texts are empty.

    Attributes:
        id: execution id.
        status: as Bolna spells it.
        recipient_data: the `user_data` it was made with.
        recipient_number: whom it calls.
        created_at: with its zone.
        updated_at: with its zone.
        duration: seconds of conversation.
        cost: cents, as documented.
        voicemail: a machine answered.
        hangup_by: who ended it.
        hangup_reason: why it ended.
        error_message: what went wrong.
        termination_reason: reached, not answered and why, or never dialled and why.
        recording_url: where to hear it.
        extracted_data: what the agent noted.
        transcript: what was said.
        scheduled_at: when it is to be made (again), with its zone.
        retry_count: automatic retries so far.
        retries: the automatic retries there may be; None where it does not say.
    """

    id: str
    status: str
    recipient_data: Mapping[str, Any] | None
    recipient_number: str | None
    created_at: datetime | None
    updated_at: datetime | None
    duration: float | None
    cost: float | None
    voicemail: bool | None
    hangup_by: str
    hangup_reason: str
    error_message: str
    termination_reason: str
    recording_url: str
    extracted_data: Mapping[str, Any] | None
    transcript: str
    scheduled_at: datetime | None
    retry_count: int
    retries: Retries | None

    @property
    def outcome(self) -> str:
        """What became of it: its status, or `voicemail`."""
        return outcome_of(self.status, voicemail=self.voicemail)

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        retries = self.retries
        retry_to_come = retries and self.outcome in retries.outcomes and self.retry_count < retries.most
        return self.status in FINAL and not retry_to_come

    def asked_for(self, body: Mapping[str, Any]) -> Execution:
        """Return the same, and what it does not say of retries and its time as it was asked for.

        Args:
            body: of the `POST /call` that placed it.
        """
        return replace(
            self,
            retries=retries_in(body.get("retry_config")) if self.retries is None else self.retries,
            scheduled_at=_moment(body.get("scheduled_at")) if self.scheduled_at is None else self.scheduled_at,
        )


def outcome_of(status: str, *, voicemail: bool | None) -> str:
    """Return what became of a call: its status, or `voicemail` where a machine answered."""
    return VOICEMAIL if status == "completed" and voicemail else status


def _within(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mapping(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


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


def account_in(value: object) -> Account | None:
    """Return what `GET /user/me` says; None where it is no account."""
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


def listed_in(value: object) -> Listed | None:
    """Return a row of a list of executions; None where it has no id."""
    row = _within(value)
    telephony = _within(row.get("telephony_data"))
    identity = _text(row.get("id"))
    if not identity:
        return None
    return Listed(
        id=identity,
        status=_line(row.get("status")),
        to_number=_text(telephony.get("to_number")) or _text(row.get("user_number")) or None,
        created_at=_moment(row.get("created_at")),
    )


def execution_in(value: object) -> Execution | None:
    """Return what `GET /executions/{id}` says; None where it is no execution."""
    row = _within(value)
    telephony, context = (_within(row.get(name)) for name in ("telephony_data", "context_details"))
    identity = _text(row.get("id"))
    if not identity:
        return None
    duration = _number(row.get("conversation_duration"))
    voicemail = row.get("answered_by_voice_mail")
    return Execution(
        id=identity,
        status=_line(row.get("status")),
        recipient_data=_mapping(context.get("recipient_data")),
        recipient_number=_text(context.get("recipient_phone_number")) or _text(telephony.get("to_number")) or None,
        created_at=_moment(row.get("created_at")),
        updated_at=_moment(row.get("updated_at")),
        duration=_number(telephony.get("duration")) if duration is None else duration,
        cost=_number(row.get("total_cost")),
        voicemail=voicemail if isinstance(voicemail, bool) else None,
        hangup_by=_line(telephony.get("hangup_by")),
        hangup_reason=_line(telephony.get("hangup_reason")),
        error_message=_line(row.get("error_message")),
        termination_reason=_line(row.get("termination_reason")),
        recording_url=_line(telephony.get("recording_url")),
        extracted_data=_mapping(row.get("extracted_data")),
        transcript=_text(row.get("transcript")),
        scheduled_at=_moment(row.get("scheduled_at")),
        retry_count=_count(row.get("retry_count")) or 0,
        retries=retries_in(row.get("retry_config")),
    )


def retries_in(value: object) -> Retries | None:
    """Return what a `retry_config` says; None where it is none."""
    if not isinstance(value, Mapping):
        return None
    given = _count(value.get("max_retries"))
    most = _MOST_RETRIES if given is None else given
    return Retries(most if value.get("enabled") is True else 0, _retried(value))


def _retried(retries: Mapping[str, Any]) -> frozenset[str]:
    statuses = retries.get("retry_on_statuses")
    named = [_text(status) for status in statuses] if isinstance(statuses, list) else _RETRIED
    return frozenset(named) | ({VOICEMAIL} if retries.get("retry_on_voicemail") is True else set())


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
