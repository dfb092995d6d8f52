"""What may call again, and what still does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.pause import was_paused
from dialer.operations.paused import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.operations import Resumed
    from dialer.store.shared import Pause


def resumed_text(resumed: Sequence[Resumed]) -> str:
    """Return what may call again."""
    return "\n".join(line for one in resumed for line in _lines(one))


def _lines(one: Resumed) -> list[str]:
    lines = [f"{one.name} is resumed." if one.lifted else f"{one.name} was not paused.", *map(_before, one.lifted)]
    if one.still:
        lines += [f"Still: {words_of(pause)}." for pause in one.still]
        return [*lines, *(f"To lift that: {command}" for command in one.lift)]
    return [*lines, f"To go on: {one.run}"] if one.run else lines


def _before(pause: Pause) -> str:
    if pause.trouble:
        return f"{pause.place} is removed; it could not be read ({pause.trouble})."
    return was_paused(by=pause.by, since=pause.since, why=pause.why)
