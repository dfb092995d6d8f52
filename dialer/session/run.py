"""Dial a batch: load → lock → merge → reconcile → run → reconcile → results."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from dialer import preflight
from dialer.breaker import Breaker
from dialer.errors import DeclinedError, ExitCode, LedgerError, MustActError, UsageError
from dialer.models import Deferral, Recipient, Status, e164
from dialer.pacing import Pacer
from dialer.payload import lead_left
from dialer.progress import Progress, Silent
from dialer.reconcile import Reconciled, find_in_flight, reconcile
from dialer.results import ResultsFile
from dialer.runner import Control, Ending, Runner
from dialer.session.check import SAMPLES
from dialer.session.connection import bolna
from dialer.session.intake import Loaded, forget_judged, load
from dialer.session.opening import IN_FLIGHT, interruptible, merge, opened, write_results
from dialer.session.outcome import Plan, Summary, exit_code_of
from dialer.session.outlook import outlook, read_standing
from dialer.session.track import follow
from dialer.tracking import Tracker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from dialer.campaign import Campaign
    from dialer.client import BolnaClient
    from dialer.ledger import Ledger
    from dialer.ledger.writer import LedgerWriter
    from dialer.session.track import Told
    from dialer.suppression import Suppression

RECONCILE_FIRST = 60.0
"""Seconds that looking for unclear calls may take before dialling; the rest comes at the end."""
RECONCILE_LAST = 300.0
TRACK_EVERY, TRACK_TRIAL_EVERY = 30.0, 1.0
"""Seconds between two looks at the calls that are not over; the built-in stand-in lives sixty times as fast."""
YOUNG = 1800.0
"""An unknown attempt younger than this many seconds may still turn up at Bolna: it is not redialled."""


@dataclass(slots=True)
class _Notes:
    """What is told while it goes on, and again at the end."""

    progress: Progress
    told: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.told.append(text)
        self.progress.note(text)


async def _never(_words: object) -> bool:
    return False


async def _always(_plan: Plan) -> bool:
    return True


async def run_campaign(
    campaign: Campaign,
    *,
    limit: int | None = None,
    retry_errors: bool = False,
    redial_unknown: bool = False,
    adopt: bool = False,
    strict: bool = False,
    track: Told | None = None,
    confirm: Callable[[Plan], Awaitable[bool]] | None = None,
    ask: Callable[[str], Awaitable[bool]] | None = None,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Summary:
    """Call everybody in the campaign's CSV who was not called yet, and return how it ended.

    It may be called again whenever it ended, was stopped or killed: it goes on where it was.

    Args:
        campaign: from `load_campaign`; made with `sandbox=True` it calls the built-in stand-in for Bolna.
        limit: take up at most so many recipients.
        retry_errors: call those again whom Bolna refused.
        redial_unknown: call those again of whom nobody knows whether they were called. They may be called twice.
        adopt: go on from a results CSV whose ledger is lost.
        strict: call nobody while the prompt asks for variables that the campaign does not give.
        track: go on until every accepted call is over; told every now and then how they stand. None: do not.
        confirm: shown the plan before anybody is dialled; when it says no nobody is. Without it nothing is asked.
        ask: asked in words before a redial or an adoption that the arguments did not already grant.
        progress: told while it goes on.
        control: stops it: drain first, then abort.

    Raises:
        DialerError: it cannot start, or something cannot be recorded; see `errors`.
    """
    control = control or Control()
    progress = progress or Silent()
    async with bolna(campaign) as (client, base_url):
        notes = _Notes(progress)
        async with opened(campaign, command="run", base_url=base_url, control=control) as ledger:
            batch = _Batch(campaign, client, ledger, notes, control)
            await batch.merge(adopt=_granted(grant=adopt or campaign.sandbox, ask=ask))
            redialled = await batch.release(retry_errors=retry_errors, redial_unknown=redial_unknown, ask=ask)
            loaded = await load(campaign, ledger, control)
            plan = await batch.plan(loaded, limit=limit, redialled=redialled)
            if strict and plan.to_call and plan.outlook.warnings:
                raise UsageError("\n".join([*plan.outlook.warnings, "Nothing was dialled (--strict)."]))
            if not await (confirm or _always)(plan):
                raise DeclinedError("Nothing was dialled.")
            return await batch.dial(plan, loaded, track=track)


def run_campaign_sync(campaign: Campaign, **options: Any) -> Summary:  # noqa: ANN401 - the options of run_campaign
    """Do `run_campaign` outside an event loop, in any thread; takes the same options."""
    return anyio.run(functools.partial(run_campaign, campaign, **options))


def _granted(*, grant: bool, ask: Callable[[str], Awaitable[bool]] | None) -> Callable[[str], Awaitable[bool]]:
    async def yes(_words: str) -> bool:
        return True

    return yes if grant else ask or _never


class _Batch:
    """One run of one batch, its ledger open."""

    def __init__(
        self, campaign: Campaign, client: BolnaClient, ledger: LedgerWriter, notes: _Notes, control: Control
    ) -> None:
        self._campaign = campaign
        self._client = client
        self._ledger = ledger
        self._notes = notes
        self._control = control

    async def merge(self, *, adopt: Callable[[str], Awaitable[bool]]) -> None:
        async with interruptible(self._control, doing="reading the results"):
            taken = await merge(self._campaign, self._ledger, self._client, adopt=adopt)
        if taken:
            told = ", ".join(f"{count} {status}" for status, count in taken.items())
            self._notes.add(f"taken over from {self._campaign.batch.results}: {told}")

    async def release(
        self, *, retry_errors: bool, redial_unknown: bool, ask: Callable[[str], Awaitable[bool]] | None
    ) -> tuple[str, ...]:
        if retry_errors:
            count = await self._release(Status.ERROR, what="--retry-errors")
            self._notes.add(f"{count} that were refused are called again (--retry-errors)")
        return await self._redial(ask) if redial_unknown else ()

    async def _redial(self, ask: Callable[[str], Awaitable[bool]] | None) -> tuple[str, ...]:
        async with interruptible(self._control, doing="looking for unclear calls"):
            await self._reconcile(None)
        unknown = await self._ledger.call(lambda store: store.unknown())
        old = [(key, number) for key, number, at in unknown if time.time() - at >= YOUNG]
        if len(old) < len(unknown):
            self._notes.add(
                f"{len(unknown) - len(old)} unknown are not redialled: younger than {YOUNG / 60:.0f} minutes, they "
                f"may still turn up at Bolna"
            )
        if not old:
            return ()
        numbers = tuple(e164(number) for _, number in old)
        if ask is not None and not await ask(
            f"{len(old)} of whom nobody knows whether they were called are to be called again, perhaps for the second "
            f"time:\n"
            f"  {', '.join(numbers[:10])}{' ...' if len(numbers) > 10 else ''}"  # noqa: PLR2004 - as many as are shown
        ):
            raise DeclinedError("Nothing was dialled.")
        keys = [key for key, _ in old]
        await self._release(Status.UNKNOWN, what="--redial-unknown", keys=keys)
        return numbers

    async def _release(self, state: Status, *, what: str, keys: Sequence[str] | None = None) -> int:
        def work(store: Ledger) -> int:
            released: list[int] = []
            store.together(
                [lambda: released.append(store.release(state, what=what, keys=keys)), lambda: forget_judged(store)]
            )
            return released[0]

        return await self._ledger.call(work)

    async def plan(self, loaded: Loaded, *, limit: int | None, redialled: tuple[str, ...]) -> Plan:
        counts = await self._ledger.call(lambda store: store.counts())
        standing = preflight.Standing(None, None, ())
        if counts.get(Status.PENDING) or counts.get(Status.UNKNOWN):
            async with interruptible(self._control, doing="reading the account"):
                standing = await read_standing(self._campaign, self._client)
            async with interruptible(self._control, doing="looking for unclear calls"):
                since = await self._ledger.call(lambda store: store.note(IN_FLIGHT))
                if since:
                    await self._find_in_flight(float(since))
                    await self._ledger.call(lambda store: store.set_note(IN_FLIGHT, ""))
                await self._reconcile(RECONCILE_FIRST)
            if since or counts.get(Status.UNKNOWN):
                counts = await self._ledger.call(lambda store: store.counts())
        _, last = await self._ledger.call(lambda store: store.called())
        first = await self._ledger.call(lambda store: store.page(after=0, size=SAMPLES))
        pending = counts.get(Status.PENDING, 0)
        to_call = pending if limit is None else min(limit, pending)
        return Plan(
            batch=self._campaign.batch.name,
            recipients=str(self._campaign.batch.recipients),
            to_call=to_call,
            limited_to=limit if limit is not None and limit < pending else None,
            counts=counts,
            called_last=None if last is None else datetime.fromtimestamp(last, UTC),
            agent_id=self._campaign.agent_id,
            outlook=outlook(
                self._campaign,
                standing,
                to_call=to_call,
                given=loaded.variables,
                samples=[json.loads(recipient.payload)["user_data"] for recipient in first],
            ),
            rate=str(self._campaign.pacing.rate),
            redialled=redialled,
            sandbox=self._campaign.sandbox,
        )

    async def _find_in_flight(self, last_at: float) -> None:
        found = await find_in_flight(self._ledger, self._client, agent_id=self._campaign.agent_id, since=last_at)
        if found.trouble:
            raise MustActError(
                f"Who was in flight when the run that wrote the results ended could not be looked up "
                f"({found.trouble}).\n"
                "Nothing was dialled, since somebody might be called twice. Try again later. Where Bolna never shows "
                "the "
                "variables of a call, look those people up on its dashboard, and go on with the others as a new batch."
            )
        if found.settled:
            self._notes.add(f"{found.settled} without a row in the results were found called at Bolna")

    async def _reconcile(self, time_limit: float | None) -> Reconciled:
        result = await reconcile(self._ledger, self._client, agent_id=self._campaign.agent_id, time_limit=time_limit)
        for text in told(result):
            self._notes.add(text)
        return result

    async def dial(self, plan: Plan, loaded: Loaded, *, track: Told | None) -> Summary:
        results = await self._results_file()
        writing = _Writing(results, self._notes)
        runner = self._runner(plan, loaded)
        ending, failure = Ending(), None
        if plan.to_call:
            await self._write(writing, pending=False)
            self._ledger.on_settled = writing.append
        started = anyio.current_time()
        if plan.to_call:
            self._notes.progress.begin(batch=plan.batch, to_call=plan.to_call)
            watch = functools.partial(preflight.watch_wallet, self._client)
            try:
                ending = await runner.run(self._control, watchers=[watch])
            except LedgerError as error:
                failure = error
            finally:
                self._notes.progress.end()
        seconds = anyio.current_time() - started
        if failure is None:
            if not self._control.abort.is_set() and not ending.interrupted:
                await self._reconcile(RECONCILE_LAST)
            await self._write(writing, pending=True)
        summary = await self._summary(plan, ending, failure, seconds=seconds, sent=runner.sent)
        if track is None or failure is not None or ending.trip is not None or ending.interrupted:
            return summary
        return await self._tracked(summary, writing, track)

    async def _tracked(self, summary: Summary, writing: _Writing, told: Told) -> Summary:
        """Follow the accepted calls, and add to a summary how they stand."""
        tracker = Tracker(
            self._ledger, self._client, agent_id=self._campaign.agent_id, pacer=Pacer(self._campaign.pacing.reads)
        )
        every = TRACK_TRIAL_EVERY if self._campaign.sandbox else TRACK_EVERY
        trouble = await follow(tracker, self._ledger, every=every, told=told, control=self._control)
        if trouble:
            self._notes.add(f"how the calls went could not be read to the end: {trouble}")
        await self._write(writing, pending=True)
        calls = tuple(await self._ledger.call(lambda store: store.call_counts()))
        open_ = sum(count.calls for count in calls if not count.final)
        summary = replace(summary, calls=calls, notes=tuple(self._notes.told))
        if self._control.drain.is_set():
            may_ring = 0 if self._campaign.sandbox else open_
            ended = f"{self._control.stopped}."
            return replace(summary, exit_code=ExitCode.INTERRUPTED, ended=ended, may_ring=may_ring)
        left = open_ and summary.exit_code in {ExitCode.DONE, ExitCode.LOOK}
        return replace(summary, exit_code=ExitCode.LEFT) if left else summary

    def _runner(self, plan: Plan, loaded: Loaded) -> Runner:
        breaker = self._campaign.breaker
        return Runner(
            ledger=self._ledger,
            call=self._client.call,
            pacer=Pacer(self._campaign.pacing.rate),
            breaker=Breaker(errors_in_a_row=breaker.errors_in_a_row, outage_after=breaker.outage_after),
            agent_gone=functools.partial(preflight.agent_gone, self._client, agent_id=self._campaign.agent_id),
            judge=_Judge(loaded.suppression),
            progress=self._notes.progress,
            max_in_flight=self._campaign.pacing.max_in_flight,
            limit=plan.to_call,
        )

    async def _results_file(self) -> ResultsFile:
        header = await self._ledger.call(lambda store: store.header())
        return ResultsFile(self._campaign.batch.results, header=header, with_id=self._campaign.columns.id is not None)

    async def _write(self, writing: _Writing, *, pending: bool) -> None:
        await self._ledger.call(lambda store: writing.whole(store, pending=pending))

    async def _summary(
        self, plan: Plan, ending: Ending, failure: LedgerError | None, *, seconds: float, sent: int
    ) -> Summary:
        counts = dict(plan.counts) if failure is not None else await self._ledger.call(lambda store: store.counts())
        # What was cancelled is in doubt as soon as this process is gone.
        counts[Status.UNKNOWN] = counts.get(Status.UNKNOWN, 0) + counts.pop(Status.SENDING, 0)
        counts = {status: count for status, count in counts.items() if count}
        summary = Summary(
            batch=plan.batch,
            results=str(self._campaign.batch.results),
            counts=counts,
            sent=sent,
            seconds=seconds,
            held=ending.held,
            left=counts.get(Status.PENDING, 0),
            exit_code=exit_code_of(counts),
            notes=tuple(self._notes.told),
            unrecorded=tuple(
                (e164(attempt.recipient.number), f"{answer.outcome} {answer.execution_id or answer.words}")
                for attempt, answer in self._ledger.unrecorded
            ),
        )
        if failure is not None:
            return replace(summary, exit_code=failure.exit_code, ended=str(failure))
        if ending.trip is not None:
            return replace(summary, exit_code=ending.trip.exit_code, ended=ending.trip.words, advice=ending.trip.advice)
        if ending.interrupted:
            may_ring = 0 if plan.sandbox else await self._ledger.call(lambda store: store.count_open())
            return replace(
                summary, exit_code=ExitCode.INTERRUPTED, ended=f"{self._control.stopped}.", may_ring=may_ring
            )
        if ending.deferred:
            reasons = "; ".join(f"{found.count}: {reason}" for reason, found in ending.deferred.items())
            total = sum(found.count for found in ending.deferred.values())
            return replace(summary, ended=f"{total} were not called now: {reasons}.")
        return summary


def told(result: Reconciled) -> list[str]:
    """Return what a person should know about a reconciliation, in words."""
    lines = []
    if result.settled:
        lines.append(f"{result.settled} unknown were found at Bolna and are queued")
    if result.left and result.unmarked:
        lines.append(
            f"{result.unmarked} calls at Bolna do not show the variables they were made with, so they cannot be "
            f"matched to anybody"
        )
    if result.left and result.trouble:
        lines.append(f"looking for {result.left} unknown at Bolna was cut short: {result.trouble}")
    return lines


class _Judge:
    """Why somebody must not be called at this moment, or None."""

    def __init__(self, suppression: Suppression) -> None:
        self._suppression = suppression

    def __call__(self, recipient: Recipient) -> Deferral | None:
        self._suppression = self._suppression.refresh()
        hit = self._suppression.hit(recipient.number)
        if hit is not None:
            return Deferral(hit)
        if not lead_left(recipient.payload, now=datetime.now(UTC)):
            return Deferral("scheduled_at is less than 3 minutes ahead by now")
        return None


class _Writing:
    """Writes the results; that it cannot is told once and ends nothing."""

    def __init__(self, file: ResultsFile, notes: _Notes) -> None:
        self._file = file
        self._notes = notes
        self._told = False

    def whole(self, store: Ledger, *, pending: bool) -> None:
        with self._tolerated():
            write_results(store, self._file, pending=pending)

    def append(self, store: Ledger, positions: Sequence[int]) -> None:
        with self._tolerated():
            self._file.append(store.results_of(positions))

    @contextlib.contextmanager
    def _tolerated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._told:
                self._told = True
                self._notes.add(
                    f"{self._file.path} cannot be written ({error.strerror}). The ledger records every call; when the "
                    f"file can be "
                    "written again: dialer results CAMPAIGN"
                )
