"""Where a batch is kept, and who works on it: a ledger in a file with its lock, or a database that hosts share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.config.database import address_of_environment, has_used_database
from dialer.config.workspace import find_workspace, folder_of_all, workspace_of
from dialer.errors import CampaignError, UsageError
from dialer.messages.store import holder as holder_words
from dialer.store import engines
from dialer.store.engines import InDatabase
from dialer.store.sqlite import held_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.database import Database
    from dialer.config.workspace import Workspace
    from dialer.store import Store
    from dialer.store.shared import Holder

WORK = "work"
"""Under this name a ledger notes which piece of work began last."""


def place_of(batch: Batch) -> Path | InDatabase:
    """Return where a batch is kept.

    Raises:
        DialerError: the workspace's settings are wrong.
    """
    return in_database(batch, find_workspace(batch.campaign, results=batch.results)) or batch.ledger


def in_database(batch: Batch, workspace: Workspace) -> InDatabase | None:
    """Return where a batch is in its workspace's database; None where it is kept in a file, as each trial is.

    It is called by the path of its results within the workspace, which is the same on every host.
    """
    if workspace.database is None or batch.selection.sandbox:
        return None
    database = workspace.database
    return place_in(database, name=database.name_of(batch.results), campaign=database.name_of(batch.campaign))


def place_in(database: Database, *, name: str = "", campaign: str = "") -> InDatabase:
    """Return the place in a workspace's database of a batch, of all of a campaign, or of all that there is."""
    return InDatabase(database.url, name, campaign, database.folder, check=database.check)


def shared_place(workspace: Workspace) -> InDatabase | None:
    """Return the place in a workspace's database of what its batches share; None: it is in files."""
    return None if workspace.database is None else place_in(workspace.database)


def held_in_database(folder: Path, *, campaign: Path | None = None, batch: Batch | None = None) -> InDatabase | None:
    """Return the place in the database for pauses of a batch, a campaign or a workspace; None: files.

    With invalid settings, no run can start: then a file holds the pause, unless the workspace has used a database.

    Args:
        folder: of the workspace, or in it.
        campaign: the campaign; None: all.
        batch: the batch; None: all of the campaign.

    Raises:
        DialerError: the settings are invalid, and the workspace has used a database or the environment sets one.
    """
    try:
        if batch is not None:
            place = place_of(batch)
            return place if isinstance(place, InDatabase) else None
        if campaign is None:
            return shared_place(workspace_of(folder))
        database = find_workspace(campaign, results=campaign).database
        return None if database is None else place_in(database, campaign=database.name_of(campaign))
    except CampaignError:
        if address_of_environment() or has_used_database(folder_of_all(folder)):
            raise
        return None


def read_store(batch: Batch) -> Store:
    """Return a batch's ledger for reading only; works while a run is going on.

    Raises:
        UsageError: there is none yet.
        LedgerError: it cannot be read.
    """
    return engines.read_ledger(place_of(batch))


def is_begun(batch: Batch) -> bool:
    """Tell whether there is a ledger of a batch.

    Raises:
        LedgerError: the database cannot be used.
    """
    place = place_of(batch)
    if not isinstance(place, InDatabase):
        return place.exists()
    with contextlib.suppress(UsageError):
        engines.read_ledger(place).close()
        return True
    return False


def who_works(batch: Batch) -> tuple[Holder, ...]:
    """Return who works on a batch at this moment: at most one, but in a database."""
    place = place_of(batch)
    if isinstance(place, InDatabase):
        with contextlib.suppress(UsageError):
            return tuple(engines.who_works(place).values())
        return ()
    by = held_by(batch.lock)
    return () if by is None else (by,)


def runs_on(batch: Batch) -> dict[str, Holder]:
    """Return the runs that are active on a batch, by the id of their work: one at most, but in a database.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    place = place_of(batch)
    found: Mapping[str, Holder] = {}
    with contextlib.suppress(UsageError):
        if isinstance(place, InDatabase):
            found = engines.who_works(place)
        elif (by := held_by(batch.lock)) is not None:
            with contextlib.closing(engines.read_ledger(place)) as ledger:
                found = {ledger.note(WORK) or "": by}
    return {work: by for work, by in found.items() if by.does == "run"}


def in_words(holders: Sequence[Holder]) -> str:
    """Return who works on a batch, in words; empty if nobody does."""
    return ", ".join(
        holder_words(f"{by.does}{' --join' if by.joins else ''}", process=by.pid, host=by.host, since=by.since)
        for by in holders
    )
