"""What a run will do: a simulation of its passes over the list, of its rate and lines, and of the calling hours."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.engine.pace import Pace


class Reason(StrEnum):
    """Why somebody stays for a later run; the code that JSON has."""

    CLOSED = "closed_hours"
    NO_LINE = "no_line"
    TOO_LATE = "too_soon"
    SCHEDULE = "schedule_over"
    ELSEWHERE = "called_elsewhere"
    LIMIT = "limit"


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
class Group:
    """Recipients who can be called at the same times.

    Attributes:
        count: how many.
        spans: (from, until) in seconds from now, in order: their requests may leave.
        rings_at: seconds from now at which their phones are to ring; None: as soon as there is a line.
    """

    count: int
    spans: tuple[tuple[float, float], ...] = ((0.0, math.inf),)
    rings_at: float | None = None


@dataclass(frozen=True, slots=True)
class When:
    """From when and until when a run sends.

    Attributes:
        begins: seconds from now.
        until: seconds from now.
        waits: it waits for those who can be called later.
        limit: so many are called at most; None for all.
    """

    begins: float = 0.0
    until: float = math.inf
    waits: bool = False
    limit: int | None = None


ANY_TIME = When()


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
    def at_once(self) -> int | None:
        """How many calls are live at once at most, as far as is known."""
        return min((most for most in (self.lines, self.live) if most), default=None)


def forecast(
    groups: Sequence[Group], pace: Pace, *, now: datetime, when: When = ANY_TIME, others: Sequence[Later] = ()
) -> Forecast:
    """Return what a run will do that begins now, or goes on.

    A run goes through its list in input order, so groups that can be called at a time share it by their size.

    Args:
        groups: who can be called when.
        pace: how fast.
        now: the moment from which all seconds count.
        when: from when and until when it sends.
        others: who stays for later whatever it does.
    """
    run = _Run([_Part(group, group.count) for group in groups if group.count], pace, when)
    run.go()
    later: Counter[tuple[Reason, float | None]] = Counter()
    for part in run.parts:
        later[run.why(part)] += part.left
    found = [
        Later(reason, count, None if since is None else now + timedelta(seconds=since))
        for (reason, since), count in later.items()
        if count
    ]
    return Forecast(
        calls=run.called,
        begins=None if run.first is None else now + timedelta(seconds=run.first),
        sent_by=None if run.first is None else now + timedelta(seconds=run.last),
        ends_at=None if run.over is None else now + timedelta(seconds=run.over),
        later=tuple(sorted([*found, *others], key=lambda one: -one.count)),
        lines=pace.lines,
        live=pace.live,
        average=pace.average,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """What a forecast is made of, so that it can be made anew while the run goes on.

    Attributes:
        groups: who can be called when, of all whom the run is to call.
        pace: how fast.
        when: from when and until when it sends.
        now: the moment from which all seconds count.
        others: who stays for later whatever it does.
    """

    groups: tuple[Group, ...]
    pace: Pace
    now: datetime
    when: When = ANY_TIME
    others: tuple[Later, ...] = ()

    def forecast(self) -> Forecast:
        """Return what a run will do that begins at that moment."""
        return forecast(self.groups, self.pace, now=self.now, when=self.when, others=self.others)

    def remaining(self, *, left: int, live: int, now: datetime) -> Forecast:
        """Return what it will do from now on; `ends_at` is when the last call will have ended.

        Args:
            left: how many of the groups it has not called yet.
            live: calls that are live now.
            now: the moment.
        """
        passed = (now - self.now).total_seconds()
        sizes = [group.count for group in self.groups]
        # The groups are called in step: what is left of one is its share of all that is left.
        counts = _shared(min(left, sum(sizes)), sizes) if sizes else []
        rest = [_later(group, count, passed) for group, count in zip(self.groups, counts, strict=True)]
        limit = None if self.when.limit is None else max(0, self.when.limit - (sum(sizes) - left))
        when = When(self.when.begins - passed, self.when.until - passed, waits=self.when.waits, limit=limit)
        found = forecast(rest, replace(self.pace, busy=live), now=now, when=when, others=self.others)
        over = math.ceil(live / (self.pace.at_once or live)) * self.pace.average if live else 0.0
        return replace(found, ends_at=max(filter(None, (found.ends_at, now + timedelta(seconds=over)))))


def _later(group: Group, count: int, seconds: float) -> Group:
    """Return so many of a group as it is some seconds later."""
    spans = tuple((opens - seconds, closes - seconds) for opens, closes in group.spans if closes > seconds)
    return Group(count, spans, None if group.rings_at is None else group.rings_at - seconds)


@dataclass(slots=True)
class _Part:
    """What is left of a group: `ahead` of it in this pass over the list; its spans from the `at`-th on are not over."""

    group: Group
    left: int
    ahead: int = 0
    at: int = 0

    def is_open(self, moment: float, wait: float) -> bool:
        """Tell whether a request may leave at a moment whose call rings so many seconds later; moments only rise."""
        spans = self.group.spans
        while self.at < len(spans) and spans[self.at][1] <= moment:
            self.at += 1
        return self.at < len(spans) and spans[self.at][0] <= moment and moment + wait < spans[self.at][1]

    def opens_after(self, moment: float) -> float | None:
        """Return the next opening after a moment."""
        return next((opens for opens, _ in self._ahead() if opens > moment), None)

    def closes_after(self, moment: float) -> float | None:
        """Return the next end of a span after a moment."""
        return next((closes for _, closes in self._ahead() if closes > moment), None)

    def _ahead(self) -> Iterator[tuple[float, float]]:
        return islice(self.group.spans, self.at, None)


@dataclass(slots=True)
class _Run:
    """A run on the way: `began` and `index` say when the next call leaves."""

    parts: list[_Part]
    pace: Pace
    when: When
    called: int = 0
    first: float | None = None
    last: float = 0.0
    over: float | None = None
    began: float = 0.0
    index: int = 0
    limit: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.last = max(0.0, self.when.begins)
        self.limit = math.inf if self.when.limit is None else self.when.limit
        if self.parts and all(part.group.rings_at is not None for part in self.parts):
            # What is to ring later takes no line when it is placed.
            self.pace = replace(self.pace, live=None)

    def go(self) -> None:
        """Go through the list again and again, as long as somebody becomes callable whom the run calls."""
        while self.called < self.limit:
            opens = self._pass()
            if opens is None or opens >= self.when.until or (opens > self.last and not self.when.waits):
                return
            if opens > self.last:
                self._wait_until(opens)

    def _wait_until(self, opens: float) -> None:
        """Go on at an opening; the lines are free again unless it comes soon."""
        self.began, self.index = opens, 0

    def _pass(self) -> float | None:
        """Go through the list once; return when the first of those who were passed over can be called."""
        for part in self.parts:
            part.ahead = part.left
        passed: list[float] = []
        while (ahead := sum(part.ahead for part in self.parts)) and self.called < self.limit:
            at, wait = self._next(), self.pace.wait(self.index)
            if at >= self.when.until:
                return None
            here = [part for part in self.parts if part.ahead and part.is_open(at, wait)]
            closed = [part for part in self.parts if part.ahead and not part.is_open(at, wait)]
            passed += [opens for part in closed if (opens := part.opens_after(at + wait)) is not None]
            count = min(self._until_change(here + closed), sum(part.ahead for part in here), self._room())
            if here:
                self._call(here, count)
            whole = not any(part.ahead for part in here)
            for part in closed:
                part.ahead -= part.ahead if whole else min(part.ahead, round(part.ahead * count / ahead))
        return min(passed, default=None)

    def _room(self) -> int:
        return int(min(self.limit - self.called, 2**62))

    def _next(self) -> float:
        return self.began + self.pace.sent(self.index)

    def _until_change(self, parts: Sequence[_Part]) -> int:
        """Return how many calls leave before a part opens or closes, or the schedule ends; at least one."""
        most = sum(part.ahead for part in parts)
        indexes = range(self.index + 1, self.index + most + 1)
        at, wait = self._next(), self.pace.wait(self.index)
        opens = min(filter(None, (part.opens_after(at) for part in parts)), default=math.inf)
        closes = min(filter(None, (part.closes_after(at + wait) for part in parts)), default=math.inf)
        changes = bisect_left(indexes, min(opens, self.when.until), key=self._sent)
        return 1 + min(changes, bisect_left(indexes, closes, key=self._rings))

    def _sent(self, index: int) -> float:
        return self.began + self.pace.sent(index)

    def _rings(self, index: int) -> float:
        return self._sent(index) + self.pace.wait(index)

    def _call(self, parts: Sequence[_Part], count: int) -> None:
        self.first = self._next() if self.first is None else self.first
        for part, share in zip(parts, _shared(count, [part.ahead for part in parts]), strict=True):
            part.left -= share
            part.ahead -= share
            if share and part.group.rings_at is not None:
                self._over_at(part.group.rings_at)
        self.index += count
        self.called += count
        self.last = self._sent(self.index - 1)
        if any(part.group.rings_at is None for part in parts) and self.pace.lines is not None:
            self._over_at(self.began + self.pace.rung(self.index - 1))

    def _over_at(self, rings: float) -> None:
        self.over = max(self.over or 0.0, rings + self.pace.average)

    def why(self, part: _Part) -> tuple[Reason, float | None]:
        """Return why those who are left of a part stay, and from when they can be called."""
        if self.called >= self.limit:
            return Reason.LIMIT, None
        if part.group.rings_at is not None:
            return Reason.TOO_LATE, None
        following, opens = self._next(), part.opens_after(max(self.last, self.began))
        is_open = part.is_open(following, self.pace.wait(self.index))
        if (is_open and following >= self.when.until) or (opens or self.began) >= self.when.until:
            return Reason.SCHEDULE, None
        return Reason.NO_LINE if part.is_open(following, 0.0) else Reason.CLOSED, opens


def _shared(count: int, sizes: Sequence[int]) -> list[int]:
    """Return how many of a number fall to each of some sizes, by largest remainder."""
    total = sum(sizes)
    exact = [count * size / total for size in sizes]
    shares = [math.floor(share) for share in exact]
    order = sorted(range(len(sizes)), key=lambda at: shares[at] - exact[at])
    for at in order[: count - sum(shares)]:
        shares[at] += 1
    return shares
