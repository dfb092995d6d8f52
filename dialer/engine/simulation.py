"""A run simulated: its passes over the list, its rate and lines, and the calling hours."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field, replace
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
class Group:
    """Recipients who can be called at the same times.

    Attributes:
        count: how many.
        spans: (from, until) in seconds from now, in order: their requests may leave.
        rings_at: seconds from now at which their phones are to ring; None: as soon as there is a line.
        free_at: seconds from now until which a call of another batch counts; no run waits for that.
        stretch: the part of the list that they are in: those of one are mixed, and come after those of a lower one.
    """

    count: int
    spans: tuple[tuple[float, float], ...] = ((0.0, math.inf),)
    rings_at: float | None = None
    free_at: float = 0.0
    stretch: int = 0


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


@dataclass(slots=True)
class Part:
    """The rest of a group: `ahead` are left in this pass over the list; its spans from the `at`-th on are not over.

    The next recipient is judged when the one before is called: `free_at` is the group's, delayed by the same time.
    """

    group: Group
    left: int
    free_at: float
    ahead: int = 0
    at: int = 0

    def is_open(self, moment: float, wait: float) -> bool:
        """Tell whether a request may leave at a moment if its call rings `wait` seconds later; moments only rise."""
        return self.free_at <= moment and self.is_in_hours(moment, wait)

    def is_in_hours(self, moment: float, wait: float) -> bool:
        """Tell whether a call's start and its ringing are within their hours; moments only rise."""
        spans = self.group.spans
        while self.at < len(spans) and spans[self.at][1] <= moment:
            self.at += 1
        return self.at < len(spans) and spans[self.at][0] <= moment and moment + wait < spans[self.at][1]

    def opens_after(self, moment: float) -> float | None:
        """Return the next opening after a moment that a run may wait for."""
        return next((opens for opens, _ in self._ahead() if opens > moment), None)

    def changes_after(self, moment: float) -> float | None:
        """Return when the next of them can be called after a moment, as far as they cannot be now."""
        opens, free_at = self.opens_after(moment), self.free_at
        return free_at if free_at > moment and (opens is None or free_at < opens) else opens

    def closes_after(self, moment: float) -> float | None:
        """Return the next end of a span after a moment."""
        return next((closes for _, closes in self._ahead() if closes > moment), None)

    def _ahead(self) -> Iterator[tuple[float, float]]:
        return islice(self.group.spans, self.at, None)


@dataclass(slots=True)
class Run:
    """A run on the way.

    When the next call leaves say `began`, `index` (calls since then) and `taken` (lines they have taken: a call that
    the provider makes later takes none). `share` is the share of the next ones that take a line.
    """

    stretches: list[list[Part]]
    pace: Pace
    when: When
    called: int = 0
    first: float | None = None
    last: float = 0.0
    ends_at: float | None = None
    began: float = 0.0
    index: int = 0
    taken: int = 0
    share: float = 1.0
    limit: float = field(init=False)

    @classmethod
    def over(cls, groups: Sequence[Group], pace: Pace, when: When) -> Run:
        """Return a run over some groups that has come to its end."""
        stretches: dict[int, list[Part]] = {}
        for group in groups:
            if group.count:
                free_at = group.free_at + 1 / pace.per_second if group.free_at > 0 else 0.0
                stretches.setdefault(group.stretch, []).append(Part(group, group.count, free_at))
        run = cls([stretches[number] for number in sorted(stretches)], pace, when)
        run.go()
        return run

    @property
    def parts(self) -> list[Part]:
        """What is left of all groups."""
        return [part for stretch in self.stretches for part in stretch]

    def __post_init__(self) -> None:
        """Begin when the schedule does."""
        self.began = self.last = max(0.0, self.when.begins)
        self.limit = math.inf if self.when.limit is None else self.when.limit

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
        self.began, self.index, self.taken, self.pace = opens, 0, 0, replace(self.pace, busy=0)

    def _pass(self) -> float | None:
        """Go through the list once; return when the first of those who were passed over can be called."""
        passed: list[float] = []
        for stretch in self.stretches:
            for part in stretch:
                part.ahead = part.left
            if not self._go_through([part for part in stretch if part.ahead], passed):
                return None
        return min(passed, default=None)

    def _go_through(self, parts: Sequence[Part], passed: list[float]) -> bool:
        """Call who can be called of a stretch, and note when the others can; tell whether the schedule goes on."""
        while (ahead := sum(part.ahead for part in parts)) and self.called < self.limit:
            at, wait = self._next(), self.pace.wait(self.taken)
            if at >= self.when.until:
                return False
            here = [part for part in parts if part.ahead and part.is_open(at, wait)]
            closed = [part for part in parts if part.ahead and not part.is_open(at, wait)]
            shut = [part for part in closed if not part.is_in_hours(at, wait)]
            passed += [opens for part in shut if (opens := part.opens_after(at + wait)) is not None]
            at_once = sum(part.ahead for part in here if part.group.rings_at is None)
            self.share = at_once / sum(part.ahead for part in here) if here else 0.0
            count = min(self._until_change(here + closed), sum(part.ahead for part in here), self._room())
            if here:
                self._call(here, count)
            whole = not any(part.ahead for part in here)
            for part in closed:
                part.ahead -= part.ahead if whole else min(part.ahead, round(part.ahead * count / ahead))
        return True

    def _room(self) -> int:
        return int(min(self.limit - self.called, 2**62))

    def _next(self) -> float:
        return self._sent(self.index)

    def _until_change(self, parts: Sequence[Part]) -> int:
        """Return how many calls leave before a part opens or closes, or the schedule ends; at least one."""
        most = sum(part.ahead for part in parts)
        indexes = range(self.index + 1, self.index + most + 1)
        at, wait = self._next(), self.pace.wait(self.taken)
        opens = min(filter(None, (part.changes_after(at) for part in parts)), default=math.inf)
        closes = min(filter(None, (part.closes_after(at + wait) for part in parts)), default=math.inf)
        changes = bisect_left(indexes, min(opens, self.when.until), key=self._sent)
        return 1 + min(changes, bisect_left(indexes, closes, key=self._rings))

    def _sent(self, index: int) -> float:
        return self.began + self.pace.sent(index, self._taken(index))

    def _rings(self, index: int) -> float:
        return self._sent(index) + self.pace.wait(self._taken(index))

    def _taken(self, index: int) -> int:
        """Return how many lines were taken before the index-th call."""
        return self.taken + math.floor(self.share * (index - self.index))

    def _call(self, parts: Sequence[Part], count: int) -> None:
        self.first = self._next() if self.first is None else self.first
        taken = self.taken
        for part, share in zip(parts, _shared(count, [part.ahead for part in parts]), strict=True):
            part.left -= share
            part.ahead -= share
            if part.group.rings_at is None:
                taken += share
            elif share:
                self._over_at(part.group.rings_at)
        last = self.index + count - 1
        self.last = self._sent(last)
        if taken > self.taken and self.pace.lines is not None:
            self._over_at(self.began + self.pace.rung(last, taken - 1))
        self.index, self.taken = last + 1, taken
        self.called += count

    def _over_at(self, rings: float) -> None:
        self.ends_at = max(self.ends_at or 0.0, rings + self.pace.average)

    def why(self, part: Part) -> tuple[Reason, float | None]:
        """Return why those who are left of a part stay, and from when they can be called."""
        following, opens = self._next(), part.opens_after(max(self.last, self.began))
        # The limit keeps only those from a call who could have had one; the others wait for their hours without it.
        if self.called >= self.limit and (self.when.waits or part.is_open(following, self.pace.wait(self.taken))):
            return Reason.LIMIT, None
        is_open = part.is_in_hours(following, self.pace.wait(self.taken))
        if is_open and part.group.free_at > self.began:
            return Reason.ELSEWHERE, part.group.free_at
        if part.group.rings_at is not None:
            return Reason.TOO_LATE, None
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
