"""Dial a batch: load → lock → merge → reconcile → run → reconcile → results."""

from __future__ import annotations

import functools
import json
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from dialer import preflight
from dialer.control import Control
from dialer.errors import DeclinedError, MustActError, UsageError
from dialer.executions import NOT_REACHED
from dialer.lines import Lines, Unlimited
from dialer.models import NOWHERE, Status
from dialer.pacing import Pacer
from dialer.progress import Progress, Silent
from dialer.reconcile import find_in_flight
from dialer.session.check import SAMPLES
from dialer.session.connection import bolna
from dialer.session.intake import Loaded, load
from dialer.session.interruption import interruptible
from dialer.session.judge import judge_of
from dialer.session.opening import IN_FLIGHT, merge, neighbours, opened
from dialer.session.outcome import Plan, Summary
from dialer.session.outlook import outlook, read_standing
from dialer.session.release import Release
from dialer.session.sending import Notes, Sending
from dialer.session.settle import look_for_unclear
from dialer.session.timing import Place
from dialer.tracking import Tracker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from dialer.campaign import Campaign
    from dialer.client import BolnaClient
    from dialer.ledger import Neighbours
    from dialer.ledger.writer import LedgerWriter

RECONCILE_FIRST = 60.0
"""Seconds that looking for unclear calls may take before dialling; the rest comes at the end."""


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
    redial: Collection[str] = (),
    adopt: bool = False,
    strict: bool = False,
    track: bool = False,
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
        redial: call those once more whose last call ended so (of `NOT_REACHED`) and is final, by the campaign's rules.
        adopt: go on from a results CSV whose ledger is lost.
        strict: call nobody while the prompt asks for variables that the campaign does not give.
        track: go on until every accepted call is over.
        confirm: shown the plan before anybody is dialled; when it says no nobody is. Without it nothing is asked.
        ask: asked in words before a redial or an adoption that the arguments did not already grant.
        progress: told while it goes on.
        control: stops it: drain first, then abort.

    Raises:
        DialerError: it cannot start, or something cannot be recorded; see `errors`.
    """
    control = control or Control()
    progress = progress or Silent()
    notes = Notes(progress)
    _check_outcomes(redial)
    async with (
        bolna(campaign) as (client, base_url),
        opened(campaign, command="run", base_url=base_url, control=control) as ledger,
    ):
        with neighbours(campaign, base_url=base_url) as others:
            batch = _Batch(campaign, client, ledger, notes, control, others=others)
            await batch.merge(adopt=_granted(grant=adopt or campaign.sandbox, ask=ask))
            redialled = await batch.release(
                retry_errors=retry_errors, redial_unknown=redial_unknown, redial=redial, ask=ask
            )
            loaded = await load(campaign, ledger, control)
            plan = await batch.plan(loaded, limit=limit, redialled=redialled)
            if strict and plan.to_call and plan.outlook.warnings:
                raise UsageError("\n".join([*plan.outlook.warnings, "Nothing was dialled (--strict)."]))
            if not await (confirm or _always)(plan):
                raise DeclinedError("Nothing was dialled.")
            lines = _lines(campaign, ledger, client, plan)
            judge = judge_of(campaign, loaded.suppression, others, wait=lines.wait)
            sending = Sending(campaign, client, ledger, notes, control, judge=judge, lines=lines)
            return await sending.dial(plan, track=track)


def run_campaign_sync(campaign: Campaign, **options: Any) -> Summary:  # noqa: ANN401 - the options of run_campaign
    """Do `run_campaign` outside an event loop, in any thread; takes the same options."""
    return anyio.run(functools.partial(run_campaign, campaign, **options))


def _check_outcomes(redial: Collection[str]) -> None:
    for outcome in redial:
        if outcome not in NOT_REACHED:
            raise UsageError(
                f"--redial {outcome}: nobody is redialled for that. Use: {', '.join(sorted(NOT_REACHED))}."
            )


def _lines(campaign: Campaign, ledger: LedgerWriter, client: BolnaClient, plan: Plan) -> Lines | Unlimited:
    """Return how many calls may be live.

    Raises:
        MustActError: as many as the account has lines, and it does not say how many it has.
    """
    foretold = plan.outlook.forecast
    if foretold.live is None:
        if campaign.by_lines and plan.to_call:
            raise MustActError(
                "Bolna did not say how many calls the account may have live at once, and this campaign is to have no "
                "more. Try again, or write it into [pacing]: live_calls = 10."
            )
        return Unlimited()
    retries = campaign.call.retry_config
    return Lines(
        foretold.live,
        ledger=ledger,
        tracker=Tracker(ledger, client, agent_id=campaign.agent_id, pacer=Pacer(campaign.pacing.reads)),
        lines=foretold.lines or foretold.live,
        average=foretold.average,
        retried=retries is not None and retries.enabled,
    )


def _granted(*, grant: bool, ask: Callable[[str], Awaitable[bool]] | None) -> Callable[[str], Awaitable[bool]]:
    async def yes(_words: str) -> bool:
        return True

    return yes if grant else ask or _never


class _Batch:
    """One run of one batch, its ledger open."""

    def __init__(
        self,
        campaign: Campaign,
        client: BolnaClient,
        ledger: LedgerWriter,
        notes: Notes,
        control: Control,
        *,
        others: Neighbours | None,
    ) -> None:
        self._campaign = campaign
        self._client = client
        self._ledger = ledger
        self._notes = notes
        self._control = control
        self._others = others

    async def merge(self, *, adopt: Callable[[str], Awaitable[bool]]) -> None:
        async with interruptible(self._control, doing="reading the results"):
            taken = await merge(self._campaign, self._ledger, self._client, adopt=adopt)
        if taken:
            told = ", ".join(f"{count} {status}" for status, count in taken.items())
            self._notes.add(f"taken over from {self._campaign.batch.results}: {told}")

    async def release(
        self,
        *,
        retry_errors: bool,
        redial_unknown: bool,
        redial: Collection[str],
        ask: Callable[[str], Awaitable[bool]] | None,
    ) -> tuple[str, ...]:
        release = Release(self._ledger, self._campaign.redial, self._notes.add)
        if retry_errors:
            await release.errors()
        if redial:
            await release.outcomes(redial)
        if not redial_unknown:
            return ()
        async with interruptible(self._control, doing="looking for unclear calls"):
            await self._look_for_unclear(None)
        return await release.unknown(ask)

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
                await self._look_for_unclear(RECONCILE_FIRST)
            if since or counts.get(Status.UNKNOWN):
                counts = await self._ledger.call(lambda store: store.counts())
        _, last = await self._ledger.call(lambda store: store.called())
        first = await self._ledger.call(lambda store: store.page(after=0, size=SAMPLES))
        pending = counts.get(Status.PENDING, 0)
        places, elsewhere = await self._places(pending)
        to_call = pending if limit is None else min(limit, pending)
        ends = self._campaign.schedule.ends
        to_call = 0 if ends is not None and ends <= datetime.now(UTC) else to_call
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
                places=places,
                elsewhere=elsewhere,
                talk=await self._ledger.call(lambda store: store.talk()),
            ),
            rate=str(self._campaign.pacing.rate),
            redialled=redialled,
            once_more=await self._ledger.call(lambda store: store.redialled()),
            sandbox=self._campaign.sandbox,
        )

    async def _places(self, pending: int) -> tuple[list[Place], int]:
        """Return where those may be who are to be called, and how many more another batch has called lately."""
        recent = list(self._others.recent(now=time.time())) if self._others is not None else []
        left_out = Counter(await self._ledger.call(lambda store: store.pending_among(recent)) if recent else [])
        if self._campaign.window is None:
            return [Place(NOWHERE, pending - left_out.total())], left_out.total()
        where = await self._ledger.call(lambda store: store.whereabouts())
        return [Place(one, count - left_out[one]) for one, count in where.items()], left_out.total()

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

    async def _look_for_unclear(self, time_limit: float | None) -> None:
        await look_for_unclear(self._campaign, self._ledger, self._client, time_limit=time_limit, note=self._notes.add)
