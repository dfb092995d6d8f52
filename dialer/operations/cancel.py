"""Cancelling: stop the active run, then every call of the batch that waits at the provider."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from dialer import provider
from dialer.engine.control import Control, interruptible, until
from dialer.engine.reads import Reads
from dialer.errors import DeclinedError, ExitCode, InterruptedRunError, LedgerError, LockedError, UsageError
from dialer.messages.operations import cancel as say
from dialer.messages.operations import reconcile as reconciling
from dialer.messages.pause import BY_CANCEL
from dialer.models import e164
from dialer.operations.adoption import merge, refuse_without_people
from dialer.operations.connection import connected
from dialer.operations.intake import load
from dialer.operations.opening import HEED_EVERY, opened
from dialer.operations.pause import pause_batch
from dialer.operations.paused import holding
from dialer.operations.reconcile import look_for_unrecorded, summed_up, unrecorded_notes
from dialer.operations.results import rewrite
from dialer.operations.stores import in_words, place_of, read_store, who_works
from dialer.rate import Rate
from dialer.store import until_of
from dialer.store.engines import ask_to_stop
from dialer.sync.reconcile import reconcile
from dialer.sync.stop_calls import Brake, Braked
from dialer.sync.track import Tracker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dialer.config.campaign import Campaign
    from dialer.provider.interface import Provider
    from dialer.store.shared import Pause
    from dialer.store.writer import LedgerWriter

    Confirm = Callable[["Braking"], Awaitable[bool]]
    Tell = Callable[[str], None]

PATIENCE = 180.0
"""Seconds that a run gets to end: what it has in flight gets 50 of them, a long list that is being read some more."""
RECONCILE = 60.0
"""Seconds that looking for unknown calls may take."""
_READS = Rate(300, 60.0)
"""Default rate of reading calls during the stops, which have the same limit."""


@dataclass(frozen=True, slots=True)
class Braking:
    """The calls to cancel.

    Attributes:
        batch: its name.
        calls: how many may still ring, according to the ledger.
        running: the process that works on it and has to stop first, in words; empty if there is none.
    """

    batch: str
    calls: int
    running: str


@dataclass(frozen=True, slots=True)
class StillOn:
    """A call that could not be stopped and is not over: the number, the provider's id and status, and why."""

    number: str
    execution_id: str
    status: str
    words: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The result of cancelling.

    Attributes:
        batch: its name.
        results: path of the results CSV.
        stopped: calls that were stopped now.
        over: calls that were over already, by outcome.
        going_on: calls that could not be stopped and are not over.
        left: calls that the provider did not confirm as stopped.
        unknown: recipients who may or may not have been called.
        pauses: the pauses of the batch from now on; empty if it may run.
        notes: what the user should know, in words.
        exit_code: for scripts.
    """

    batch: str
    results: str
    stopped: int
    over: Mapping[str, int]
    going_on: tuple[StillOn, ...]
    left: int
    unknown: int
    pauses: tuple[Pause, ...]
    notes: tuple[str, ...]
    exit_code: ExitCode


async def cancel_campaign(
    campaign: Campaign,
    *,
    confirm: Confirm,
    pause: bool = True,
    tell: Tell = lambda _: None,
    control: Control | None = None,
) -> Cancelled:
    """Stop every call of a batch that the provider has accepted and not dialled; stop an active run first.

    The batch is paused as well: the next run would call the rest.

    Args:
        campaign: from `load_campaign`.
        confirm: receives the calls to cancel; if it returns no, none is cancelled, and the run continues.
        pause: whether to pause the batch.
        tell: receives the progress.
        control: stops it; calls without a request by then are left.

    Raises:
        DeclinedError: `confirm` returned no.
        LockedError: the run does not end.
        DialerError: the ledger or the key cannot be used, or the batch has no ledger yet.
    """
    control = control or Control()
    refuse_without_people(campaign)
    async with connected(campaign) as (client, base_url), contextlib.AsyncExitStack() as stack:
        turn = _Turn(campaign, confirm, tell, control, pause=pause)
        ledger = await turn.come(stack, base_url=base_url)
        return await _Cancelling(campaign, client, ledger, turn, control).cancel()


class _Turn:
    """The question before anything is cancelled, and the wait until no other process works on the batch."""

    def __init__(self, campaign: Campaign, confirm: Confirm, tell: Tell, control: Control, *, pause: bool) -> None:
        self._campaign = campaign
        self._confirm = confirm
        self.tell = tell
        self._control = control
        self._agreed = False
        self._pauses = pause
        self.trouble = ""
        """Why the batch could not be paused."""

    def pause(self) -> None:
        """Have no run begin from now on."""
        if self._pauses:
            self._pauses = False
            self.trouble = "\n".join(pause_batch(self._campaign.batch, why=BY_CANCEL))

    async def agree(self, calls: int, *, running: str = "") -> None:
        """Ask, once.

        Raises:
            DeclinedError: the answer is no.
        """
        if not self._agreed and not await self._confirm(Braking(self._campaign.batch.name, calls, running)):
            raise DeclinedError(say.NOTHING)
        self._agreed = True
        # Before the run is stopped: the next one may begin as soon as it has let go of the ledger.
        self.pause()

    async def come(self, stack: contextlib.AsyncExitStack, *, base_url: str) -> LedgerWriter:
        """Return the ledger, entered on the stack, once the process that works on it has ended.

        Raises:
            DeclinedError: the user does not want to stop it.
            LockedError: it does not end.
        """
        until = float("inf")
        while True:
            try:
                return await stack.enter_async_context(
                    opened(self._campaign, command="cancel", base_url=base_url, control=self._control)
                )
            except LockedError:
                if anyio.current_time() >= until:
                    raise
            if not self._agreed:
                await self._agree_to_stop()
                until = anyio.current_time() + PATIENCE
                # The other process may have ended while the question was open.
                continue
            await self._ask_to_stop()

    async def _agree_to_stop(self) -> None:
        running = in_words(who_works(self._campaign.batch)) or say.ANOTHER_PROCESS
        with contextlib.closing(read_store(self._campaign.batch)) as ledger:
            calls = ledger.count_open()
        await self.agree(calls, running=running)
        self.tell(say.asked_to_stop(running))

    async def _ask_to_stop(self) -> None:
        """Ask the process that works on it now to stop: it may be another one than a second ago."""
        # It cannot be written while a long list is on its way into it; asked again in a second.
        with contextlib.suppress(LedgerError):
            await to_thread.run_sync(ask_to_stop, place_of(self._campaign.batch))
        with anyio.move_on_after(HEED_EVERY):
            await self._control.drain.wait()
        if self._control.drain.is_set():
            raise InterruptedRunError(say.stopped_while_asking(self._control.stopped))


class _Cancelling:
    """One cancelling of one batch, its ledger open."""

    def __init__(
        self, campaign: Campaign, client: Provider, ledger: LedgerWriter, turn: _Turn, control: Control
    ) -> None:
        self._campaign = campaign
        self._client = client
        self._ledger = ledger
        self._turn = turn
        self._control = control
        self._reads = Reads(campaign.reads or _READS)
        self._notes: list[str] = []
        self._is_blind = False  # calls may ring that the ledger does not know

    async def cancel(self) -> Cancelled:
        async with interruptible(self._control, doing=reconciling.RESULTS):
            is_known = await self._merge()
        calls = 0 if self._campaign.sandbox else await self._ledger.count_open()
        if calls:
            await self._turn.agree(calls)
        self._turn.pause()
        if self._campaign.sandbox:
            self._notes.append(say.TRIAL_OVER)
            return await self._summary(Braked(), open_=0)
        tracker = Tracker(self._ledger, self._client, agent_id=self._campaign.agent_id, reads=self._reads)
        brake = Brake(
            self._ledger,
            self._client,
            glance=tracker.glance,
            drain=self._control.drain,
            report=lambda result: self._turn.tell(say.progress(result.answered, among=calls, stopped=result.stopped)),
        )
        async with until(self._control.abort):
            await brake.stop_all()
            if await self._found_more():
                await brake.stop_all()
        if is_known:
            await self._write()
        return await self._summary(brake.result, open_=await self._ledger.count_open())

    async def _merge(self) -> bool:
        """Take over what only the CSV knows; a CSV that cannot be read keeps no call from being cancelled."""
        try:
            await merge(self._campaign, self._ledger, self._client)
        except UsageError as error:
            self._notes.append(say.results_left(str(error)))
            return False
        return True

    async def _found_more(self) -> bool:
        """Tell whether the provider showed calls that were not known to be placed: they may ring, too."""
        settled = 0
        async with until(self._control.drain):
            settled += await self._missing()
            if await self._unknown():
                found = await reconcile(
                    self._ledger,
                    self._client,
                    agent_id=self._campaign.agent_id,
                    reads=self._reads,
                    time_limit=RECONCILE,
                )
                self._notes += summed_up(found)
                settled += found.settled
        return settled > 0

    async def _missing(self) -> int:
        """Return how many recipients were called without a record in the ledger."""
        self._is_blind = bool(await self._ledger.gaps())
        try:
            # Recipients added to the list since the ledger was copied may have been called as well.
            if self._is_blind:
                await load(self._campaign, self._ledger, self._control)
        except UsageError as error:
            self._notes.append(say.list_needed(str(error)))
            return 0
        found = await look_for_unrecorded(
            self._campaign,
            self._ledger,
            self._client,
            reads=self._reads,
            time_limit=RECONCILE,
        )
        self._notes += await unrecorded_notes(self._ledger, found, zone=self._campaign.batch.timezone)
        self._is_blind = bool(await self._ledger.gaps()) and bool(found.why_unfinished)
        return found.adopted

    async def _unknown(self) -> int:
        return len(until_of(await self._ledger.doubts()))

    async def _write(self) -> None:
        self._notes += filter(None, [await rewrite(self._campaign, self._ledger)])

    async def _summary(self, result: Braked, *, open_: int) -> Cancelled:
        unknown = await self._unknown()
        left = max(0, open_ - len(result.going_on))
        if result.trouble:
            self._notes.append(say.not_all_answered(result.trouble, provider.VENDOR.names))
        self._notes += filter(None, [self._turn.trouble])
        retries = self._campaign.call.retry_config
        if result.going_on and retries is not None and retries.enabled:
            self._notes.append(say.retried(provider.VENDOR.names))
        return Cancelled(
            batch=self._campaign.batch.name,
            results=str(self._campaign.batch.results),
            stopped=result.stopped,
            over=dict(result.over),
            going_on=tuple(
                StillOn(e164(call.number), call.execution_id, call.status, call.words) for call in result.going_on
            ),
            left=left,
            unknown=unknown,
            pauses=holding(self._campaign.batch),
            notes=tuple(self._notes),
            exit_code=self._exit_code(left=left, rings=bool(result.going_on or unknown)),
        )

    def _exit_code(self, *, left: int, rings: bool) -> ExitCode:
        if self._control.drain.is_set():
            return ExitCode.INTERRUPTED
        if left or self._is_blind:
            return ExitCode.LEFT
        return ExitCode.LOOK if rings or self._turn.trouble else ExitCode.DONE
