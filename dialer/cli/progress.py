"""How a command shows that it is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.progress import Progress


def progress_of(*, quiet: bool, no_progress: bool = False, log_format: str = "text") -> Progress:
    """Return a bar on a terminal, lines or events elsewhere, or nothing."""
    from dialer import log, progress  # noqa: PLC0415 - only a run needs it

    if quiet:
        return progress.Silent()
    if log_format == "json":
        events = progress.JsonLines(outcomes=not no_progress)
        if log.is_shown():
            log.show(lambda line: events.event("log", text=line))
        return events
    if no_progress:
        return progress.Silent()
    # A bar is drawn over itself, which the lines of a log would break.
    return progress.Bar() if progress.is_watched() and not log.is_shown() else progress.Lines()


def events_of(progress: Progress) -> Callable[..., None] | None:
    """Return what writes an event of its own, where progress is told in events."""
    from dialer.progress import JsonLines  # noqa: PLC0415 - only a run needs it

    return progress.event if isinstance(progress, JsonLines) else None
