"""Which column holds the phone numbers: by its name, and what its cells look like where no name tells."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from dialer import phone
from dialer.errors import InputError
from dialer.loader import chunks
from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.loader import Table

PHONE_NAMES: Final = (
    "contact_number",
    "phone_number",
    "to_number",
    "mobile_number",
    "number",
    "phone",
    "recipient_phone_number",
)
"""Header names under which a phone column is found by itself."""

SAMPLE: Final = 200
"""So many first rows are looked at to see which columns hold numbers."""
SHARE: Final = 0.8
"""A column is likely when so many of its cells look like numbers."""

_UNMARKED: Final = frozenset({"number_no_country_code", "number_plus_lost"})
"""What is wrong with whole numbers that lack only their country code."""
_NEARLY: Final = _UNMARKED | {"number_scientific", "number_extension", "number_two"}
"""What is wrong with cells that were meant for numbers."""


def phone_column(table: Table, named: str | None) -> str:
    """Find the column that holds the phone numbers.

    Args:
        table: whose columns they are.
        named: the name in the campaign file; None to look for the usual names.

    Raises:
        InputError: there is none, or more than one; the message says which it may be by the cells.
    """
    if named is not None:
        if named in table.header:
            return named
        raise InputError(
            f'{table.path}: there is no column "{named}" for the phone numbers.{_nearest(named, table.header)} '
            f"{_listed(table.header)}"
        )
    usual = usual_columns(table.header)
    if len(usual) == 1:
        return usual[0]
    what = (
        f"several columns may hold the phone numbers: {', '.join(usual)}."
        if usual
        else f"no column has one of the usual names for phone numbers, such as phone_number.{_likely(table)}"
    )
    raise InputError(f"{table.path}: {what} Set phone in [columns] of the campaign file. {_listed(table.header)}")


def refuse_without_header(table: Table, column: str = "") -> None:
    """Refuse a table whose first line is a row: that person would be neither called nor told.

    Args:
        table: the table.
        column: the name of the column that holds the phone numbers, once it is known: there a number without a
            country code is one as well.

    Raises:
        InputError: a column is named by a number.
    """
    name = next((name for name in table.header if not isinstance(phone.judge(name), Problem)), None)
    if name is None and column and _looks_like_one(column, nearly=_UNMARKED):
        name = column
    if name is not None:
        raise InputError(
            f"{table.path}, line 1: {name!r} is a phone number where a column's name should be: there seems to be no "
            "header.\nPut a first line above it that names the columns, for instance: phone,name"
        )


def usual_columns(header: Sequence[str]) -> list[str]:
    """Return the columns that have one of the usual names."""
    return [name for name in header if name.strip("\ufeff ").casefold().replace(" ", "_") in PHONE_NAMES]


def likely_columns(table: Table) -> list[str]:
    """Return the columns whose first cells look like phone numbers, the likeliest first: a guess, for a person."""
    frame = next(chunks(table, size=SAMPLE)).frame
    shares = {name: _share(frame[name].tolist()) for name in table.header}
    return sorted((name for name, share in shares.items() if share >= SHARE), key=lambda name: -shares[name])


def _share(cells: Sequence[str]) -> float:
    """Return how many of the cells that hold anything look like numbers, from 0 to 1."""
    filled = [cell for cell in cells if cell.strip()]
    return sum(map(_looks_like_one, filled)) / len(filled) if filled else 0.0


def _looks_like_one(cell: str, *, nearly: frozenset[str] = _NEARLY) -> bool:
    found = phone.judge(cell, allow=frozenset(phone.SPECIAL))
    return not isinstance(found, Problem) or found.code in nearly


def _likely(table: Table) -> str:
    names = [f'"{name}"' for name in likely_columns(table)[:3]]
    return f" By its cells it may be {' or '.join(names)}." if names else ""


def _nearest(named: str, header: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in header}
    near = difflib.get_close_matches(named.casefold(), folded, n=1)
    return f' Did you mean "{folded[near[0]]}"?' if near else ""


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(header[:30])
    return f"The columns are: {shown}{', …' if len(header) > 30 else ''}."  # noqa: PLR2004 - one screen
