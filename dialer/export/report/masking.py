"""What a report leaves out of cells and answers: whole phone numbers, and what is too long."""

from __future__ import annotations

import re
from typing import Final

_ALL_BUT_THREE: Final = re.compile(r"(?:\d(?=(?:\D*\d){3}))+")
_LONG: Final = re.compile(r"\+?\d(?:[() ./-]*\d){6,}")


def masked(cell: str) -> str:
    """Return a phone cell of which only the last three digits can be read."""
    return _ALL_BUT_THREE.sub("•••", cell)


def without_numbers(words: str) -> str:
    """Return what somebody said, with of each phone number only the last three digits."""
    return _LONG.sub(lambda number: masked(number[0]), words)


def cut(text: str, most: int) -> str:
    """Return a text of so many letters at most."""
    return text if len(text) <= most else f"{text[:most]}…"
