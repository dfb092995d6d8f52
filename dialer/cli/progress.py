"""How a command shows that it is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.progress import Progress


def progress_of(*, quiet: bool, no_progress: bool = False, log_format: str = "text") -> Progress:
    """Return a bar on a terminal, lines or events elsewhere, or nothing."""
    from dialer import progress  # noqa: PLC0415 - only a run needs it

    if quiet:
        return progress.Silent()
    if log_format == "json":
        return progress.JsonLines(outcomes=not no_progress)
    if no_progress:
        return progress.Silent()
    return progress.Bar() if progress.is_watched() else progress.Lines()


def events_of(progress: Progress) -> Callable[..., None] | None:
    """Return what writes an event of its own, where progress is told in events."""
    from dialer.progress import JsonLines  # noqa: PLC0415 - only a run needs it

    return progress.event if isinstance(progress, JsonLines) else None
