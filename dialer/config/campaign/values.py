"""The values of a campaign file: each read from what TOML gives, or refused in words."""

from __future__ import annotations

import json
import math
import re
import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from dialer.hours import WeeklyHours, pack_names, zone_problem
from dialer.input_rows import column_name
from dialer.messages.config import campaign as say
from dialer.messages.hours import no_pack
from dialer.moments import moment_in
from dialer.provider.states import NOT_REACHED, CallState
from dialer.rate import Rate

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CALLER = re.compile(r"\+[1-9][0-9]{6,14}")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NO_ZONES = frozenset({"localtime", "Factory"})
"""In some zone databases, but unknown to other machines."""


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
        MistakeError: it is not a UUID.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise MistakeError(say.AGENT)
    return str(UUID(value.strip()))


def version_in(value: object) -> str:
    """Return the id of an agent's version as Bolna writes it.

    Raises:
        MistakeError: it is not a UUID.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise MistakeError(say.VERSION)
    return str(UUID(value.strip()))


def rate(value: object) -> Rate:
    """Return the rate that a text says."""
    if isinstance(value, Rate):
        return value
    try:
        return Rate.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise MistakeError(say.RATE) from None


def duration_in(value: object) -> float:
    """Return the seconds that a time says, from a second to a day.

    Raises:
        MistakeError: it is not such a time.
    """
    seconds = _seconds(value)
    if seconds is None or not 1 <= seconds <= _SECONDS["d"]:
        raise MistakeError(say.DURATION)
    return seconds


def long_duration(value: object) -> float:
    """Return the seconds that a time such as `24h` or `7d` lasts, at most a month."""
    seconds = _seconds(value)
    if seconds is None or not 1 <= seconds <= 31 * _SECONDS["d"]:
        raise MistakeError(say.LONG_DURATION)
    return seconds


def _seconds(value: object) -> float | None:
    # A bare number has no unit: 24 may be meant as hours.
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if match is None else float(match[1]) * _SECONDS[match[2]]


def redial_outcome(value: object) -> str:
    """Return how a call may end after which somebody is called again by plan."""
    if value == CallState.STOPPED:
        raise MistakeError(say.NOT_STOPPED)
    if value not in NOT_REACHED:
        raise MistakeError(say.redial_outcomes(sorted({*NOT_REACHED} - {CallState.STOPPED})))
    return str(value)


def live_calls(value: object) -> int | str:
    """Return how many calls may be live, or that it is as many as the account has lines."""
    if value == "account":
        return "account"
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise MistakeError(say.LIVE_CALLS)
    return value


def zone_name(value: object) -> str:
    """Return the name of a time zone."""
    if not isinstance(value, str) or not is_zone(value):
        raise MistakeError(say.ZONE)
    return value


def moment_text(value: object) -> str:
    """Return the text of a date and time."""
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str) or moment_in(text.strip()) is None:
        raise MistakeError(say.MOMENT)
    return text.strip()


def hours_text(value: object) -> str | dict[str, str | list[str]]:
    """Return one opening for all days, or openings by day, in text."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value and all(_is_openings(openings) for openings in value.values()):
        return value
    raise MistakeError(say.HOURS)


def days_text(value: object) -> list[str]:
    """Return the names of open days."""
    days = [value] if isinstance(value, str) else value
    if isinstance(days, list) and days and all(isinstance(day, str) for day in days):
        try:
            WeeklyHours.parse(hours="00:00-24:00", days=days)
        except ValueError as error:
            raise MistakeError(str(error)) from None
        return days
    raise MistakeError(say.DAYS)


def _is_openings(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(text, str) for text in value))


def rule_pack(value: object) -> str:
    """Return the name of a rule pack."""
    if value not in pack_names():
        raise MistakeError(no_pack(pack_names()))
    return str(value)


def place_zone(value: object) -> str:
    """Return the name of a time zone of a place, one with its daylight saving time."""
    problem = zone_problem(value if isinstance(value, str) else "")
    if problem is not None:
        raise MistakeError(problem.reason)
    return str(value)


def callers(value: object) -> list[str]:
    """Return caller numbers, of one or several."""
    entries = value if isinstance(value, list) else [value]
    numbers = [caller for caller in entries if isinstance(caller, str) and _CALLER.fullmatch(caller)]
    if not numbers or len(numbers) < len(entries):
        raise MistakeError(say.CALLER)
    return numbers


def json_value(value: object) -> object:
    """Return a value that JSON can say; TOML knows dates and numbers beyond all bounds besides."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for entry in inner:
        json_value(entry)
    if isinstance(value, date | time) or (isinstance(value, float) and not math.isfinite(value)):
        raise MistakeError(say.NOT_JSON)
    return value


def listed(value: object) -> object:
    """Return a list of what may be one."""
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Constant:
    """A variable with the same value for all recipients."""

    value: str | int | float | bool


def source(value: object) -> str | Constant:
    """Return a column or a constant."""
    if isinstance(value, str) and value:
        return column_name(value)
    if isinstance(value, dict) and value.keys() == {"value"}:
        constant = value["value"]
        if isinstance(constant, str | int) or (isinstance(constant, float) and math.isfinite(constant)):
            return Constant(constant)
    raise MistakeError(say.VARIABLE)


def phone_columns(value: object) -> list[str]:
    """Return the columns of the phone numbers, in the order in which they count."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise MistakeError(say.PHONE)
    names = list(map(column_name, names))
    if len(set(names)) < len(names):
        raise MistakeError(say.PHONE_TWICE)
    return names


def zone_column(value: object) -> str | Literal[False]:
    """Return the column of the time zones, or that none is one."""
    if isinstance(value, str) and value:
        return column_name(value)
    if value is False:
        return False
    raise MistakeError(say.ZONE_COLUMN)


def cell_texts(value: object) -> list[str]:
    """Return texts that cells may have; the words and numbers of TOML stand for themselves."""
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str | int) for text in texts):
        raise MistakeError(say.CELL_TEXTS)
    return [text if isinstance(text, str) else json.dumps(text) for text in texts]


Column = Annotated[str, Field(min_length=1), AfterValidator(column_name)]
ColumnNames = Annotated[list[Column], BeforeValidator(listed)]
Texts = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(listed)]


class Section(BaseModel):
    """A table of the file: no other keys, no other types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)
