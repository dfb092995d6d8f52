"""The runner on virtual time: a real ledger, a Bolna that answers from a script, and every way to stop."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import httpx
import pytest
import trio
from anyio.lowlevel import checkpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from dialer.engine import pending as pending_module
from dialer.engine.breaker import Breaker, Trip
from dialer.engine.control import Control
from dialer.engine.ending import Ending
from dialer.engine.pacing import Pacer
from dialer.engine.pending import Deferred
from dialer.engine.progress import Progress
from dialer.engine.runner import DRAIN, Runner
from dialer.engine.throttle import HOLD_CAP
from dialer.engine.waiting import wait_until
from dialer.errors import ExitCode, InputError, LedgerError
from dialer.input_rows import InputRow
from dialer.messages.engine import DATABASE_TOO_SLOW
from dialer.models import Answer, Attempt, Body, Deferral, Effect, Outcome, Recipient, Status, e164
from dialer.provider.bolna.client import BolnaClient, answer_of_exception, answer_of_status
from dialer.rate import Rate
from dialer.reference import VARIABLE
from dialer.store import AsyncStore, Binding
from dialer.store.sqlite import Ledger
from dialer.sync.preflight import watch_wallet
from tests.ledgers import AnyNumber, in_columns
from tests.test_pacing import most_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

    from dialer.engine.pacing import Start as Granted
    from dialer.engine.placing import Room
    from dialer.engine.runner import Watcher
    from dialer.models import Render
    from dialer.provider.interface import Account, Connection
    from dialer.store import Store
    from dialer.store.call_ids import CallIds

T = TypeVar("T")

FIRST = 919_800_000_000
FAST = Rate(1000, 1.0)
ACCEPTED = answer_of_status(200, execution_id="e")
LATER = Deferral("later")
REFUSED = answer_of_status(400, words="bad number")
DOUBT = answer_of_status(500, words="Internal server error")
LIMITED = answer_of_status(429, words="Too many requests")
UNREACHED = answer_of_exception(httpx.ConnectError("refused"))


def virtually(main: Callable[[], Awaitable[Any]], *, patience: float = 1e6) -> Any:  # noqa: ANN401 - whatever main returns
    """Run on a clock that jumps; what would wait for ever fails instead."""

    async def run() -> Any:  # noqa: ANN401 - as above
        with anyio.fail_after(patience):
            return await main()

    return trio.run(run, clock=MockClock(autojump_threshold=0))


class Inline(AsyncStore):
    """A recorder that uses the ledger at once, without a thread, which would stop the virtual clock.

    Args:
        ledger: the ledger.
        latency: seconds that an answer takes; what was asked for is done after half of them.
    """

    def __init__(self, ledger: Ledger, *, latency: float = 0.0) -> None:
        self.ledger = ledger
        self.latency = latency
        self.failure: LedgerError | None = None
        self.after: Callable[[], None] = lambda: None
        self.done = 0
        self.fails_at = math.inf

    async def call(self, work: Callable[[Store], T], *, again: bool = False) -> T:  # noqa: ARG002 - never lost
        if self.latency:
            await anyio.sleep(self.latency / 2)
        result = self._do(work)
        await anyio.sleep(self.latency / 2)
        return result

    async def intend(self, recipients: Sequence[Recipient], render: Render) -> list[Attempt]:
        return await self.call(lambda ledger: ledger.intend(recipients, render))

    def settle(self, attempt: Attempt, answer: Answer) -> None:
        self._do_unheard(lambda ledger: ledger.settle([(attempt, answer)]))

    def note_hold(self, seconds: float, words: str) -> None:
        self._do_unheard(lambda ledger: ledger.note_hold(seconds, words))

    def halt(self, why: str) -> None:
        self._do_unheard(lambda ledger: ledger.halt(why))

    def _do_unheard(self, work: Callable[[Store], None]) -> None:
        try:
            self._do(work)
        except LedgerError:
            assert self.failure is not None

    def _do(self, work: Callable[[Store], T]) -> T:
        self.done += 1
        if self.done >= self.fails_at:
            self.failure = self.failure or LedgerError("the disk is full")
        if self.failure is not None:
            raise self.failure
        result = work(self.ledger)
        self.after()
        return result


@dataclass(frozen=True)
class Sent:
    """One request as Bolna received it."""

    at: float
    number: int
    reference: str
    before: int
    """How many requests came to this number before."""


@dataclass
class Line:
    """An open connection to Bolna."""

    bolna: Bolna
    untouched: bool = True

    def is_untouched(self) -> bool:
        return self.untouched

    async def call(self, body: bytes, may_leave: Callable[[], bool]) -> Answer:
        assert self.untouched
        self.untouched = False
        return await self.bolna.call(body, may_leave)

    async def aclose(self) -> None:
        self.bolna.closed += 1


@dataclass
class Bolna:
    """Answers from a script; refuses to be sent what has no intent in the ledger."""

    ledger: Ledger
    answer: Callable[[Sent], Answer] = lambda _: ACCEPTED
    takes: Callable[[Sent], float] = lambda _: 0.05
    connects: float = 0.0
    """Seconds that a connection takes."""
    reached: Callable[[], Answer | None] = lambda: None
    """What it means that a connection does not come about; None where it does."""
    connections: int = 0
    """How many were opened."""
    closed: int = 0
    """How many were closed without a call."""
    sent: list[Sent] = field(default_factory=list)
    came: Counter[int] = field(default_factory=Counter)
    answered: dict[str, Answer] = field(default_factory=dict)
    in_flight: int = 0
    peak: int = 0

    async def connect(self) -> Line | Answer:
        await anyio.sleep(self.connects)
        failure = self.reached()
        if failure is not None:
            return failure
        self.connections += 1
        return Line(self)

    async def call(self, body: bytes, may_leave: Callable[[], bool]) -> Answer:
        if not may_leave():
            return Answer(Outcome.RETRY, Effect.WITHHOLD)
        fields = json.loads(body)
        number, reference = int(fields["recipient_phone_number"]), fields["user_data"][VARIABLE]
        assert fields["user_data"]["name"] == f"Zoë {number}"
        intent = self.ledger._db.execute(
            "SELECT a.outcome, r.state, r.number, s.body FROM attempt a JOIN recipient r ON r.id = a.recipient "
            "JOIN sent s ON s.attempt = a.id WHERE a.reference = ?",
            (reference,),
        ).fetchall()
        # What leaves is on disk, byte for byte, with its intent.
        assert intent == [(None, "sending", number, body.decode())]
        sent = Sent(anyio.current_time(), number, reference, self.came[number])
        self.came[number] += 1
        self.sent.append(sent)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await anyio.sleep(self.takes(sent))
            answer = self.answer(sent)
            # Bolna gives each call an id of its own.
            self.answered[reference] = replace(answer, execution_id=answer.execution_id and f"e-{reference}")
            return self.answered[reference]
        finally:
            self.in_flight -= 1

    @property
    def numbers(self) -> list[int]:
        return [one.number - FIRST for one in self.sent]

    @property
    def starts(self) -> list[float]:
        return [round(one.at - self.sent[0].at, 6) for one in self.sent]


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.waited: list[float] = []
        self.outcomes: Counter[Outcome] = Counter()

    def note(self, text: str) -> None:
        self.notes.append(text)

    def waiting(self, seconds: float) -> None:
        self.waited.append(seconds)

    def outcome(self, answer: Answer, *, position: int) -> None:  # noqa: ARG002 - Progress
        self.outcomes[answer.outcome] += 1


class Rig:
    """A ledger with so many recipients, and all that a runner needs, to be changed before it runs."""

    def __init__(self, ledger: Ledger, *, latency: float = 0.0) -> None:
        self.ledger = ledger
        self.recorder = Inline(ledger, latency=latency)
        self.bolna = Bolna(ledger)
        self.told = Told()
        self.rate: Rate | None = FAST
        self.max_in_flight = 20
        self.limit: int | None = None
        self.jitter = 1.0
        self.breaker = Breaker()
        self.judge: Callable[[Recipient], Deferral | None] = lambda _: None
        self.waits = False
        self.lines: Room = AnyNumber()
        self.now: Callable[[], float] = anyio.current_time
        self.gone = False
        self.asked_agent = 0
        self.watchers: list[Watcher] = []
        self.kind = Runner
        self.pacer: Pacer
        self.runner: Runner
        self.control: Control
        self.took = 0.0

    async def run(self, stop: Callable[[Rig], Coroutine[Any, Any, None]] | None = None) -> Ending:
        """Run to the end; `stop` runs beside it."""
        self.control = getattr(self, "control", None) or Control()
        self.pacer = getattr(self, "pacer", None) or Pacer(self.rate)
        self.runner = self.kind(
            ledger=self.recorder,
            render=render,
            connect=self.connect,
            pacer=self.pacer,
            breaker=self.breaker,
            agent_gone=self._agent_gone,
            judge=self.judge,
            progress=self.told,
            max_in_flight=self.max_in_flight,
            lines=self.lines,
            limit=self.limit,
            waits=self.waits,
            jitter=lambda: self.jitter,
            now=self.now,
        )
        began = anyio.current_time()
        try:
            async with anyio.create_task_group() as beside:
                if stop is not None:
                    beside.start_soon(stop, self)
                try:
                    ending = await self.runner.run(self.control, watchers=self.watchers)
                finally:
                    self.took = anyio.current_time() - began
                beside.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            (error,) = group.exceptions
            raise error from None
        return ending

    async def connect(self) -> Connection | Answer:
        return await self.bolna.connect()

    async def _agent_gone(self) -> bool:
        self.asked_agent += 1
        await checkpoint()
        return self.gone

    def ended(self, stop: Callable[[Rig], Coroutine[Any, Any, None]] | None = None) -> Ending:
        """Run to the end on virtual time."""
        ending = virtually(lambda: self.run(stop))
        assert isinstance(ending, Ending)
        return ending

    @property
    def counts(self) -> dict[str, int]:
        return {str(status): count for status, count in self.ledger.counts().items()}

    def answers(self, *answers: Answer) -> None:
        """Give these answers in order, then accept."""
        script = iter(answers)
        self.bolna.answer = lambda _: next(script, ACCEPTED)


def render(recipient: Recipient, reference: str) -> Body:
    """Return the body of a request that knows its number, its person and its attempt."""
    variables = {"name": f"Zoë {recipient.number}", VARIABLE: reference}
    text = json.dumps({"recipient_phone_number": e164(recipient.number), "user_data": variables})
    at = recipient.scheduled_at
    return Body(text, at.timestamp() if at else None)


def load(ledger: Store, count: int) -> None:
    rows = [
        InputRow(
            position=index + 1,
            line=index + 2,
            cells=(f"+{FIRST + index}",),
            key=f"+{FIRST + index}",
            number=FIRST + index,
            status=Status.PENDING,
            problem=None,
        )
        for index in range(count)
    ]
    ledger.load(("phone",), phones=("phone",), id_column=None, chunks=[in_columns(rows)])


@contextlib.contextmanager
def opened(path: Path, count: int) -> Iterator[Ledger]:
    ledger = Ledger.open(path, binding=Binding("agent", "loopback", "e164"), batch="b")
    # Nothing loses power here.
    ledger._db.execute("PRAGMA synchronous = OFF")
    try:
        load(ledger, count)
        yield ledger
    finally:
        ledger.close()


@pytest.fixture
def rig(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A rig with 30 recipients, or as many as the test is parametrised with."""
    with opened(tmp_path / "b.ledger", getattr(request, "param", 30)) as ledger:
        yield Rig(ledger)


def people(count: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rig", [count], indirect=True)


def after(seconds: float, do: Callable[[Rig], object]) -> Callable[[Rig], Coroutine[Any, Any, None]]:
    async def stop(rig: Rig) -> None:
        await anyio.sleep(seconds)
        do(rig)

    return stop


def trip_of(ending: Ending) -> Trip:
    assert ending.trip is not None
    return ending.trip


# -- who is called, and when ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rig", [0, 1, 2, 500, 501], indirect=True, ids=str)
def test_everybody_is_called_once_in_input_order(rig: Rig, request: pytest.FixtureRequest) -> None:
    count = request.node.callspec.params["rig"]

    ending = rig.ended()

    assert ending == Ending()
    assert rig.bolna.numbers == list(range(count))
    assert rig.counts == ({"queued": count} if count else {})
    assert rig.runner.placing.sent == count
    assert rig.told.outcomes[Outcome.QUEUED] == count


@people(60)
def test_without_a_rate_everybody_is_called_once(rig: Rig) -> None:
    rig.rate = None
    rig.ended()
    assert sorted(rig.bolna.numbers) == list(range(60))
    assert rig.bolna.peak == 20


def test_sending_starts_with_one_and_is_doubled_by_each_sure_answer_up_to_max_in_flight(rig: Rig) -> None:
    rig.rate = None
    rig.max_in_flight = 10
    rig.bolna.takes = lambda _: 1.0
    rig.answers(ACCEPTED, REFUSED)

    rig.ended()

    # One answer makes it 2; each of these two doubles it again.
    assert list(Counter(rig.bolna.starts).values()) == [1, 2, 8, 10, 9]
    assert rig.bolna.peak == 10


@people(60)
@given(doubtful=st.sets(st.integers(0, 59), max_size=8), slow=st.integers(1, 40))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_in_doubt_goes_back_to_one_in_flight(rig: Rig, doubtful: set[int], slow: int) -> None:
    """At the moment of each start no more is in flight than the answers so far allow."""
    load_again(rig, 60)
    allowed, started = 1, 0

    def answer(sent: Sent) -> Answer:
        nonlocal allowed, started
        found = DOUBT if sent.number - FIRST in doubtful else ACCEPTED
        allowed = 1 if found is DOUBT else min(rig.max_in_flight, 2 * allowed)
        started -= 1
        return found

    class Watched(Runner):
        def _place(self, who: Recipient | Attempt, connection: Connection, start: Granted) -> Any:  # noqa: ANN401 - a coroutine; made at the start
            nonlocal started
            started += 1
            assert started <= allowed
            return super()._place(who, connection, start)

    rig.bolna.answer = answer
    # No answer comes in the very moment of a start.
    rig.bolna.takes = lambda sent: slow / 10 + 0.013 + sent.number % 7 / 1009
    rig.rate = Rate(20, 1.0)

    rig.kind = Watched
    rig.ended()

    assert rig.counts == {"queued": 60 - len(doubtful)} | ({"unknown": len(doubtful)} if doubtful else {})


def load_again(rig: Rig, count: int) -> None:
    """Start anew with nobody called, for the next example of a property."""
    for table in ("attempt", "sent", "recipient"):
        rig.ledger._db.execute(f"DELETE FROM {table}")
    load(rig.ledger, count)
    rig.recorder = Inline(rig.ledger)
    rig.bolna = Bolna(rig.ledger)
    rig.pacer = Pacer(Rate(20, 1.0))


@pytest.mark.parametrize("takes", [0.0, 0.03, 0.2])
@pytest.mark.parametrize("rate", [Rate(1, 1.0), Rate(30, 1.0), Rate(500, 60.0)], ids=str)
def test_an_intent_waits_for_its_request_no_longer_than_the_disk_takes(rig: Rig, rate: Rate, takes: float) -> None:
    """So a kill finds few people in doubt who were never called."""
    durable: dict[str, float] = {}
    rig.rate, rig.recorder.latency = rate, takes
    rig.bolna.takes = lambda sent: sent.number % 5
    rig.answers(*[LIMITED, ACCEPTED, DOUBT] * 3)
    intend = rig.recorder.intend

    async def intended(recipients: Sequence[Recipient], render: Render) -> list[Attempt]:
        attempts = await intend(recipients, render)
        durable.update((attempt.reference, anyio.current_time()) for attempt in attempts)
        return attempts

    rig.recorder.intend = intended  # type: ignore[method-assign] # watched
    rig.ended()

    waited = sorted(sent.at - durable[sent.reference] for sent in rig.bolna.sent)
    # The first commits may take longer than was thought.
    assert waited[-3] <= 0.02
    assert waited[-1] <= 1.1 / rate.per_second + 0.02
    assert rig.counts["queued"] == 27


@people(100)
def test_a_disk_that_is_slow_now_and_then_costs_hardly_any_pace_and_nobody(rig: Rig) -> None:
    """Who misses a moment for it takes the next one, with the same intent; nothing is bunched."""
    rig.rate = Rate(400, 60.0)
    slow = itertools.cycle([0.005] * 17 + [0.09] + [0.004] * 9 + [0.5])
    intend = rig.recorder.intend

    async def intended(recipients: Sequence[Recipient], render: Render) -> list[Attempt]:
        rig.recorder.latency = next(slow)
        return await intend(recipients, render)

    rig.recorder.intend = intended  # type: ignore[method-assign] # the disk
    rig.ended()
    assert rig.counts == {"queued": 100}
    assert rig.bolna.starts[-1] <= 100 / rig.rate.per_second * 1.08
    assert most_within(rig.bolna.starts, 1.0) <= 7
    (attempts,) = rig.ledger._db.execute("SELECT count(*) FROM attempt").fetchone()
    assert attempts == 100


@people(3)
def test_an_attempt_carries_its_own_reference(rig: Rig) -> None:
    rig.bolna.answer = lambda sent: LIMITED if sent.before < 2 else ACCEPTED
    rig.ended()
    shared = rig.ledger.shared_reference(f"+{FIRST}")
    assert [one.reference for one in rig.bolna.sent if one.number == FIRST] == [f"{shared}-{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(("limit", "called"), [(0, 0), (3, 3), (30, 30), (99, 30)])
def test_a_limit_counts_recipients_and_not_requests(rig: Rig, limit: int, called: int) -> None:
    rig.limit = limit
    rig.rate = Rate(5, 1.0)
    rig.answers(LIMITED, UNREACHED)
    rig.ended()
    assert set(rig.bolna.numbers) == set(range(called))
    assert rig.counts.get("queued", 0) == called


def test_who_must_not_be_called_now_is_deferred_and_does_not_count_for_the_limit(rig: Rig) -> None:
    rig.limit = 5
    rig.judge = lambda recipient: Deferral("too early") if recipient.position % 2 else None

    ending = rig.ended()

    assert rig.bolna.numbers == [1, 3, 5, 7, 9]
    assert ending.deferred["too early"].count >= 5
    assert rig.counts == {"queued": 5, "pending": 25}


@people(501)
def test_a_run_in_which_everybody_is_deferred_ends(rig: Rig) -> None:
    rig.judge = lambda _: Deferral("Sunday")
    assert rig.ended() == Ending(deferred={"Sunday": Deferred(501)})
    assert rig.counts == {"pending": 501}


def test_who_may_not_be_called_any_more_after_the_pacer_goes_back_to_pending(rig: Rig) -> None:
    asked: Counter[int] = Counter()

    def judge(recipient: Recipient) -> Deferral | None:
        asked[recipient.position] += 1
        return Deferral("suppressed") if recipient.position in {4, 30} and asked[recipient.position] == 2 else None

    rig.judge = judge
    ending = rig.ended()

    assert ending.deferred == {"suppressed": Deferred(2)}
    assert len(rig.bolna.sent) == 28
    assert rig.counts == {"queued": 28, "pending": 2}
    assert (
        rig.ledger._db.execute("SELECT reason, attempts FROM recipient WHERE state = 'pending'").fetchall()
        == [("suppressed", 0)] * 2
    )


def closed_before(opening: float, *, odd_only: bool = True) -> Callable[[Recipient], Deferral | None]:
    """Return a judge that lets people (those at odd positions) be called from an opening on."""

    def judge(recipient: Recipient) -> Deferral | None:
        is_open = anyio.current_time() >= opening or (odd_only and recipient.position % 2 == 0)
        return None if is_open else Deferral("too early", until=opening, awaited=True)

    return judge


def test_who_can_be_called_later_is_left_with_the_moment(rig: Rig) -> None:
    rig.judge = closed_before(3600.0)
    assert rig.ended().deferred == {"too early": Deferred(15, until=3600.0)}
    assert rig.took < 60.0


def test_who_can_be_called_later_is_waited_for_where_that_is_asked(rig: Rig) -> None:
    rig.judge = closed_before(3600.0)
    rig.waits = True

    ending = rig.ended()

    assert rig.counts == {"queued": 30}
    assert [one.number - FIRST for one in rig.bolna.sent if one.at >= 3600.0] == list(range(0, 30, 2))
    assert ending.deferred == {}
    assert ending.waited == pytest.approx(3600.0, abs=60.0)
    assert "waiting until 1970-01-01 01:00 UTC: 15 cannot be called before" in rig.told.notes
    assert 3600.0 > rig.told.waited[0] > rig.told.waited[-1] > 0.0


def test_a_stop_while_it_waits_ends_at_once(rig: Rig) -> None:
    rig.judge = closed_before(3600.0, odd_only=False)
    rig.waits = True
    ending = rig.ended(after(100.0, lambda rig: rig.control.interrupt()))
    assert (ending.interrupted, rig.took, rig.counts) == (True, 100.0, {"pending": 30})


def test_who_becomes_callable_while_the_others_are_called_is_called_in_the_same_run(rig: Rig) -> None:
    rig.judge = closed_before(5.0)
    rig.rate = Rate(2, 1.0)
    assert rig.ended().deferred == {}
    assert rig.counts == {"queued": 30}


def test_a_wait_for_an_opening_is_no_outage(rig: Rig) -> None:
    """One connection failed when it closed, and one when it opened again, fourteen hours later."""
    load(rig.ledger, 4)
    closed = Deferral("too early", until=50_000.0, awaited=True)
    rig.judge, rig.waits = lambda _: closed if 0.1 < anyio.current_time() < 50_000.0 else None, True
    failed = answer_of_exception(httpx.ConnectError("no route"))
    rig.answers(failed, failed)
    assert rig.ended().trip is None
    assert rig.took > 50_000.0
    assert rig.counts == {"queued": 4}


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), FileNotFoundError("gone"), RuntimeError("bug")])
def test_whoever_cannot_be_judged_is_not_called_and_nobody_is_lost(rig: Rig, error: Exception) -> None:
    load(rig.ledger, 30)
    rig.bolna.connects = 1.0

    def judge(_: Recipient) -> Deferral | None:
        if anyio.current_time() >= 3.0:
            raise error
        return None

    rig.judge, rig.rate = judge, Rate(5, 1.0)
    ending = rig.ended()
    assert ending.trip is not None
    assert type(error).__name__ in ending.trip.words
    assert rig.counts == {"queued": len(rig.bolna.sent), "pending": 30 - len(rig.bolna.sent)}


def test_what_is_still_connecting_when_the_sending_ends_does_not_leave(rig: Rig) -> None:
    load(rig.ledger, 30)
    rig.bolna.connects, rig.rate = 8.0, Rate(2, 1.0)

    async def stop(rig: Rig) -> None:
        await anyio.sleep(21.0)
        rig.control.stop("Ctrl-C")

    rig.ended(stop)
    assert rig.bolna.sent
    assert all(one.at <= 21.0 for one in rig.bolna.sent)
    assert rig.counts == {"queued": len(rig.bolna.sent), "pending": 30 - len(rig.bolna.sent)}


def test_what_is_still_connecting_when_all_sending_is_held_leaves_afterwards(rig: Rig) -> None:
    load(rig.ledger, 30)
    rig.bolna.connects, rig.rate = 8.0, Rate(2, 1.0)
    busy = answer_of_status(429, retry_after=60.0)
    rig.bolna.answer = lambda sent: busy if sent.number == FIRST + 5 and not sent.before else ACCEPTED
    rig.ended()
    (held,) = (one.at for one in rig.bolna.sent if one.number == FIRST + 5 and not one.before)
    assert not [one for one in rig.bolna.sent if held + 0.1 < one.at < held + 60]
    assert rig.counts == {"queued": 30}
    assert set(rig.bolna.came.values()) == {1, 2}


def test_an_opening_that_is_said_and_does_not_come_is_not_looked_for_for_ever(rig: Rig) -> None:
    rig.judge = lambda _: Deferral("a moment", until=anyio.current_time() - 1.0, awaited=True)
    rig.waits = True
    assert rig.ended().deferred["a moment"].count == 30


def test_an_opening_that_is_not_awaited_is_left_also_by_a_run_that_waits(rig: Rig) -> None:
    rig.judge = lambda _: Deferral("called elsewhere", until=3600.0)
    rig.waits = True
    assert rig.ended().deferred == {"called elsewhere": Deferred(30, until=3600.0)}
    assert rig.took < 60.0


@pytest.mark.parametrize(("latency", "closing"), [(0.0, 16.0), (4.0, 40.0)])
def test_nothing_leaves_after_the_closing_however_long_disk_and_connection_take(
    tmp_path: Path, latency: float, closing: float
) -> None:
    with opened(tmp_path / "b.ledger", 30) as ledger:
        rig = Rig(ledger, latency=latency)
        rig.rate, rig.bolna.connects = Rate(1, 1.0), 3.0
        rig.judge = lambda _: Deferral("too late") if anyio.current_time() >= closing else None

        ending = rig.ended()

        assert rig.bolna.sent
        assert max(one.at for one in rig.bolna.sent) < closing
        assert ending.deferred["too late"].count == 30 - len(rig.bolna.sent)
        assert rig.counts == {"queued": len(rig.bolna.sent), "pending": 30 - len(rig.bolna.sent)}
        attempted = ledger._db.execute("SELECT count(*) FROM attempt").fetchone()[0]
        assert attempted == len(rig.bolna.sent)


def test_who_is_held_back_at_the_last_moment_does_not_count_for_the_limit(rig: Rig) -> None:
    rig.limit, rig.bolna.connects, rig.rate = 3, 1.0, Rate(10, 1.0)
    rig.judge = lambda recipient: LATER if recipient.position == 2 and anyio.current_time() > 0.5 else None
    rig.ended()
    assert rig.bolna.numbers == [0, 2, 3]


@pytest.mark.parametrize("leap", [7200.0, -7200.0])
def test_a_wait_is_for_the_wall_clock_also_when_the_machine_was_suspended_or_the_clock_set_anew(leap: float) -> None:
    leapt = 0.0

    async def main() -> float:
        async with anyio.create_task_group() as beside:

            async def suspend() -> None:
                nonlocal leapt
                await anyio.sleep(1000.0)
                leapt = leap

            beside.start_soon(suspend)
            await wait_until(10_000.0, now=lambda: anyio.current_time() + leapt)
        return anyio.current_time()

    assert virtually(main) == pytest.approx(10_000.0 - leap, abs=10.0)


@pytest.mark.parametrize("at", [1, 2, 9, 10])
def test_a_suppression_list_that_cannot_be_read_any_more_ends_the_run_and_what_is_in_flight_finishes(
    rig: Rig, at: int
) -> None:
    asked = itertools.count(1)

    def judge(_: Recipient) -> Deferral | None:
        if next(asked) >= at:
            raise InputError("the do-not-call list cannot be read")
        return None

    rig.judge = judge
    rig.rate = Rate(10, 1.0)
    rig.bolna.takes = lambda _: 20.0

    trip = trip_of(rig.ended())

    assert (trip.words, trip.exit_code) == ("the do-not-call list cannot be read", ExitCode.MUST_ACT)
    assert "same command" in trip.advice
    assert next(asked) <= at + 2
    assert rig.counts.get("queued", 0) == len(rig.bolna.sent)
    assert rig.counts["pending"] == 30 - len(rig.bolna.sent)


def test_a_retry_that_comes_while_the_end_of_the_list_is_read_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_module, "PAGE", 1)
    with opened(tmp_path / "b.ledger", 2) as ledger:
        rig = Rig(ledger, latency=3.0)
        rig.rate = Rate(5, 1.0)
        rig.bolna.takes = lambda _: 1.0
        rig.answers(ACCEPTED, UNREACHED)
        rig.ended()
        assert rig.counts == {"queued": 2}


# -- 429, 503, connections -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "held"), [(45.0, 45.0), (86_400.0, HOLD_CAP)])
def test_a_429_holds_all_sending_for_as_long_as_it_says_up_to_a_cap(rig: Rig, asked: float, held: float) -> None:
    rig.rate = Rate(10, 1.0)
    rig.bolna.answer = lambda sent: (
        answer_of_status(429, words="Slow down", retry_after=asked)
        if sent.number == FIRST + 7 and not sent.before
        else ACCEPTED
    )

    ending = rig.ended()

    hit = next(one.at for one in rig.bolna.sent if one.number == FIRST + 7) + 0.05
    later = [one.at for one in rig.bolna.sent if one.at > hit]
    assert min(later) == pytest.approx(hit + held, abs=0.01)
    assert ending.held == pytest.approx(held)
    assert rig.told.notes == [f"Slow down: waiting {held:.0f} s"]
    assert [(hold.seconds, hold.words) for hold in rig.ledger.holds()] == [(held, "Slow down")]
    assert rig.counts == {"queued": 30}


def test_without_a_retry_after_the_holds_grow_to_a_minute(rig: Rig) -> None:
    rig.bolna.takes = lambda _: 0.0
    rig.rate = None
    rig.answers(*[LIMITED] * 8)
    rig.ended()
    assert [round(b - a) for a, b in itertools.pairwise(rig.bolna.starts[:9])] == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_sure_answer_makes_the_next_hold_short_again(rig: Rig) -> None:
    rig.rate = None
    rig.bolna.takes = lambda _: 0.0
    rig.answers(LIMITED, LIMITED, LIMITED, ACCEPTED, LIMITED)
    rig.ended()
    assert rig.told.notes == [f"Too many requests: waiting {seconds} s" for seconds in (2, 4, 8, 2)]


def test_the_jitter_spreads_a_hold_over_the_upper_half(rig: Rig) -> None:
    rig.jitter = 0.0
    rig.answers(LIMITED)
    rig.ended()
    assert rig.bolna.starts[1] == pytest.approx(0.05 + 1.0)


@people(200)
def test_after_a_429_it_goes_on_lower_and_recovers(rig: Rig) -> None:
    rig.rate = Rate(10, 1.0)
    rig.bolna.takes = lambda _: 0.01
    rig.bolna.answer = lambda sent: LIMITED if sent.number == FIRST + 20 and not sent.before else ACCEPTED

    rig.ended()

    gaps = [b - a for a, b in itertools.pairwise(rig.bolna.starts)]
    assert gaps[10] == pytest.approx(0.1, rel=0.02)
    assert gaps[22] == pytest.approx(0.2, rel=0.05)
    assert gaps[45] < gaps[22]
    assert gaps[-1] == pytest.approx(0.1, rel=0.02)
    assert rig.counts == {"queued": 200}


def test_the_429s_of_one_burst_count_once(rig: Rig) -> None:
    rig.rate = None
    rig.bolna.takes = lambda _: 1.0
    # After 1 and 2 come eight together.
    rig.bolna.answer = lambda sent: LIMITED if 3 <= sent.number - FIRST < 11 and not sent.before else ACCEPTED

    ending = rig.ended()

    assert len(rig.told.notes) == 1
    assert ending.held == pytest.approx(2.0)
    assert rig.counts == {"queued": 30}


def test_a_longer_retry_after_within_a_burst_binds(rig: Rig) -> None:
    rig.rate = None
    rig.bolna.takes = lambda _: 1.0
    rig.bolna.answer = lambda sent: (
        answer_of_status(429, retry_after=float(10 * (sent.number - FIRST)))
        if 3 <= sent.number - FIRST < 11 and not sent.before
        else ACCEPTED
    )
    ending = rig.ended()
    assert ending.held == pytest.approx(100.0)
    assert rig.bolna.starts[11] - rig.bolna.starts[10] == pytest.approx(101.0, abs=0.01)


def test_a_429_is_never_an_error_row_and_nothing_else_for_ten_minutes_ends_the_run(rig: Rig) -> None:
    rig.bolna.answer = lambda _: LIMITED

    ending = rig.ended()

    assert trip_of(ending).exit_code is ExitCode.LEFT
    assert 600 <= rig.took < 661
    assert rig.counts == {"pending": 30}
    assert set(rig.told.outcomes) == {Outcome.RETRY}
    assert rig.runner.placing.sent == 0
    assert ending.held <= rig.took


def test_429s_and_failed_connections_in_turn_end_the_run_too(rig: Rig) -> None:
    turns = itertools.cycle([LIMITED, UNREACHED])
    rig.bolna.answer = lambda _: next(turns)
    assert trip_of(rig.ended()).exit_code is ExitCode.LEFT
    assert rig.counts == {"pending": 30}


def test_a_stop_during_a_hold_ends_at_once(rig: Rig) -> None:
    rig.answers(answer_of_status(429, retry_after=200.0))

    ending = rig.ended(after(100.0, lambda rig: rig.control.interrupt()))

    assert ending.interrupted
    assert rig.took == pytest.approx(100.0)
    assert ending.held == pytest.approx(100.0, abs=0.1)
    assert rig.counts == {"pending": 30}
    assert rig.ledger._db.execute("SELECT count(*) FROM attempt").fetchone() == (1,)


@pytest.mark.parametrize(("asked", "waits"), [(30.0, 30.0), (None, 0.0)])
def test_a_503_is_in_doubt_and_holds_only_as_it_says(rig: Rig, asked: float | None, waits: float) -> None:
    rig.answers(answer_of_status(503, retry_after=asked))
    ending = rig.ended()
    assert rig.bolna.starts[1] == pytest.approx(0.05 + waits, abs=0.01)
    assert ending.held == pytest.approx(waits)
    assert rig.counts == {"unknown": 1, "queued": 29}


def test_failed_connections_back_off_and_end_as_an_outage(rig: Rig) -> None:
    rig.breaker = Breaker(outage_after=120.0)
    rig.bolna.answer = lambda _: UNREACHED

    trip = trip_of(rig.ended())

    assert trip.exit_code is ExitCode.LEFT
    assert 120 <= rig.took < 141
    assert [round(b - a) for a, b in itertools.pairwise(rig.bolna.starts[:7])] == [1, 2, 4, 8, 16, 20]
    assert rig.counts == {"pending": 30}


def test_an_outage_of_an_hour_is_waited_for_where_that_is_asked(rig: Rig) -> None:
    rig.breaker = Breaker(outage_after=86_400.0)
    rig.bolna.answer = lambda sent: UNREACHED if sent.at < 3_600 else ACCEPTED
    assert rig.ended().trip is None
    assert rig.counts == {"queued": 30}


def test_after_an_outage_it_starts_slowly_again(rig: Rig) -> None:
    rig.rate = None
    rig.bolna.takes = lambda _: 1.0
    rig.bolna.answer = lambda sent: UNREACHED if 3 <= sent.number - FIRST < 11 and not sent.before else ACCEPTED

    rig.ended()

    assert list(Counter(rig.bolna.starts).values()) == [1, 2, 8, 1, 2, 8, 16]
    assert rig.counts == {"queued": 30}


def test_what_is_tried_again_counts_for_the_pace_too(rig: Rig) -> None:
    rig.rate = Rate(5, 1.0)
    rig.bolna.takes = lambda _: 0.0
    # Holds of nothing: only the pacer spaces what is tried again.
    rig.bolna.answer = lambda sent: answer_of_status(429, retry_after=0.0) if sent.before < 2 else ACCEPTED
    rig.ended()
    starts = rig.bolna.starts
    assert len(starts) == 90
    assert all(late - early > 1.0 for early, late in zip(starts, starts[5:], strict=False))


# -- what ends a run -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "gone", "told"),
    [
        (401, False, "refused the key"),
        (402, False, "payment"),
        (403, False, "refused the key"),
        (404, True, "agent"),
    ],
)
def test_what_a_person_must_mend_ends_the_run_and_leaves_everybody_pending(
    rig: Rig,
    status: int,
    gone: bool,  # noqa: FBT001 - a parameter of the test
    told: str,
) -> None:
    rig.gone = gone
    rig.bolna.answer = lambda _: answer_of_status(status, words="Bolna's own words")

    trip = trip_of(rig.ended())

    assert trip.exit_code is ExitCode.MUST_ACT
    assert told in trip.words
    assert "Bolna's own words" in trip.words
    assert "same command" in trip.advice
    assert len(rig.bolna.sent) == 1
    assert rig.counts == {"pending": 30}


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_after_somebody_was_accepted_is_an_error_row_and_the_run_goes_on(rig: Rig, status: int) -> None:
    rig.answers(ACCEPTED, answer_of_status(status, words="no such number"))
    assert rig.ended().trip is None
    assert rig.counts == {"queued": 29, "error": 1}
    assert rig.asked_agent == (status == 404)


@pytest.mark.parametrize("status", [401, 402])
def test_a_key_or_money_that_ends_in_the_middle_ends_the_run(rig: Rig, status: int) -> None:
    rig.answers(*[ACCEPTED] * 10, *[answer_of_status(status, words="no")] * 30)
    assert trip_of(rig.ended()).exit_code is ExitCode.MUST_ACT
    assert rig.counts == {"queued": 10, "pending": 20}


def test_a_redirect_is_in_doubt_and_ends_the_run(rig: Rig) -> None:
    rig.answers(ACCEPTED, answer_of_status(307, words="HTTP 307: sent on to /x"))
    trip = trip_of(rig.ended(after(3.0, lambda _: None)))
    assert "BOLNA_BASE_URL" in trip.advice
    assert rig.counts["unknown"] == 1
    assert rig.counts["pending"] >= 27


def test_server_errors_and_timeouts_leave_the_row_in_doubt_and_the_run_goes_on(rig: Rig) -> None:
    rig.answers(DOUBT, ACCEPTED, answer_of_exception(httpx.ReadTimeout("")), answer_of_status(200))
    assert rig.ended().trip is None
    assert rig.counts == {"queued": 27, "unknown": 3}


@pytest.mark.parametrize("answer", [REFUSED, DOUBT], ids=["refused", "in doubt"])
def test_so_many_refusals_or_doubts_in_a_row_end_the_run(rig: Rig, answer: Answer) -> None:
    rig.breaker = Breaker(errors_in_a_row=5)
    rig.max_in_flight = 1
    rig.bolna.answer = lambda _: answer

    trip = trip_of(rig.ended())

    assert "--retry-errors" in trip.advice
    assert answer.words in trip.words
    assert rig.counts == {str(answer.outcome): 5, "pending": 25}


@people(120)
def test_a_quarter_in_doubt_ends_the_run(rig: Rig) -> None:
    rig.answers(*[DOUBT, ACCEPTED, ACCEPTED] * 40)
    rig.max_in_flight = 1
    trip_of(rig.ended())
    assert rig.counts == {"unknown": 25, "queued": 48, "pending": 47}


def test_when_a_run_is_ended_what_is_in_flight_is_answered_and_nothing_more_leaves(rig: Rig) -> None:
    rig.rate = None
    # After 1 and 2 come eight together, the first of which is answered first.
    rig.bolna.takes = lambda sent: 10.0 if sent.number - FIRST > 3 else 1.0
    rig.bolna.answer = lambda sent: answer_of_status(402, words="no money") if sent.number == FIRST + 3 else ACCEPTED

    ending = rig.ended()

    assert trip_of(ending).words == "Bolna asks for payment: no money."
    assert len(rig.bolna.sent) == 11
    assert rig.took == pytest.approx(12.0)
    assert rig.counts == {"queued": 10, "pending": 20}


def test_the_first_reason_to_end_is_the_one_that_is_told(rig: Rig) -> None:
    rig.rate = None
    rig.bolna.takes = lambda sent: 1.0 + (sent.number - FIRST) / 100
    rig.bolna.answer = lambda sent: (
        ACCEPTED if sent.number < FIRST + 3 else answer_of_status(402 if sent.number == FIRST + 3 else 401, words="no")
    )
    assert "payment" in trip_of(rig.ended()).words
    assert rig.counts == {"queued": 3, "pending": 27}


@pytest.mark.parametrize("how", ["trip", "cancel", "disk"])
def test_nothing_leaves_when_the_end_comes_in_the_moment_of_the_pacers_grant(rig: Rig, how: str) -> None:
    class Unlucky(Pacer):
        grants = 0

        async def wait(self, *, early: float = 0.0) -> Granted:
            start = await super().wait(early=early)
            self.grants += 1
            if self.grants == 3 and how == "cancel":
                outer[0].cancel()
            elif self.grants == 3 and how == "disk":
                rig.recorder.failure = LedgerError("the disk is full")
            elif self.grants == 3:
                rig.runner.end(Trip("no money", "recharge"))
            return start

    async def main() -> None:
        rig.pacer = Unlucky(FAST)
        with anyio.CancelScope() as scope, contextlib.suppress(LedgerError):
            outer.append(scope)
            await rig.run()

    outer: list[anyio.CancelScope] = []
    rig.bolna.takes = lambda _: 0.0

    virtually(main)

    assert len(rig.bolna.sent) == 2
    assert rig.counts["queued"] == 2


def test_a_watcher_can_end_the_run(rig: Rig) -> None:
    class Poor:
        async def account(self) -> Account:
            from dialer.provider.bolna.executions import account_in  # noqa: PLC0415 - only here

            account = account_in({"wallet": 0 if rig.bolna.sent[3:] else 5})
            assert account is not None
            return account

    rig.rate = Rate(4, 60.0)
    rig.watchers = [lambda end: watch_wallet(Poor(), end)]

    ending = rig.ended()

    assert trip_of(ending).exit_code is ExitCode.MUST_ACT
    assert rig.took == pytest.approx(60.0)
    assert rig.counts == {"queued": 4, "pending": 26}


# -- interrupts ----------------------------------------------------------------------------------------------------


def test_the_first_interrupt_drains_and_the_second_aborts() -> None:
    async def main() -> list[tuple[bool, bool]]:
        control, seen = Control(), []
        for _ in range(3):
            seen.append((control.drain.is_set(), control.abort.is_set()))
            control.interrupt()
        return seen

    assert virtually(main) == [(False, False), (True, False), (True, True)]


def test_a_drain_lets_what_is_in_flight_finish_and_gives_back_the_rest(rig: Rig) -> None:
    rig.bolna.takes = lambda _: 40.0
    rig.rate = Rate(100, 1.0)

    ending = rig.ended(after(100.0, lambda rig: rig.control.drain.set()))

    assert ending.interrupted
    assert ending.trip is None
    assert rig.took == pytest.approx(120.1, abs=0.1)
    assert len(rig.bolna.sent) == 11
    assert rig.counts == {"queued": 11, "pending": 19}


def test_a_429_while_it_drains_is_not_waited_for(rig: Rig) -> None:
    rig.bolna.takes = lambda _: 10.0
    rig.bolna.answer = lambda _: answer_of_status(429, retry_after=200.0)
    ending = rig.ended(after(5.0, lambda rig: rig.control.drain.set()))
    assert rig.took == pytest.approx(10.0)
    assert (ending.held, rig.told.notes) == (0.0, [])
    assert rig.counts == {"pending": 30}


def test_a_stop_before_the_start_sends_nothing(rig: Rig) -> None:
    async def main() -> Ending:
        rig.control = Control()
        rig.control.interrupt()
        return await rig.run()

    assert virtually(main).interrupted
    assert rig.bolna.sent == []
    assert rig.counts == {"pending": 30}


def test_a_drain_ends_after_its_limit_and_decides_nothing_about_the_rest(rig: Rig) -> None:
    rig.bolna.takes = lambda sent: 1e4 if sent.number == FIRST + 2 else 1.0

    ending = rig.ended(after(2.5, lambda rig: rig.control.drain.set()))

    assert ending.interrupted
    assert rig.took == pytest.approx(2.5 + DRAIN)
    assert DRAIN < 60
    assert rig.counts["sending"] == 1
    assert rig.counts["queued"] == len(rig.bolna.sent) - 1
    assert rig.ledger.recover() == 1


def test_an_abort_ends_at_once_and_what_was_in_flight_stays_undecided(rig: Rig) -> None:
    rig.bolna.takes = lambda sent: 1e4 if sent.number == FIRST + 2 else 1.0

    async def stop(rig: Rig) -> None:
        await anyio.sleep(2.5)
        rig.control.interrupt()
        await anyio.sleep(10.0)
        rig.control.interrupt()

    ending = rig.ended(stop)

    assert ending.interrupted
    assert rig.took == pytest.approx(12.5)
    assert rig.counts["sending"] == 1
    assert rig.counts["pending"] == 30 - len(rig.bolna.sent)


def test_an_abort_while_the_ids_of_former_calls_are_read_loses_no_answer(rig: Rig) -> None:
    """They are read at the first answer, which is recorded after that, whatever happens meanwhile."""
    rig.bolna.takes = lambda _: 1.0
    read = rig.recorder.execution_ids

    async def slowly() -> CallIds:
        await anyio.sleep(5.0)
        return await read()

    async def stop(rig: Rig) -> None:
        await anyio.sleep(2.0)
        rig.control.interrupt()
        rig.control.interrupt()

    rig.recorder.execution_ids = slowly  # type: ignore[method-assign] # a long list
    rig.ended(stop)

    assert len(rig.bolna.sent) == 1
    assert rig.counts == {"queued": 1, "pending": 29}


@pytest.mark.parametrize("latency", [0.0, 0.2])
@pytest.mark.parametrize("moment", [0.0, 0.03, 0.35, 1.22, 3.0])
def test_a_cancellation_from_outside_gives_back_who_was_not_sent(rig: Rig, moment: float, latency: float) -> None:
    rig.recorder.latency = latency
    rig.rate = Rate(10, 1.0)
    rig.bolna.takes = lambda _: 0.5

    async def main() -> None:
        with anyio.move_on_after(moment) as scope:
            await rig.run()
        assert scope.cancelled_caught

    virtually(main)

    undecided = len(rig.bolna.sent) - len(rig.bolna.answered)
    assert rig.counts.get("sending", 0) == undecided
    assert rig.counts["pending"] == 30 - len(rig.bolna.sent)


# -- the ledger fails ----------------------------------------------------------------------------------------------


@people(12)
@pytest.mark.parametrize("at", range(1, 20))
def test_wherever_the_ledger_fails_nothing_leaves_that_is_not_recorded(rig: Rig, at: int) -> None:
    """The run raises the ledger's error, after it sent only what had its intent on disk (which Bolna asserts)."""
    rig.recorder.fails_at = at
    rig.rate = Rate(20, 1.0)
    rig.judge = lambda recipient: LATER if rig.recorder.done > 3 and recipient.position == 3 else None

    with pytest.raises(LedgerError, match="the disk is full"):
        rig.ended()

    assert sum(rig.counts.values()) == 12
    assert rig.counts.get("queued", 0) + rig.counts.get("sending", 0) >= len(rig.bolna.sent)


def test_an_outcome_that_fails_to_be_recorded_at_the_very_end_is_raised(rig: Rig) -> None:
    """The outcome's commit is not awaited while sending, so it is at the end."""
    original = rig.recorder.settle

    def settle(attempt: Attempt, answer: Answer) -> None:
        if attempt.recipient.position == 30:
            # As the writer does it: it only fails when the thread gets round to it.
            rig.recorder.fails_at = rig.recorder.done + 1
        else:
            original(attempt, answer)

    rig.recorder.settle = settle  # type: ignore[method-assign] # the fault
    with pytest.raises(LedgerError):
        rig.ended()


def test_a_failed_ledger_is_noticed_before_the_next_request(rig: Rig) -> None:
    rig.rate = Rate(10, 1.0)
    rig.bolna.takes = lambda _: 0.05

    async def stop(rig: Rig) -> None:
        await anyio.sleep(1.01)
        rig.recorder.failure = LedgerError("the disk is full")

    with pytest.raises(LedgerError):
        rig.ended(stop)
    assert max(rig.bolna.starts) < 1.01


def test_that_the_database_is_too_slow_for_any_call_is_said_once_and_all_are_called_when_it_is_not(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.rate = Rate(5, 1.0)
    monkeypatch.setattr(rig.recorder, "may_send", lambda _: anyio.current_time() > 100)
    rig.ended()
    assert rig.told.notes == [DATABASE_TOO_SLOW]
    assert sorted(rig.bolna.numbers) == list(range(30))
    assert rig.counts == {"queued": 30}


# -- over httpx ----------------------------------------------------------------------------------------------------


class Handing(httpx.AsyncBaseTransport):
    """Hands each request to a function, once its body is read."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response]) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        assert [chunk async for chunk in request.stream]
        return self._handle(request)


def over_http(rig: Rig, handler: Callable[[httpx.Request, int], httpx.Response]) -> Ending:
    """Run with the real client on a transport that calls `handler` with the request and its turn, from 1."""
    turns = itertools.count(1)
    starts: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        starts.append(anyio.current_time())
        return handler(request, next(turns))

    async def main() -> Ending:
        async with BolnaClient(
            base_url="http://127.0.0.1:9", key="bn-test", transport=lambda: Handing(handle)
        ) as client:
            rig.bolna.connect = client.connect  # type: ignore[assignment, method-assign] # the real one
            return await rig.run()

    ending = virtually(main)
    rig.took = starts[1] - starts[0] if len(starts) > 1 else 0.0
    assert isinstance(ending, Ending)
    return ending


def queued(turn: int) -> httpx.Response:
    return httpx.Response(200, json={"message": "done", "status": "queued", "execution_id": f"e-{turn}"})


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "90"}, 90.0),
        ({"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 10:01:15 GMT"}, 75.0),
        ({"Retry-After": "7200"}, HOLD_CAP),
    ],
)
def test_over_http_a_429_is_waited_for_by_seconds_and_by_date(rig: Rig, headers: dict[str, str], waits: float) -> None:
    ending = over_http(
        rig,
        lambda _, turn: httpx.Response(429, headers=headers, json={"message": "limit"}) if turn == 1 else queued(turn),
    )
    assert ending.trip is None
    assert rig.took == pytest.approx(waits, abs=0.01)
    assert rig.counts == {"queued": 30}


def test_over_http_each_kind_of_answer_lands_in_the_ledger(rig: Rig) -> None:
    def handler(request: httpx.Request, turn: int) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer bn-test"
        if turn == 2:
            return httpx.Response(429, json={"message": "limit"})
        if turn == 4:
            raise httpx.ReadError("", request=request)
        if turn == 5:
            return httpx.Response(400, json={"message": "`from_phone_number` is not yours"})
        return queued(turn)

    assert over_http(rig, handler).trip is None
    assert rig.counts == {"queued": 28, "unknown": 1, "error": 1}
    rows = list(rig.ledger.results())
    assert {row.error for row in rows if row.status is Status.ERROR} == {"`from_phone_number` is not yours"}
    assert len({row.execution_id for row in rows if row.status is Status.QUEUED}) == 28


def test_over_http_a_refused_key_ends_the_run_before_anybody_is_called(rig: Rig) -> None:
    ending = over_http(rig, lambda *_: httpx.Response(403, json={"detail": "Unrecognized access token"}))
    assert trip_of(ending).words == "Bolna refused the key: Unrecognized access token."
    assert rig.counts == {"pending": 30}


# -- the promise ---------------------------------------------------------------------------------------------------

ANSWERS = st.sampled_from(
    [
        *[ACCEPTED] * 8,
        *[UNREACHED, LIMITED, DOUBT] * 2,
        REFUSED,
        answer_of_status(200),
        answer_of_status(503, retry_after=7.0),
        answer_of_status(401, words="no"),
        answer_of_status(403, words="no"),
        answer_of_status(404, words="no"),
        answer_of_status(302, words="elsewhere"),
        answer_of_status(429, retry_after=3.0),
        answer_of_exception(httpx.ReadTimeout("")),
    ]
)


@dataclass(frozen=True)
class Start:
    """One start of a batch, and how it is disturbed."""

    answers: list[Answer]
    takes: list[float]
    latency: float
    stop: str
    at: float
    limit: int | None
    max_in_flight: int
    rate: Rate | None


STARTS = st.builds(
    Start,
    answers=st.lists(ANSWERS, min_size=1, max_size=15),
    takes=st.lists(st.sampled_from([0.0, 0.01, 0.3, 2.0, 70.0]), min_size=1, max_size=5),
    latency=st.sampled_from([0.0, 0.001, 0.2]),
    stop=st.sampled_from(["", "", "drain", "abort", "both", "cancel", "disk"]),
    at=st.floats(0, 30),
    limit=st.sampled_from([None, None, 2, 6]),
    max_in_flight=st.sampled_from([1, 2, 7]),
    rate=st.sampled_from([None, Rate(3, 1.0), Rate(50, 1.0), Rate(500, 60.0)]),
)


@given(
    starts=st.lists(STARTS, min_size=1, max_size=4),
    count=st.sampled_from([1, 5, 12]),
    page=st.sampled_from([1, 3, 500]),
)
def test_nobody_is_sent_twice_unless_it_was_surely_not_placed_and_nobody_is_lost(
    starts: list[Start], count: int, page: int
) -> None:
    """For random answers, delays, interrupts, cancellations, broken disks and restarts.

    And a run that nothing ended leaves nobody to be called.
    """
    requests: defaultdict[int, list[Outcome | None]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder) / "b.ledger", count) as ledger,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(pending_module, "PAGE", page)
        for start in starts:
            ledger.recover()
            load(ledger, count)
            disturbed(ledger, start, requests)
        assert sum(ledger.counts().values()) == count
        states = ledger.attempted([f"+{FIRST + index}" for index in range(count)])

    for number, outcomes in requests.items():
        assert set(outcomes[:-1]) <= {Outcome.RETRY}
        state = states.get(f"+{number}", Status.PENDING)
        if outcomes[-1] is None:
            assert state in {Status.SENDING, Status.UNKNOWN}
        elif outcomes[-1] is not Outcome.RETRY:
            # What was answered and could not be recorded is in doubt; it is never callable.
            assert state in {Status(str(outcomes[-1])), Status.SENDING, Status.UNKNOWN}
    perhaps_placed = {f"+{number}" for number, outcomes in requests.items() if outcomes[-1] is not Outcome.RETRY}
    for key in states.keys() - perhaps_placed:
        assert states[key] is Status.PENDING or any(start.stop == "disk" for start in starts)


def disturbed(ledger: Ledger, start: Start, requests: defaultdict[int, list[Outcome | None]]) -> None:
    """Run once, and note every request by number with what it came to; None where no answer came."""
    rig = Rig(ledger, latency=start.latency)
    rig.rate, rig.max_in_flight, rig.limit = start.rate, start.max_in_flight, start.limit
    if start.stop == "disk":
        rig.recorder.fails_at = 1 + int(start.at)
    answers, takes = itertools.cycle(start.answers), itertools.cycle(start.takes)
    rig.bolna.answer = lambda _: next(answers)
    rig.bolna.takes = lambda _: next(takes)

    async def stop(rig: Rig) -> None:
        await anyio.sleep(start.at)
        if start.stop in {"drain", "both"}:
            rig.control.interrupt()
        if start.stop == "both":
            await anyio.sleep(1.0)
        if start.stop in {"abort", "both"}:
            rig.control.abort.set()

    async def main() -> Ending | None:
        with anyio.move_on_after(start.at if start.stop == "cancel" else None):
            return await rig.run(stop)
        return None

    try:
        ending = virtually(main, patience=1e5)
        if ending == Ending(held=ending.held if ending else 0.0) and start.limit is None:
            assert Status.PENDING not in ledger.counts()
    except LedgerError:
        assert start.stop == "disk"
    for sent in rig.bolna.sent:
        answer = rig.bolna.answered.get(sent.reference)
        # A 403 before anybody is accepted is the key's fault; a refusal is surely not placed either way.
        recorded = ledger._db.execute("SELECT outcome FROM attempt WHERE reference = ?", (sent.reference,)).fetchone()
        refused_key = answer is not None and answer.http_status == 403 and recorded == (Outcome.RETRY,)
        outcome = None if answer is None else answer.outcome
        requests[sent.number].append(Outcome.RETRY if refused_key else outcome)
