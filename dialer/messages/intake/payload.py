"""Why a row can have no request: its caller, agent, voice, schedule and zone; and columns that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COLUMNS_SHOWN = 30
_CELL_SHOWN = 60


def reserved_column(path: Path, column: str, *, provider: str) -> str:
    """Say that a column has the name of the variable that carries our reference."""
    return f'{path}: rename the column "{column}": dialer uses this name to find its calls at {provider}.'


def no_column(place: str, path: Path, column: str, *, near: str | None, header: Sequence[str]) -> str:
    """Say that a column that the campaign file names is not there; `near` is one that may be meant."""
    meant = f' Did you mean "{near}"?' if near else ""
    end = ", ..." if len(header) > _COLUMNS_SHOWN else "."
    return (
        f'{place}: {path} has no column "{column}".{meant}\n'
        f"Its columns are: {on_one_line(', '.join(header[:_COLUMNS_SHOWN]))}{end}"
    )


def unused_schedule(column: str) -> str:
    """Say that a column that looks like it does not say when to call."""
    return (
        f'the column "{column}" does not say when somebody is called; '
        f'for that write scheduled_at = "{column}" in [columns]'
    )


def cell(column: str, text: str, expected: str) -> str:
    """Say what a cell is and what is expected there."""
    return f'"{column}" is "{cut(text)}": {expected}'


def voice(column: str, text: str, *, longest: int) -> str:
    """Say that a cell cannot be the id of a voice."""
    return cell(column, on_one_line(text), f"the id of a voice is expected, one line of at most {longest} characters")


def caller(column: str, reason: str) -> str:
    """Say why a cell is not a caller number."""
    return f'caller number in "{column}": {reason}'


def zone(column: str, reason: str) -> str:
    """Say why a cell is not a time zone."""
    return f'"{column}": {reason}'


def not_a_zone(text: str) -> str:
    """Say that a text is spelled otherwise than the time zone that it names."""
    return f'"{text}" is not a time zone'


def too_soon(text: str) -> str:
    """Say that a schedule is over, or nearly."""
    return f"scheduled_at {text} is in the past or less than 3 minutes ahead"


def too_far(text: str, *, provider: str) -> str:
    """Say that a schedule is further ahead than the provider takes it."""
    return f"scheduled_at {text} is more than 30 days ahead, which {provider} refuses"


def not_a_time(text: str) -> str:
    """Say that a schedule cannot be read."""
    return f"scheduled_at {cut(text)} is not a date and time like 2026-12-01T10:00:00+05:30"


def without_zone(text: str) -> str:
    """Say that a schedule may be at several moments."""
    return (
        f"scheduled_at {text} has no time zone: add an offset like +05:30, or name a zone in the campaign file "
        '(timezone = "Asia/Kolkata" in [call]; where a column holds it, timezone = "its name" in [columns])'
    )


def skipped(text: str, zone: str) -> str:
    """Say that the time does not exist."""
    return f"scheduled_at {text} does not exist in {zone}: the clocks skip it"


def cut(text: str) -> str:
    """Return a cell as a message shows it."""
    return text if len(text) <= _CELL_SHOWN else f"{text[:_CELL_SHOWN]}..."
