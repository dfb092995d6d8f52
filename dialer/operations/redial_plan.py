"""The campaign's plan to call people again: what it says, and who is called by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.moments import shown
from dialer.store import NO_REDIALS, RedialRules

if TYPE_CHECKING:
    from dialer.config.campaign import Campaign
    from dialer.config.campaign.schema import Redialling
    from dialer.store import AsyncStore, Redials, Store

_PLAN = "redial_plan"
"""Under this name is noted by which plan the last run called people again: `status` knows the ledger alone."""


def plan_of(rules: Redialling) -> RedialRules | None:
    """Return the plan for automatic redials; None if there is none."""
    if not rules.times:
        return None
    return RedialRules(tuple(rules.outcomes), max_attempts=rules.planned_calls, after=0.0, times=tuple(rules.times))


async def note_plan(ledger: AsyncStore, plan: RedialRules | None) -> None:
    """Note the plan in the ledger, where it is another than before."""
    text = "" if plan is None else json.dumps([sorted(plan.outcomes), plan.max_attempts, list(plan.times)])
    if (await ledger.note(_PLAN) or "") != text:
        await ledger.set_note(_PLAN, text)


def noted_redials(ledger: Store, *, sandbox: bool, zone: str | None) -> Redials:
    """Return which recipients the plan of the last run calls again; none without a plan."""
    text = ledger.note(_PLAN)
    if not text:
        return NO_REDIALS
    outcomes, most, times = json.loads(text)
    plan = RedialRules(tuple(outcomes), max_attempts=most, after=0.0, times=tuple(times))
    return on_clock(ledger.redials(plan), sandbox=sandbox, zone=zone)


def foreseen_redials(campaign: Campaign, ledger: Store) -> Redials:
    """Return which recipients the campaign's plan calls again; none without a plan, or once the schedule has ended."""
    plan, ends = plan_of(campaign.redial), campaign.schedule.ends
    if plan is None or (ends is not None and ends <= datetime.now(UTC)):
        return NO_REDIALS
    return on_clock(ledger.redials(plan), sandbox=campaign.sandbox, zone=campaign.batch.timezone)


def on_clock(redials: Redials, *, sandbox: bool, zone: str | None) -> Redials:
    """Return it by a zone's clock, and without the calls of a trial: they ended with the stand-in that took them."""
    return replace(
        redials,
        first=shown(redials.first, zone),
        last=shown(redials.last, zone),
        open=0 if sandbox else redials.open,
    )
