"""What the results CSV knows and the ledger does not; if the ledger is lost, all that is known."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING

from dialer import provider
from dialer.errors import BoundError, InputError
from dialer.export.results import STAMP, read_back
from dialer.messages.operations import ledger as say
from dialer.models import Status
from dialer.operations.results import may_know_more, refuse_emptied
from dialer.operations.stores import is_begun, read_store
from dialer.provider.interface import ProviderReadError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.export.results import ReadBack
    from dialer.provider.interface import Provider
    from dialer.store import Store
    from dialer.store.writer import LedgerWriter


LONGEST = 30 * 86_400.0
"""Seconds of the past to search if the results do not say when the last call was."""


async def merge(
    campaign: Campaign,
    ledger: LedgerWriter,
    client: Provider,
    *,
    adopt: Callable[[str], Awaitable[bool]] | None = None,
) -> Mapping[Status, int]:
    """Import what the results CSV records and the ledger lacks.

    Args:
        campaign: the campaign.
        ledger: its ledger.
        client: reads three of the CSV's calls if there is no ledger.
        adopt: asks before the CSV replaces a ledger; None: it never does.

    Returns:
        The number of imported rows, by status.

    Raises:
        InputError: the CSV cannot be matched, is of another account, or the user did not agree to adopt it.
    """
    path = campaign.batch.results
    # One without even a header was not written by a run.
    if not path.is_file() or path.stat().st_size == 0:
        return {}
    stamp, with_id = await ledger.note(STAMP), campaign.columns.id is not None
    if not await ledger.call(functools.partial(may_know_more, path, with_id=with_id)):
        return {}
    back = await ledger.call(lambda store: _read(campaign, path, known=store.knows))
    is_new = await ledger.is_new()
    if back.rows and is_new:
        await _check_account(campaign.batch, back, client)
        doubt = _lost(path, back)
        if adopt is None or not await adopt(doubt):
            raise _not_adopted(campaign.batch, doubt)
    return await ledger.call(lambda store: _take_over(store, back, stamp=stamp))


def _take_over(store: Store, back: ReadBack, *, stamp: str | None) -> Mapping[Status, int]:
    # One transaction: once the rows are imported, only the noted gap says that calls may still be missing.
    with store.transaction():
        if store.is_new():
            store.show_call_parts(back.parts)
        taken = store.merge(back.header, back.rows)
        # A row with a call that the ledger does not know, or results that this ledger never wrote, come from a run that
        # the ledger does not know; and calls in flight when that run ended have no row.
        if taken or stamp is None:
            now = time.time()
            store.note_gap(now - LONGEST if back.last_at is None else back.last_at, now)
    return taken


def _read(campaign: Campaign, path: Path, *, known: Callable[[str], bool]) -> ReadBack:
    with_id = campaign.columns.id is not None
    back = read_back(path, with_id=with_id, known=known)
    if back.rows and back.with_id != with_id:
        raise BoundError(say.id_column_differs(path, written_with_id=back.with_id))
    return back


def refuse_without_ledger(campaign: Campaign) -> None:
    """Refuse what a run would refuse: results that say who was called, and no ledger beside them.

    Raises:
        InputError: there are such results, or they cannot be matched.
    """
    path = campaign.batch.results
    # A trial goes on from its results without being asked to.
    if campaign.sandbox or not path.is_file():
        return
    back = _read(campaign, path, known=lambda _key: False)
    if back.rows:
        raise _not_adopted(campaign.batch, _lost(path, back))


def refuse_without_people(campaign: Campaign) -> None:
    """Refuse a batch without any recorded recipient.

    Raises:
        UsageError: the batch has no ledger yet.
        InputError: the ledger is lost: the results show that there was one.
    """
    if not is_begun(campaign.batch):
        refuse_without_ledger(campaign)
    with contextlib.closing(read_store(campaign.batch)) as ledger:
        refuse_emptied(campaign.batch, ledger)


def _lost(path: Path, back: ReadBack) -> str:
    called, unknown, refused = (back.rows.counts[state] for state in (Status.QUEUED, Status.UNKNOWN, Status.ERROR))
    return say.lost(path, called=called, unknown=unknown, refused=refused, never_sent=back.never_sent)


def _not_adopted(batch: Batch, doubt: str) -> InputError:
    command = batch.selection.command("run", "--adopt")
    return InputError(say.not_adopted(doubt, ledger=batch.ledger.name, command=command))


async def _check_account(batch: Batch, back: ReadBack, client: Provider) -> None:
    """Read three of the CSV's calls: if none exists here, it is of a sandbox or of another account."""
    path, calls = batch.results, back.calls
    try:
        known = [await client.execution(execution_id) for execution_id in calls]
    except ProviderReadError as error:
        if error.must_act is not None:
            raise error.must_act from None
        raise InputError(say.account_unread(path, why=error.words, names=provider.VENDOR.names)) from None
    if calls and not any(known):
        # What SQLite keeps beside an open ledger goes when it is closed.
        files = [file for file in batch.outputs if not file.name.endswith(("-wal", "-shm"))]
        raise InputError(say.of_another_account(path, calls, files=files))
