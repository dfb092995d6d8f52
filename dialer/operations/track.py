"""Follow a batch's accepted calls to their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer.engine.control import Control, beside, interruptible, until
from dialer.engine.progress import Progress
from dialer.engine.reads import Reads
from dialer.errors import ExitCode
from dialer.messages.operations.reconcile import RESULTS
from dialer.operations.adoption import merge
from dialer.operations.connection import connected
from dialer.operations.opening import opened, refuse_unbegun
from dialer.operations.results import rewrite
from dialer.sync.track import Tally, Tracker
from dialer.sync.track.rules import to_read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dialer.config.campaign import Campaign
    from dialer.models import CallCount
    from dialer.store import AsyncStore

OUTAGE = 3600.0
SHOW_EVERY = 2.0
"""Seconds between two reports of how the calls stand."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """The outcomes of a batch's accepted calls.

    Attributes:
        batch: its name.
        counts: calls by status.
        open: calls that are still open.
        gone: open calls of a trial: nothing more can be read of them, since the stand-in that took them has ended.
        ended: calls that ended meanwhile.
        given_up: calls that never ended and are no longer looked up.
        requests: number of requests to the provider.
        stopped: who stopped it, in words; empty if it was not stopped.
        trouble: why not all calls could be read, or empty.
        notes: what else the user should know, in words.
        results: path of the results CSV.
        currency: of the costs; None if `dialer.toml` does not set it.
    """

    batch: str
    counts: Sequence[CallCount]
    open: int
    gone: int
    ended: int
    given_up: int
    requests: int
    stopped: str
    trouble: str
    notes: tuple[str, ...]
    results: str
    currency: str | None

    @property
    def exit_code(self) -> ExitCode:
        """INTERRUPTED, LEFT while some are open, or LOOK where nothing more can be read of some."""
        if self.stopped:
            return ExitCode.INTERRUPTED
        return ExitCode.LEFT if self.open else ExitCode.LOOK if self.gone else ExitCode.DONE


async def track_campaign(
    campaign: Campaign,
    *,
    every: float | None = None,
    parts: Collection[str] | None = None,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Tracked:
    """Read the outcomes of the accepted calls, and rewrite the results.

    Args:
        campaign: from `load_campaign`.
        every: seconds between two looks, until no call is open; None: look once.
        parts: long parts of calls (`CALL_PARTS`) to show in the results from now on; None: no change.
        progress: receives the state of the calls from time to time.
        control: stops it; outcomes read by then are kept.

    Raises:
        DialerError: the ledger, the results or the key cannot be used.
    """
    control = control or Control()
    refuse_unbegun(campaign)
    async with (
        connected(campaign) as (client, base_url),
        opened(campaign, command="track", base_url=base_url, control=control) as ledger,
    ):
        async with interruptible(control, doing=RESULTS):
            await merge(campaign, ledger, client)
        if parts is not None:
            await ledger.show_call_parts(parts)
        if campaign.sandbox:
            found = Followed(tuple(await ledger.call_counts()), Tally(), "")
        else:
            tracker = Tracker(ledger, client, agent_id=campaign.agent_id, reads=Reads(campaign.reads))
            found = await follow(ledger, tracker, every=every, progress=progress or Progress(), control=control)
        unwritten = await rewrite(campaign, ledger)
        return Tracked(
            batch=campaign.batch.name,
            counts=found.counts,
            open=0 if campaign.sandbox else found.open,
            gone=found.open if campaign.sandbox else 0,
            ended=found.tally.ended,
            given_up=found.tally.given_up,
            requests=found.tally.requests,
            stopped=control.stopped,
            trouble=found.trouble,
            notes=tuple(filter(None, [unwritten])),
            results=str(campaign.batch.results),
            currency=campaign.workspace.currency,
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """How the accepted calls stand after they were followed.

    Attributes:
        counts: calls by status.
        tally: what was done meanwhile.
        trouble: why the last look could not read all of them, or empty.
    """

    counts: tuple[CallCount, ...]
    tally: Tally
    trouble: str

    @property
    def open(self) -> int:
        """How many are still to be read."""
        return to_read(self.counts)


async def follow(
    ledger: AsyncStore,
    tracker: Tracker,
    *,
    every: float | None,
    progress: Progress,
    control: Control,
) -> Followed:
    """Look until no call is open, a stop is requested, or the provider could not be read for an hour.

    Args:
        ledger: records the outcomes.
        tracker: reads the calls.
        every: seconds between two looks; None: look once.
        progress: receives the state of the calls from time to time.
        control: stops it.

    Raises:
        MustActError: the key is refused.
        LedgerError: what was read cannot be recorded.
    """
    trouble, since = "", anyio.current_time()
    async with until(control.drain), beside(_show_calls, ledger, progress, every):
        while True:
            looked = await tracker.look()
            trouble = looked.trouble
            since = since if trouble else anyio.current_time()
            if every is None or not looked.open or anyio.current_time() - since > OUTAGE:
                break
            await anyio.sleep(every)
    counts = tuple(await ledger.call_counts())
    progress.calls(counts)
    progress.done()  # the summary says it as well
    return Followed(counts, tracker.tally, trouble)


async def give_up_former(ledger: AsyncStore) -> int:
    """Give up the open calls of a trial, which ended with the stand-in that took them; return how many they were.

    Args:
        ledger: of a trial, and of no run that still places calls.

    Raises:
        LedgerError: this cannot be recorded.
    """
    count = 0
    while calls := await ledger.open_calls():
        attempts = [call.attempt for call in calls]
        await ledger.note_missing(attempts)
        await ledger.give_up(attempts)
        count += len(attempts)
    return count


async def _show_calls(ledger: AsyncStore, progress: Progress, every: float | None) -> None:
    while True:
        await anyio.sleep(SHOW_EVERY)
        progress.calls(await ledger.call_counts(), every=every)
