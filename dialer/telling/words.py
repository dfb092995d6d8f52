"""What messages of every kind say alike."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

from dialer.models import Status
from dialer.progress import NOT_KNOWN, calls_head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.models import CallCount

ORDER = (
    *(Status.QUEUED, Status.ERROR, Status.UNKNOWN, Status.PENDING, Status.SENDING),
    *(Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED),
)
_CALL_NOTES = {0: "  not final", 1: "", 2: "  never ended, given up"}


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    whole = math.ceil(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{whole} s"
    hours, minutes = divmod(math.ceil(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def counted(counts: Mapping[Status, int]) -> str:
    """Return counts by state in one line."""
    return ", ".join(f"{counts[status]:,} {status}" for status in ORDER if counts.get(status)) or "nobody"


def looks(counts: Mapping[Status, int], *, left: int, command: str) -> list[str]:
    """Return what needs a person's look, each with the command for it.

    Args:
        counts: how many rows of the input stand where.
        left: recipients that can be called and were not.
        command: what goes on, for instance `dialer run campaign.toml`.
    """
    lines = []
    if unknown := counts.get(Status.UNKNOWN):
        again = command.replace(" run ", " reconcile ", 1)
        lines.append(
            f"{unknown} unknown: nobody knows whether they were called. Later: {again}\n"
            f"  and what is never found, if you decide so: {command} --redial-unknown"
        )
    if refused := counts.get(Status.ERROR):
        lines.append(f"{refused} refused, see the `error` column. When mended: {command} --retry-errors")
    if invalid := counts.get(Status.INVALID):
        lines.append(f"{invalid} invalid, see the `error` column. Mend them in the CSV, then: {command}")
    if left:
        lines.append(f"{left:,} are left to be called. To go on: {command}")
    return lines


def calls_table(counts: Sequence[CallCount]) -> list[str]:
    """Return how many accepted calls have ended and how they stand, the most frequent outcome first."""
    total = sum(count.calls for count in counts)
    rows = (
        f"  {count.outcome or NOT_KNOWN:<18} {count.calls:>9,}  {count.calls / total:6.1%}{_CALL_NOTES[count.final]}"
        for count in counts
    )
    return [calls_head(counts), *rows]


def command_text(*words: str) -> str:
    """Return a command as it can be typed."""
    return shlex.join(("dialer", *words))
