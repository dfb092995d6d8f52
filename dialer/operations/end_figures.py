"""What a batch has come to at the end of a run, by outcome and by reason."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from dialer.moments import shown
from dialer.operations.next_command import next_command
from dialer.operations.paused_run import next_after
from dialer.operations.redial_plan import on_clock
from dialer.provider.states import REDIALLED
from dialer.store import NO_REDIALS, RedialRules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dialer.config.campaign import Campaign
    from dialer.engine.ending import Ending
    from dialer.engine.pending import Deferred
    from dialer.models import CallCount
    from dialer.operations.outcome import Plan, Summary
    from dialer.operations.run_context import RunContext
    from dialer.store import Redials, Store

_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a batch has come to.

    Attributes:
        calls: how the accepted calls stand, as far as was looked up.
        outcomes: how those of them ended that are over: outcome → calls.
        reasons: why rows were refused, the most frequent first.
        other_reasons: how many rows were refused for another reason.
    """

    calls: tuple[CallCount, ...]
    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    other_reasons: int


async def with_figures(summary: Summary, plan: Plan, ending: Ending, *, context: RunContext) -> Summary:
    """Return how a run ended, with the totals of its batch and the best next command.

    Args:
        summary: of the run.
        plan: what it was to do.
        ending: how the sending ended.
        context: what it works with.
    """
    batch = context.campaign.batch
    found = await context.ledger.call(_figures)
    summary = replace(
        summary,
        calls=found.calls,
        outcomes=found.outcomes,
        reasons=found.reasons,
        other_reasons=found.other_reasons,
    )
    if summary.paused:
        return replace(summary, next=next_after(batch, summary.pauses))
    opens = _opens(ending.deferred, left=summary.left, zone=batch.timezone)
    # This reads every called recipient, so it is queried only if it matters.
    then = await context.ledger.call(
        lambda ledger: next_command(
            summary,
            selection=batch.selection,
            more=context.options.repeated,
            opens=opens,
            is_closed=plan.outlook.is_closed_now,
            ripe_from=plan.ripe_from,
            needs_agent=context.campaign.needs_agent,
            is_sample=context.campaign.is_sample,
            missed=functools.partial(_missed, context.campaign, ledger),
        )
    )
    has_agent = not (context.campaign.is_sample or context.campaign.needs_agent)
    is_trial = batch.selection.sandbox and has_agent
    return replace(summary, next=then, in_earnest=batch.selection.in_earnest().command("run") if is_trial else None)


def _figures(ledger: Store) -> _Figures:
    """Return what a batch has come to."""
    calls = tuple(ledger.call_counts())
    outcomes = Counter[str]()
    for count in calls:
        if count.final and count.outcome:
            outcomes[count.outcome] += count.calls
    refusals = ledger.refusals()
    reasons = dict(islice(refusals, _MOST_REASONS))
    others = sum(count for _, count in refusals)
    return _Figures(calls, dict(outcomes.most_common()), reasons, others)


def _missed(campaign: Campaign, ledger: Store) -> Redials:
    """Return which recipients can be redialled by hand; none if a plan does it, or in a trial."""
    rules = campaign.redial
    if rules.times or campaign.sandbox or rules.max_attempts == 1:
        return NO_REDIALS
    times = (rules.redial_after,) * (rules.max_attempts - 1)
    found = ledger.redials(RedialRules(REDIALLED, max_attempts=rules.max_attempts, after=0.0, times=times))
    return on_clock(found, sandbox=False, zone=campaign.batch.timezone)


def _opens(deferred: Mapping[str, Deferred], *, left: int, zone: str | None) -> datetime | None:
    """Return when the first of those who are left can be called; None where that is at once, or not known."""
    moments = [group.until for group in deferred.values()]
    if left > sum(group.count for group in deferred.values()) or not moments:
        return None
    known = [moment for moment in moments if moment is not None]
    return shown(min(known), zone) if len(known) == len(moments) else None
