"""What a run will do: when it sends, when the last call has ended, and who stays for a later run."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dialer.engine.simulation import ANY_TIME, Reason, Run, When

if TYPE_CHECKING:
    from dialer.engine.pace import Pace
    from dialer.engine.simulation import Group


_CERTAIN = frozenset({Reason.CLOSED, Reason.TOO_LATE, Reason.SCHEDULE, Reason.ELSEWHERE})
"""Why nobody can be called for sure; a line may become free sooner than was estimated."""


@dataclass(frozen=True, slots=True)
class Later:
    """So many stay for a later run.

    Attributes:
        reason: why.
        count: how many.
        since: from when they, or the first of them, can be called; None where that is not known, or already so.
    """

    reason: Reason
    count: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will do.

    Attributes:
        calls: how many it calls.
        begins: when the first request leaves; None where none does.
        sent_by: when the last request has left; None as above.
        ends_at: when the last call has ended; None where it is not known how many lines there are.
        later: who stays for a later run, most first.
        lines: calls that the account may have live at once; None where that is not known.
        live: how many of them are to be live at once at most; None for any number.
        average: seconds of a call.
    """

    calls: int
    begins: datetime | None
    sent_by: datetime | None
    ends_at: datetime | None
    later: tuple[Later, ...]
    lines: int | None
    live: int | None
    average: float

    @property
    def calls_nobody(self) -> bool:
        """Whether for sure nobody is called, since nobody can be before the run ends."""
        return bool(not self.calls and self.later and {one.reason for one in self.later} <= _CERTAIN)

    @property
    def at_once(self) -> int | None:
        """How many calls are live at once at most, as far as is known."""
        return min((most for most in (self.lines, self.live) if most), default=None)


@dataclass(frozen=True, slots=True)
class Course:
    """What a forecast is made of, so that it can be made anew while the run goes on.

    Attributes:
        groups: who can be called when, of all whom the run is to call.
        pace: how fast.
        when: from when and until when it sends.
        now: the moment from which all seconds count.
    """

    groups: tuple[Group, ...]
    pace: Pace
    now: datetime
    when: When = ANY_TIME

    def forecast(self) -> Forecast:
        """Return what a run will do that begins at that moment.

        A run goes through its list in input order, so groups of a stretch that can be called at a time share it by
        their size.
        """
        run, pace = Run.over(self.groups, self.pace, self.when), self.pace
        later: Counter[tuple[Reason, float | None]] = Counter()
        for part in run.parts:
            later[run.why(part)] += part.left
        found = [Later(reason, count, self._moment(since)) for (reason, since), count in later.items() if count]
        return Forecast(
            calls=run.called,
            begins=self._moment(run.first),
            sent_by=None if run.first is None else self._moment(run.last),
            ends_at=self._moment(run.ends_at),
            later=tuple(sorted(found, key=lambda one: -one.count)),
            lines=pace.lines,
            live=pace.live,
            average=pace.average,
        )

    def _moment(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self.now + timedelta(seconds=seconds)

    def remaining(self, *, sent: int, live: int, now: datetime) -> Forecast:
        """Return what it will do from now on; `ends_at` is when the last call will have ended.

        Args:
            sent: how many of the groups it has called.
            live: calls that are live now.
            now: the moment.
        """
        passed = (now - self.now).total_seconds()
        # Those whom it would have called first; what it was slower or faster by does not matter for who they are.
        before = Run.over(self.groups, self.pace, replace(self.when, until=math.inf, waits=True, limit=sent))
        rest = [_later(part.group, part.left, passed) for part in before.parts]
        limit = None if self.when.limit is None else max(0, self.when.limit - sent)
        when = When(self.when.begins - passed, self.when.until - passed, waits=self.when.waits, limit=limit)
        found = Course(tuple(rest), replace(self.pace, busy=live), now, when).forecast()
        over = math.ceil(live / (self.pace.at_once or live)) * self.pace.average if live else 0.0
        return replace(found, ends_at=max(filter(None, (found.ends_at, now + timedelta(seconds=over)))))


def _later(group: Group, count: int, seconds: float) -> Group:
    """Return so many of a group as it is some seconds later."""
    spans = tuple((opens - seconds, closes - seconds) for opens, closes in group.spans if closes > seconds)
    rings_at = None if group.rings_at is None else group.rings_at - seconds
    return replace(group, count=count, spans=spans, rings_at=rings_at, free_at=group.free_at - seconds)
