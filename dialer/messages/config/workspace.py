"""What is wrong in `dialer.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FILE = "dialer.toml"


def not_a_table(place: str, table: str) -> str:
    """Say that a table is something else."""
    return f"{place} has to be a table: [{table}] on a line of its own."


def a_campaign_file(path: Path) -> str:
    """Say that a campaign file has the workspace file's name."""
    return (
        f"{path} looks like a campaign file. {_FILE} holds the settings of all campaigns in its folder; "
        "rename this one."
    )


def other_table(place: str, *, table: str, known: Sequence[str], belongs_there: bool) -> str:
    """Say that a key stands outside the only table; `belongs_there` tells whether that table knows it."""
    all_of_it = f"It knows `database`, and [{table}] with {_named(known)}."
    instead = f"It belongs under [{table}]." if belongs_there else all_of_it
    return f"{place} is not a setting of {_FILE}. {instead}"


def unknown(place: str, *, table: str, known: Sequence[str], near: str | None) -> str:
    """Say that a table has no such key; `near` is one that may be meant."""
    instead = f"Did you mean `{near}`?" if near else f"[{table}] knows {_named(known)}."
    return f"{place} is not a setting of {_FILE}. {instead}"


def short_rate(place: str, rate: str, *, per_minute: int) -> str:
    """Say that a rate per second cannot be shared."""
    return (
        f'{place} is "{rate}": several runs can share a rate per minute or per hour only. '
        f'Write it as "{per_minute}/minute".'
    )


def not_a_rate(place: str, value: str) -> str:
    """Say that a value is not a rate; `value` as JSON."""
    return f'{place} is {value}: write a whole number of requests per minute or hour, in quotes, like "500/minute".'


def not_a_currency(place: str, value: str) -> str:
    """Say that a value is not the code of a currency; `value` as JSON."""
    return f'{place} is {value}: write three capital letters in quotes, like "USD".'


def _named(keys: Sequence[str]) -> str:
    return f"{', '.join(f'`{key}`' for key in keys[:-1])} and `{keys[-1]}`"
