"""The tables and keys of a campaign file, each with its range and, where pydantic has none, the words for a mistake."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, field_validator, model_validator

from dialer import provider
from dialer.config.campaign.values import (
    Column,
    ColumnNames,
    Constant,
    MistakeError,
    Section,
    Texts,
    agent_in,
    callers,
    cell_texts,
    days_text,
    duration_in,
    hours_text,
    json_value,
    listed,
    long_duration,
    moment_text,
    phone_columns,
    place_zone,
    redial_outcome,
    rule_pack,
    source,
    version_in,
    zone_column,
    zone_name,
)
from dialer.config.campaign.values import live_calls as read_live_calls
from dialer.config.campaign.values import rate as read_rate
from dialer.hours import CallingWindow, WeeklyHours, load_pack
from dialer.messages.config import campaign as say
from dialer.moments import in_zone, moment_in
from dialer.rate import Rate
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from datetime import datetime


class Columns(Section):
    """Which CSV column holds what."""

    phone: Annotated[list[str], PlainValidator(phone_columns)] = Field(default_factory=list)
    id: Column | None = None
    from_: Column | None = Field(default=None, alias="from")
    agent_id: Column | None = None
    agent_version_id: Column | None = None
    voice_id: Column | None = None
    scheduled_at: Column | None = None
    timezone: Annotated[str | Literal[False] | None, PlainValidator(zone_column)] = None


class Csv(Section):
    """How the CSV is read."""

    region: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    plus_lost: bool = False

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        from dialer.numbers import known_region  # noqa: PLC0415 - phonenumbers is heavy, and most files name no region

        if value is not None and not (value.isupper() and known_region(value)):
            raise MistakeError(say.COUNTRY)
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            b"a".decode(value or "utf-8")
        except UnicodeDecodeError:
            return value
        except (LookupError, ValueError):
            raise MistakeError(say.ENCODING) from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is not None and (len(value) != 1 or value in '"\r\n \0'):
            raise MistakeError(say.DELIMITER)
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
            words = say.retries(retries, by_default=self.max_retries is None)
            raise MistakeError(words, at=("retry_intervals_minutes",))
        return self


class Call(Section):
    """The other parameters of `POST /call`; absent fields are omitted from the request."""

    agent_version_id: Annotated[str, PlainValidator(version_in)] | None = None
    from_phone_number: Annotated[list[str], PlainValidator(callers)] | None = None
    agent_data: Annotated[dict[str, Any], AfterValidator(json_value)] | None = None
    retry_config: RetryConfig | None = None
    scheduled_at: Annotated[str, PlainValidator(moment_text)] | None = None
    timezone: Annotated[str, PlainValidator(zone_name)] | None = None
    bypass_call_guardrails: bool | None = None


class Pacing(Section):
    """How fast requests leave."""

    rate: Annotated[Rate, PlainValidator(read_rate)] = Rate(300, 60.0)
    max_in_flight: Annotated[int, Field(ge=1, le=1000)] = 20
    reads: Annotated[Rate, PlainValidator(read_rate)] | None = None
    live_calls: Annotated[int | str | None, PlainValidator(read_live_calls)] = None


Allowable = Literal["toll_free", "premium_rate", "shared_cost", "not_valid"]


class Screening(Section):
    """Who of the list is not called."""

    duplicates: Literal["skip", "refuse", "call"] = "skip"
    suppression: Texts = Field(default_factory=list)
    max_age_days: Annotated[float, Field(gt=0, le=3650)] | None = None
    required: ColumnNames = Field(default_factory=list)
    skip: dict[Column, Annotated[list[str], PlainValidator(cell_texts)]] = Field(default_factory=dict)
    only: dict[Column, Annotated[list[str], PlainValidator(cell_texts)]] = Field(default_factory=dict)
    allow: Annotated[list[Allowable], BeforeValidator(listed)] = Field(default_factory=list)
    called_elsewhere: Literal["skip", "call"] = "skip"
    called_elsewhere_within: Annotated[float, PlainValidator(long_duration)] = 86_400.0


class Window(Section):
    """The hours in which recipients may be called, in their own time."""

    hours: Annotated[str | dict[str, str | list[str]], PlainValidator(hours_text)] | None = None
    days: Annotated[list[str], PlainValidator(days_text)] | None = None
    rules: Annotated[list[Annotated[str, PlainValidator(rule_pack)]], BeforeValidator(listed)] = Field(
        default_factory=list
    )
    timezone: Annotated[str, PlainValidator(place_zone)] | None = None
    outside: Literal["leave", "wait"] = "leave"
    uncovered: Literal["skip", "allow"] = "skip"

    @model_validator(mode="after")
    def _hours_agree(self) -> Window:
        if self.hours is None and not self.rules:
            raise MistakeError(say.NO_LIMIT)
        if self.hours is None and self.days is not None:
            raise MistakeError(say.DAYS_WITHOUT_HOURS, at=("days",))
        if self.hours is not None and "uncovered" in self.model_fields_set:
            raise MistakeError(say.UNCOVERED_WITH_HOURS, at=("uncovered",))
        try:
            self.weekly()
        except ValueError as error:
            raise MistakeError(str(error), at=("hours",)) from None
        return self

    def weekly(self) -> WeeklyHours | None:
        """Return the campaign's own hours; None where only rules limit it."""
        return None if self.hours is None else WeeklyHours.parse(hours=self.hours, days=self.days)

    def calling(self) -> CallingWindow:
        """Return the window as it is asked."""
        return CallingWindow(
            hours=self.weekly(),
            packs=tuple(map(load_pack, self.rules)),
            default_zone=self.timezone,
            calls_uncovered=self.uncovered == "allow",
        )


class Schedule(Section):
    """From when and until when a run sends."""

    start: Annotated[str, PlainValidator(moment_text)] | None = None
    until: Annotated[str, PlainValidator(moment_text)] | None = None
    timezone: Annotated[str, PlainValidator(zone_name)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Schedule:
        for key, text in (("start", self.start), ("until", self.until)):
            if text is not None:
                self._moment(text, key)
        if self.begins and self.ends and self.ends <= self.begins:
            raise MistakeError(say.not_after(self.start or ""), at=("until",))
        return self

    @property
    def begins(self) -> datetime | None:
        """The moment before which nothing is sent."""
        return None if self.start is None else self._moment(self.start, "start")

    @property
    def ends(self) -> datetime | None:
        """The moment from which on nothing is sent."""
        return None if self.until is None else self._moment(self.until, "until")

    def _moment(self, text: str, key: str) -> datetime:
        moment = moment_in(text)
        if moment is not None and moment.tzinfo is None and self.timezone is not None:
            moment = in_zone(moment, self.timezone)
        if moment is None:
            raise MistakeError(say.skipped(self.timezone or ""), at=(key,))
        if moment.tzinfo is None:
            raise MistakeError(say.no_zone("schedule"), at=(key,))
        return moment


class Redialling(Section):
    """Who is called once more: by plan, where it has one, and with `--redial`."""

    outcomes: Annotated[list[Annotated[str, PlainValidator(redial_outcome)]], BeforeValidator(listed)] = Field(
        default_factory=list
    )
    times: Annotated[list[Annotated[float, PlainValidator(long_duration)]], BeforeValidator(listed)] = Field(
        default_factory=list
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    redial_after: Annotated[float, PlainValidator(duration_in)] = 7200.0

    @model_validator(mode="after")
    def _plan_agrees(self) -> Redialling:
        if bool(self.outcomes) != bool(self.times):
            missing = "times" if self.outcomes else "outcomes"
            raise MistakeError(say.plan_lacks(missing), at=("outcomes" if self.outcomes else "times",))
        if any(later < earlier for earlier, later in pairwise(self.times)):
            raise MistakeError(say.TIMES_FALL, at=("times",))
        if self.times and self.max_attempts == 1:
            raise MistakeError(say.PLAN_WITHOUT_CALLS, at=("max_attempts",))
        if "max_attempts" not in self.model_fields_set and len(self.times) >= self.max_attempts:
            raise MistakeError(say.too_many_times(len(self.times), calls=self.max_attempts), at=("times",))
        return self

    @property
    def planned_calls(self) -> int:
        """Most calls to one recipient by plan, in total."""
        return min(len(self.times) + 1, self.max_attempts)


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
    results_xlsx: bool = False
    results_bom: bool = False
    ledger: str | None = None
    agent_id: Annotated[str, PlainValidator(agent_in)] | None = None
    columns: Columns = Columns()
    csv: Csv = Csv()
    user_data: dict[str, Annotated[str | Constant, PlainValidator(source)]] | None = None
    call: Call = Call()
    pacing: Pacing = Pacing()
    window: Window | None = None
    schedule: Schedule = Schedule()
    screening: Screening = Screening()
    redial: Redialling = Redialling()
    breaker: Breaking = Breaking()
    forecast: Expected = Expected()

    @field_validator("user_data")
    @classmethod
    def _names_are_free(cls, value: dict[str, str | Constant] | None) -> dict[str, str | Constant] | None:
        for name, column in (value or {}).items():
            if name in provider.VENDOR.reserved:
                raise MistakeError(say.reserved(provider.VENDOR.names.name), at=(name,))
            if name == VARIABLE:
                raise MistakeError(say.ours(provider.VENDOR.names.name), at=(name,))
            if not name.strip():
                raise MistakeError(say.NAMELESS_VARIABLE, at=(name,))
            if name == "timezone" and isinstance(column, Constant):
                try:
                    zone_name(column.value)
                except MistakeError as error:
                    raise MistakeError(error.words, at=(name,)) from None
        return value

    @model_validator(mode="after")
    def _tables_agree(self) -> Content:
        if self.screening.duplicates == "call" and self.columns.id is None:
            raise MistakeError(say.CALL_NEEDS_ID, at=("screening", "duplicates"))
        moment = moment_in(self.call.scheduled_at or "")
        if moment is not None and moment.tzinfo is None and not (self.call.timezone or self.columns.timezone):
            raise MistakeError(say.no_zone("call"), at=("call", "scheduled_at"))
        return self
