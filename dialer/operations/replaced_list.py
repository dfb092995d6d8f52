"""The look before a list takes the place of another file's list in a batch that has called people."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.batch import stem_of
from dialer.errors import DeclinedError, ReplacedError, UnansweredError
from dialer.messages.operations import intake as say
from dialer.messages.operations.run import NOTHING_DIALLED
from dialer.models import ATTEMPTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from dialer.config.batch import Batch
    from dialer.store import Store

LIST = "input_list"
"""Under this name a ledger notes which file its list comes from, as the campaign file would name it."""


def note_list(batch: Batch, store: Store) -> None:
    """Note from which file a ledger's list comes."""
    store.set_note(LIST, _named(batch))


@contextlib.contextmanager
def nobody_missing(batch: Batch, store: Store, *, replaces: bool) -> Iterator[None]:
    """Refuse a list that is loaded inside if it takes another's place and lacks people whom the batch has called.

    Args:
        batch: the batch.
        store: its ledger; inside an open transaction.
        replaces: it may take that place.

    Raises:
        ReplacedError: it lacks some.
    """
    former = None if replaces else _former(batch, store)
    left = store.left() if former else 0
    yield
    if former and (missing := store.left() - left) > 0:
        doubt = _doubt(batch, former, missing=missing)
        raise ReplacedError(say.not_replaced(doubt), doubt)


def foreseen_replacement(batch: Batch, store: Store, *, called: int) -> str:
    """Say that a run would let a list take the place of another; empty where it would not.

    Args:
        batch: the batch.
        store: its ledger, with the list that it has.
        called: how many people of the new list were called.
    """
    former = _former(batch, store)
    if former is None:
        return ""
    counts = store.counts()
    missing = sum(counts.get(state, 0) for state in ATTEMPTED) - called
    return _doubt(batch, former, missing=missing) if missing > 0 else ""


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


def _former(batch: Batch, store: Store) -> Path | None:
    """Return the other file of which a ledger has the list; None if it is this one, is not known, or of a trial."""
    former = store.note(LIST)
    if former is None or former == _named(batch) or batch.selection.sandbox:
        return None
    return batch.campaign.parent / former


def _doubt(batch: Batch, before: Path, *, missing: int) -> str:
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
