"""How far a run is: it shows that every second, and notes every few seconds what `status` cannot know otherwise."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from dialer.engine.progress import NOT_LOOKED, Going
from dialer.errors import LedgerError
from dialer.models import Status
from dialer.moments import shown
from dialer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.engine.concurrency import Lines
    from dialer.engine.forecast import Course
    from dialer.engine.placing import Placing
    from dialer.operations.live_settings import Listener
    from dialer.operations.outcome import Plan
    from dialer.operations.run_context import RunContext
    from dialer.store import Store
    from dialer.sync.track.watch import CallWatch

BEAT_EVERY = 1.0
"""Seconds between two showings of how it goes."""
FORESEE_EVERY = 10.0
"""Seconds between two forecasts of when the last call will have ended."""
NOTE_EVERY = 5.0
"""Seconds between two notes."""
FRESH = 30.0
"""Seconds after which a note says nothing any more: the run stands still, or is gone."""


@dataclass(frozen=True, slots=True)
class LiveProgress:
    """The progress of an active run.

    Attributes:
        at: when it was so.
        done: recipients that it has called, or whose call was refused or is unknown.
        to_call: how many recipients it is to call.
        rate_per_seconds: the unit of the campaign's rate.
        live: calls of it that are not over, as far as is known.
        lines: how many may be live at once; None where that is not known.
        ends_at: when its last call will have ended; None where that cannot be said.
    """

    at: datetime
    done: int
    to_call: int
    rate_per_seconds: float
    live: int
    lines: int | None
    ends_at: datetime | None


def live_progress(ledger: Store, counts: Mapping[Status, int], *, zone: str | None) -> LiveProgress | None:
    """Return how far the run is that holds the ledger; None where it has not noted that lately.

    Args:
        ledger: which one.
        counts: how many rows stand where at this moment.
        zone: by whose clock times are shown; None: the machine's.
    """
    with contextlib.suppress(ValueError, TypeError, KeyError, OverflowError):
        runs = [kept for kept in ledger.progress() if abs(time.time() - kept["at"]) <= FRESH]
        if runs:
            kept = _together(runs)
            at, ends_at = (shown(kept.pop(name), zone) for name in ("at", "ends_at"))
            done = max(0, _decided(counts) - kept.pop("decided_before"))
            return None if at is None else LiveProgress(at=at, done=done, ends_at=ends_at, **kept)
    return None


def _together(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how far several runs of one batch are: the first of them began with the whole list."""
    ends = [kept["ends_at"] for kept in runs if kept["ends_at"] is not None]
    at = min(kept["at"] for kept in runs)
    return runs[0] | {"at": at, "live": sum(kept["live"] for kept in runs), "ends_at": max(ends, default=None)}


def _decided(counts: Mapping[Status, int]) -> int:
    return sum(counts.get(status, 0) for status in (Status.QUEUED, Status.ERROR, Status.UNKNOWN))


@dataclass(slots=True)
class Heartbeat:
    """Tells how far a run is.

    Attributes:
        context: of the run.
        plan: what it does.
        placing: counts what it has sent.
        lines: how many calls are live.
        calls: how those go.
        changes: what a person has changed of it.
    """

    context: RunContext
    plan: Plan
    placing: Placing
    lines: Lines
    calls: CallWatch
    changes: Listener
    _going: Going = NOT_LOOKED

    async def show(self, _end: object = None) -> None:
        """Show it, also while it waits for answers, a line or the provider."""
        foreseen, changed = -math.inf, self.changes.taken
        while True:
            await anyio.sleep(BEAT_EVERY)
            going = self._now()
            if anyio.current_time() - foreseen >= FORESEE_EVERY or self.changes.taken is not changed:
                foreseen, changed = anyio.current_time(), self.changes.taken
                going = replace(going, ends_at=self._ends_at(live=going.live))
            self._going = going
            self.context.notes.progress.beat(going)

    async def note(self, _end: object = None) -> None:
        """Note it in the ledger, for other processes."""
        # What cannot be recorded ends the run where an outcome is.
        with contextlib.suppress(LedgerError):
            while True:
                await anyio.sleep(BEAT_EVERY)
                if self._going is not NOT_LOOKED:
                    await self.context.ledger.note_progress(self._figures())
                    await anyio.sleep(NOTE_EVERY - BEAT_EVERY)

    def _figures(self) -> dict[str, float | None]:
        going = self._going
        return {
            "at": time.time(),
            "decided_before": _decided(self.plan.counts),
            "to_call": self.plan.to_call,
            "rate_per_seconds": self.context.campaign.pacing.rate.per,
            "live": going.live,
            "lines": going.lines,
            "ends_at": None if going.ends_at is None else going.ends_at.timestamp(),
        }

    def _now(self) -> Going:
        ended, in_use = self.calls.ended, self.lines.in_use()
        accepted = self.placing.accepted - (0 if ended is None else ended.total())
        return Going(
            ended=ended,
            reached=self.calls.reached,
            live=accepted if in_use is None else in_use,
            lines=self._course().pace.at_once,
            ends_at=self._going.ends_at,
        )

    def _ends_at(self, *, live: int) -> datetime | None:
        """Return when the last call will have ended, as far as that can be said."""
        ends_at = self._course().remaining(sent=self.placing.sent, live=live, now=datetime.now(UTC)).ends_at
        return shown(ends_at, self.context.campaign.batch.timezone)

    def _course(self) -> Course:
        """Return what the run does, as a person may have changed it meanwhile."""
        course, taken = self.plan.outlook.course, self.changes.taken
        rate = course.pace.per_second if taken.rate is None else Rate.parse(taken.rate).per_second
        live = course.pace.live if taken.lines is None else taken.lines
        return replace(course, pace=replace(course.pace, per_second=rate, live=live))
