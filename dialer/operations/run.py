"""Dial a batch: load → lock → merge → reconcile → run → reconcile → results."""

from __future__ import annotations

import contextlib
import functools
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio

from dialer import provider
from dialer.engine.concurrency import Lines
from dialer.engine.control import Control, beside
from dialer.engine.progress import Progress
from dialer.engine.reads import Reads
from dialer.engine.shared_rate import shared_rate
from dialer.engine.shared_rate.database import DatabaseRate
from dialer.errors import DeclinedError, InterruptedRunError, MustActError, UsageError
from dialer.messages import workspace as words
from dialer.messages.operations import joining
from dialer.messages.operations import run as say
from dialer.messages.operations.redial import nobody_for
from dialer.operations.connection import connected
from dialer.operations.do_not_call import noting
from dialer.operations.eligibility import judge_of
from dialer.operations.joining import Halt, SameLists, take_turn
from dialer.operations.last_run import failure_noted
from dialer.operations.ledger_identity import listed, settle_in
from dialer.operations.ledger_list import find_listed
from dialer.operations.new_batch import refuse_repeated
from dialer.operations.opening import line_sharers, neighbours, opened, server_of
from dialer.operations.options import RunOptions
from dialer.operations.paused import Held, pauses_of
from dialer.operations.paused_run import paused_summary
from dialer.operations.planning import Planning
from dialer.operations.run_context import Notes, RunContext
from dialer.operations.sending import LOOK_EVERY, TRACK_TRIAL_EVERY, Sending
from dialer.operations.stores import in_database
from dialer.operations.until import ends_at
from dialer.provider.interface import NO_TROUBLES
from dialer.provider.states import NOT_REACHED
from dialer.store.engines import slots_in
from dialer.store.sqlite import Neighbours
from dialer.sync.neighbour_calls import NeighbourCalls
from dialer.sync.track import Tracker
from dialer.sync.track.watch import CallWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

    from dialer.config.campaign import Campaign
    from dialer.engine.pacing import SlotSource
    from dialer.operations.forecast import Outlook
    from dialer.operations.outcome import Plan, Summary
    from dialer.store import AsyncStore
    from dialer.store.shared import LineSharers


_log = logging.getLogger(__name__)


async def _yes(_words: str) -> bool:
    return True


async def run_campaign(
    campaign: Campaign,
    options: RunOptions | None = None,
    *,
    confirm: Callable[[Plan], Awaitable[bool]] | None = None,
    ask: Callable[[str], Awaitable[bool]] | None = None,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Summary:
    """Call every recipient in the campaign's CSV who was not called yet, and return the summary.

    It may be called again after it ended, was stopped or killed: it continues where it was.

    Args:
        campaign: from `load_campaign`; made with `sandbox=True` it calls the built-in stand-in for the provider.
        options: the options of this run.
        confirm: receives the plan before the first call; if it returns no, no call is placed. None: do not ask.
        ask: receives a question, in words, before a redial or an adoption that the options do not allow.
        progress: receives the progress.
        control: stops the run: first drains, then aborts.

    Raises:
        DialerError: it cannot start, or something cannot be recorded; see `errors`.
    """
    options = options or RunOptions()
    control = control or Control()
    progress = progress or Progress()
    _check_outcomes(options.redial)
    if options.troubles != NO_TROUBLES and not campaign.sandbox:
        raise UsageError(say.TROUBLES_IN_EARNEST)
    if options.join and campaign.sandbox:
        raise UsageError(joining.TRIAL_IS_ALONE)
    if options.join and campaign.workspace.database is None:
        raise UsageError(joining.NEEDS_DATABASE)
    campaign = _ending(campaign, options).keeping(*options.kept)
    held = Held(pauses_of(campaign.batch), control, campaign.batch.timezone)
    # Before the key is asked for, and before anything is granted, moved or taken over.
    if pauses := held.pauses.in_force():
        return paused_summary(campaign.batch, pauses)
    try:
        async with beside(held.watch):
            return await _run(campaign, options, confirm=confirm, ask=ask, progress=progress, held=held)
    except InterruptedRunError:
        if not control.is_paused:
            raise
        return paused_summary(campaign.batch, held.pauses.in_force(), words=control.stopped)


def _ending(campaign: Campaign, options: RunOptions) -> Campaign:
    """Return a campaign whose schedule ends when this run is to, where that is sooner."""
    ends, schedule = ends_at(options.until, zone=campaign.batch.timezone), campaign.schedule
    if ends is None or (schedule.ends is not None and schedule.ends <= ends):
        return campaign
    return replace(campaign, schedule=schedule.model_copy(update={"until": ends.isoformat()}))


async def _run(
    campaign: Campaign,
    options: RunOptions,
    *,
    confirm: Callable[[Plan], Awaitable[bool]] | None,
    ask: Callable[[str], Awaitable[bool]] | None,
    progress: Progress,
    held: Held,
) -> Summary:
    control = held.control
    async with (
        connected(campaign, troubles=options.troubles) as (client, base_url),
        opened(
            campaign, command="run", base_url=base_url, control=control, note=progress.note, joins=options.join
        ) as ledger,
        failure_noted(ledger),
    ):
        with (
            neighbours(campaign, base_url=base_url) as others,
            line_sharers(campaign, base_url=base_url, run=await ledger.this_work()) as sharers,
            _organisation(campaign, ledger, progress, base_url=base_url) as slots,
        ):
            context = RunContext(
                campaign=campaign,
                options=options,
                client=client,
                ledger=ledger,
                notes=Notes(progress),
                control=control,
                reads=Reads(campaign.reads),
                held=held,
                shares=in_database(campaign.batch, campaign.workspace) is not None,
            )
            context = replace(context, joined=await take_turn(context))
            await ledger.call(functools.partial(settle_in, campaign, move=options.move_workspace))
            in_files = [one for one in (others, sharers) if isinstance(one, Neighbours)]
            await _find_listed(context, others=in_files)
            planning = Planning(context, others, sharers)
            await planning.merge(adopt=_yes if options.adopt or campaign.sandbox else ask)
            released = await planning.release(ask=ask)
            same = await SameLists.begin(context)
            loaded = await planning.load(ask=ask)
            plan = await planning.plan(loaded, released)
            _log.info("to call: %d; server: %s; shared rate: %s", plan.to_call, base_url, campaign.organisation_rate)
            if options.strict and plan.to_call:
                _refuse_doubtful(plan.outlook)
            may_repeat = plan.to_call or plan.outlook.forecast.calls_nobody
            if may_repeat and not (options.new_batch or context.joined):
                await refuse_repeated(campaign, ledger, others, ask=ask)
            if confirm is not None and not await confirm(plan):
                raise DeclinedError(say.NOTHING_DIALLED)
            mine: set[int] | None = set() if context.shares else None
            watch = _watch(context, mine)
            lines = _lines(context, plan, sharers, watch, mine)
            watch.saw = lines.saw
            note = noting(ledger, tell=None if same is None else same.tell)
            judge = judge_of(campaign, loaded.suppression, others, wait=lines.wait, note=note)
            async with listed(campaign, ledger) if plan.to_call else contextlib.nullcontext():
                # A batch that was listed meanwhile is found by this look, or finds this batch by its own.
                await _find_listed(context, others=in_files)
                sending = Sending(context, loaded.payload.body, judge, lines, slots, watch, Halt(ledger), same)
                return await sending.dial(plan)


async def _find_listed(context: RunContext, *, others: Sequence[Neighbours]) -> None:
    campaign = context.campaign
    found_again = await context.ledger.call(functools.partial(find_listed, campaign, others=others))
    if found_again:
        registry = campaign.workspace.registry(sandbox=campaign.sandbox).path
        context.notes.add(words.ledgers_found_again(registry, found_again))


@contextlib.contextmanager
def _organisation(
    campaign: Campaign, ledger: AsyncStore, progress: Progress, *, base_url: str
) -> Iterator[SlotSource | None]:
    """Yield the rate that this run shares with all others of its workspace; None if there is none."""
    rate = campaign.organisation_rate
    if rate is None:
        yield None
        return
    place = in_database(campaign.batch, campaign.workspace)
    if place is not None:
        name = server_of(base_url)
        with contextlib.closing(slots_in(place.url, organisation=name, count=rate.count, window=rate.per)) as asked:
            yield DatabaseRate(asked, rate)
        return
    path = campaign.workspace.rate_file(sandbox=campaign.sandbox)
    with shared_rate(path, rate, note=progress.note, on_hold=ledger.note_hold) as slots:
        yield slots


def run_campaign_sync(campaign: Campaign, options: RunOptions | None = None, **talk: Any) -> Summary:  # noqa: ANN401 - as below
    """Do `run_campaign` outside an event loop, in any thread; takes the same arguments."""
    return anyio.run(functools.partial(run_campaign, campaign, options, **talk))


def _refuse_doubtful(outlook: Outlook) -> None:
    doubts = outlook.warnings if outlook.is_prompt_known else (say.PROMPT_UNREAD, *outlook.notes)
    if doubts:
        raise UsageError(say.doubtful(doubts))


def _check_outcomes(redial: Collection[str]) -> None:
    for outcome in redial:
        if outcome not in NOT_REACHED:
            raise UsageError(nobody_for(outcome, sorted(NOT_REACHED)))


def _watch(context: RunContext, mine: set[int] | None) -> CallWatch:
    """Return what looks up how the calls of a run go: the one reader, also for those who count lines."""
    campaign = context.campaign
    retries = campaign.call.retry_config
    return CallWatch(
        context.ledger,
        Tracker(context.ledger, context.client, agent_id=campaign.agent_id, reads=context.reads),
        every=TRACK_TRIAL_EVERY if campaign.sandbox else LOOK_EVERY,
        mine=mine,
        calls_again=retries is not None and retries.enabled,
        note=lambda why: context.notes.add(say.calls_unread(why)),
    )


def _lines(
    context: RunContext, plan: Plan, sharers: LineSharers | None, watch: CallWatch, mine: set[int] | None
) -> Lines:
    """Return how many calls may be live.

    Raises:
        MustActError: as many as the account has lines, and it does not say how many it has.
    """
    foretold, campaign = plan.outlook.forecast, context.campaign
    if foretold.live is None:
        if campaign.by_lines and plan.to_call:
            raise MustActError(say.lines_not_known(provider.VENDOR.names))
    elif foretold.live < 1 and plan.to_call:
        raise MustActError(say.no_lines(provider.VENDOR.names))
    retries = campaign.call.retry_config
    return Lines(
        math.inf if foretold.live is None else foretold.live,
        ledger=context.ledger,
        tracker=watch,
        shared=campaign.workspace.lines,
        others=None if sharers is None else NeighbourCalls(sharers, context.client, reads=context.reads),
        by_ledger=sharers is not None and sharers.has_own_batch,
        mine=mine,
        lines=foretold.lines or foretold.live or math.inf,
        average=foretold.average,
        retried=retries is not None and retries.enabled,
    )
