"""Who is called again by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import many
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from dialer.store import Redials


def planned(redials: Redials) -> list[str]:
    """Return who is called again by plan, and who still may be."""
    lines = []
    if redials.due:
        lines.append(f"Redial by plan: {many(redials.due, 'is', 'are')} due now")
    if redials.later and redials.first is not None and redials.last is not None:
        first, last = to_the_minute(redials.first), to_the_minute(redials.last)
        when = f"from {first}" if first == last else f"the first from {first}, all from {last}"
        lines.append(f"Redial by plan: {many(redials.later, 'is', 'are')} called again later, {when}")
    if redials.open:
        calls = many(redials.open, "call is", "calls are")
        lines.append(f"Redial by plan: {calls} still open; the next run asks how they ended")
    if redials.refused:
        them = many(redials.refused, "is", "are")
        lines.append(f"Redial by plan: {them} not called again, since their last redial was refused")
    return lines
