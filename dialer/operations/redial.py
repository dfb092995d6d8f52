"""Redials: on request, or by the campaign's plan if the last call did not reach the recipient."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.engine.control import interruptible
from dialer.errors import DeclinedError
from dialer.messages.operations import redial as say
from dialer.messages.operations.run import NOTHING_DIALLED
from dialer.messages.sync import not_all_read
from dialer.models import Status, e164
from dialer.moments import shown
from dialer.operations.redial_plan import note_plan, plan_of
from dialer.store import RedialRules, until_of
from dialer.sync.track import Tracker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from dialer.config.batch import Batch
    from dialer.config.campaign.schema import Redialling
    from dialer.operations.run_context import RunContext
    from dialer.store import AsyncStore, Redial

YOUNG = 1800.0
"""An unknown attempt younger than this many seconds may still turn up at the provider: it is not redialled."""


ASK_FIRST = 300.0
"""Seconds that asking how calls ended may take before dialling; the next run asks for the rest."""


async def redial_by_plan(context: RunContext) -> None:
    """Ask how the calls ended that may have another one after them, and let everybody be called who is due.

    Raises:
        InterruptedRunError: a stop was requested.
        MustActError: the key is refused.
    """
    campaign, ledger = context.campaign, context.ledger
    plan = plan_of(campaign.redial)
    await note_plan(ledger, plan)
    if plan is None:
        return
    # The calls of a trial ended with the stand-in that took them.
    if not campaign.sandbox:
        async with interruptible(context.control, doing=say.ASKING):
            await _ask(context, plan)
    if due := await ledger.redial_by_plan(plan):
        context.notes.add(say.due(due))


async def _ask(context: RunContext, plan: RedialRules) -> None:
    campaign = context.campaign
    tracker = Tracker(context.ledger, context.client, agent_id=campaign.agent_id, reads=context.reads)
    with anyio.move_on_after(ASK_FIRST) as limit:
        looked = await tracker.look(most=plan.max_attempts)
        if looked.trouble:
            context.notes.add(say.ends_not_read(looked.trouble))
    if limit.cancelled_caught:
        context.notes.add(say.ends_not_read(not_all_read(ASK_FIRST)))


class Release:
    """Makes recipients callable again for one run.

    Args:
        ledger: of the recipients; it keeps the decision.
        rules: the campaign's redial rules.
        note: receives the result, in words.
        batch: the batch.
    """

    def __init__(self, ledger: AsyncStore, rules: Redialling, note: Callable[[str], None], *, batch: Batch) -> None:
        self._ledger = ledger
        self._batch = batch
        self._rules = rules
        self._note = note

    async def errors(self) -> None:
        """Release all recipients whose call the provider refused, and who were never called."""
        self._note_left_out(await self._release(Status.ERROR, what="--retry-errors"))

    async def unknown(self, ask: Callable[[str], Awaitable[bool]] | None) -> tuple[str, ...]:
        """Release the people who may or may not have been called, and return their numbers.

        Raises:
            DeclinedError: the user was asked and said no.
        """
        unknown = until_of(await self._ledger.doubts())
        old = [key for key, until in unknown.items() if time.time() - until >= YOUNG]
        if len(old) < len(unknown):
            self._note(say.unknown_too_young(len(unknown) - len(old), seconds=YOUNG, names=provider.VENDOR.names))
        if not old:
            return ()
        rules = self._limits(())
        found = await self._ledger.may_be_permitted(Status.UNKNOWN, rules, keys=old)
        numbers = tuple(map(e164, found))
        if numbers and ask is not None and not await ask(say.may_be_twice(numbers)):
            raise DeclinedError(NOTHING_DIALLED)
        self._note_left_out(await self._release(Status.UNKNOWN, what="--redial-unknown", keys=old))
        return numbers

    async def outcomes(self, outcomes: Collection[str]) -> Redial:
        """Release all recipients whose last call ended so; report who has to wait, and why; return what was found."""
        what = f"--redial {','.join(sorted(outcomes))}"
        found = await self._release(Status.QUEUED, what=what, outcomes=outcomes)
        self._note_left_out(found)
        return found

    async def _release(
        self, state: Status, *, what: str, outcomes: Collection[str] = (), keys: Sequence[str] | None = None
    ) -> Redial:
        rules = self._limits(outcomes)
        return await self._ledger.permit(state, rules, what=what, keys=keys)

    def _limits(self, outcomes: Collection[str]) -> RedialRules:
        return RedialRules(outcomes, max_attempts=self._rules.max_attempts, after=self._rules.redial_after)

    def _note_left_out(self, redial: Redial) -> None:
        for text in left_out(redial, self._limits(()), self._batch):
            self._note(text)


def left_out(redial: Redial, rules: RedialRules, batch: Batch) -> list[str]:
    """Return who is not called once more, or has to wait for it, in words."""
    names, lines = provider.VENDOR.names, []
    if redial.young and redial.ripe_from is not None and redial.ripe_by is not None:
        first, last = (shown(at, batch.timezone) for at in (redial.ripe_from, redial.ripe_by))
        lines.append(say.ended_lately(redial.young, seconds=rules.after, first=first, last=last))
    if redial.spent:
        lines.append(say.called_often(redial.spent, calls=rules.max_attempts))
    if redial.open:
        is_trial = batch.selection.sandbox
        lines.append(say.never_known(redial.open) if is_trial else say.still_open(redial.open, names))
    if redial.reached:
        lines.append(say.reached(redial.reached))
    # The calls of a trial ended with the stand-in that took them.
    if redial.untracked and not batch.selection.sandbox:
        lines.append(say.not_tracked(redial.untracked, command=batch.selection.command("track"), names=names))
    return lines
