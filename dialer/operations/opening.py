"""A batch is opened: its lock, its ledger, and the other batches whose calls count."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import anyio

from dialer.config.credentials import is_loopback
from dialer.engine.control import beside
from dialer.errors import LedgerError, UsageError
from dialer.messages.operations import ledger as say
from dialer.messages.store import none_yet
from dialer.store import Binding
from dialer.store.engines import open_ledger
from dialer.store.sqlite import Neighbours, locked
from dialer.store.writer import LedgerWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.engine.control import Control
    from dialer.store import AsyncStore


_log = logging.getLogger(__name__)


HEED_EVERY = 1.0
"""Seconds between two looks at whether `dialer cancel` asked to stop."""


@contextlib.asynccontextmanager
async def opened(campaign: Campaign, *, command: str, base_url: str, control: Control) -> AsyncIterator[LedgerWriter]:
    """Hold the batch's lock and its ledger; what a dead run left behind is `unknown`.

    Args:
        campaign: the campaign.
        command: what this process does, for whoever is turned away.
        base_url: where it calls.
        control: told to drain when `dialer cancel` asks whoever holds the ledger to stop.

    Raises:
        LockedError: another run holds the batch.
        LedgerError: the ledger cannot be written.
        BoundError: it belongs to another agent, server or key definition.
    """
    batch = campaign.batch
    binding = Binding(agent=campaign.agent_id, server=server_of(base_url), key_definition=campaign.key_definition)
    with locked(batch.lock, command=command, campaign=batch.campaign, status=batch.selection.command("status")) as lock:
        async with LedgerWriter(lambda: open_ledger(batch.ledger, binding=binding, batch=batch.name)) as ledger:
            work = await ledger.begin_work(former=lock.former)
            lock.begun()
            _log.info("`%s` holds %s; calls may be missing: %s", command, batch.ledger, await ledger.gaps())
            async with beside(_heed, ledger, work, control), beside(_guard, batch, control):
                yield ledger


async def _heed(ledger: AsyncStore, work: str, control: Control) -> None:
    """Drain when another process asks this work to stop."""
    # A ledger that cannot be read any more ends the work where it records something.
    with contextlib.suppress(LedgerError):
        while not await ledger.is_asked_to_stop(work):  # noqa: ASYNC110 - asked elsewhere
            await anyio.sleep(HEED_EVERY)
        control.stop(say.ASKED_TO_STOP)


async def _guard(batch: Batch, control: Control) -> None:
    """Drain when the ledger, its lock or its mark is moved away or replaced: other runs would know of nothing."""
    held = _inodes(batch)
    while _inodes(batch) == held:  # noqa: ASYNC110 - nobody tells
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


@contextlib.contextmanager
def neighbours(campaign: Campaign, *, base_url: str) -> Iterator[Neighbours | None]:
    """Yield the other batches of the workspace whose calls count; None where none do."""
    if campaign.screening.called_elsewhere == "call":
        yield None
        return
    with _others(campaign, base_url) as others:
        yield others


@contextlib.contextmanager
def line_sharers(campaign: Campaign, *, base_url: str) -> Iterator[Neighbours | None]:
    """Yield the other batches of the workspace whose calls take lines of the same organisation; None where none do."""
    if campaign.workspace.lines is None:
        yield None
        return
    with _others(campaign, base_url) as others:
        yield others


@contextlib.contextmanager
def _others(campaign: Campaign, base_url: str) -> Iterator[Neighbours | None]:
    # What was called in the built-in sandbox was called nowhere else.
    if campaign.sandbox:
        yield None
        return
    batch = campaign.batch
    with Neighbours(
        [batch.results.parent, batch.ledger.parent],
        registry=campaign.workspace.registry(sandbox=False),
        own=batch.ledger,
        server=server_of(base_url),
        within=campaign.screening.called_elsewhere_within,
    ) as others:
        yield others


def refuse_unbegun(campaign: Campaign) -> None:
    """Raise UsageError where neither a ledger nor results tell of the batch: there is nothing to look after."""
    if not (campaign.batch.ledger.exists() or campaign.batch.results.exists()):
        raise UsageError(none_yet(campaign.batch.ledger))
