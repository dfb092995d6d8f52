"""Sending: from the plan to the summary."""

from __future__ import annotations

import contextlib
import functools
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.engine.breaker import Breaker, Trip
from dialer.engine.control import until
from dialer.engine.ending import Ending
from dialer.engine.other_runs import OtherRuns
from dialer.engine.pacing import Pacer
from dialer.engine.runner import Runner
from dialer.engine.waiting import wait_until
from dialer.errors import DialerError, ExitCode, LedgerError
from dialer.messages.operations import run as say
from dialer.messages.operations.redial import refused_again
from dialer.models import Status, e164
from dialer.moments import shown
from dialer.operations import paused_run
from dialer.operations.end_figures import with_figures
from dialer.operations.last_run import ENDED, PAUSED, note_ending, reason_of
from dialer.operations.live_progress import Heartbeat
from dialer.operations.live_settings import Listener
from dialer.operations.outcome import Next, Summary, Why, exit_code_of
from dialer.operations.results import results_file
from dialer.operations.results_writer import ResultsWriter
from dialer.operations.stores import read_store
from dialer.operations.track import follow
from dialer.sync import preflight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dialer.engine.concurrency import Lines
    from dialer.engine.pacing import SlotSource
    from dialer.engine.pending import Deferred
    from dialer.engine.runner import Watcher
    from dialer.models import Render
    from dialer.operations.eligibility import Judge
    from dialer.operations.joining import Halt, SameLists
    from dialer.operations.outcome import Plan
    from dialer.operations.run_context import RunContext
    from dialer.sync.track.watch import CallWatch

RECONCILE_LAST = 300.0
"""Seconds that looking for unknown calls may take after sending."""
LOOK_EVERY = 15.0
"""Seconds between two looks at the calls while more are placed; of a trial as below."""
TRACK_EVERY, TRACK_TRIAL_EVERY = 30.0, 1.0
"""Seconds between two looks at the calls that are not over; the built-in stand-in lives sixty times as fast."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """How sending ended, why nothing could be recorded any more, and how long it took without waiting."""

    ending: Ending = field(default_factory=Ending)
    failure: LedgerError | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Sending:
    """Calls those of a plan.

    Attributes:
        context: what it works with.
        render: returns the body of the request for a recipient.
        judge: returns why a recipient must not be called at a given time.
        lines: how many calls may be live.
        slots: of the rate that all runs of the workspace share; None where they share none.
        watch: how the calls go that were placed.
        halt: has an answer that ends each run stop all of them.
        same: ends the run where another one goes by other do-not-call files; None: there are none.
    """

    context: RunContext
    render: Render
    judge: Judge
    lines: Lines
    slots: SlotSource | None
    watch: CallWatch
    halt: Halt
    same: SameLists | None

    @property
    def _zone(self) -> str | None:
        return self.context.campaign.batch.timezone

    async def dial(self, plan: Plan) -> Summary:
        """Call those of the plan, follow the accepted calls where that is asked, and return how it ended."""
        file = results_file(self.context.campaign, await self.context.ledger.header())
        batch, is_aborted = self.context.campaign.batch, self.context.control.abort.is_set
        with ResultsWriter(file, batch=batch, notes=self.context.notes, is_aborted=is_aborted) as writer:
            return await self._dial(plan, writer)

    async def _dial(self, plan: Plan, writer: ResultsWriter) -> Summary:
        runner = self._runner(plan)
        sent = await self._send(plan, runner, writer) if plan.to_call or plan.stands_by else _Sent()
        back = 0
        if sent.failure is None:
            if not (sent.ending.interrupted or self.context.control.drain.is_set()):
                async with until(self.context.control.drain):
                    await self.context.look_for_unknown(RECONCILE_LAST)
                sent.ending.interrupted = self.context.control.drain.is_set()
            # Recipients that this run should have called again and did not: the next run needs the option as well.
            back = await self.context.ledger.end_permissions()
            await self.context.ledger.leave()
            await self._write_whole(writer)
        summary = await self._summary(plan, sent, count=runner.placing.sent, back=back)
        if sent.failure is not None:
            command = self.context.campaign.batch.selection.command("run", *self.context.options.repeated)
            return replace(summary, next=Next(command, Why.LEFT))
        summary = await self._concluded(plan, summary, sent.ending, writer)
        summary = await with_figures(summary, plan, sent.ending, context=self.context)
        await self._note_ending(summary, sent.ending)
        return summary

    async def _write_whole(self, writer: ResultsWriter) -> None:
        """Write the results, unless another run still works on the batch: the last one to end its calling does."""
        if not (await self.context.ledger.others()).working:
            await writer.whole(self.context.ledger, pending=True)

    async def _concluded(self, plan: Plan, summary: Summary, ending: Ending, writer: ResultsWriter) -> Summary:
        """Return how the run ended, with what a pause, the accepted calls and the plan to call again add to it."""
        if self._is_paused() and ending.trip is None:
            return self._paused(summary)
        if self.context.options.track and ending.trip is None and not ending.interrupted:
            summary = await self._tracked(summary, writer)
        redials = await self.context.redials()
        by_itself = summary.exit_code in {ExitCode.DONE, ExitCode.LOOK}
        later = by_itself and (plan.young or not redials.is_over)
        return replace(summary, redials=redials, exit_code=ExitCode.LEFT if later else summary.exit_code)

    async def _send(self, plan: Plan, runner: Runner, writer: ResultsWriter) -> _Sent:
        if not self.context.options.join:
            await writer.whole(self.context.ledger, pending=False)
            self.context.ledger.on_settled = writer.append
        self.context.notes.progress.begin(
            batch=plan.batch, to_call=plan.to_call, per=self.context.campaign.pacing.rate.per
        )
        started = anyio.current_time()
        try:
            await self.context.ledger.expect_waits(runner.longest_wait)
            await self.context.ledger.set_note(ENDED, "")
            async with until(self.context.control.drain):
                await self._wait_for_the_start()
                await self.lines.begin()
                await self.watch.begin()
            started = anyio.current_time()
            ending = await runner.run(self.context.control, watchers=self._watchers(plan, runner))
            return _Sent(ending, seconds=anyio.current_time() - started - ending.waited)
        except LedgerError as error:
            return _Sent(failure=error, seconds=anyio.current_time() - started)
        except DialerError as error:
            # Before anything was sent: the results are written whole all the same.
            return _Sent(Ending(trip=Trip(str(error), "", error.exit_code)))
        finally:
            self.context.notes.progress.end()

    async def _note_ending(self, summary: Summary, ending: Ending) -> None:
        """Keep how it ended: what `dialer list` says of the batch."""
        reason = reason_of(ending.trip, summary.exit_code, is_interrupted=ending.interrupted)
        if self.context.control.is_paused:
            reason = PAUSED
        facts = {} if ending.trip is None else ending.trip.facts
        if (await self.context.ledger.others()).working:
            return
        await self.context.ledger.call(lambda store: note_ending(store, reason, summary.exit_code, facts=facts))

    async def _tracked(self, summary: Summary, writer: ResultsWriter) -> Summary:
        """Follow the accepted calls, and add to a summary how they stand."""
        every = TRACK_TRIAL_EVERY if self.context.campaign.sandbox else TRACK_EVERY
        followed = await follow(
            self.context.ledger,
            self.watch.tracker,
            every=every,
            progress=self.context.notes.progress,
            control=self.context.control,
        )
        if followed.trouble:
            self.context.notes.add(say.calls_unread(followed.trouble))
        await self._write_whole(writer)
        summary = replace(summary, calls=followed.counts, notes=tuple(self.context.notes.lines))
        if self.context.control.is_paused:
            return self._paused(summary)
        if self.context.control.drain.is_set():
            may_ring = 0 if self.context.campaign.sandbox else await self.context.ledger.count_open()
            ended = f"{self.context.control.stopped}."
            return replace(summary, exit_code=ExitCode.INTERRUPTED, ended=ended, may_ring=may_ring)
        left = followed.open and summary.exit_code in {ExitCode.DONE, ExitCode.LOOK}
        return replace(summary, exit_code=ExitCode.LEFT) if left else summary

    def _is_paused(self) -> bool:
        """Tell whether a pause has ended the run; `cancel` also asks it to stop, which may be noticed first."""
        control = self.context.control
        return control.is_paused or (control.drain.is_set() and self.context.held())

    def _paused(self, summary: Summary) -> Summary:
        batch, pauses = self.context.campaign.batch, self.context.held.pauses.in_force()
        ended, advice = paused_run.ending(batch, pauses, words=self.context.control.stopped)
        return replace(summary, exit_code=ExitCode.LEFT, ended=ended, advice=advice, paused=True, pauses=tuple(pauses))

    async def _wait_for_the_start(self) -> None:
        """Return when the schedule begins."""
        begins = self.context.campaign.schedule.begins
        if begins is None or begins <= datetime.now(UTC):
            return
        self.context.notes.add(say.waiting_for_the_start(shown(begins, self._zone)))
        await wait_until(begins.timestamp(), now=time.time, report=self.context.notes.progress.waiting)

    def _watchers(self, plan: Plan, runner: Runner) -> list[Watcher]:
        changes = Listener(self.context, runner, self.lines)
        heartbeat = Heartbeat(self.context, plan, runner.placing, self.lines, self.watch, changes)
        watchers: list[Watcher] = [
            functools.partial(preflight.watch_wallet, self.context.client),
            heartbeat.show,
            heartbeat.note,
            self.lines.watch,
            self.watch.watch,
            changes.watch,
            *([self.halt.watch] if self.context.shares else []),
            *([] if self.same is None else [self.same.watch]),
        ]
        ends = self.context.campaign.schedule.ends
        return watchers if ends is None else [*watchers, functools.partial(_end_at, shown(ends, self._zone))]

    def _runner(self, plan: Plan) -> Runner:
        context, breaker = self.context, self.context.campaign.breaker
        return Runner(
            ledger=context.ledger,
            render=self.render,
            connect=context.client.connect,
            pacer=Pacer(context.campaign.pacing.rate, slots=self.slots),
            breaker=Breaker(errors_in_a_row=breaker.errors_in_a_row, outage_after=breaker.outage_after),
            agent_gone=functools.partial(preflight.agent_gone, context.client, agent_id=context.campaign.agent_id),
            judge=self.judge,
            glance=self.judge.glance,
            ready=self.judge.ready,
            is_paused=context.held,
            progress=context.notes.progress,
            max_in_flight=context.campaign.pacing.max_in_flight,
            lines=self.lines,
            limit=None if plan.stands_by else plan.to_call,
            waits=context.campaign.waits,
            others=OtherRuns(context.ledger, context.notes.progress) if context.shares else None,
            on_trip=self.halt.tell,
            zone=self._zone,
        )

    async def _counts(self, plan: Plan, failure: LedgerError | None) -> dict[Status, int]:
        """Return how many rows stand where; where nothing can be recorded any more, as far as it was."""
        if failure is None:
            return await self.context.ledger.counts()
        try:
            with contextlib.closing(read_store(self.context.campaign.batch)) as ledger:
                return ledger.counts()
        except DialerError:
            self.context.notes.add(say.OLD_COUNTS)
            return dict(plan.counts)

    async def _summary(self, plan: Plan, sent: _Sent, *, count: int, back: int) -> Summary:
        ending, failure = sent.ending, sent.failure
        counts = await self._counts(plan, failure)
        if failure is not None or not (await self.context.ledger.others()).working:
            # What was cancelled is in doubt as soon as this process is gone.
            counts[Status.UNKNOWN] = counts.get(Status.UNKNOWN, 0) + counts.pop(Status.SENDING, 0)
        counts = {status: count for status, count in counts.items() if count}
        refused = 0 if failure else await self.context.ledger.refused_again()
        if refused:
            self.context.notes.add(refused_again(refused, provider.VENDOR.names))
        batch = self.context.campaign.batch
        summary = Summary(
            batch=plan.batch,
            results=str(batch.results),
            workbook=None if batch.workbook is None else str(batch.workbook),
            counts=counts,
            sent=count,
            seconds=sent.seconds,
            held=ending.held,
            waited=ending.waited,
            left=counts.get(Status.PENDING, 0) + back,
            exit_code=ExitCode.LEFT if back else exit_code_of(counts, refused=refused),
            notes=tuple(self.context.notes.lines),
            unrecorded=tuple(
                (e164(attempt.recipient.number), f"{answer.outcome} {answer.execution_id or answer.words}")
                for attempt, answer in self.context.ledger.unrecorded
            ),
        )
        if failure is not None:
            return replace(summary, exit_code=failure.exit_code, ended=str(failure))
        # What ends sending for now does not matter if no recipient is left.
        if ending.trip is not None and (summary.left or ending.trip.exit_code is not ExitCode.LEFT):
            return replace(summary, exit_code=ending.trip.exit_code, ended=ending.trip.words, advice=ending.trip.advice)
        if ending.interrupted:
            may_ring = 0 if plan.sandbox else await self.context.ledger.count_open()
            return replace(
                summary, exit_code=ExitCode.INTERRUPTED, ended=f"{self.context.control.stopped}.", may_ring=may_ring
            )
        if ending.deferred:
            return replace(summary, ended=say.left_for_later(_reasons(ending.deferred, self._zone)))
        return _called_nobody(summary, plan) if summary.left else summary


def _called_nobody(summary: Summary, plan: Plan) -> Summary:
    """Return a summary with why nobody was called, where that was clear before the run began."""
    found = plan.outlook
    if found.ended is not None:
        ended, advice = say.schedule_over(found.ended)
        return replace(summary, exit_code=ExitCode.MUST_ACT, ended=ended, advice=advice)
    if found.forecast.calls_nobody and not plan.to_call:
        later = [(say.LATER[one.reason], one.count, one.since) for one in found.forecast.later]
        return replace(summary, ended=say.left_for_later(later))
    return summary


async def _end_at(moment: datetime, end: Callable[[Trip], None]) -> None:
    """End a run when its schedule does."""
    await wait_until(moment.timestamp(), now=time.time)
    end(Trip(*say.schedule_ended(moment), ExitCode.LEFT, "schedule_ended"))


def _reasons(deferred: Mapping[str, Deferred], zone: str | None) -> list[tuple[str, int, datetime | None]]:
    """Return why people were left for later, with how many they are, and when the first of them can be called."""
    return [(reason, group.count, shown(group.until, zone)) for reason, group in deferred.items()]
