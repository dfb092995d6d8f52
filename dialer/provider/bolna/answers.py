"""What people answered, read from what an agent extracts from its calls.

By Bolna's documentation each extraction is a `subjective` free text and an `objective` one of its predefined answers,
under a category and a name; the OpenAPI page shows a flat object of any values. Both are read.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dialer.provider.records import Noted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    return tuple(_answers("", noted)) if isinstance(noted, dict) else ()


def _answers(topic: str, noted: Mapping[str, Any]) -> Iterator[Noted]:
    for name, value in noted.items():
        if not isinstance(value, dict):
            if answer := _text(value):
                yield Noted(topic, name, answer, isinstance(value, bool), "")
        elif _PREDEFINED in value or _FREE in value:
            chosen, said = _text(value.get(_PREDEFINED)), _text(value.get(_FREE))
            if chosen or said:
                yield Noted(topic, name, chosen or said, bool(chosen), said)
        elif not topic:
            yield from _answers(name, value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return _said(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | float) else ""


@lru_cache(maxsize=1000)
def _said(text: str) -> str:
    # Predefined answers are few, and come again and again.
    line = " ".join(text.split())
    return "" if line.casefold() in _NONE else line
