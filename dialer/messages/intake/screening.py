"""Why rows are not called, and which setting would make other cells numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import command_text
from dialer.messages.toml import array, key
from dialer.messages.words import many
from dialer.models import e164

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

EMPTY_ROW = "the whole row is empty"
SUPPRESSED = "on a do-not-call list"
CALL_NEEDS_ID = 'duplicates = "call" needs an id column in [columns], or a number would be called twice by mistake.'
_PLACES_SHOWN = 3
_TEXTS_SHOWN = 6
_TEXT = 40


def interrupted(path: Path) -> str:
    """Say that a person stopped the reading."""
    return f"interrupted while reading {path}; nothing was dialled"


def come_from(rows: Sequence[tuple[str, int]]) -> str:
    """Say how many numbers come from each column, in the order in which those count."""
    first, *others = (f'from "{on_one_line(name)}" ({many(count, "row")})' for name, count in rows)
    return f"The numbers come {'; where that is empty, '.join([first, *others])}."


def in_column(column: str, reason: str, *, other: str = "") -> str:
    """Say what is wrong in one of several phone columns; `other` is one behind it that holds a number."""
    unused = f'; "{other}" holds a number, but it counts only where "{column}" is empty' if other else ""
    return f'"{column}": {reason}{unused}'


def all_empty(columns: Sequence[str]) -> str:
    """Say that none of the phone columns holds anything."""
    *some, last = (f'"{name}"' for name in columns)
    return f"{', '.join(some)} and {last} are empty"


def skipped(column: str, cell: str) -> str:
    """Say which cell leaves a row out."""
    return f"{_is(column, cell)}; [screening] skips such rows"


def not_selected(column: str, cell: str, texts: Sequence[str]) -> str:
    """Say which cell leaves a row out, and with which texts it would be called."""
    return f"{_is(column, cell)}; [screening] takes only {_either(texts)}"


def no_such_text(setting: str, column: str, texts: Sequence[str], *, there: Sequence[tuple[str, int]]) -> str:
    """Say that no row has a text that decides whether a row is called.

    Args:
        setting: `skip` or `only`.
        column: where the text is looked for.
        texts: those that no row has.
        there: which texts there are, and how often; none where they are many.
    """
    named = [f"{_quoted(text) if text.strip() else 'empty'} ({count:,})" for text, count in there[:_TEXTS_SHOWN]]
    more = ", ..." if len(there) > _TEXTS_SHOWN else ""
    instead = f"its cells are {', '.join(named)}{more}" if named else "its cells are nearly all different"
    has = f"has {_either(texts)} for {_quoted(column)}"
    return f"`{setting}` in [screening] {has}, but no row does: {instead}"


def skipped_elsewhere(rows: Sequence[int]) -> str:
    """Say which rows are called though another row with the same number is skipped."""
    shown = f"{', '.join(map(str, rows[:_TEXTS_SHOWN]))}{', ...' if len(rows) > _TEXTS_SHOWN else ''}"
    which = f"row {shown} has" if len(rows) == 1 else f"rows {shown} have"
    add = command_text("dnc", "add", "NUMBER")
    return (
        f"{which} the number of a row that is skipped, and can be called; if a person wants no calls at all, put the "
        f"number on the do-not-call list ({add})"
    )


def opted_out(column: str, cells: Mapping[str, int], *, rows: int) -> str:
    """Say that a column that is not used says of rows that are called not to call them.

    Args:
        column: its name.
        cells: what stands there, and in how many of the rows.
        rows: how many rows are called.
    """
    texts: dict[str, str] = {}
    for text in cells:
        texts.setdefault(text.strip().casefold(), text.strip())
    said, count = list(texts.values()), sum(cells.values())
    place = f"{count:,} of the {rows:,} rows" if rows > 1 else "the only row"
    skip = f"skip = {{ {key(column)} = {array(said)} }}"
    return (
        f"{_quoted(column)} is {_either(said)} in {place} that can be called; "
        f"to leave such rows out, write {skip} in [screening]"
    )


def no_id(column: str) -> str:
    """Say that the cell that identifies a recipient is empty."""
    return f"{column} is empty, and identifies the recipient"


def no_required(column: str) -> str:
    """Say that a required cell is empty."""
    return f"{column} is empty, and required"


def same_id(column: str, *, position: int, line: int) -> str:
    """Say that an earlier row has this id."""
    return f"the same {column} as {_row(position, line)}"


def same_number(*, position: int, line: int) -> str:
    """Say that an earlier row has this number; both are called."""
    return f"the same number as {_row(position, line)}"


def same_row(spellings: Sequence[int], *, position: int, line: int) -> str:
    """Say that an earlier row is the same; `spellings` are those of the number's line."""
    return f"the same as {_row(position, line)}{_one_line(spellings)}"


def shared_number(spellings: Sequence[int], *, position: int, line: int) -> str:
    """Say that an earlier row has this number but differs otherwise."""
    return (
        f"the same number as {_row(position, line)}{_one_line(spellings)}, but other columns differ; "
        'to call both: duplicates = "call", and name an id column'
    )


def called_before(key: str, *, column: str | None) -> str:
    """Say that an earlier run called the number, or may have, under another id or in another spelling."""
    person = f" for {column} {key}" if column else f", written as {key}"
    return f"an earlier run called this number{person}, or may have"


def duplicates(path: Path, rows: Sequence[tuple[int, int, str]]) -> str:
    """Refuse a list with duplicates.

    Args:
        path: the list.
        rows: line, number and reason of some of them.
    """
    shown = "\n".join(f"  line {line}: {e164(number)} is {reason}" for line, number, reason in rows)
    return (
        f'{path} has numbers that come twice, and duplicates in [screening] is "refuse":\n{shown}\n'
        'Delete the rows, or set duplicates = "skip".'
    )


def no_column(path: Path, column: str, header: Iterable[str]) -> str:
    """Say that a column is not there, and which are."""
    return f'{path} has no column "{on_one_line(column)}". The columns are: {on_one_line(", ".join(header))[:400]}.'


def no_region(region: str) -> str:
    """Say that a region is not a country."""
    return f'region = "{region}" in [csv] is not a country; write its two letters, such as "IN" or "US".'


def all_lost_plus(reading: int, *, place: str, own: int, country: str) -> str:
    """Say that a number lost its plus, as the whole file shows.

    Args:
        reading: the number with a plus.
        place: where that number is.
        own: the number as one of the country that was set; 0 where it is none.
        country: that country.
    """
    if_own = f"; if it is of {country}, write +{own}" if own else ""
    return (
        f"with a + in front it would be +{reading} ({place}), and nearly all numbers without a + in "
        f"this file would be numbers with one; if that is right, write the +, or set plus_lost = true in [csv]{if_own}"
    )


def valid_elsewhere(
    count: int, *, own: tuple[str, str], other: tuple[str, str], rows: Sequence[tuple[int, int, str, int]]
) -> str:
    """Say that numbers without a country code are valid in another country of the list as well.

    Args:
        count: how many.
        own: the country that was set, and its code.
        other: the other country, and its code.
        rows: position, line, cell and number of the first of them.
    """
    shown = ", ".join(f"row {row} (line {line}) {_quoted(cell)} as {e164(number)}" for row, line, cell, number in rows)
    more = ", ..." if count > len(rows) else ""
    are = "number without a + is" if count == 1 else "numbers without a + are"
    return (
        f"{count:,} {are} valid in {own[0]} (+{own[1]}) and in {other[0]} (+{other[1]}), and other numbers of "
        f"this list have +{other[1]}; they are called as numbers of {own[0]}: {shown}{more}; write +{other[1]} before "
        f"the numbers of {other[0]}"
    )


def few_can_be_called(count: int, tried: int) -> str:
    """Say how many of the numbers without a plus can be called."""
    return f"{count:,} of {many(tried, 'number')} without a + can be called with your [csv] settings"


def numbers_of(region: str, country: str) -> str:
    """Say which region would make nearly all of them numbers."""
    return f'With region = "{region}" nearly all are numbers of {country}'


def numbers_of_many(countries: int) -> str:
    """Say that many regions would."""
    return f"Such numbers are valid in {countries} countries: set region to theirs"


def numbers_with_plus(places: Sequence[tuple[str, int]]) -> str:
    """Say how many would be numbers if they lost their plus, the most frequent places first."""
    named = ", ".join(f"{count} of {place}" for place, count in places[:_PLACES_SHOWN])
    more = ", ..." if len(places) > _PLACES_SHOWN else ""
    cells = many(sum(count for _, count in places), "cell is a number", "cells are numbers")
    return f"With plus_lost = true {cells}: {named}{more}"


def _is(column: str, cell: str) -> str:
    return f"{_quoted(column)} is {_quoted(cell) if cell.strip() else 'empty'}"


def _either(texts: Sequence[str]) -> str:
    shown = [_quoted(text) if text.strip() else "empty cells" for text in texts[:_TEXTS_SHOWN]]
    if len(texts) > len(shown):
        return f"{', '.join(shown)}, ..."
    *some, last = shown
    return f"{', '.join(some)} or {last}" if some else last


def _quoted(text: str) -> str:
    shown = on_one_line(text.strip())
    return f'"{shown if len(shown) <= _TEXT else shown[:_TEXT] + "..."}"'


def _row(position: int, line: int) -> str:
    return f"row {position} (line {line})"


def _one_line(spellings: Sequence[int]) -> str:
    return f" ({', '.join(map(e164, spellings))}: one line)" if len(spellings) > 1 else ""
