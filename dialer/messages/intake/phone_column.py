"""Which column holds the phone numbers, and which may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NO_USUAL_NAME = "no column has one of the usual names for phone numbers, such as phone_number"
_COLUMNS_SHOWN = 30


def no_such_column(path: Path, name: str, *, near: str | None, header: Sequence[str]) -> str:
    """Say that the column that was named is not there; `near` is one that may be meant."""
    meant = f' Did you mean "{near}"?' if near else ""
    return f'{path}: there is no column "{name}" for the phone numbers.{meant} {_columns(header)}'


def chosen(name: str, shares: Sequence[tuple[str, int, int]]) -> str:
    """Say which column was taken.

    Args:
        name: the column.
        shares: of each that was looked at its name, how many of its cells are numbers, and how many were looked at.
    """
    words = {other: share(numbers, cells) for other, numbers, cells in shares}
    own = words.pop(name)
    others = " or ".join(f'"{other}" ({words})' for other, words in words.items())
    return f'The numbers come from the column "{name}": {own}{f", not from {others}" if others else ""}.'


def share(numbers: int, cells: int) -> str:
    """Say how many cells are numbers."""
    return f"{numbers:,} of {many(cells, 'cell')} {'is a number' if numbers == 1 else 'are numbers'}"


def no_phone_column(path: Path, header: Sequence[str]) -> str:
    """Say that no column looks like one of phone numbers."""
    return f"{path}: {_NO_USUAL_NAME}. Set phone in [columns] of the campaign file. {_columns(header)}"


def choose(path: Path, shares: Sequence[tuple[str, int, int]]) -> str:
    """Say which columns may be meant, with the line to write for each; `shares` as of `chosen`."""
    several = len(shares) > 1
    what = "several columns may hold the phone numbers" if several else _NO_USUAL_NAME
    those = "the right one of these lines" if several else "this line, if it is right,"
    lines = [
        f"  phone = {json.dumps(name, ensure_ascii=False)}   # {share(numbers, cells)}"
        for name, numbers, cells in shares
    ]
    return "\n".join([f"{path}: {what}. Write {those} into [columns] of the campaign file:", *lines])


def no_header(path: Path, name: str) -> str:
    """Say that the first line is a row; `name` is its phone number."""
    return (
        f"{path}, line 1: {name!r} is a phone number where a column's name should be: there seems to be no "
        "header.\nPut a first line above it that names the columns, for instance: phone,name"
    )


def _columns(header: Sequence[str]) -> str:
    shown = on_one_line(", ".join(header[:_COLUMNS_SHOWN]))
    return f"The columns are: {shown}{', …' if len(header) > _COLUMNS_SHOWN else ''}."
