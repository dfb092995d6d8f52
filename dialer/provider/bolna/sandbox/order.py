"""The body of `POST /call`, checked as documented."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
RETRIABLE = ("no-answer", "busy", "failed", "error")
LEAD = timedelta(minutes=2)
HORIZON = timedelta(days=30)
POOL = {"+91": "+918035315300"}
POOL_ELSEWHERE = "+14155550100"


class RefusedError(Exception):
    """The order cannot be taken: the status code and the words to answer with."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Retry:
    """What `retry_config` asks for; minutes."""

    most: int
    statuses: tuple[str, ...]
    voicemail: bool
    intervals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A call that was asked for and can be placed.

    Attributes:
        body: the request's body, byte for byte.
        wait: seconds of the phone world until it is to be dialled; None for at once.
    """

    agent_id: str
    agent_version_id: str | None
    to_number: str
    from_number: str
    wait: float | None
    retry: Retry | None
    body: bytes


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def decode(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds.

    Raises:
        RefusedError: it holds none.
    """
    try:
        content = _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise RefusedError("The body must be JSON") from error
    if not isinstance(content, dict):
        raise RefusedError("The body must be a JSON object")
    return content


def read(body: bytes, *, numbers: tuple[str, ...] | None, now: datetime) -> Order:
    """Return the order.

    Args:
        body: as it came.
        numbers: the account's caller numbers; None takes every E.164 number.
        now: by the server's clock.

    Raises:
        RefusedError: in the words that the documentation shows, where it does.
    """
    content = decode(body)
    for name, kind in (("user_data", dict), ("agent_data", dict), ("bypass_call_guardrails", bool)):
        _typed(content, name, kind)
    to_number = _required(content, "recipient_phone_number")
    if not E164.fullmatch(to_number):
        raise RefusedError("Invalid `recipient_phone_number`")
    return Order(
        agent_id=_uuid(_required(content, "agent_id"), "agent_id"),
        agent_version_id=_version(content.get("agent_version_id")),
        to_number=to_number,
        from_number=_from_number(content, to_number, numbers),
        wait=_wait(content["scheduled_at"], now) if "scheduled_at" in content else None,
        retry=_retry(content["retry_config"]) if "retry_config" in content else None,
        body=body,
    )


def _typed(content: dict[str, Any], name: str, kind: type) -> None:
    if name in content and not isinstance(content[name], kind):
        raise RefusedError(f"Invalid `{name}`")


def _required(content: dict[str, Any], name: str) -> str:
    if not content.get(name):
        raise RefusedError(f"{name} is required")
    if not isinstance(content[name], str):
        raise RefusedError(f"Invalid `{name}`")
    return str(content[name])


def _uuid(text: str, name: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise RefusedError(f"Invalid `{name}`") from error


def _version(value: object) -> str | None:
    return None if value is None else _uuid(str(value), "agent_version_id")


def _from_number(content: dict[str, Any], to_number: str, numbers: tuple[str, ...] | None) -> str:
    if "from_phone_number" not in content:
        return POOL.get(to_number[:3], POOL_ELSEWHERE)
    number = content["from_phone_number"]
    if not isinstance(number, str) or not (E164.fullmatch(number) if numbers is None else number in numbers):
        raise RefusedError("Invalid `from_phone_number`")
    return number


def _wait(text: object, now: datetime) -> float:
    if not isinstance(text, str):
        raise RefusedError("Invalid `scheduled_at`")
    if text[-1:] in ("Z", "z"):
        raise RefusedError("Internal server error", status=500)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(f"Invalid isoformat string: {text!r}") from error
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    if moment < now + LEAD:
        raise RefusedError("Scheduled time should be atleast 2 minutes in the future")
    if moment > now + HORIZON:
        raise RefusedError("Scheduled time should be within 30 days")
    return (moment - now).total_seconds()


def _retry(config: object) -> Retry | None:
    if not isinstance(config, dict):
        raise RefusedError("Invalid `retry_config`")
    for name, kind in (("enabled", bool), ("retry_on_voicemail", bool)):
        _typed(config, name, kind)
    retry = Retry(
        most=_whole(config.get("max_retries", 3), "max_retries", most=3),
        statuses=_retriable(config.get("retry_on_statuses", RETRIABLE[:3])),
        voicemail=config.get("retry_on_voicemail", False),
        intervals=_intervals(config.get("retry_intervals_minutes", (30, 60, 120))),
    )
    return retry if config.get("enabled", False) else None


def _whole(value: object, name: str, *, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        raise RefusedError(f"Invalid `{name}`")
    return value


def _retriable(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or any(item not in RETRIABLE for item in value):
        raise RefusedError("Invalid `retry_on_statuses`")
    return tuple(value)


def _intervals(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise RefusedError("Invalid `retry_intervals_minutes`")
    return tuple(_whole(item, "retry_intervals_minutes") for item in value)
