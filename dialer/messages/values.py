"""Values as JSON has them, for scripts."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from dialer.escaping import visible_json


def plain(value: Any) -> Any:  # noqa: ANN401 - any of our values
    """Return a value as JSON has it: dataclasses as objects, moments in ISO 8601, exit codes as numbers."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, IntEnum):
        return int(value)
    return str(value) if isinstance(value, Path) else value


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Return a value as JSON; without an indent on one line."""
    return visible_json(json.dumps(plain(value), ensure_ascii=False, indent=indent))
