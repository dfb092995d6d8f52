"""A batch is opened: its lock, its ledger, and the other batches whose calls count."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from dialer.config.credentials import is_loopback
from dialer.engine.control import beside, interruptible
from dialer.engine.runner import DRAIN
from dialer.errors import LedgerError, RunOverError, UsageError
from dialer.messages.database import OPENING, run_over
from dialer.messages.operations import ledger as say
from dialer.messages.store import none_yet
from dialer.operations.database_import import refuse_unimported
from dialer.operations.database_owner import own_database
from dialer.operations.stores import in_database as place_in_database
from dialer.operations.stores import is_begun
from dialer.store import Binding
from dialer.store.engines import calls_in, open_ledger, other_batches
from dialer.store.sqlite import Neighbours, locked
from dialer.store.writer import LedgerWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.engine.control import Control
    from dialer.store import AsyncStore, Store
    from dialer.store.shared import LineSharers, OtherBatches

_log = logging.getLogger(__name__)


BEAT_EVERY = 2.5
"""Seconds between two looks at what the heartbeats of this work have found (`store.postgres.beats`)."""
HEED_EVERY = 1.0
"""Seconds between two looks at whether `dialer cancel` asked to stop."""
_LEFT_AFTER = 1.0
"""Seconds for which a database is waited for that was asked to begin a work, once a person asked to stop."""


@contextlib.asynccontextmanager
async def opened(
    campaign: Campaign,
    *,
    command: str,
    base_url: str,
    control: Control,
    note: Callable[[str], None] = lambda _: None,
    joins: bool = False,
) -> AsyncIterator[LedgerWriter]:
    """Hold the batch's lock and its ledger, or its place in the database; mark calls in flight of a dead run `unknown`.

    Args:
        campaign: the campaign.
        command: name of this process's command, for the error of other processes.
        base_url: base URL of the provider.
        control: drains when `dialer cancel` asks the holder of the ledger to stop.
        note: receives a sentence if the database does not answer.
        joins: work beside other runs, in a database.

    Raises:
        LockedError: another run holds the batch, and this one does not join it.
        LedgerError: the ledger cannot be written.
        BoundError: it belongs to another agent, server or key definition.
    """
    batch = campaign.batch
    binding = Binding(agent=campaign.agent_id, server=server_of(base_url), key_definition=campaign.key_definition)
    place = place_in_database(campaign.batch, campaign.workspace)
    if place is not None:
        refuse_unimported(campaign.workspace, batch)
        place = replace(place, within=_within(campaign), lines=campaign.workspace.lines)
        database = campaign.workspace.database
        assert database is not None

        def open_it() -> Store:
            # Before anything is recorded there.
            own_database(database, batch)
            return open_ledger(place, binding=binding, batch=batch.name)

        async with _in_database(
            LedgerWriter(open_it, note=note), command=command, control=control, joins=joins
        ) as ledger:
            _log.info("`%s` works on %s in %s", command, batch.name, database.shown)
            yield ledger
        return
    with locked(batch.lock, command=command, campaign=batch.campaign, status=batch.selection.command("status")) as lock:
        async with LedgerWriter(lambda: open_ledger(batch.ledger, binding=binding, batch=batch.name)) as ledger:
            work = await ledger.begin_work(former=lock.former)
            lock.begun()
            _log.info("`%s` holds %s; calls may be missing: %s", command, batch.ledger, await ledger.gaps())
            async with beside(_heed, ledger, work, control), beside(_guard, batch, control):
                yield ledger


@contextlib.asynccontextmanager
async def _in_database(
    writer: LedgerWriter, *, command: str, control: Control, joins: bool
) -> AsyncIterator[LedgerWriter]:
    """Work on a batch in a database: no lock says so, but beats."""
    async with contextlib.AsyncExitStack() as stack:
        # Until the work has begun nothing is lost where a database that does not answer is left.
        writer.end_within = _LEFT_AFTER
        async with interruptible(control, doing=OPENING):
            ledger = await stack.enter_async_context(writer)
            work = await ledger.begin_work(does=command, joins=joins)
        writer.end_within = None
        async with beside(_heed, ledger, work, control), beside(_beat, ledger), beside(_hurry, ledger, control):
            yield ledger


def _within(campaign: Campaign) -> float:
    """Return for how many seconds somebody who was called by another batch is not called."""
    screening = campaign.screening
    return 0.0 if screening.called_elsewhere == "call" else screening.called_elsewhere_within


async def _beat(ledger: AsyncStore) -> None:
    """Do what the heartbeats have found to be done, until this work may not go on any more."""
    # What is wrong ends the work where it records something.
    with contextlib.suppress(LedgerError):
        while True:
            await anyio.sleep(BEAT_EVERY)
            await ledger.call(_beaten, again=True)


def _beaten(store: Store) -> None:
    if not store.beat():
        raise RunOverError(run_over())


async def _hurry(ledger: LedgerWriter, control: Control) -> None:
    """Have a database waited for no longer than what is in flight, once somebody asks to stop."""
    await control.drain.wait()
    with anyio.move_on_after(DRAIN):
        await control.abort.wait()
    ledger.wait_no_more()


async def _heed(ledger: AsyncStore, work: str, control: Control) -> None:
    """Drain when another process asks this work to stop."""
    # A ledger that cannot be read any more ends the work where it records something.
    with contextlib.suppress(LedgerError):
        while not await ledger.is_asked_to_stop(work):  # noqa: ASYNC110 - asked elsewhere
            await anyio.sleep(HEED_EVERY)
        control.stop(say.asked_to_stop())


async def _guard(batch: Batch, control: Control) -> None:
    """Drain when the ledger, its lock or its mark is moved away or replaced: other runs would know of nothing."""
    held = _inodes(batch)
    while _inodes(batch) == held:  # noqa: ASYNC110 - no event to wait for
        await anyio.sleep(HEED_EVERY)
    control.stop(say.replaced_meanwhile(batch.ledger))


def _inodes(batch: Batch) -> list[int]:
    """Return which files the ledger, its lock and its mark are; 0 for one that is missing."""
    inodes = []
    for path in (batch.ledger, batch.lock, batch.mark):
        try:
            inodes.append(path.stat().st_ino)
        except OSError:
            inodes.append(0)
    return inodes


def server_of(base_url: str) -> str:
    """Return what a ledger is bound to: the address, or `loopback` for every address of this machine."""
    return "loopback" if is_loopback(base_url) else base_url.rstrip("/")


def neighbours(campaign: Campaign, *, base_url: str) -> AbstractContextManager[OtherBatches | None]:
    """Have the other batches of the workspace at hand whose calls count; None where none do."""
    if campaign.screening.called_elsewhere == "call":
        return contextlib.nullcontext()
    place = place_in_database(campaign.batch, campaign.workspace)
    if place is None:
        return _in_files(campaign, base_url)
    place = replace(place, within=campaign.screening.called_elsewhere_within)
    return other_batches(place, server=server_of(base_url))


def line_sharers(campaign: Campaign, *, base_url: str, run: str = "") -> AbstractContextManager[LineSharers | None]:
    """Have those at hand whose calls take lines of the same organisation; None where none do.

    Args:
        campaign: the campaign.
        base_url: base URL of the provider.
        run: the id of the run that asks; empty: none does.
    """
    if campaign.workspace.lines is None:
        return contextlib.nullcontext()
    place = place_in_database(campaign.batch, campaign.workspace)
    if place is None:
        return _in_files(campaign, base_url)
    return calls_in(place.url, server=server_of(base_url), run=run)


def _in_files(campaign: Campaign, base_url: str) -> AbstractContextManager[Neighbours | None]:
    # What was called in the built-in sandbox was called nowhere else.
    if campaign.sandbox:
        return contextlib.nullcontext()
    return other_ledgers(campaign, server=server_of(base_url), within=campaign.screening.called_elsewhere_within)


def other_ledgers(campaign: Campaign, *, server: str, within: float) -> Neighbours:
    """Return the other ledgers in files, with the calls that were placed at a server in the last so many seconds."""
    batch = campaign.batch
    folders, registry = [batch.results.parent, batch.ledger.parent], campaign.workspace.registry(sandbox=False)
    return Neighbours(folders, registry=registry, own=batch.ledger, server=server, within=within)


def refuse_unbegun(campaign: Campaign) -> None:
    """Raise UsageError where neither a ledger nor results tell of the batch: there is nothing to look after."""
    if not (is_begun(campaign.batch) or campaign.batch.results.exists()):
        raise UsageError(none_yet(campaign.batch.ledger))
