"""What a run has taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import many

if TYPE_CHECKING:
    from dialer.operations import Changed


def changed_text(changed: Changed) -> str:
    """Return how a run goes on."""
    each = f"process {changed.pid} goes on" if len(changed.runs) == 1 else f"each of {len(changed.runs)} runs goes on"
    return f"{changed.batch}: {each} with {settings_text(changed.rate, changed.lines)}."


def settings_text(rate: str | None, lines: int | None) -> str:
    """Return what was changed of a run."""
    parts = [] if rate is None else [rate]
    parts += [] if lines is None else [f"at most {many(lines, 'live call')}"]
    return " and ".join(parts)
