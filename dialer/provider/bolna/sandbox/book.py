"""The book of calls: each call's recipient and present status.

Nothing runs in the background: a call's course is computed from the clock at each request. One heap holds
the calls that have a line, by when they hang up; another the calls that wait for their time. So placing or
reading a call takes the same time, however many calls there are.
"""

from __future__ import annotations

import heapq
import json
import threading
import time
import uuid
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from dialer.provider.bolna.sandbox.plan import Plan, draw, script

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.provider.bolna.sandbox.order import Order
    from dialer.provider.bolna.sandbox.settings import Settings

SETTLING = 10.0
"""Seconds of the phone world for which a call shows how it ended before it waits for its retry."""
STOPPABLE = ("queued", "scheduled", "rescheduled")


class _Step(IntEnum):
    HANG_UP = 0
    POSTPONE = 1
    DUE = 2


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, as the server sees it.

    Attributes:
        elapsed: seconds since the sandbox began, never going back.
        began: Unix time at which it began.
        skew: seconds that the server's wall clock is ahead.
    """

    elapsed: Callable[[], float]
    began: float
    skew: float = 0.0

    @classmethod
    def real(cls, skew: float) -> Clock:
        """Return a clock that begins now."""
        start = time.monotonic()
        return cls(lambda: time.monotonic() - start, time.time(), skew)

    def moment(self, elapsed: float) -> datetime:
        """Return what the server's wall clock showed then."""
        return datetime.fromtimestamp(self.began + self.skew + elapsed, UTC)

    def now(self) -> datetime:
        """Return what the server's wall clock shows."""
        return self.moment(self.elapsed())


@dataclass(slots=True, eq=False)
class Call:
    """One placed call; times are seconds since the sandbox began.

    Attributes:
        order: what was asked for.
        execution_id: its name.
        received_at: when the request had come in.
        created_at: when it was placed.
        connection: on which connection it came, from 1.
        placing: how many calls to this number were placed before.
        turn: place in a listing; the highest comes first.
        due: when it is to be dialled; None for as soon as a line is free.
        started: when it was dialled; None while it waits.
        plan: how the dialling goes; None while it waits.
        stopped: when it was stopped; None where it was not.
        dials: start and end of each time it held a line.
        history: status and end of each dialling that is to be tried again.
    """

    order: Order
    execution_id: str
    received_at: float
    created_at: float
    connection: int
    placing: int
    turn: int
    due: float | None = None
    started: float | None = None
    plan: Plan | None = None
    stopped: float | None = None
    dials: list[tuple[float, float]] = field(default_factory=list)
    history: list[tuple[str, float]] = field(default_factory=list)

    @property
    def to_number(self) -> str:
        """The recipient's number, E.164."""
        return self.order.to_number

    @property
    def body(self) -> dict[str, Any]:
        """The request's whole body."""
        content: dict[str, Any] = json.loads(self.order.body)
        return content

    @property
    def user_data(self) -> dict[str, Any] | None:
        """The variables, as they were sent."""
        return self.body.get("user_data")


@dataclass(frozen=True, slots=True)
class Standing:
    """A call's progress: its status, since when, and the result of the dialling once it is final."""

    status: str
    since: float
    result: Plan | None


class Book:
    """Every placed call and what became of it; safe to read from another thread."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.clock = clock
        self._settings = settings
        self._lock = threading.RLock()
        self._calls: dict[str, Call] = {}
        self._by_agent: defaultdict[str, list[Call]] = defaultdict(list)
        self._placings: Counter[str] = Counter()
        self._serial = count(1)
        self._listings = 0
        self._steps: list[tuple[float, int, _Step, Call]] = []
        self._queue: deque[Call] = deque()
        self._free = settings.lines
        self._spent = 0.0

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every placed call, in the order of placing."""
        with self._lock:
            return tuple(self._calls.values())

    @property
    def wallet(self) -> float:
        """Dollars that are left."""
        with self._lock:
            self._advance()
            return self._settings.wallet - self._spent

    @property
    def busy_lines(self) -> int:
        """Lines in use."""
        with self._lock:
            self._advance()
            return self._settings.lines - self._free

    def place(self, order: Order, *, received_at: float, connection: int) -> Call:
        """Write down a call and let it take its course."""
        with self._lock:
            now = self._advance()
            placing = self._placings[order.to_number]
            self._placings[order.to_number] += 1
            call = Call(order, str(uuid.uuid4()), received_at, now, connection, placing, next(self._serial))
            self._calls[call.execution_id] = call
            self._by_agent[order.agent_id].append(call)
            if order.wait is None:
                self._queue.append(call)
                self._dial(now)
            else:
                self._postpone(call, now + order.wait / self._settings.speed)
            return call

    def find(self, execution_id: str) -> Call | None:
        """Return a call by its id, None while it is not to be found."""
        call = self._calls.get(execution_id)
        if call is None or self.clock.elapsed() - call.created_at < self._settings.listed_after:
            return None
        return call

    def standing(self, call: Call) -> Standing:
        """Return a call's progress now."""
        with self._lock:
            return self._standing(call, self._advance())

    def stop(self, call: Call) -> bool:
        """Take a call that waits out of the queue; return whether it waited."""
        with self._lock:
            now = self._advance()
            if self._standing(call, now).status not in STOPPABLE:
                return False
            call.stopped = now
            return True

    def listed(
        self, agent_id: str, begin: datetime, end: datetime, *, status: str | None = None, skip: int = 0, size: int = 50
    ) -> tuple[list[Call], int]:
        """Return a page of an agent's calls, the latest first, and how many there are in all.

        Args:
            agent_id: in lower case.
            begin: the earliest creation, by the server's clock.
            end: the latest.
            status: only calls with this status.
            skip: how many calls come before the page.
            size: how many it holds at most.
        """
        with self._lock:
            now = self._advance()
            calls = self._by_agent.get(agent_id, [])
            first, last = self._range(calls, begin, end, now)
            if status is not None or self._settings.shifting_pages:
                calls = self._shifted([c for c in calls[first:last] if status in (None, self._standing(c, now).status)])
                first, last = 0, len(calls)
            stop = max(last - skip, first)
            return calls[max(stop - size, first) : stop][::-1], last - first

    def _range(self, calls: list[Call], begin: datetime, end: datetime, now: float) -> tuple[int, int]:
        visible = bisect_right(calls, now - self._settings.listed_after, key=lambda call: call.created_at)
        first = bisect_left(calls, begin, key=lambda call: self.clock.moment(call.created_at))
        last = bisect_right(calls, end, key=lambda call: self.clock.moment(call.created_at))
        return first, max(min(last, visible), first)

    def _shifted(self, calls: list[Call]) -> list[Call]:
        if not calls or not self._settings.shifting_pages:
            return calls
        self._listings += 1
        dice = Random(f"{self._settings.seed}:{self._listings}")  # noqa: S311 - repeatable, no secret
        dice.choice(calls).turn = next(self._serial)
        return sorted(calls, key=lambda call: call.turn)

    def _standing(self, call: Call, now: float) -> Standing:
        if call.stopped is not None:
            return Standing("stopped", call.stopped, None)
        if call.plan is None or call.started is None:
            waits = call.due is not None and now < call.due
            return Standing("scheduled" if waits else "queued", self._waiting_since(call), None)
        speed = self._settings.speed
        status, since = call.plan.phase((now - call.started) * speed)
        final = since >= call.plan.length
        return Standing(status, call.started + since / speed, call.plan if final else None)

    def _waiting_since(self, call: Call) -> float:
        return call.history[-1][1] if call.history else call.created_at

    def _advance(self) -> float:
        """Let everything happen that was due by now, in its order; return the time."""
        now = self.clock.elapsed()
        while self._steps and self._steps[0][0] <= now:
            moment, _, step, call = heapq.heappop(self._steps)
            self._take(step, call, moment)
            self._dial(moment)
        return now

    def _take(self, step: _Step, call: Call, moment: float) -> None:
        match step:
            case _Step.HANG_UP:
                self._free += 1
                self._spent += sum(call.plan.costs.values()) / 100 if call.plan else 0.0
            case _Step.POSTPONE:
                self._retry(call, moment)
            case _Step.DUE:
                self._queue.append(call)

    def _dial(self, now: float) -> None:
        while self._free and self._queue:
            call = self._queue.popleft()
            if call.stopped is None:
                self._start(call, now)

    def _start(self, call: Call, now: float) -> None:
        speed = self._settings.speed
        plan = self.plan(call.to_number, placing=call.placing, retry=len(call.history))
        if self._settings.wallet <= self._spent:
            plan = script("balance-low", Random(0))  # noqa: S311 - nothing is drawn
        call.started, call.plan = now, plan
        call.dials.append((now, now + plan.line_time / speed))
        self._free -= 1
        self._after(now + plan.line_time / speed, _Step.HANG_UP, call)
        if self._tries_again(call, plan):
            self._after(now + (plan.length + SETTLING) / speed, _Step.POSTPONE, call)

    def plan(self, number: str, *, placing: int = 0, retry: int = 0) -> Plan:
        """Return how a dialling of this number goes: what a test may predict.

        Args:
            number: the recipient's, E.164.
            placing: how many calls to it were placed before.
            retry: how many times the call was dialled before.
        """
        forced = self._settings.number_outcomes.get(number)
        shares = {forced: 1.0} if forced else self._settings.outcomes
        return draw(self._settings.seed, number, placing, retry, shares)

    def _tries_again(self, call: Call, plan: Plan) -> bool:
        retry = call.order.retry
        if retry is None or len(call.history) >= retry.most:
            return False
        return retry.voicemail if plan.outcome == "voicemail" else plan.status in retry.statuses

    def _retry(self, call: Call, moment: float) -> None:
        retry, plan, started = call.order.retry, call.plan, call.started
        assert retry is not None
        assert plan is not None
        assert started is not None
        minutes = retry.intervals[min(len(call.history), len(retry.intervals) - 1)]
        call.history.append((plan.status, moment))
        call.started = call.plan = None
        self._postpone(call, started + (plan.length + minutes * 60) / self._settings.speed)

    def _postpone(self, call: Call, due: float) -> None:
        call.due = due
        self._after(due, _Step.DUE, call)

    def _after(self, moment: float, step: _Step, call: Call) -> None:
        heapq.heappush(self._steps, (moment, next(self._serial), step, call))
