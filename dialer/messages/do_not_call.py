"""Messages about the workspace's do-not-call list: no call is placed if it cannot be read with certainty."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import command_text
from dialer.messages.words import many
from dialer.moments import shown, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NO_COUNTRY = "it has no country code"
"""Of a number without a plus: here no setting of a campaign says which country it is of."""
_SHOWN = 40
"""Characters of a cell."""


def unreadable(path: Path, why: str | None) -> str:
    """Say that the list cannot be read, in the system's words."""
    return f"the do-not-call list {path} cannot be read: {why}. No calls are made without it: make it readable."


def unwritable(path: Path, why: str | None) -> str:
    """Say that the list cannot be written, in the system's words."""
    return f"{path} cannot be written: {why}. Nothing was changed: make it and its folder writable, then try again."


def kept_locked(path: Path) -> str:
    """Say that another process does not let go of the list."""
    return (
        f"{path}: another process has been changing this file for 10 seconds. Nothing was changed: end that process "
        "if it hangs, then try again."
    )


def missing(path: Path, *, lines: int, at: float) -> str:
    """Say that a list is gone."""
    return (
        f"{_named(path)} is missing: {_seen(lines, at)}. The numbers on it would be called, so no calls "
        f"are made.\n{_remedy(path)}"
    )


def changed(path: Path, *, lines: int, at: float, now: int) -> str:
    """Say that a list lacks what it had."""
    return (
        f"{_named(path)} was changed: {_seen(lines, at)}, and now it has {many(now, 'line')} and does not begin with "
        f"those. Numbers may be missing, so no calls are made.\n{_remedy(path)}"
    )


def _seen(lines: int, at: float) -> str:
    when = to_the_minute(shown(datetime.fromtimestamp(at, UTC), None))
    return f"at {when} it had {many(lines, 'line')}"


def _named(path: Path) -> str:
    return f"the do-not-call list {path}" if path.is_absolute() else str(path)


def _remedy(path: Path) -> str:
    if not path.is_absolute():
        # It is in a database.
        return f"Restore it there. Or, if the list is right as it is: {command_text('dnc', 'accept')}"
    accept = command_text("dnc", "accept", "--in", path.parent)
    return f"Bring the old file back. Or, if the list is right as it is: {accept}"


def not_utf_8(path: Path, line: int) -> str:
    """Say that a line has other bytes than text in UTF-8."""
    return f'{_line(path, line)}: this is not UTF-8. Save the file as "CSV UTF-8". {_WHY}'


def not_csv(path: Path, line: int) -> str:
    """Say that a line is not one of a CSV."""
    return f"{_line(path, line)}: the quotation marks do not close. Correct the line. {_WHY}"


def over_two_lines(path: Path, line: int) -> str:
    """Say that a cell goes on in the next line."""
    return f"{_line(path, line)}: a cell has a line break. Write each entry in one line. {_WHY}"


def too_many_cells(path: Path, line: int, *, columns: Sequence[str]) -> str:
    """Say that a line has more cells than there are columns."""
    return (
        f"{_line(path, line)}: more cells than columns ({', '.join(columns)}). Put a text that has a comma in it "
        f"between quotation marks. {_WHY}"
    )


def other_columns(path: Path, cells: Sequence[str], *, columns: Sequence[str]) -> str:
    """Say that a file is not such a list."""
    add = command_text("dnc", "add", "--in", path.parent, "--file", "FILE")
    return (
        f'{_line(path, 1)}: the columns are "{on_one_line(", ".join(cells))[:_SHOWN]}", but the do-not-call list of a '
        f"workspace has {', '.join(columns)}.\nIf this is a list of your own, give it another name, and correct "
        f"`suppression` in the campaign files that use it. To put its numbers on the workspace's list: {add}"
    )


def not_a_number(path: Path, line: int, *, cell: str, reason: str) -> str:
    """Say that a line does not begin with a whole number."""
    return (
        f'{_line(path, line)}: "{on_one_line(cell[:_SHOWN])}" is not a whole number: {reason}. Write the number with '
        f"+ and the country code, like +919876543210. {_WHY}"
    )


def not_a_moment(path: Path, line: int, *, cell: str) -> str:
    """Say that the end of an entry is not a date."""
    return (
        f'{_line(path, line)}: "{on_one_line(cell[:_SHOWN])}" in the column `ended` is not a date like 2026-12-01 or '
        f"2026-12-01T09:00:00Z. {_WHY}"
    )


def _line(path: Path, line: int) -> str:
    return f"the do-not-call list {path}, line {line:,}"


_WHY = "Until then no calls are made: if the line were skipped, its number would be called."
