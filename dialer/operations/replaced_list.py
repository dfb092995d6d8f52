"""The look before a list takes the place of another file's list in a batch that has called people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.batch import stem_of
from dialer.errors import DeclinedError, ReplacedError, UnansweredError
from dialer.messages.operations import intake as say
from dialer.messages.operations.run import NOTHING_DIALLED
from dialer.models import ATTEMPTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.config.batch import Batch
    from dialer.store import Store

LIST = "input_list"
"""Under this name a ledger notes which file its list comes from, as the campaign file would name it."""


def note_list(batch: Batch, store: Store) -> None:
    """Note from which file a ledger's list comes."""
    store.set_note(LIST, _named(batch))


def refuse_replaced(batch: Batch, store: Store, *, left: int) -> None:
    """Refuse a list of another file, just loaded, that lacks people whom the batch has called.

    Args:
        batch: the batch.
        store: its ledger; the transaction of the load is still open.
        left: how many called people were not in the list before.

    Raises:
        ReplacedError: it lacks some.
    """
    doubt = _doubt(batch, store, missing=store.left() - left)
    if doubt:
        raise ReplacedError(say.not_replaced(doubt), doubt)


def foreseen_replacement(batch: Batch, store: Store, *, called: int) -> str:
    """Say that a run would let a list take the place of another; empty where it would not.

    Args:
        batch: the batch.
        store: its ledger, with the list that it has.
        called: how many people of the new list were called.
    """
    counts = store.counts()
    return _doubt(batch, store, missing=sum(counts.get(state, 0) for state in ATTEMPTED) - called)


async def allowed(refusal: ReplacedError, *, ask: Callable[[str], Awaitable[bool]] | None) -> None:
    """Return where the user lets a list take the place of another.

    Args:
        refusal: what was found.
        ask: receives the question, in words; None: questions are not allowed.

    Raises:
        DeclinedError: the user does not.
        UnansweredError: questions are not allowed.
    """
    if ask is None:
        raise UnansweredError(str(refusal)) from None
    if not await ask(say.replace_it(refusal.doubt)):
        raise DeclinedError(NOTHING_DIALLED) from None


def _doubt(batch: Batch, store: Store, *, missing: int) -> str:
    former = store.note(LIST)
    if former is None or former == _named(batch) or missing <= 0 or batch.selection.sandbox:
        return ""
    before = batch.campaign.parent / former
    # With that line, the list before keeps the results that it has.
    by_list = batch.campaign.parent / f"{stem_of(before)}.results.csv"
    return say.takes_place(
        batch.recipients,
        before,
        results=batch.results,
        missing=missing,
        campaign=batch.campaign if os.path.realpath(by_list) == os.path.realpath(batch.results) else None,
    )


def _named(batch: Batch) -> str:
    """Return the path of a batch's list from the folder of its campaign file: the two may be moved together."""
    folder = os.path.realpath(batch.campaign.parent)
    return Path(os.path.relpath(os.path.realpath(batch.recipients), folder)).as_posix()
