"""The tables and keys of a campaign file, each with its range and, where pydantic has none, the words for a mistake."""

from __future__ import annotations

import math
import re
import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    field_validator,
    model_validator,
)

from dialer.pacing import Rate
from dialer.reference import VARIABLE

RESERVED = frozenset(
    {"agent_id", "execution_id", "call_sid", "stream_sid", "from_number", "to_number", "user_number", "agent_number"}
    | {f"current_{unit}" for unit in ("date", "time", "hour", "minute", "weekday", "day", "month", "year")}
)
"""Variables that Bolna fills in itself (its prompting guide, and the open engine)."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CALLER = re.compile(r"\+[1-9][0-9]{6,14}")
_TIME = re.compile(r"2\d{3}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE)
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


def moment_in(text: str) -> datetime | None:
    """Return the date and time that a text says (ISO 8601, `Z` is understood), or None; aware where it has an offset.

    A date alone is none: it would be midnight.
    """
    try:
        return datetime.fromisoformat(text.upper()) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def agent_in(value: object) -> str:
    """Return an agent's id as Bolna writes it.

    Raises:
        MistakeError: it is no UUID.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise MistakeError("the agent's id is expected, a UUID like 123e4567-e89b-12d3-a456-426655440000")
    return str(UUID(value.strip()))


def _rate(value: object) -> Rate:
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
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        value = float(match[1]) * _SECONDS[match[2]]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= _SECONDS["d"]:
        raise MistakeError('write a time from "1s" to "24h", like "90s", "10m" or "2h"')
    return float(value)


def _zone(value: object) -> str:
    if not isinstance(value, str) or not is_zone(value):
        raise MistakeError('a name of the time zone database is expected, like "Asia/Kolkata" or "America/New_York"')
    return value


def _schedule(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str) or moment_in(text.strip()) is None:
        raise MistakeError('a date and a time are expected, like "2026-12-01T10:00:00+05:30"')
    return text.strip()


def _callers(value: object) -> list[str]:
    given = value if isinstance(value, list) else [value]
    callers = [caller for caller in given if isinstance(caller, str) and _CALLER.fullmatch(caller)]
    if not callers or len(callers) < len(given):
        raise MistakeError(
            'a caller number is + and digits in quotes, like "+918035000001"; several: ["+918035000001", ...]'
        )
    return callers


def _json(value: object) -> object:
    """Return a value that JSON can say; TOML knows dates and numbers beyond all bounds besides."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for entry in inner:
        _json(entry)
    if isinstance(value, date | time) or (isinstance(value, float) and not math.isfinite(value)):
        raise MistakeError("dates, times, inf and nan cannot be sent; write them as text in quotes")
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Constant:
    """A variable that is the same for everybody."""

    value: str | int | float | bool


def _source(value: object) -> str | Constant:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, dict) and value.keys() == {"value"}:
        constant = value["value"]
        if isinstance(constant, str | int) or (isinstance(constant, float) and math.isfinite(constant)):
            return Constant(constant)
    raise MistakeError('name a column of the CSV in quotes, or a constant like { value = "Sunrise" }')


Column = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Column], BeforeValidator(_listed)]


class Section(BaseModel):
    """A table of the file: no other keys, no other types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Columns(Section):
    """Which CSV column holds what."""

    phone: Column | None = None
    id: Column | None = None
    from_: Column | None = Field(default=None, alias="from")
    scheduled_at: Column | None = None
    timezone: Column | None = None


class Csv(Section):
    """How the CSV is read."""

    region: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    plus_lost: bool = False

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        from dialer.phone import known_region  # noqa: PLC0415 - phonenumbers is heavy, and most files name no region

        if value is not None and not (value.isupper() and known_region(value)):
            raise MistakeError('a country\'s two capital letters are expected, like "IN" or "US"')
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            b"a".decode(value or "utf-8")
        except UnicodeDecodeError:
            return value
        except (LookupError, ValueError):
            raise MistakeError(
                'no text encoding has that name; usual ones are "utf-8", "cp1252" and "utf-16"'
            ) from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is not None and (len(value) != 1 or value in '"\r\n \0'):
            raise MistakeError('one character is expected, like "," or ";" or "\\t"')
        return value


class RetryConfig(Section):
    """Bolna's own retries, in the ranges its documentation of `POST /call` gives."""

    enabled: bool
    max_retries: Annotated[int, Field(ge=1, le=3)] | None = None
    retry_on_statuses: list[Literal["no-answer", "busy", "failed", "error"]] | None = None
    retry_on_voicemail: bool | None = None
    retry_intervals_minutes: list[Annotated[int, Field(ge=1)]] | None = None

    @model_validator(mode="after")
    def _counts_agree(self) -> RetryConfig:
        intervals, retries = self.retry_intervals_minutes, self.max_retries or 3
        if intervals is not None and len(intervals) != retries:
            default = "" if self.max_retries else " (there are 3 unless max_retries says otherwise)"
            raise MistakeError(
                f"one number for each of the {retries} retries is expected{default}", at=("retry_intervals_minutes",)
            )
        return self


class Call(Section):
    """What `POST /call` takes besides; absent fields are left out of the request."""

    from_phone_number: Annotated[list[str], PlainValidator(_callers)] | None = None
    agent_data: Annotated[dict[str, Any], AfterValidator(_json)] | None = None
    retry_config: RetryConfig | None = None
    scheduled_at: Annotated[str, PlainValidator(_schedule)] | None = None
    timezone: Annotated[str, PlainValidator(_zone)] | None = None
    bypass_call_guardrails: bool | None = None


class Pacing(Section):
    """How fast requests leave."""

    rate: Annotated[Rate, PlainValidator(_rate)] = Rate(300, 60.0)
    max_in_flight: Annotated[int, Field(ge=1, le=1000)] = 20
    reads: Annotated[Rate, PlainValidator(_rate)] = Rate(300, 60.0)


class Screening(Section):
    """Who of the list is not called."""

    duplicates: Literal["skip", "refuse", "call"] = "skip"
    suppression: Texts = []
    max_age_days: Annotated[float, Field(gt=0, le=3650)] | None = None
    required: Texts = []
    allow: Annotated[list[Literal["toll_free", "premium_rate", "shared_cost"]], BeforeValidator(_listed)] = []


class Breaking(Section):
    """When a run ends early."""

    errors_in_a_row: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    outage_after: Annotated[float, PlainValidator(duration_in)] = 90.0


class Expected(Section):
    """What is known of calls beforehand."""

    average_call: Annotated[float, PlainValidator(duration_in)] = 60.0
    cost_per_minute: Annotated[float, Field(ge=0)] | None = None


class Content(Section):
    """Everything that a campaign file may say."""

    recipients: str | None = None
    results: str | None = None
    ledger: str | None = None
    agent_id: Annotated[str, PlainValidator(agent_in)] | None = None
    columns: Columns = Columns()
    csv: Csv = Csv()
    user_data: dict[str, Annotated[str | Constant, PlainValidator(_source)]] | None = None
    call: Call = Call()
    pacing: Pacing = Pacing()
    screening: Screening = Screening()
    breaker: Breaking = Breaking()
    forecast: Expected = Expected()

    @field_validator("user_data")
    @classmethod
    def _names_are_free(cls, value: dict[str, str | Constant] | None) -> dict[str, str | Constant] | None:
        for name, source in (value or {}).items():
            if name in RESERVED:
                raise MistakeError(
                    "Bolna fills in this variable itself, what is sent under its name is lost; choose another name",
                    at=(name,),
                )
            if name == VARIABLE:
                raise MistakeError(
                    "under this name dialer finds its calls again at Bolna; choose another name", at=(name,)
                )
            if not name.strip():
                raise MistakeError("a variable needs a name", at=(name,))
            if name == "timezone" and isinstance(source, Constant):
                try:
                    _zone(source.value)
                except MistakeError as error:
                    raise MistakeError(error.words, at=(name,)) from None
        return value

    @model_validator(mode="after")
    def _tables_agree(self) -> Content:
        if self.screening.duplicates == "call" and self.columns.id is None:
            raise MistakeError(
                '"call" needs an id in [columns]: without it two rows with one number are one person',
                at=("screening", "duplicates"),
            )
        moment = moment_in(self.call.scheduled_at or "")
        if moment is not None and moment.tzinfo is None and not (self.call.timezone or self.columns.timezone):
            raise MistakeError(
                'there is no time zone: add an offset like +05:30, or timezone = "Asia/Kolkata" in [call]',
                at=("call", "scheduled_at"),
            )
        return self
