"""Errors of a do-not-call list: no call is placed if it cannot be read with certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.intake.table import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SHOWN = 40
"""Characters of a cell."""
SOMETHING_ELSE = "it is something else"


def on_list(name: str) -> str:
    """Return why somebody is not called, without the line: people are counted by this reason."""
    return f"on the do-not-call list {name}"


def listed(name: str, line: int) -> str:
    """Say where a number is listed; `name` is the file's."""
    return f"{on_list(name)}, line {line}"


def shared(name: str) -> str:
    """Return what the workspace's list is called; a campaign may have a list of the same name."""
    return f"{name} of the workspace"


def unreadable(path: Path, why: str) -> str:
    """Say that a list cannot be read, in the system's words."""
    return (
        f"{_the(path)} cannot be read: {why}. No calls are made without it: "
        f"bring the file back, or correct `suppression` in the campaign file."
    )


def too_old(path: Path, *, days: float, limit: float) -> str:
    """Say that a list is older than it may be."""
    return f"{_the(path)} was last changed {days:.1f} days ago, and max_age_days is {limit:g}. Get the current list."


def empty(path: Path) -> str:
    """Say that there is nothing in a list."""
    return f"{_the(path)} is empty. If it should be empty, take it out of [screening]."


def uneven(path: Path, line: int, *, fields: int, width: int) -> str:
    """Say that a row has more or fewer fields than the first one."""
    return (
        f"{_the(path)}, line {line}: {fields_of(fields)}, but {width} in the first row. "
        "Put one number in each line, or save the list as a table with the same columns in each row."
    )


def no_numbers_column(path: Path) -> str:
    """Say that a list has only parts of numbers."""
    return f"{_the(path)} has no column of phone numbers, only their area codes or countries."


def no_country(path: Path, line: int, name: str) -> str:
    """Say that a country is not known, whose number would be read as another one's."""
    return (
        f'{_the(path)}, line {line}: no country known here is named "{name[:_SHOWN]}". '
        "Write its ISO code (such as IN) or its calling code, or write the number with + in front: read as "
        "a number of another country it would match no recipient, and that person would be called."
    )


def not_whole(path: Path, line: int, *, column: str, cell: str, reason: str, by_content: bool) -> str:
    """Say that a cell is not a whole number.

    Args:
        path: the list.
        line: its line.
        column: the name of the column; may be empty.
        cell: what stands there.
        reason: why it is not one.
        by_content: whether the column was taken for one of phone numbers by its other cells.
    """
    place = f', column "{column}"' if column else ""
    more = "\nIf that column does not hold phone numbers, delete it from the list." if by_content else ""
    return (
        f'{_the(path)}, line {line}{place}: "{cell[:_SHOWN]}" is not a whole number: {reason}. '
        f"Correct or delete the entry: if it were skipped, that person would be called.{more}"
    )


def none_in_use(path: Path, entries: int) -> str:
    """Say that no entry is a number that is in use."""
    return (
        f"{_the(path)}: none of its {entries:,} entries is a phone number that is "
        "in use. If its numbers are right, name their column phone_number."
    )


def open_quote(path: Path, line: int) -> str:
    """Say that a quotation mark is never closed."""
    return f"{_the(path)}, line {line}: the quotation marks do not close."


def several_sheets(path: Path, title: str, others: Sequence[str]) -> str:
    """Say that only one sheet would be read."""
    return (
        f'{_the(path)} has several sheets: only "{title}" would be read, not {", ".join(others)}. '
        "Keep one sheet in the file, or save each as a list of its own."
    )


def bad_row(path: Path, row: int, reason: str) -> str:
    """Say what is wrong with a row of a spreadsheet."""
    return f"{_the(path)}, row {row}: {reason}."


def _the(path: Path) -> str:
    return f"the do-not-call list {path}"
