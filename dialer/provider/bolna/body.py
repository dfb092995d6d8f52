"""The body of `POST /call`."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import repeat
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final

from dialer.models import e164
from dialer.provider.interface import CallColumns, CallField
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

RESERVED: Final = frozenset(
    {"agent_id", "execution_id", "call_sid", "stream_sid", "from_number", "to_number", "user_number", "agent_number"}
    | {f"current_{unit}" for unit in ("date", "time", "hour", "minute", "weekday", "day", "month", "year")}
)
"""Variables that Bolna fills in itself (its prompting guide, and the open engine)."""

_ZONE: Final = "timezone"
"""Bolna reads this variable itself: an empty name is no zone, and absent means its default."""
_NAMES: Final = {
    CallField.CALLER: "from_phone_number",
    CallField.SCHEDULED_AT: "scheduled_at",
    CallField.AGENT: "agent_id",
    CallField.AGENT_VERSION: "agent_version_id",
    CallField.VOICE: "agent_data",
}


class Bodies:
    """Writes the bodies of a campaign's calls.

    Args:
        common: fields that are the same for all calls, as `POST /call` takes them.
    """

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._common = common

    def __call__(self, calls: CallColumns) -> list[str]:
        """Return the JSON texts of many calls, without the reference."""
        own = {_NAMES[field] for field in calls.own}
        common = _as_json({name: value for name, value in self._common.items() if name not in own})[1:-1]
        # Each piece is the same for all calls or a column of them. Put together by hand, since json.dumps on a fresh
        # dictionary for each call takes three times as long, a million times.
        pieces: list[Iterable[str]] = [
            repeat(f'{{{common}{"," if common else ""}"recipient_phone_number":"'),
            map(e164, calls.numbers),
            repeat('"'),
            *(self._field(field, values) for field, values in calls.own.items()),
            # The last field, so that the reference can join it.
            repeat(',"user_data":{'),
            *_variables(calls),
            repeat("}}"),
        ]
        return ["".join(row) for row in zip(*pieces, strict=False)]

    def _field(self, field: CallField, values: Sequence[str | None]) -> list[str]:
        """Return a field of each call; nothing where it has no value."""
        if field is CallField.VOICE:
            return self._voices(values)
        return ["" if value is None else f',"{_NAMES[field]}":"{value}"' for value in values]

    def _voices(self, voices: Sequence[str | None]) -> list[str]:
        texts = {voice: self._agent_data(voice) for voice in set(voices)}
        return [texts[voice] for voice in voices]

    def _agent_data(self, voice: str | None) -> str:
        data = {**self._common.get("agent_data", {}), **({} if voice is None else {"voice_id": voice})}
        return f',"agent_data":{_as_json(data)}' if data else ""


def _variables(calls: CallColumns) -> Iterator[Iterable[str]]:
    texts = [(name, cells) for name, cells in calls.variables if name != _ZONE]
    for at, (name, cells) in enumerate(texts):
        yield repeat(f"{',' if at else ''}{encode_basestring(name)}:")
        yield map(encode_basestring, cells)
    constants = ",".join(f"{encode_basestring(name)}:{_as_json(value)}" for name, value in calls.constants.items())
    yield repeat(f"{',' if texts and constants else ''}{constants}")
    # What may be left out of a call comes last.
    comma = "," if texts or constants else ""
    for name, cells in calls.variables:
        if name == _ZONE:
            yield (f'{comma}"{_ZONE}":{encode_basestring(cell)}' if cell else "" for cell in cells)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def with_reference(body: str, reference: str) -> bytes:
    """Return a body with the attempt's reference as the last variable.

    The text is put together, not read and written again: it is our own, and its last field is `user_data`.
    """
    text = body.removesuffix("}}")
    comma = "" if text.endswith("{") else ","
    return f'{text}{comma}"{VARIABLE}":"{reference}"}}}}'.encode()


def scheduled_in(body: str) -> datetime | None:
    """Return the moment of a body's `scheduled_at`; None where it has none."""
    if '"scheduled_at"' not in body:
        return None
    text = json.loads(body).get("scheduled_at")
    return None if text is None else datetime.fromisoformat(text)
