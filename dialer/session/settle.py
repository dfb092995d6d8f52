"""Settle unknown calls without dialling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.control import Control
from dialer.errors import ExitCode
from dialer.reconcile import Reconciled, find_missing, reconcile
from dialer.session.connection import bolna
from dialer.session.interruption import interruptible
from dialer.session.opening import merge, opened, refuse_unbegun, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dialer.campaign import Campaign
    from dialer.models import Status
    from dialer.provider.interface import Provider
    from dialer.store import AsyncStore


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of looking for unclear calls.

    Attributes:
        batch: its name.
        settled: how many `unknown` were found and are `queued`.
        left: how many stay `unknown`.
        read: executions that were read at Bolna.
        counts: how many rows of the input stand where.
        notes: what a person should know, in words.
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
    """Look for every unknown call at Bolna, and write the results anew.

    Args:
        campaign: from `load_campaign`.
        control: stops it.

    Raises:
        DialerError: the ledger, the results, the key or the connection cannot be used.
    """
    control = control or Control()
    refuse_unbegun(campaign)
    async with (
        bolna(campaign) as (client, base_url),
        opened(campaign, command="reconcile", base_url=base_url, control=control) as ledger,
    ):
        async with interruptible(control, doing="looking for unclear calls"):
            await merge(campaign, ledger, client)
            found = await look_for_missing(campaign, ledger, client)
            result = await reconcile(ledger, client, agent_id=campaign.agent_id)
        unwritten = await rewrite(campaign, ledger)
        if result.must_act is not None:
            raise result.must_act
        return Settled(
            batch=campaign.batch.name,
            settled=result.settled,
            left=result.left,
            read=result.read,
            counts=await ledger.counts(),
            notes=tuple(filter(None, (*told_missing(found), *told(result), unwritten))),
            results=str(campaign.batch.results),
        )


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


async def look_for_missing(campaign: Campaign, ledger: AsyncStore, client: Provider) -> Reconciled | None:
    """Look at Bolna for calls of which the ledger does not know; None where it knows of all.

    It is an older copy, or stands in for one that is lost. Whoever is found is `queued`.
    """
    when = await ledger.gaps()
    return await find_missing(ledger, client, agent_id=campaign.agent_id, when=when) if when else None


def told_missing(result: Reconciled | None) -> list[str]:
    """Return what a person should know about a look for calls of which the ledger does not know, in words."""
    # It is looked for at every start: that nothing was found is no news.
    if result is None or not (result.settled or result.trouble):
        return []
    found = f"calls found at Bolna that it did not know: {result.settled}"
    return [
        "The ledger does not know of all that the last run did (an older copy, or a lost one); "
        + (f"which calls it misses could not be looked up ({result.trouble})" if result.trouble else found)
    ]


async def look_for_unclear(
    campaign: Campaign,
    ledger: AsyncStore,
    client: Provider,
    *,
    time_limit: float | None,
    note: Callable[[str], None],
) -> Reconciled:
    """Look for every unknown call at Bolna, and tell and return what came of it.

    Args:
        campaign: the campaign.
        ledger: its ledger.
        client: where executions are read.
        time_limit: seconds; None: until all is read.
        note: told what a person should know.
    """
    result = await reconcile(ledger, client, agent_id=campaign.agent_id, time_limit=time_limit)
    for text in told(result):
        note(text)
    return result
