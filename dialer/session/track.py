"""Follow a batch's accepted calls to their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer.errors import ExitCode, UsageError
from dialer.ledger import none_yet
from dialer.pacing import Pacer
from dialer.results import ResultsFile
from dialer.runner import Control
from dialer.session.connection import bolna
from dialer.session.opening import beside, interruptible, merge, opened, write_results
from dialer.tracking import Tracker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from dialer.campaign import Campaign
    from dialer.ledger import CallCount
    from dialer.ledger.writer import LedgerWriter

    Told = Callable[[Sequence[CallCount]], None]

OUTAGE = 3600.0
TELL_EVERY = 2.0
"""Seconds between two tellings of how the calls stand."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What has become of a batch's accepted calls.

    Attributes:
        batch: its name.
        counts: how many stand where.
        open: how many are not final.
        ended: how many have become final meanwhile.
        given_up: how many never ended and are not asked for any more since.
        requests: how many were made at Bolna.
        stopped: who stopped it, in words; empty where nobody did.
        trouble: why not all could be read, or empty.
        results: path of the results CSV.
    """

    batch: str
    counts: Sequence[CallCount]
    open: int
    ended: int
    given_up: int
    requests: int
    stopped: str
    trouble: str
    results: str

    @property
    def exit_code(self) -> ExitCode:
        """INTERRUPTED, or LEFT while some are not final."""
        if self.stopped:
            return ExitCode.INTERRUPTED
        return ExitCode.LEFT if self.open else ExitCode.DONE


async def track_campaign(
    campaign: Campaign,
    *,
    every: float | None = None,
    parts: Collection[str] | None = None,
    told: Told = lambda _counts: None,
    control: Control | None = None,
) -> Tracked:
    """Read how the accepted calls went, and write the results anew.

    Args:
        campaign: from `load_campaign`.
        every: look again so many seconds after a look, until all are final; None: look once.
        parts: long parts of calls (`CALL_PARTS`) that the results show from now on; None: those they show already.
        told: told every now and then how the calls stand.
        control: stops it; what was read by then is kept.

    Raises:
        DialerError: the ledger, the results or the key cannot be used.
    """
    control = control or Control()
    if not (campaign.batch.ledger.exists() or campaign.batch.results.exists()):
        raise UsageError(none_yet(campaign.batch.ledger))

    async def refuse(_words: str) -> bool:
        return False

    async with (
        bolna(campaign) as (client, base_url),
        opened(campaign, command="track", base_url=base_url, control=control) as ledger,
    ):
        async with interruptible(control, doing="reading the results"):
            await merge(campaign, ledger, client, adopt=refuse)
        if parts is not None:
            await ledger.call(lambda store: store.show_call_parts(parts))
        tracker = Tracker(ledger, client, agent_id=campaign.agent_id, pacer=Pacer(campaign.pacing.reads))
        trouble = await follow(tracker, ledger, every=every, told=told, control=control)
        header = await ledger.call(lambda store: store.header())
        file = ResultsFile(campaign.batch.results, header=header, with_id=campaign.columns.id is not None)
        await ledger.call(lambda store: write_results(store, file))
        counts = await ledger.call(lambda store: store.call_counts())
        return Tracked(
            batch=campaign.batch.name,
            counts=counts,
            open=sum(count.calls for count in counts if not count.final),
            ended=tracker.tally.ended,
            given_up=tracker.tally.given_up,
            requests=tracker.tally.requests,
            stopped=control.stopped,
            trouble=trouble,
            results=str(campaign.batch.results),
        )


async def follow(tracker: Tracker, ledger: LedgerWriter, *, every: float | None, told: Told, control: Control) -> str:
    """Look until all calls are final or somebody asks to stop; return what troubled the last look, or nothing.

    It also ends when Bolna could not be read for an hour.

    Args:
        tracker: looks.
        ledger: what it keeps informed.
        every: seconds between two looks; None: look once.
        told: told every now and then how the calls stand.
        control: stops it.

    Raises:
        MustActError: the key is refused.
        LedgerError: what was read cannot be recorded.
    """
    trouble, since = "", anyio.current_time()
    with anyio.CancelScope() as scope:
        async with beside(_cancel_when, control, scope), beside(_tell, ledger, told):
            while True:
                looked = await tracker.look()
                trouble = looked.trouble
                since = since if trouble else anyio.current_time()
                if every is None or not looked.open or anyio.current_time() - since > OUTAGE:
                    break
                await anyio.sleep(every)
    return trouble


async def _tell(ledger: LedgerWriter, told: Told) -> None:
    while True:
        await anyio.sleep(TELL_EVERY)
        told(await ledger.call(lambda store: store.call_counts()))


async def _cancel_when(control: Control, scope: anyio.CancelScope) -> None:
    await control.drain.wait()
    scope.cancel()
