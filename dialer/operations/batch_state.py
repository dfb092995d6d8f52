"""In which state a batch is, in a word."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from dialer.hours import Open

if TYPE_CHECKING:
    from dialer.hours import CallingWindow
    from dialer.models import Whereabouts
    from dialer.operations.campaign_files import Found
    from dialer.operations.last_run import LastRun
    from dialer.store import Store


class State(StrEnum):
    """Where a batch stands."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    HOURS = "waiting for hours"
    LINE = "waiting for a line"
    PAUSED = "paused"
    STOPPED = "stopped"
    LEFT = "left for later"
    DONE = "done"
    MISSING = "missing"
    UNREADABLE = "not readable"


def state_of(
    ledger: Store,
    ended: LastRun | None,
    *,
    is_running: bool,
    is_paused: bool,
    left: int,
    is_over: bool,
    still_open: int,
    opens: datetime | None,
    is_idle: bool,
) -> State:
    """Return the state of a batch.

    Args:
        ledger: its ledger.
        ended: how its last run ended; None if unknown.
        is_running: a run is active.
        is_paused: the user has paused it.
        left: number of recipients who can be called and were not.
        is_over: no recipient is called again by a plan.
        still_open: number of open calls.
        opens: when the first of `left` can be called; None: now.
        is_idle: no call is being placed, and none was within the last minute.
    """
    if is_running:
        if not (left and is_idle):
            return State.RUNNING
        return State.HOURS if opens is not None else State.LINE if still_open else State.RUNNING
    if is_paused:
        return State.PAUSED
    if ended is None and not ledger.has_attempts():
        return State.NOT_STARTED
    if is_stopped(ledger, ended, left=left):
        return State.STOPPED
    return State.DONE if is_over and not left else State.LEFT


def is_stopped(ledger: Store, ended: LastRun | None, *, left: int) -> bool:
    """Tell whether the last run ended before it had done what it could, and somebody is left for that."""
    return ended is not None and ended.is_stop and bool(left or not ledger.has_attempts())


def opening_of(ledger: Store, found: Found | None) -> datetime | None:
    """Return when the first of those can be called who are left; None where that is now, or not in sight."""
    campaign = found.campaign if found is not None and found.has_hours else None
    if campaign is None:
        return None
    now = datetime.now(UTC)
    begins = campaign.schedule.begins
    moment = begins if begins is not None and begins > now else now
    first = None if campaign.window is None else _first_opening(ledger, campaign.window, moment)
    return first or (None if moment <= now else moment)


def _first_opening(ledger: Store, window: CallingWindow, moment: datetime) -> datetime | None:
    """Return when the first of those can be called after a moment who are left; None where that is then."""
    openings = []
    for where, is_scheduled in ledger.places():
        # What is scheduled is judged by its own moment, and its request leaves at once.
        opens = moment if is_scheduled else _opens(window, where, moment)
        if opens == moment:
            return None
        openings += [opens] if opens is not None else []
    return min(openings, default=None)


def _opens(window: CallingWindow, where: Whereabouts, moment: datetime) -> datetime | None:
    verdict = window.verdict(zones=where.zones, country=where.country or None, at=moment)
    return moment if isinstance(verdict, Open) else verdict.opens_at
