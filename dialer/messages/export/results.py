"""What files of ours are called, and why a results CSV cannot be read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RESULTS_FILE = "a results file of dialer"
REJECTS_FILE = "a rejects file of dialer"


def no_column(path: Path, column: str) -> str:
    return (
        f"{path}: the results have no column {column!r} any more, so it is not known who was called.\n"
        "Put the column back, or move the file away if it does not belong to this batch."
    )


def not_utf8(path: Path, byte: int) -> str:
    return f'{path}: not UTF-8 (byte {byte}). Save it from the spreadsheet as "CSV UTF-8", then run again.'


def not_a_csv(path: Path, why: str) -> str:
    return (
        f"{path}: {why}. Fix the file. If the ledger is beside it, you can move the file away instead: the next run "
        "writes it again."
    )


def unreadable(path: Path, why: str | None) -> str:
    return f"{path}: the results cannot be read ({why}). Nothing was dialled."


def nobodys(row: int, *, number: str, status: str) -> str:
    """Return a results row that matches no recipient of the list."""
    return f"  row {row}: {number or '(no number)'}, status {status or '(empty)'}"


def call_of_another_row(row: int) -> str:
    return f"  row {row}: another row has the same execution_id"


def unmatched(path: Path, count: int, first: Sequence[str]) -> str:
    """Return which rows may be about people who were called, `first` being those of the two kinds above."""
    more = [f"  ... and {count - len(first)} more"] if count > len(first) else []
    return "\n".join(
        (
            f"{path}: {many(count, 'row')} that may have been called cannot be matched to a person:",
            *first,
            *more,
            "Nothing was dialled. Fix their `key` and `status` cells from a copy of the file, or move it away",
            "if the ledger beside it is whole.",
        )
    )
