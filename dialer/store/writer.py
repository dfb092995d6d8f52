"""The one thread that owns the ledger while a run is going on."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self, TypeVar

import anyio
from anyio import to_thread
from anyio.lowlevel import current_token

from dialer.errors import LedgerError, NoLineError, OtherServerError, RunOverError, UnreachableError
from dialer.messages.engine import NO_LINE_LEFT
from dialer.models import Outcome
from dialer.store.access import AsyncStore
from dialer.store.coming_back import come_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from anyio.lowlevel import EventLoopToken

    from dialer.models import Answer, Attempt, Recipient, Render
    from dialer.store.interface import Store

T = TypeVar("T")

_log = logging.getLogger(__name__)
_GATHER = 0.25
"""Seconds that an outcome waits at most for an intent whose commit it can share.

At a provider's rates that is half of all commits. The price is one of knowledge, not of certainty: of who was called so
shortly before a process is killed or the power fails, the ledger has the intent, so they are `unknown`, not `queued`;
they are never called again, and looking them up at the provider finds their calls by their references.
"""
_APART = 0.03
"""Minimum seconds between the starts of two groups of intents: at many calls a second, several share a commit, which
costs as much as two calls. At a provider's rates no call waits for that, and no recipient is in doubt for longer: an
intent that waits here is not on disk.
"""

_FENCED = (RunOverError, OtherServerError)
"""These come once the outcomes of their group are recorded; no intent is any more."""


@dataclass(slots=True, eq=False)
class _Job:
    """A job for the ledger's thread.

    Attributes:
        work: what to do; None for an outcome or an intent.
        grouped: it may share a transaction with its neighbours.
        again: it is idempotent.
        done: set when it is durable or has failed; None if no task waits for it.
        outcome: the outcome of an attempt to record, if any.
        intent: the recipients about to be called and what returns the bodies, to record, if any.
    """

    work: Callable[[Store], Any] | None
    grouped: bool
    again: bool = True
    done: anyio.Event | None = None
    outcome: tuple[Attempt, Answer] | None = None
    intent: tuple[Sequence[Recipient], Render] | None = None
    result: Any = None
    error: BaseException | None = None

    def run_on(self, ledger: Store) -> None:
        if self.work is not None:
            self.result = self.work(ledger)


class LedgerWriter(AsyncStore):
    """Async access to a ledger: everything waiting goes into one transaction, synced once (group commit).

    A job that a task waits for starts at once, except intents that follow each other fast, which start in groups:
    while one commit is on its way to the disk, the next group gathers. Jobs that no task waits for (outcomes) start
    with the next group, or after a quarter of a second; at the end of a run at once, since the run waits for them.
    Jobs are done in the order of the requests, except that the outcomes of a group come first.

    Attributes:
        failure: why nothing can be recorded any more; nothing may be sent once this is set.
        unrecorded: outcomes that could not be made durable; their recipients are `unknown` at the next start.
        end_within: seconds for which the end waits for what is being done; None: as long as it takes. What is left so
            goes on in its thread, to its end or to that of the process, and then the ledger is closed.

    If a database does not answer, the writer waits for it and repeats idempotent jobs. Nothing is sent in the
    meantime, since no intent is recorded.

    Args:
        open_ledger: opens the ledger; called in the thread.
        note: receives the message that the database does not answer, and that it answers again.
    """

    def __init__(self, open_ledger: Callable[[], Store], *, note: Callable[[str], None] = lambda _: None) -> None:
        self.failure: LedgerError | None = None
        self.end_within: float | None = None
        self.unrecorded: list[tuple[Attempt, Answer]] = []
        self.on_settled: Callable[[Store, Sequence[int]], None] = lambda _ledger, _positions: None
        """Called in the thread with the input positions of recipients whose outcome has become durable."""
        self._open, self._note = open_ledger, note
        self._ledger: Store | None = None
        self._waits_no_more = threading.Event()
        # A list swapped without the lock once lost an acknowledged record in 100,000.
        self._lock = threading.Condition()
        self._waiting: list[_Job] = []
        self._due = math.inf  # when the first of them is to be begun (monotonic seconds)
        self._began = -math.inf  # when the last group was
        self._ending = False
        self._thread = threading.Thread(target=self._serve, name="ledger", daemon=True)

    async def __aenter__(self) -> Self:
        """Open the ledger in its thread."""
        self._token = current_token()
        self._thread.start()
        try:
            await self.flush()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what was asked for and close the ledger, however the run ends."""
        await self._end()

    async def _end(self) -> None:
        with self._lock:
            self._ending = True
            self._lock.notify()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._thread.join, self.end_within)

    def may_send(self, attempt: Attempt) -> bool:
        """Tell whether a request may leave whose intent was recorded; see `Store.may_send`."""
        return self.failure is None and self._ledger is not None and self._ledger.may_send(attempt)

    def wait_no_more(self) -> None:
        """Wait no more for a database that does not answer."""
        self._waits_no_more.set()

    async def call(self, work: Callable[[Store], T], *, again: bool = False) -> T:
        """Return what some work on the ledger returns; it is done in the thread, by itself.

        Raises:
            LedgerError: the ledger failed.
        """
        job = _Job(work, grouped=False, again=again, done=anyio.Event())
        return await self._wait_for(job, due=-math.inf)  # type: ignore[no-any-return] # _Job is not generic

    async def intend(self, recipients: Sequence[Recipient], render: Render) -> list[Attempt]:
        """Return the attempts once their intents are on disk; see `Store.intend`."""
        job = _Job(None, grouped=True, done=anyio.Event(), intent=(recipients, render))
        return await self._wait_for(job, due=self._began + _APART)  # type: ignore[no-any-return] # as above

    def settle(self, attempt: Attempt, answer: Answer) -> None:
        """Queue an outcome to be made durable; do not wait for it."""
        self._ask(_Job(None, grouped=True, outcome=(attempt, answer)), due=time.monotonic() + _GATHER)

    def note_hold(self, seconds: float, words: str) -> None:
        """Queue a note that all sending is held, to be made durable; do not wait for it."""
        now = time.time()
        job = _Job(lambda ledger: ledger.note_hold(seconds, words, now=now), grouped=True)
        self._ask(job, due=time.monotonic() + _GATHER)

    def halt(self, why: str) -> None:
        """Queue that all runs of the batch stop; do not wait for it."""
        self._ask(_Job(lambda ledger: ledger.halt(why), grouped=True), due=-math.inf)

    def _ask(self, job: _Job, *, due: float) -> None:
        with self._lock:
            if self._ending:
                raise RuntimeError("the ledger is closed")
            self._waiting.append(job)
            # Each wake-up takes the interpreter from the event loop.
            if due < self._due:
                self._due = due
                self._lock.notify()

    async def _wait_for(self, job: _Job, *, due: float) -> Any:  # noqa: ANN401 - the type depends on the work
        assert job.done is not None
        self._ask(job, due=due)
        await job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    # -- in the thread -------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            ledger = self._ledger = self._open()
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            self._refuse(error)
            return
        try:
            for jobs in self._groups():
                self._do(ledger, jobs)
        finally:
            ledger.close()

    def _refuse(self, error: BaseException) -> None:
        for jobs in self._groups():
            for job in jobs:
                job.error = error
            self._wake(jobs)

    def _groups(self) -> Iterator[list[_Job]]:
        """Yield what waits, cut where a job wants a transaction of its own, until the end is asked for."""
        while True:
            with self._lock:
                while not self._ending and (left := self._due - time.monotonic()) > 0:
                    self._lock.wait(None if math.isinf(left) else left)
                taken, self._waiting, self._due = self._waiting, [], math.inf
                self._began = time.monotonic()
            if not taken:
                return
            for grouped, alike in groupby(taken, key=lambda job: job.grouped):
                jobs = list(alike)
                yield from [jobs] if grouped else ([job] for job in jobs)

    def _do(self, ledger: Store, jobs: list[_Job]) -> None:
        try:
            if isinstance(self.failure, _FENCED):
                # What came of its calls is true all the same.
                ledger.settle(_outcomes(jobs))
            self._refuse_if_broken()
            began = time.monotonic()
            self._work(ledger, jobs)
            if jobs[0].grouped:
                _log.debug("%d records durable after %.1f ms", len(jobs), 1000 * (time.monotonic() - began))
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            # Any error while outcomes are recorded is fatal; a query that fails is not.
            if jobs[0].grouped or isinstance(error, LedgerError):
                self._break_off(error)
            self.unrecorded += [] if isinstance(error, _FENCED) else _outcomes(jobs)
            for job in jobs:
                job.error = error
        else:
            self._show(ledger, jobs)
        self._wake(jobs)

    def _work(self, ledger: Store, jobs: list[_Job]) -> None:
        while True:
            try:
                _work(ledger, jobs)
            except UnreachableError as error:
                if not all(job.again for job in jobs):
                    raise
                come_back(ledger, error, outcomes=_outcomes(jobs), gives_up=self._waits_no_more.wait, say=self._say)
            else:
                return

    def _say(self, words: str) -> None:
        _soon(self._token, self._note, words)

    def _refuse_if_broken(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _show(self, ledger: Store, jobs: list[_Job]) -> None:
        positions = [
            attempt.recipient.position for attempt, answer in _outcomes(jobs) if answer.outcome is not Outcome.RETRY
        ]
        try:
            if positions:
                self.on_settled(ledger, positions)
        except BaseException as error:  # noqa: BLE001 - what was recorded stays so, but nothing more may be sent
            self._break_off(error)

    def _break_off(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error if isinstance(error, LedgerError) else LedgerError(f"the ledger failed: {error!r}")

    def _wake(self, jobs: list[_Job]) -> None:
        events = [job.done for job in jobs if job.done is not None]
        if events:
            _soon(self._token, _set_all, events)


def _work(ledger: Store, jobs: list[_Job]) -> None:
    if jobs[0].grouped:
        with ledger.together():
            outcomes = _outcomes(jobs)
            if outcomes:
                # Outcomes first: a recipient to be retried may be among the intents as well.
                ledger.settle(outcomes)
            _intend(ledger, jobs)
            for job in jobs:
                job.run_on(ledger)
    else:
        jobs[0].run_on(ledger)


def _intend(ledger: Store, jobs: list[_Job]) -> None:
    """Record the intents of a group together: many take as many statements as one."""
    asked = [(job, *job.intent) for job in jobs if job.intent is not None]
    for render, alike in groupby(asked, key=itemgetter(2)):
        wanted = [(job, recipients) for job, recipients, _ in alike]
        attempts = ledger.intend([one for _, recipients in wanted for one in recipients], render)
        made = {attempt.recipient.id: attempt for attempt in attempts}
        for job, recipients in wanted:
            # Taken out: of two who ask for one person only the first may call.
            job.result = [made.pop(one.id) for one in recipients if one.id in made]
            lacking = not job.result and any(one.id in ledger.without_line() for one in recipients)
            job.error = NoLineError(NO_LINE_LEFT) if lacking else None


def _outcomes(jobs: list[_Job]) -> list[tuple[Attempt, Answer]]:
    return [job.outcome for job in jobs if job.outcome is not None]


def _soon(token: EventLoopToken, work: Callable[[T], object], value: T) -> None:
    """Have the event loop do something, and do not wait for it: this thread has the next group to write.

    anyio's own way (`from_thread.run_sync`) waits until a busy loop has come to it, and wakes this thread for that.
    """
    loop: Any = token.native_token
    post = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon
    # A loop that is gone waits for nothing, but what was asked for is recorded all the same.
    with contextlib.suppress(RuntimeError):
        post(work, value)


def _set_all(events: list[anyio.Event]) -> None:
    for event in events:
        event.set()
