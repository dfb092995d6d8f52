"""The campaign file, checked: every mistake is told with its key, its line and the next step."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from datetime import datetime  # noqa: TC003 - pydantic reads the annotation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from dialer.batch import Batch, locate, read_campaign_file
from dialer.credentials import agent_id as agent_of_environment
from dialer.errors import CampaignError
from dialer.pacing import Rate
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

RESERVED = frozenset(
    {"agent_id", "execution_id", "call_sid", "stream_sid", "from_number", "to_number", "user_number", "agent_number"}
    | {f"current_{unit}" for unit in ("date", "time", "hour", "minute", "weekday", "day", "month", "year")}
)
"""Variables that Bolna fills in itself (its prompting guide, and the open engine)."""

_KEY_NAMES = re.compile(r"(bolna_)?(api_?)?(key|token|secret)|authorization|bearer", re.IGNORECASE)
_KEY_VALUE = re.compile(r"\b(bn|sa)-[A-Za-z0-9_-]{8,}|^bearer\s", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _uuid(value: object) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise ValueError("it has to be the agent's id, a UUID like 123e4567-e89b-12d3-a456-426655440000") from None


def _rate(value: object) -> Rate:
    if isinstance(value, Rate):
        return value
    if not isinstance(value, str):
        raise ValueError('write a rate as text, for instance "300/minute"')  # noqa: TRY004 - pydantic reads ValueError only
    return Rate.parse(value)


def _seconds(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write a time like "90s", "10m" or "2h"')
    return float(match[1]) * _SECONDS[match[2]]


def _zone(value: object) -> str:
    if not isinstance(value, str) or not is_zone(value):
        raise ValueError('it has to be a name of the time zone database, for instance "Asia/Kolkata"')
    return value


def is_zone(name: str) -> bool:
    """Tell whether the time zone database has this name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]
Zone = Annotated[str, BeforeValidator(_zone)]
Caller = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]
Column = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True, populate_by_name=True
    )


class Columns(_Section):
    """Which CSV column holds what."""

    phone: Column | None = None
    id: Column | None = None
    from_: Column | None = Field(default=None, alias="from")
    scheduled_at: Column | None = None
    timezone: Column | None = None


class Csv(_Section):
    """How the CSV is read."""

    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    plus_lost: bool = False

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        from dialer.phone import known_region  # noqa: PLC0415 - phonenumbers is heavy, and most files name no region

        if value is not None and not known_region(value):
            raise ValueError('it has to be a country\'s two letters, for instance "IN" or "US"')
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        import codecs  # noqa: PLC0415 - used for this check only

        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError:
                raise ValueError('there is no such encoding; usual ones are "utf-8", "cp1252" and "utf-16"') from None
        return value


class Constant(_Section):
    """A variable that is the same for everybody."""

    value: str | int | float | bool


class RetryConfig(_Section):
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
            raise ValueError(
                f"retry_intervals_minutes has {len(intervals)} entries for {retries} retries; name one for each"
            )
        return self


class Call(_Section):
    """What `POST /call` takes besides; absent fields are left out of the request."""

    from_phone_number: Annotated[list[Caller], BeforeValidator(_listed), Field(min_length=1)] | None = None
    agent_data: dict[str, Any] | None = None
    retry_config: RetryConfig | None = None
    scheduled_at: str | datetime | None = None
    timezone: Zone | None = None
    bypass_call_guardrails: bool | None = None


class Pacing(_Section):
    """How fast requests leave."""

    rate: Annotated[Rate, BeforeValidator(_rate)] = Rate(300, 60.0)
    max_in_flight: Annotated[int, Field(ge=1, le=1000)] = 20


class Screening(_Section):
    """Who of the list is not called."""

    duplicates: Literal["skip", "refuse", "call"] = "skip"
    suppression: Annotated[list[str], BeforeValidator(_listed)] = []
    max_age_days: Annotated[float, Field(gt=0)] | None = None
    required: Annotated[list[str], BeforeValidator(_listed)] = []
    allow: Annotated[list[Literal["toll_free", "premium_rate", "shared_cost"]], BeforeValidator(_listed)] = []


class Breaking(_Section):
    """When a run ends early."""

    errors_in_a_row: Annotated[int, Field(ge=1)] = 20
    outage_after: Seconds = 90.0


class Campaign(_Section):
    """A campaign file, checked.

    Attributes:
        path: the file.
        batch: the files that belong to it.
        agent_id: the agent that calls, a UUID.
        sandbox: the built-in stand-in is called, nobody else.
    """

    path: Path
    batch: Batch
    sandbox: bool
    agent_id: Annotated[str, BeforeValidator(_uuid)]
    columns: Columns = Columns()
    csv: Csv = Csv()
    user_data: dict[str, str | Constant] | None = None
    call: Call = Call()
    pacing: Pacing = Pacing()
    screening: Screening = Screening()
    breaker: Breaking = Breaking()

    @field_validator("user_data")
    @classmethod
    def _names_are_free(cls, value: dict[str, str | Constant] | None) -> dict[str, str | Constant] | None:
        for name, source in (value or {}).items():
            if name == "timezone" and isinstance(source, Constant) and not is_zone(str(source.value)):
                raise ValueError(
                    f'`timezone` = {source.value!r} is no name of the time zone database, like "Asia/Kolkata"'
                )
            if name in RESERVED:
                raise ValueError(
                    f"Bolna fills in `{name}` itself; what you send under that name is lost. Choose another name"
                )
            if name == VARIABLE:
                raise ValueError(f"`{name}` is the mark by which dialer finds its calls again. Choose another name")
        return value

    @model_validator(mode="after")
    def _call_needs_an_id(self) -> Campaign:
        if self.screening.duplicates == "call" and self.columns.id is None:
            raise ValueError(
                'duplicates = "call" needs [columns] id: without it two rows with one number are one person'
            )
        return self

    @property
    def suppression(self) -> tuple[Path, ...]:
        """The suppression lists, as paths."""
        return tuple(self.path.parent / Path(name).expanduser() for name in self.screening.suppression)

    @property
    def key_definition(self) -> str:
        """What makes a recipient the same one: `id:<column>` or `number`."""
        return "number" if self.columns.id is None else f"id:{self.columns.id}"


def load_campaign(
    path: Path | str, *, recipients: Path | str | None = None, batch: str | None = None, sandbox: bool = False
) -> Campaign:
    """Return a campaign file's content, checked.

    Args:
        path: the campaign file (TOML).
        recipients: another CSV than the file names; relative to the working directory.
        batch: fills `{batch}` in the names of results and ledger.
        sandbox: keep results and ledger of a trial apart from the real ones.

    Raises:
        CampaignError: the file is missing or wrong; the message names the key and the line.
        UsageError: `batch` is missing or is no name.
    """
    path = Path(path)
    content = read_campaign_file(path)
    _refuse_keys(path, content)
    files = locate(path, recipients=None if recipients is None else Path(recipients), batch=batch, sandbox=sandbox)
    given = {name: value for name, value in content.items() if name not in {"recipients", "results", "ledger"}}
    hidden = sorted({"path", "batch", "sandbox"} & given.keys())
    if hidden:
        raise CampaignError(f"{path}, line {_line(path, [hidden[0]])}: `{hidden[0]}` is no key of a campaign file.")
    if "agent_id" not in given:
        given["agent_id"] = agent_of_environment(path)
    if given["agent_id"] is None:
        raise CampaignError(
            f"{path}: `agent_id` is missing. Copy the agent's id from Bolna's dashboard, or set BOLNA_AGENT_ID."
        )
    try:
        return Campaign.model_validate({**given, "path": path, "batch": files, "sandbox": sandbox})
    except ValidationError as error:
        raise CampaignError(_told(path, error)) from None


def _refuse_keys(path: Path, content: Mapping[str, Any], where: tuple[str, ...] = ()) -> None:
    for name, value in content.items():
        if isinstance(value, dict):
            _refuse_keys(path, value, (*where, name))
        elif (_KEY_NAMES.fullmatch(name) and where[:1] != ("user_data",)) or (
            isinstance(value, str) and _KEY_VALUE.search(value)
        ):
            raise CampaignError(
                f"{path}, line {_line(path, (*where, name))}: `{'.'.join((*where, name))}` looks like an API key. "
                f"Campaign files are "
                "passed around, so keys are not read from them.\nTake it out, make a new key if the file was shared, "
                "and: "
                f"export BOLNA_API_KEY=... (or write it into {path.parent / '.env'})."
            )


def _told(path: Path, error: ValidationError) -> str:
    details = error.errors(include_url=False)
    lines = [_one(path, detail) for detail in details[:8]]
    if len(details) > len(lines):
        lines.append(f"... and {len(details) - len(lines)} more.")
    return "\n".join(lines)


def _one(path: Path, detail: ErrorDetails) -> str:
    where = tuple(str(part) for part in detail["loc"])
    keys = _keys_of(where)
    place = f"{path}, line {_line(path, keys)}: `{'.'.join(keys)}`" if keys else f"{path}"
    if detail["type"] == "extra_forbidden":
        return f"{place} is no key of a campaign file.{_nearest(keys)}"
    if detail["type"] == "value_error":
        return f"{place}: {str(detail['msg']).removeprefix('Value error, ')}."
    if detail["type"] == "string_pattern_mismatch" and "from_phone_number" in keys:
        return (
            f'{place} is {detail["input"]!r}: a caller number is written as + and digits, for instance "+918035000001".'
        )
    return f"{place} is {detail['input']!r}: {_lower(str(detail['msg']))}."


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _keys_of(where: Sequence[str]) -> tuple[str, ...]:
    """Drop what pydantic adds to the way to a value: list positions and the names of union members."""
    added = {"str", "int", "float", "bool", "Constant", "datetime", "constrained-str"}
    return tuple(part for part in where if not part.isdigit() and part not in added and "[" not in part)


def _nearest(keys: tuple[str, ...]) -> str:
    section: Any = Campaign
    for name in keys[:-1]:
        fields = {field.alias or key: field for key, field in section.model_fields.items()}
        section = _section_of(fields[name].annotation) if name in fields else None
        if section is None:
            return ""
    known = [field.alias or key for key, field in section.model_fields.items()]
    if section is Campaign:
        known = [
            "recipients",
            "results",
            "ledger",
            *[name for name in known if name not in {"path", "batch", "sandbox"}],
        ]
    near = difflib.get_close_matches(keys[-1], known, n=1, cutoff=0.6)
    return f" Did you mean `{near[0]}`?" if near else f" Known here: {', '.join(known)}."


def _section_of(annotation: Any) -> Any:  # noqa: ANN401 - a type form has no type of its own
    options = (annotation, *getattr(annotation, "__args__", ()))
    return next((option for option in options if isinstance(option, type) and issubclass(option, _Section)), None)


def _line(path: Path, keys: Sequence[str]) -> int:
    """Return the line of a key, or of the nearest table around it; tomllib keeps no positions."""
    table: list[str] = []
    best = 1
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            table = [part.strip(" \"'") for part in header[1].split(".")]
            best = number if table == list(keys[: len(table)]) else best
            continue
        name = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)
        if name and [*table, *name[1].split(".")] == list(keys[: len(table) + 1 + name[1].count(".")]):
            return number
    return best
