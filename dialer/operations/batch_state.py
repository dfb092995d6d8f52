"""The state of a batch, in a word."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from dialer.hours import Open
from dialer.operations.last_run import ENDED
from dialer.store.interface import JUDGED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from dialer.hours import CallingWindow
    from dialer.models import Whereabouts
    from dialer.operations.campaign_files import Found
    from dialer.operations.last_run import LastRun
    from dialer.operations.memory import Memory
    from dialer.store import Store
    from dialer.store.records import Pulse

    _Place: TypeAlias = tuple[Whereabouts, bool]
    """Where some of a list may be, and whether they are called at a moment of their own."""


_PLACES_LAST = 3600.0


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


def opening_of(ledger: Store, found: Found | None, places: Callable[[], Sequence[_Place]]) -> datetime | None:
    """Return when the first of those can be called who are left; None where that is now, or not in sight.

    Args:
        ledger: of the batch.
        found: its campaign file; None if unknown.
        places: returns all places of the ledger: to find them takes a look at everybody who is left.
    """
    campaign = found.campaign if found is not None and found.has_hours else None
    if campaign is None:
        return None
    now = datetime.now(UTC)
    begins = campaign.schedule.begins
    moment = begins if begins is not None and begins > now else now
    first = None if campaign.window is None else _first_opening(ledger, campaign.window, moment, places)
    return first or (None if moment <= now else moment)


def _first_opening(
    ledger: Store, window: CallingWindow, moment: datetime, places: Callable[[], Sequence[_Place]]
) -> datetime | None:
    """Return when the first of those can be called after a moment who are left; None where that is then."""
    # Most often, the first place that is met can be called.
    if any(_opens(window, place, moment) == moment for place in islice(ledger.places(), 1)):
        return None
    openings = [opens for place in places() if (opens := _opens(window, place, moment)) is not None]
    first = min(openings, default=None)
    return None if first == moment else first


def places_left(key: str, ledger: Store, pulse: Pulse, memory: Memory) -> Sequence[_Place]:
    """Return the places of the people who are left: the same while no call is placed and the list stays the same.

    Args:
        key: of the batch in the memory.
        ledger: of the batch.
        pulse: what was counted in it.
        memory: of what was found when it was last looked.
    """
    return memory.recall(
        ("places", key),
        lambda: list(ledger.places()),
        lasts=lambda _: _PLACES_LAST,
        # A list with moments of its own has no mark of what it was judged by: then the end of its last run tells.
        signature=(pulse.counts, pulse.last, ledger.note(JUDGED), ledger.note(ENDED)),
    )


def _opens(window: CallingWindow, place: _Place, moment: datetime) -> datetime | None:
    where, is_scheduled = place
    if is_scheduled:
        # It is judged by its own moment, and its request leaves at once.
        return moment
    verdict = window.verdict(zones=where.zones, country=where.country or None, at=moment)
    return moment if isinstance(verdict, Open) else verdict.opens_at
