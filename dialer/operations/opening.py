"""What every command does first: the lock, the ledger, the input, and what a results CSV knows more."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

import anyio

from dialer.config.credentials import is_loopback
from dialer.errors import BoundError, InputError, LedgerError, UsageError
from dialer.export.results import STAMP, ResultsFile, read_back, stamp_of
from dialer.models import Status
from dialer.operations.interruption import beside
from dialer.operations.pairing import refuse_emptied
from dialer.provider.interface import ProviderReadError
from dialer.store import Binding
from dialer.store.engines import open_ledger, read_ledger
from dialer.store.sqlite import Neighbours, locked, none_yet
from dialer.store.writer import LedgerWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.engine.control import Control
    from dialer.export.results import ReadBack
    from dialer.provider.interface import Provider
    from dialer.store import AsyncStore, Store

_log = logging.getLogger(__name__)
LONGEST = 30 * 86_400.0
"""Seconds before now that are looked through where results tell nobody's last call."""
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
    with locked(batch.lock, command=command, status=batch.selection.command("status")) as lock:
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
        control.stop("Asked to stop by `dialer cancel`")


async def _guard(batch: Batch, control: Control) -> None:
    """Drain when the ledger, its lock or its mark is moved away or replaced: other runs would know of nothing."""
    held = _inodes(batch)
    while _inodes(batch) == held:  # noqa: ASYNC110 - nobody tells
        await anyio.sleep(HEED_EVERY)
    control.stop(
        f"{batch.ledger}, its lock or its mark was moved or replaced while this was going on (restored from a "
        "backup?). Other runs would not know of this one, so it stopped"
    )


def _inodes(batch: Batch) -> list[int]:
    """Return which files the ledger, its lock and its mark are; 0 for one that is missing."""
    found = []
    for path in (batch.ledger, batch.lock, batch.mark):
        try:
            found.append(path.stat().st_ino)
        except OSError:
            found.append(0)
    return found


def server_of(base_url: str) -> str:
    """Return what a ledger is bound to: the address, or `loopback` for every address of this machine."""
    return "loopback" if is_loopback(base_url) else base_url.rstrip("/")


@contextlib.contextmanager
def neighbours(campaign: Campaign, *, base_url: str) -> Iterator[Neighbours | None]:
    """Yield the other batches of the workspace whose calls count; None where none do."""
    # What was called in the built-in sandbox was called nowhere else.
    if campaign.screening.called_elsewhere == "call" or campaign.sandbox:
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


async def merge(
    campaign: Campaign,
    ledger: LedgerWriter,
    client: Provider,
    *,
    adopt: Callable[[str], Awaitable[bool]] | None = None,
) -> Mapping[Status, int]:
    """Take over what the results CSV knows further than the ledger.

    Args:
        campaign: the campaign.
        ledger: its ledger.
        client: reads three of the CSV's calls when there is no ledger.
        adopt: asked before the CSV takes the place of a ledger; None: it never does.

    Returns:
        How many were taken over, by status.

    Raises:
        InputError: the CSV cannot be matched, is of another account, or nobody agreed to adopt it.
    """
    path = campaign.batch.results
    stamp = await ledger.note(STAMP)
    # One without even a header was not written by a run.
    if not path.is_file() or path.stat().st_size == 0 or stamp_of(path) == stamp:
        return {}
    back = await ledger.call(lambda store: _read(campaign, path, known=store.knows))
    is_new = await ledger.is_new()
    if back.rows and is_new:
        await _check_account(path, back, client)
        words = _without_ledger(path, back)
        if adopt is None or not await adopt(words):
            raise _not_adopted(campaign.batch, words)
    return await ledger.call(lambda store: _take_over(store, back, stamp=stamp))


def _take_over(store: Store, back: ReadBack, *, stamp: str | None) -> Mapping[Status, int]:
    # One transaction: once the rows are taken over, nothing else would tell that somebody is still to be looked for.
    with store.transaction():
        if store.is_new():
            store.show_call_parts(back.parts)
        taken = store.merge(back.header, back.rows)
        # Where a line tells of a call that the ledger does not know, or this ledger never wrote results, a run of which
        # it knows nothing did; and whoever was in flight when that ended has no line.
        if taken or stamp is None:
            now = time.time()
            store.note_gap(now - LONGEST if back.last_at is None else back.last_at, now)
    return taken


def write_results(store: Store, file: ResultsFile, *, pending: bool = True) -> None:
    """Write the results anew, and note in the ledger what was written.

    Raises:
        OSError: they cannot be written.
    """
    file.write(store.results(pending=pending), calls=store.call_parts())
    store.set_note(STAMP, stamp_of(file.path))


def results_file(campaign: Campaign, header: Sequence[str]) -> ResultsFile:
    """Return the writer of a campaign's results, whose input has these columns."""
    return ResultsFile(campaign.batch.results, header=header, with_id=campaign.columns.id is not None)


async def rewrite(campaign: Campaign, ledger: AsyncStore) -> str:
    """Write the results anew; return why they cannot be, in words, or nothing."""
    try:
        file = results_file(campaign, await ledger.header())
        await ledger.call(lambda store: write_results(store, file))
    except OSError as error:
        return (
            f"{campaign.batch.results} cannot be written ({error.strerror}). The ledger has everything. When the file "
            f"can be written again: {campaign.batch.selection.command('results')}"
        )
    return ""


def _read(campaign: Campaign, path: Path, *, known: Callable[[str], bool]) -> ReadBack:
    with_id = campaign.columns.id is not None
    back = read_back(path, with_id=with_id, known=known)
    if back.rows and back.with_id != with_id:
        raise BoundError(
            f"{path} was written {'with' if back.with_id else 'without'} an id column, this campaign has "
            f"{'one' if with_id else 'none'}: "
            "so it is not known who in the list was called.\nPut [columns] id back as it was, or choose another "
            "`results` name."
        )
    return back


def refuse_without_ledger(campaign: Campaign) -> None:
    """Refuse what a run would refuse: results that tell who was called, and no ledger beside them.

    Raises:
        InputError: there are such results, or they cannot be matched.
    """
    path = campaign.batch.results
    # A trial goes on from its results without being asked to.
    if campaign.sandbox or not path.is_file():
        return
    back = _read(campaign, path, known=lambda _key: False)
    if back.rows:
        raise _not_adopted(campaign.batch, _without_ledger(path, back))


def refuse_without_people(campaign: Campaign) -> None:
    """Refuse a batch in which nobody was ever recorded.

    Raises:
        UsageError: there is no ledger yet.
        InputError: it is lost, as the results tell.
    """
    if not campaign.batch.ledger.exists():
        refuse_without_ledger(campaign)
    with contextlib.closing(read_ledger(campaign.batch.ledger)) as ledger:
        refuse_emptied(campaign.batch, ledger)


def _without_ledger(path: Path, back: ReadBack) -> str:
    counts = back.rows.counts
    return (
        f"{path} says who was called, but there is no ledger beside it.\n"
        f"Going on from it: {counts[Status.QUEUED]} are called, {counts[Status.UNKNOWN]} unknown, "
        f"{counts[Status.ERROR]} refused, {back.never_sent} not sent; "
        "everybody without a row there counts as not called."
    )


def _not_adopted(batch: Batch, words: str) -> InputError:
    return InputError(
        f"{words}\nNothing was dialled. Copy the ledger ({batch.ledger.name}) here as well. To go on from the CSV "
        f"alone: {batch.selection.command('run', '--adopt')}"
    )


async def _check_account(path: Path, back: ReadBack, client: Provider) -> None:
    """Read three of the CSV's calls: if none exists here, it is of a sandbox or of another account."""
    asked = back.calls
    try:
        found = [await client.execution(execution_id) for execution_id in asked]
    except ProviderReadError as error:
        if error.must_act is not None:
            raise error.must_act from None
        raise InputError(
            f"{path}: its calls could not be looked up at Bolna ({error.words}). Nothing was dialled; try again later."
        ) from None
    if asked and not any(found):
        raise InputError(
            f"{path}: none of its calls exists in this account (looked up: {', '.join(sorted(asked))}).\n"
            "It is of the sandbox or of another account: move it away, or use that account's key."
        )
