"""The body of `POST /call`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dialer.models import e164
from dialer.provider.interface import CallField
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialer.provider.interface import Order

RESERVED: Final = frozenset(
    {"agent_id", "execution_id", "call_sid", "stream_sid", "from_number", "to_number", "user_number", "agent_number"}
    | {f"current_{unit}" for unit in ("date", "time", "hour", "minute", "weekday", "day", "month", "year")}
)
"""Variables that Bolna fills in itself (its prompting guide, and the open engine)."""

_ZONE: Final = "timezone"
"""Bolna reads this variable itself: an empty name is not a zone, and a missing one means Bolna's default."""
_NAMES: Final = {
    CallField.CALLER: "from_phone_number",
    CallField.SCHEDULED_AT: "scheduled_at",
    CallField.AGENT: "agent_id",
    CallField.AGENT_VERSION: "agent_version_id",
    CallField.VOICE: "agent_data",
}


def body(order: Order) -> str:
    """Return the JSON text of a call; the reference is its last variable."""
    names = {_NAMES[field] for field in order.own}
    fields = {name: value for name, value in order.common.items() if name not in names}
    fields["recipient_phone_number"] = e164(order.number)
    for field, value in order.own.items():
        if field is CallField.VOICE:
            fields |= _voice(order.common, value)
        elif value is not None:
            fields[_NAMES[field]] = value
    fields["user_data"] = _variables(order)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _voice(common: Mapping[str, Any], voice: str | None) -> dict[str, Any]:
    data = {**common.get("agent_data", {}), **({} if voice is None else {"voice_id": voice})}
    return {"agent_data": data} if data else {}


def _variables(order: Order) -> dict[str, object]:
    variables = {name: cell for name, cell in order.variables.items() if name != _ZONE} | dict(order.constants)
    if order.variables.get(_ZONE):
        variables[_ZONE] = order.variables[_ZONE]
    if order.reference:
        variables[VARIABLE] = order.reference
    return variables
