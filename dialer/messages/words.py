"""What messages of every kind say alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialer.messages.files import web_address
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dialer.messages.commands import Selection
    from dialer.models import CallCount

ORDER = (
    *(Status.QUEUED, Status.ERROR, Status.UNKNOWN, Status.PENDING, Status.SENDING),
    *(Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED),
)
NOT_KNOWN = "not known yet"
"""Of a call that the provider knows nothing of."""
NOT_ASKED = "not asked yet"
"""Of a call that the provider was not asked for."""
TRIAL_IS_OVER = "The stand-in of that trial is over, so it cannot be asked"
_CALL_NOTES = {0: "open", 1: "", 2: "given up", 3: "details not read yet"}
_OWN = re.compile(r"\+?\d(?:[() .-]*\d){6,}|\b[0-9a-f]{8}-[0-9a-f-]{20,}", re.ASCII)
"""The parts of a reason that belong to one call alone: a number, or an id."""


def without_stop(words: str) -> str:
    """Return what somebody else says as a part of our sentence."""
    return words.rstrip(" .")


def alike(words: str) -> str:
    """Return a reason without what differs from call to call, so that equal ones are counted together."""
    return _OWN.sub("…", words)


def first_line(text: str) -> str:
    """Return what is said first, for an overview."""
    return text.splitlines()[0].rstrip(":")


def first_sentence(text: str) -> str:
    """Return what happened, without what to do about it."""
    return text.split(". ", maxsplit=1)[0]


def many(count: int, one: str, several: str = "") -> str:
    """Return how many there are of something.

    Args:
        count: how many.
        one: what one of them is called.
        several: what several of them are called, where that is not the same with an s.
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def counted(counts: Mapping[Status, int]) -> str:
    """Return counts by state in one line."""
    return ", ".join(f"{counts[status]:,} {status}" for status in ORDER if counts.get(status)) or "no rows"


def looks(counts: Mapping[Status, int], *, left: int, selection: Selection, more: Sequence[str] = ()) -> list[str]:
    """Return what needs a person's look, each with the command for it.

    Args:
        counts: how many rows of the input stand where.
        left: recipients that can be called and were not.
        selection: the batch, as it is named on the command line.
        more: options of the run that goes on with those who are left.
    """
    lines = []
    if unknown := counts.get(Status.UNKNOWN):
        doubt = f"{unknown:,} unknown: may or may not have been called."
        if selection.sandbox:
            lines += [f"{doubt} {TRIAL_IS_OVER}.", f"  {call_unknown(selection)}"]
        else:
            lines.append(f"{doubt} To look for {_them(unknown)}: {selection.command('reconcile')}")
            lines += [f"  {call_unknown(selection)}", f"  {leave_unknown(unknown)}"]
    if refused := counts.get(Status.ERROR):
        retry = selection.command("run", "--retry-errors")
        lines.append(f"{refused:,} refused, see the `error` column. When the cause is fixed: {retry}")
    if invalid := counts.get(Status.INVALID):
        fix = f"Fix {_them(invalid)} in the CSV, then: {selection.command('run')}"
        lines.append(f"{invalid:,} invalid, see the `error` column. {fix}")
    if left:
        lines.append(f"{many(left, 'is', 'are')} left to be called. To go on: {selection.command('run', *more)}")
    return lines


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def call_unknown(selection: Selection) -> str:
    """Say how to call the people whose call is unknown."""
    whom = "them" if selection.sandbox else "those that are not found (some may be called twice)"
    return f"To call {whom}: {selection.command('run', '--redial-unknown')}"


def leave_unknown(count: int) -> str:
    """Say what comes of leaving them."""
    if count == 1:
        return "Or leave it: it stays unknown, no run calls that person, and the exit code stays 1."
    return "Or leave them: they stay unknown, no run calls these people, and the exit code stays 1."


def calls_table(counts: Sequence[CallCount]) -> list[str]:
    """Return how many accepted calls have ended and how they stand, the most frequent outcome first."""
    total = sum(count.calls for count in counts)
    outcomes: dict[str, list[CallCount]] = {}
    for count in counts:
        outcomes.setdefault(_stands(count), []).append(count)
    rows = (_outcome_row(outcome, ones, total=total) for outcome, ones in outcomes.items())
    # If no call was looked up, the line above is enough.
    return [calls_head(counts), *(rows if any(count.asked for count in counts) else ())]


def _outcome_row(outcome: str, counts: Sequence[CallCount], *, total: int) -> str:
    calls = sum(count.calls for count in counts)
    notes = [
        note if len(counts) == 1 else f"{count.calls:,} {note}"
        for count in counts
        if (note := _CALL_NOTES[count.final])
    ]
    noted = f"  {', '.join(notes)}" if notes else ""
    return f"  {outcome:<18} {calls:>9,}  {calls / total:6.1%}{noted}"


def calls_head(counts: Sequence[CallCount]) -> str:
    """Return how many of the accepted calls have ended."""
    total = sum(count.calls for count in counts)
    if not any(count.asked for count in counts):
        return f"how the {many(total, 'accepted call')} went: {NOT_ASKED}"
    ended = sum(count.calls for count in counts if count.final)
    return f"{ended:,} of {many(total, 'call')} {'has' if ended == 1 else 'have'} ended"


def calls_line(counts: Sequence[CallCount]) -> str:
    """Return how many of the accepted calls have ended, and where the others stand, in one line."""
    others = [f"{count.calls:,} {_stands(count)}" for count in counts if not count.final and count.asked]
    waiting = sum(count.calls for count in counts if not count.asked)
    others += [f"{waiting:,} {NOT_ASKED}"] if waiting and any(count.asked for count in counts) else []
    return "; ".join(filter(None, (calls_head(counts), ", ".join(others))))


def _stands(count: CallCount) -> str:
    return count.outcome or (NOT_KNOWN if count.asked else NOT_ASKED)


def not_a_file(path: Path, kind: str) -> str:
    """Say that something else is there than a file, such as a pipe, and what to do."""
    return f"{web_address(path) or path}: this is {kind}."


def cannot_be_read(path: Path, why: str) -> str:
    """Say that a file cannot be read, in the system's words."""
    return f"{path}: cannot be read ({why})."
