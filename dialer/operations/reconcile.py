"""Settle unknown calls without dialling."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer import provider
from dialer.engine.control import Control, interruptible
from dialer.engine.reads import Reads
from dialer.errors import ExitCode, LedgerError
from dialer.messages.operations import reconcile as say
from dialer.moments import shown
from dialer.operations.adoption import merge
from dialer.operations.connection import connected
from dialer.operations.opening import opened, other_ledgers, refuse_unbegun
from dialer.operations.results import rewrite
from dialer.operations.stores import in_database
from dialer.store.engines import other_batches
from dialer.sync.reconcile import Reconciled, reconcile
from dialer.sync.unrecorded import Unrecorded, find_unrecorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialer.config.campaign import Campaign
    from dialer.models import Status
    from dialer.provider.interface import Provider
    from dialer.store import AsyncStore

_DAY = 86_400.0
"""Seconds by which calls are known that were placed before a search begins: no two clocks agree."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of looking for unknown calls.

    Attributes:
        batch: its name.
        settled: how many `unknown` were found and are `queued`.
        left: how many stay `unknown`.
        read: executions that were read at the provider.
        counts: how many rows of the input stand where.
        notes: what the user should know, in words.
        results: path of the results CSV.
    """

    batch: str
    settled: int
    left: int
    read: int
    counts: Mapping[Status, int]
    notes: tuple[str, ...]
    results: str

    @property
    def exit_code(self) -> ExitCode:
        """LOOK while some are unknown."""
        return ExitCode.LOOK if self.left else ExitCode.DONE


async def reconcile_campaign(campaign: Campaign, *, control: Control | None = None) -> Settled:
    """Look up every unknown call at the provider, and rewrite the results.

    Args:
        campaign: from `load_campaign`.
        control: stops it.

    Raises:
        DialerError: the ledger, the results, the key or the connection cannot be used.
    """
    control = control or Control()
    refuse_unbegun(campaign)
    async with (
        connected(campaign) as (client, base_url),
        opened(campaign, command="reconcile", base_url=base_url, control=control) as ledger,
    ):
        async with interruptible(control, doing=say.UNKNOWN):
            await merge(campaign, ledger, client)
            reads = Reads(campaign.reads)
            found = await look_for_unrecorded(campaign, ledger, client, reads=reads, time_limit=None)
            result = await reconcile(ledger, client, agent_id=campaign.agent_id, reads=reads)
        unrecorded = await unrecorded_notes(ledger, found, zone=campaign.batch.timezone)
        unwritten = await rewrite(campaign, ledger)
        if result.must_act is not None:
            raise result.must_act
        return Settled(
            batch=campaign.batch.name,
            settled=result.settled,
            left=result.left,
            read=result.read,
            counts=await ledger.counts(),
            notes=tuple(filter(None, (*unrecorded, *summed_up(result), unwritten))),
            results=str(campaign.batch.results),
        )


def summed_up(result: Reconciled) -> list[str]:
    """Return what the user should know about a reconciliation, in words."""
    names, lines = provider.VENDOR.names, []
    if result.settled:
        lines.append(say.found(result.settled, names))
    if result.left and result.unmarked:
        lines.append(say.unmarked(result.unmarked, names))
    if result.left and result.trouble:
        lines.append(say.cut_short(result.left, why=result.trouble, names=names))
    return lines


async def look_for_unrecorded(
    campaign: Campaign, ledger: AsyncStore, client: Provider, *, reads: Reads, time_limit: float | None
) -> Unrecorded:
    """Look for calls that no ledger knows, since the last time; those whom they reached are not called any more.

    Args:
        campaign: the campaign.
        ledger: its ledger.
        client: where calls are listed.
        reads: limits the rate of reads.
        time_limit: seconds; None: until all is read, as also where the ledger is an older copy.
    """
    since = await ledger.search_from()
    # The calls of a trial end with the stand-in that took them.
    if since is None or campaign.sandbox:
        return Unrecorded()
    return await find_unrecorded(
        ledger,
        client,
        agent_id=campaign.agent_id,
        reads=reads,
        known=await ledger.calls_since(since - _DAY) | await _known_elsewhere(campaign, ledger, since - _DAY),
        time_limit=None if await ledger.gaps() else time_limit,
    )


async def _known_elsewhere(campaign: Campaign, ledger: AsyncStore, since: float) -> dict[int, float]:
    batch, server = campaign.batch, await ledger.note("server") or ""
    if (place := in_database(batch, campaign.workspace)) is not None:
        with other_batches(place, server=server) as sharing:
            return sharing.calls_since(since, agent=campaign.agent_id)
    # One that cannot be read stops the run where its calls count; here they have references of their own.
    with (
        contextlib.suppress(LedgerError),
        other_ledgers(campaign, server=server, within=time.time() - since) as others,
    ):
        return others.calls_since(since, agent=campaign.agent_id)
    return {}


async def unrecorded_notes(ledger: AsyncStore, found: Unrecorded, *, zone: str | None) -> list[str]:
    """Return what the user should know about a search for calls that no ledger knows, in words."""
    names, lines = provider.VENDOR.names, []
    if found.adopted:
        lines.append(say.older_copy(found.adopted, names))
    if found.doubted:
        lines.append(say.called_by_others(found.doubted, names))
    if found.why_unfinished:
        lines.append(say.not_searched(found.why_unfinished, names))
    until = await ledger.wait_until()
    if until is not None and until > time.time():
        lines.append(say.nobody_before(shown(until, zone), names))
    return lines
