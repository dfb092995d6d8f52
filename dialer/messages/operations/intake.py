"""A list that takes the place of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text
from dialer.messages.words import many

if TYPE_CHECKING:
    from pathlib import Path


def takes_place(new: Path, former: Path, *, results: Path, missing: int, campaign: Path | None) -> str:
    """Say that a list would take the place of another, and how to keep both.

    Args:
        new: the list.
        former: the other.
        results: of both.
        missing: how many were called of the other, and are not in this one.
        campaign: where a line keeps both; None: each needs a campaign file.
    """
    were = many(missing, "person was", "people were")
    keep = (
        f'write results = "{{recipients}}.results.csv" at the top of {campaign}'
        if campaign is not None
        else f"give it a campaign file: {command_text('init', new)}"
    )
    return (
        f"{new} would take the place of {former} in {results}. {were} called before, and would be in {results} without "
        f"a row of the list; all other rows of {former} would leave it. To keep both, {keep}"
    )


def not_replaced(doubt: str) -> str:
    return f"{doubt}\nNothing was dialled. To let it take that place, start the run on a terminal: it asks."


def replace_it(doubt: str) -> str:
    return f"{doubt}\nLet it take that place?"
