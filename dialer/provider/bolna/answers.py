"""What people answered, read from what an agent extracts from its calls.

By Bolna's documentation each extraction is a `subjective` free text and an `objective` one of its predefined answers,
under a category and a name; the OpenAPI page shows a flat object of any values. Both are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from dialer.provider.records import Noted

_NONE: Final = frozenset({"", "null", "none", "n/a"})
"""What Bolna, or a model of its, writes where nothing was said."""
_PREDEFINED, _FREE = "objective", "subjective"


def answers_in(extracted: str) -> tuple[Noted, ...]:
    """Return what was answered, by question; nothing where the text is not as described above.

    Args:
        extracted: `extracted_data` as it is kept: a JSON object, or empty.
    """
    try:
        noted = json.loads(extracted or "{}")
    except (ValueError, RecursionError):
        return ()
    return tuple(_answers("", noted)) if isinstance(noted, Mapping) else ()


def _answers(topic: str, noted: Mapping[str, object]) -> Iterator[Noted]:
    for name, value in noted.items():
        if not isinstance(value, Mapping):
            yield from _plain(topic, name, value)
        elif _PREDEFINED in value or _FREE in value:
            yield from _extraction(topic, name, value)
        elif not topic:
            yield from _answers(name, value)


def _extraction(topic: str, name: str, value: Mapping[str, object]) -> Iterator[Noted]:
    chosen, said = _text(value.get(_PREDEFINED)), _text(value.get(_FREE))
    if chosen or said:
        yield Noted(topic, name, chosen or said, is_predefined=bool(chosen), words=said)


def _plain(topic: str, name: str, value: object) -> Iterator[Noted]:
    if answer := _text(value):
        yield Noted(topic, name, answer, is_predefined=isinstance(value, bool), words="")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        return ""
    text = " ".join(str(value).split())
    return "" if text.casefold() in _NONE else text
