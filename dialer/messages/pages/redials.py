"""Who is called again by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from dialer.store import Redials


def planned(redials: Redials) -> list[str]:
    """Return who is called again by plan, and who still may be."""
    lines = []
    if redials.due:
        lines.append(f"Redial by plan: {redials.due:,} {_are(redials.due)} due now")
    if redials.later and redials.first is not None and redials.last is not None:
        first, last = to_the_minute(redials.first), to_the_minute(redials.last)
        when = f"from {first}" if first == last else f"the first from {first}, all from {last}"
        lines.append(f"Redial by plan: {redials.later:,} {_are(redials.later)} called again later, {when}")
    if redials.open:
        calls = "1 call is" if redials.open == 1 else f"{redials.open:,} calls are"
        lines.append(f"Redial by plan: {calls} not over yet, as far as is known; the next run asks how they ended")
    if redials.refused:
        lines.append(f"Redial by plan: {redials.refused:,} {_are(redials.refused)} not called again: that was refused")
    return lines


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
