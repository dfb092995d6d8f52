"""What may call again, and what still does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import has_page
from dialer.messages.pause import was_paused
from dialer.operations.paused import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.operations import Resumed
    from dialer.store.shared import Pause


START_AGAIN = "No run goes on by itself. Start each campaign again."


def resumed_text(resumed: Sequence[Resumed]) -> str:
    """Return what may call again."""
    return "\n".join(line for one in resumed for line in _lines(one))


def _lines(one: Resumed) -> list[str]:
    name = one.name if not has_page() else "This batch" if one.run else "Every campaign"
    lines = [f"{name} is resumed." if one.lifted else f"{name} was not paused.", *map(_before, one.lifted)]
    if one.still:
        lines += [f"Still: {words_of(pause)}." for pause in one.still]
        return [*lines, *(f"To lift that: {command}" for command in one.lift)]
    return [*lines, f"To go on: {one.run}"] if one.run else [*lines, START_AGAIN] if has_page() else lines


def _before(pause: Pause) -> str:
    if pause.trouble:
        return f"{pause.place} is removed; it could not be read ({pause.trouble})."
    return was_paused(by=pause.by, since=pause.since, why=pause.why)
