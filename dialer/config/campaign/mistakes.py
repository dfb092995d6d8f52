"""What is wrong in a campaign file, in a clerk's words: the key, its line, its value, what is expected."""

from __future__ import annotations

import difflib
import json
import re
from datetime import date, time
from typing import TYPE_CHECKING, Any

from dialer.config.batch import CampaignFile, looks_secret
from dialer.config.campaign.schema import Content
from dialer.config.campaign.values import MistakeError, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

EXPECTED = {
    "string_type": "a text in quotes is expected",
    "string_too_short": "it must not be empty",
    "int_type": "a whole number is expected, without quotes",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected, without quotes",
    "bool_type": "true or false is expected, without quotes",
    "list_type": 'a list in brackets is expected, like [1, 2] or ["a", "b"]',
    "dict_type": 'keys in braces are expected, like {{ name = "value" }}',
    "model_type": "a table is expected: [{table}] on a line of its own, its keys below",
    "greater_than": "more than {gt:g} is expected",
    "greater_than_equal": "{ge:g} or more is expected",
    "less_than_equal": "{le:g} or less is expected",
    "literal_error": "one of {expected} is expected",
    "missing": "it is missing",
    "finite_number": "an ordinary number is expected",
}  # fmt: skip
"""Every type of error that pydantic gives for our schema, in our words; `value_error` brings its own."""

_SHOWN = 8
"""So many mistakes fit on a screen."""
_WIDE = 60
_LONGEST = 600
"""So many characters a message has, whatever it repeats of the file."""
_PERHAPS_SECRET = re.compile(r"\b(bn|sa)-\w{4}|bearer", re.IGNORECASE)
"""More than is refused as an API key: a value is only shown to help."""


def told(file: CampaignFile, error: ValidationError) -> str:
    """Return what pydantic found, one line for each mistake, in the order of the file."""
    details = sorted(error.errors(include_url=False), key=lambda detail: file.line(*_keys(detail)))
    more = [f"... and {len(details) - _SHOWN:,} more."] if len(details) > _SHOWN else []
    return "\n".join([*(_cut(_one(file, detail)) for detail in details[:_SHOWN]), *more])


def shown(value: object) -> str:
    """Return a value about as the file spells it, cut short; never an API key."""
    if isinstance(value, date | time):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False, default=str)
    if looks_secret(text) or _PERHAPS_SECRET.search(text):
        return "(not shown)"
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
    below, keys = _below_it(detail), _keys(detail)
    entry = next((f", entry {part + 1}," for part in reversed(detail["loc"]) if isinstance(part, int)), "")
    place = f"{file.place(*keys)}{entry}"
    if detail["type"] == "extra_forbidden":
        words = f"{place} is not a key of a campaign file. {_instead(keys)}"
    elif detail["type"] == "missing":
        words = f"{place} is missing."
    else:
        expected = cause.words if isinstance(cause, MistakeError) else _expected(detail, keys)
        words = f"{place} is {shown(_below(detail['input'], below))}: {expected}."
    return words


def _expected(detail: ErrorDetails, keys: Sequence[str]) -> str:
    words = EXPECTED.get(detail["type"], "it cannot be used").format(table=".".join(keys), **detail.get("ctx", {}))
    return words.replace("'", '"')


def _below(value: Any, keys: Sequence[str]) -> object:  # noqa: ANN401 - whatever the file says
    for key in keys:
        value = value[key]
    return value


def _instead(keys: tuple[str, ...]) -> str:
    """Say which key may have been meant: one of that name in another table, one spelled like it, or all there are."""
    tables = dict(_tables())
    homes = [table for table, known in tables.items() if keys[-1] in known]
    if homes:
        places = " or ".join(
            f"in [{'.'.join(home)}]" if home else "at the top, before the first [table]" for home in homes
        )
        return f"It belongs {places}."
    known = tables[keys[:-1]]
    near = difflib.get_close_matches(keys[-1].lower(), known, n=1, cutoff=0.5)
    return f"Did you mean `{near[0]}`?" if near else f"Known here: {', '.join(known)}."


def _tables(section: type[Section] = Content, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield every table of a campaign file with its keys."""
    fields = {field.alias or name: field.annotation for name, field in section.model_fields.items()}
    yield at, list(fields)
    for name, annotation in fields.items():
        for option in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(option, type) and issubclass(option, Section):
                yield from _tables(option, (*at, name))
