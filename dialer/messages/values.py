"""How values are written: for scripts as JSON, for people as amounts and times."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from dialer.escaping import visible_json

CURRENCY_NOT_SET = "currency not set"
_MINUTE, _HOUR = 60, 3600
_CENTS = 100
"""Of one unit of a currency."""


def plain(value: Any) -> Any:  # noqa: ANN401 - any of our values
    """Return a value as JSON has it: dataclasses as objects, moments in ISO 8601 (UTC), exit codes as numbers."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return (value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value).isoformat()
    if isinstance(value, IntEnum):
        return int(value)
    return str(value) if isinstance(value, Path) else value


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Return a value as JSON; without an indent on one line."""
    return visible_json(json.dumps(plain(value), ensure_ascii=False, indent=indent))


def money(cents: float, currency: str | None) -> str:
    """Return a cost with its unit.

    Args:
        cents: as the provider gives it.
        currency: of the organisation, as `dialer.toml` names it; None: the number stays as it came.
    """
    unit = f"(in hundredths; {CURRENCY_NOT_SET} in dialer.toml)" if currency is None else currency
    return f"{amount(cents, currency)} {unit}"


def amount(cents: float, currency: str | None) -> str:
    """Return a cost without its unit, for a column; see `money`."""
    if currency is None:
        return f"{round(cents, 4):,.15g}"
    if abs(cents) >= _CENTS:
        return f"{cents / _CENTS:,.2f}"
    # A call of a few seconds costs less than a cent.
    whole, part = f"{cents / _CENTS:.4f}".split(".")
    return f"{whole}.{part[:2]}{part[2:].rstrip('0')}"


def duration(seconds: float) -> str:
    """Return a time in its two largest units, rounded up: `45 s`, `2 min 1 s`, `3 h 10 min`."""
    whole = math.ceil(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    large, small = (("min", _MINUTE), ("s", 1)) if whole < _HOUR else (("h", _HOUR), ("min", _MINUTE))
    units = math.ceil(whole / small[1])
    count, rest = divmod(units, large[1] // small[1])
    return f"{count:,} {large[0]} {rest} {small[0]}" if rest else f"{count:,} {large[0]}"
