"""The values of a campaign file: each read from what TOML gives, or refused in words."""

from __future__ import annotations

import math
import re
import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dialer.hours import WeeklyHours, pack_names, zone_problem
from dialer.moments import moment_in
from dialer.rate import Rate

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CALLER = re.compile(r"\+[1-9][0-9]{6,14}")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NO_ZONES = frozenset({"localtime", "Factory"})
"""In some zone databases, but no zone that another machine knows."""


class MistakeError(ValueError):
    """A mistake that pydantic cannot see.

    Attributes:
        words: what is expected.
        at: the key, below the one that was being checked.
    """

    def __init__(self, words: str, *, at: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.words = words
        self.at = at


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES


def is_zone(name: str) -> bool:
    """Tell whether the time zone database has exactly this name."""
    return name in _zones()


def agent_in(value: object) -> str:
    """Return an agent's id as Bolna writes it.

    Raises:
        MistakeError: it is no UUID.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise MistakeError("the agent's id is expected, a UUID like 123e4567-e89b-12d3-a456-426655440000")
    return str(UUID(value.strip()))


def version_in(value: object) -> str:
    """Return the id of an agent's version as Bolna writes it.

    Raises:
        MistakeError: it is not a UUID.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise MistakeError("the id of one of the agent's versions is expected, a UUID as its list of versions shows it")
    return str(UUID(value.strip()))


def rate(value: object) -> Rate:
    """Return the rate that a text says."""
    if isinstance(value, Rate):
        return value
    try:
        return Rate.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise MistakeError(
            "write a whole number of requests per second, minute or hour, in quotes, like "
            '"300/minute", "5/second" or "30/hour"'
        ) from None


def duration_in(value: object) -> float:
    """Return the seconds that a time says, from a second to a day.

    Raises:
        MistakeError: it is none.
    """
    seconds = _seconds(value)
    if seconds is None or not 1 <= seconds <= _SECONDS["d"]:
        raise MistakeError('write a time from "1s" to "24h", like "90s", "10m" or "2h"')
    return seconds


def long_duration(value: object) -> float:
    """Return the seconds that a time such as `24h` or `7d` lasts, at most a month."""
    seconds = _seconds(value)
    if seconds is None or not 1 <= seconds <= 31 * _SECONDS["d"]:
        raise MistakeError('write a time from "1s" to "31d", like "90m", "24h" or "7d"')
    return seconds


def _seconds(value: object) -> float | None:
    # A bare number has no unit: 24 may be meant as hours.
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if match is None else float(match[1]) * _SECONDS[match[2]]


def live_calls(value: object) -> int | str:
    """Return how many calls may be live, or that it is as many as the account has lines."""
    if value == "account":
        return "account"
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise MistakeError('write a whole number from 1, or "account" for as many as the account has lines')
    return value


def zone_name(value: object) -> str:
    """Return the name of a time zone."""
    if not isinstance(value, str) or not is_zone(value):
        raise MistakeError('a name of the time zone database is expected, like "Asia/Kolkata" or "America/New_York"')
    return value


def moment_text(value: object) -> str:
    """Return the text of a date and time."""
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str) or moment_in(text.strip()) is None:
        raise MistakeError('a date and a time are expected, like "2026-12-01T10:00:00+05:30"')
    return text.strip()


def hours_text(value: object) -> str | dict[str, str | list[str]]:
    """Return one opening for all days, or openings by day, in text."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value and all(_is_openings(openings) for openings in value.values()):
        return value
    raise MistakeError(
        'write hours = "09:00-20:00", or by day: { mon-fri = "09:00-20:00", sat = ["10:00-13:00", "15:00-18:00"] }'
    )


def days_text(value: object) -> list[str]:
    """Return the names of open days."""
    days = [value] if isinstance(value, str) else value
    if isinstance(days, list) and days and all(isinstance(day, str) for day in days):
        try:
            WeeklyHours.parse(hours="00:00-24:00", days=days)
        except ValueError as error:
            raise MistakeError(str(error)) from None
        return days
    raise MistakeError('write days = ["mon", "tue", "sat"], or a run like ["mon-fri"]')


def _is_openings(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(text, str) for text in value))


def rule_pack(value: object) -> str:
    """Return the name of a rule pack."""
    if value not in pack_names():
        raise MistakeError(f"no rule pack has that name; there are {', '.join(pack_names())}")
    return str(value)


def place_zone(value: object) -> str:
    """Return the name of a time zone of a place, one with its daylight saving time."""
    problem = zone_problem(value if isinstance(value, str) else "")
    if problem is not None:
        raise MistakeError(problem.reason)
    return str(value)


def callers(value: object) -> list[str]:
    """Return caller numbers, of one or several."""
    given = value if isinstance(value, list) else [value]
    found = [caller for caller in given if isinstance(caller, str) and _CALLER.fullmatch(caller)]
    if not found or len(found) < len(given):
        raise MistakeError(
            'a caller number is + and digits in quotes, like "+918035000001"; several: ["+918035000001", ...]'
        )
    return found


def json_value(value: object) -> object:
    """Return a value that JSON can say; TOML knows dates and numbers beyond all bounds besides."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for entry in inner:
        json_value(entry)
    if isinstance(value, date | time) or (isinstance(value, float) and not math.isfinite(value)):
        raise MistakeError("dates, times, inf and nan cannot be sent; write them as text in quotes")
    return value


def listed(value: object) -> object:
    """Return a list of what may be one."""
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Constant:
    """A variable that is the same for everybody."""

    value: str | int | float | bool


def source(value: object) -> str | Constant:
    """Return a column or a constant."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, dict) and value.keys() == {"value"}:
        constant = value["value"]
        if isinstance(constant, str | int) or (isinstance(constant, float) and math.isfinite(constant)):
            return Constant(constant)
    raise MistakeError('name a column of the CSV in quotes, or a constant like { value = "Sunrise" }')


Column = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Column], BeforeValidator(listed)]


class Section(BaseModel):
    """A table of the file: no other keys, no other types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)
