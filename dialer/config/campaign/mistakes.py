"""What is wrong in a campaign file, the key, its line, its value, what is expected."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import TYPE_CHECKING, Any

from dialer.config.batch import CampaignFile, looks_secret
from dialer.config.campaign.schema import Content
from dialer.config.campaign.values import MistakeError, Section
from dialer.messages.config import campaign as say
from dialer.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_SHOWN = 8
"""So many mistakes fit on a screen."""
_WIDE = 60
_LONGEST = 600
"""So many characters a message has, whatever it repeats of the file."""
_PERHAPS_SECRET = re.compile(r"\b(bn|sa)-\w{4}|bearer", re.IGNORECASE)
"""More than is refused as an API key: a value is only shown to help."""


def words_of(file: CampaignFile, error: ValidationError) -> str:
    """Return what pydantic found, one line for each mistake, in the order of the file."""
    details = sorted(error.errors(include_url=False), key=lambda detail: file.line(*_keys(detail)))
    more = [say.more(len(details) - _SHOWN)] if len(details) > _SHOWN else []
    return "\n".join([*(_cut(_one(file, detail)) for detail in details[:_SHOWN]), *more])


def shown(value: object) -> str:
    """Return a value about as the file spells it, cut short; never an API key."""
    if isinstance(value, date | time):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False, default=str)
    if looks_secret(text) or _PERHAPS_SECRET.search(text):
        return say.NOT_SHOWN
    return text if len(text) <= _WIDE else f"{text[:_WIDE]}..."


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def _keys(detail: ErrorDetails) -> tuple[str, ...]:
    """Return the key that a mistake is about."""
    return (*(part for part in detail["loc"] if isinstance(part, str)), *_below_it(detail))


def _below_it(detail: ErrorDetails) -> tuple[str, ...]:
    cause = detail.get("ctx", {}).get("error")
    return tuple(cause.at) if isinstance(cause, MistakeError) else ()


def _one(file: CampaignFile, detail: ErrorDetails) -> str:
    """Return the message of a mistake."""
    cause = detail.get("ctx", {}).get("error")
    keys = _keys(detail)
    place = file.place(*keys)
    entry = next((part for part in reversed(detail["loc"]) if isinstance(part, int)), None)
    if entry is not None:
        place = say.entry(place, entry + 1)
    if detail["type"] == "extra_forbidden":
        return _unknown(place, keys)
    if detail["type"] == "missing":
        return say.missing(place)
    expected = (
        cause.words
        if isinstance(cause, MistakeError)
        else say.expected(detail["type"], table=".".join(keys), limits=detail.get("ctx", {}))
    )
    return say.mistake(place, shown(_below(detail["input"], _below_it(detail))), expected)


def _below(value: Any, keys: Sequence[str]) -> object:  # noqa: ANN401 - whatever the file says
    for key in keys:
        value = value[key]
    return value


def _unknown(place: str, keys: tuple[str, ...]) -> str:
    """Say which key may have been meant: one of that name in another table, one spelled like it, or all there are."""
    tables = dict(_tables())
    known = tables.get(keys[:-1], [])
    homes = [table for table, names in tables.items() if keys[-1] in names]
    return say.unknown(place, homes=homes, near=nearest(keys[-1], known), known=known)


def _tables(section: type[Section] = Content, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield every table of a campaign file with its keys."""
    fields = {field.alias or name: field.annotation for name, field in section.model_fields.items()}
    yield at, list(fields)
    for name, annotation in fields.items():
        for option in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(option, type) and issubclass(option, Section):
                yield from _tables(option, (*at, name))
