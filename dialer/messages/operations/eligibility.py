"""Why somebody is not called at this moment, and why a list may have been called before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.values import duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HOUR = 3600

READING_LIST = "a do-not-call list has changed and is being read"
SCHEDULE_OVER = "the schedule is over"
TOO_LATE = "scheduled_at is less than 3 minutes ahead by now"


def at_scheduled_at(reason: str) -> str:
    return f"at its scheduled_at {reason}"


def no_line_in_time(reason: str) -> str:
    return f"no line is free in time: then {reason}"


def not_before_the_end(reason: str) -> str:
    return f"{reason} any more before the schedule ends"


def about_to_call(batch: str) -> str:
    return f"the batch {batch} is about to call this number"


def rings_later(batch: str) -> str:
    return f"the batch {batch} has placed a call that will ring later"


def called(batch: str, *, seconds: float) -> str:
    # In whole minutes, then hours: those who are left for the same reason are counted together.
    unit = 60 if seconds < _HOUR else _HOUR
    ago = duration(seconds // unit * unit) if seconds >= unit else "less than a minute"
    return f"called {ago} ago by the batch {batch}"


# -- a new ledger whose list was called before -------------------------------------------------------------------------


def not_a_new_batch(doubt: str, *, command: str) -> str:
    return f"{doubt}\nNothing was dialled. If it is a new batch: {command}"


def is_it_new(doubt: str) -> str:
    return f"{doubt}\nIs it a new batch?"


def called_before(called: int, looked_at: int, by: Sequence[tuple[str, int]], *, is_sample: bool) -> str:
    sample = " of the list that were looked at" if is_sample else ""
    numbers = "its only number was" if looked_at == 1 else f"{called:,} of {looked_at:,} numbers{sample} were"
    batches = ", ".join(f"{count:,} by the batch {batch}" for batch, count in by)
    return f"This batch has made no calls yet, but {numbers} called before: {batches}."


def behind_link(ledger: Path, *, link: Path, target: Path) -> str:
    return (
        f"{ledger} is new, and {link} is a symbolic link to {target}. Once it leads elsewhere, the "
        "next run does not know whom this one called. A `ledger` with its own path in the campaign file avoids that."
    )
