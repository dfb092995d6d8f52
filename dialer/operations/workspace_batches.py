"""The batches of a workspace, wherever they are kept: in files, or in a database that several hosts share."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dialer.config.batch import Batch
from dialer.config.workspace import workspace_of
from dialer.operations.batches_in_database import BatchesInDatabase
from dialer.operations.batches_in_files import BatchesInFiles, KeptInFile, key_in_files
from dialer.operations.ledger_files import ledgers_below, ledgers_of, trial_mark
from dialer.operations.ledger_identity import TIMEZONE
from dialer.operations.replaced_list import LIST
from dialer.operations.stores import place_of
from dialer.store.sqlite import is_trial

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from dialer.config.workspace import Workspace
    from dialer.messages.commands import Selection
    from dialer.store import Store
    from dialer.store.shared import Holder, Pause
    from dialer.store.sqlite import Listed


class Kept(Protocol):
    """A batch that was begun, as it is kept; one of a workspace is open at a time."""

    @property
    def key(self) -> str:
        """What tells it from the other batches of its workspace, also before it is begun."""

    @property
    def shown(self) -> str:
        """Its ledger, as it is shown: the file, or the batch's name in the database."""

    @property
    def is_there(self) -> bool:
        """Whether it exists, and is not only listed."""

    @property
    def listed(self) -> Listed | None:
        """What the workspace's list of ledgers says of it; None where it is not in that list."""

    def opened(self) -> contextlib.AbstractContextManager[Store]:
        """Have its ledger open, to look at it.

        Raises:
            UsageError: nothing was recorded in it yet.
            LedgerError: it cannot be read.
        """

    def is_meant(self, ledger: Store | None) -> bool:
        """Tell whether it is a trial where trials are meant, or none where they are not; None: it cannot be read."""

    def campaign(self, ledger: Store) -> Path | None:
        """Return its campaign file; None if unknown."""

    def is_of(self, campaign: Path, ledger: Store) -> bool:
        """Tell whether its campaign file is a certain one."""

    def selection(self, ledger: Store) -> Selection | None:
        """Return what the last run was given on the command line; None where the ledger does not say."""

    def results(self, ledger: Store) -> Path | None:
        """Return its results CSV; None if unknown."""

    def pauses(self, ledger: Store, *, campaign: Path | None) -> Sequence[Pause]:
        """Return its pauses; `campaign` is its campaign file if another than the ledger says."""

    def who_works(self) -> tuple[Holder, ...]:
        """Return who works on it at this moment."""

    def version(self) -> Hashable:
        """Return what changes when it does."""


class Batches(Protocol):
    """The batches of a workspace."""

    @property
    def place(self) -> str:
        """What lists them: a file, or the database."""

    def all(self) -> Sequence[Kept]:
        """Return all that were begun, also those that are only listed, and perhaps some that are not meant."""

    def key_of(self, batch: Batch) -> str:
        """Return the key of a batch that may not be begun yet."""

    def pauses_of(self, campaign: Path, results: Path | None) -> Sequence[Pause]:
        """Return what holds a campaign and its only batch, neither of which was begun."""

    def pauses_version(self) -> Hashable:
        """Return what changes when a pause does."""

    def count(self) -> tuple[int, int | None]:
        """Return how many are listed, and how many were before; None where nothing tells."""

    def close(self) -> None:
        """Let go of them."""


def batches_of(workspace: Workspace, *, sandbox: bool) -> Batches:
    """Return the batches of a workspace, to be closed.

    Args:
        workspace: whose.
        sandbox: those of trials, and no others; they are in files always.

    Raises:
        DialerError: the list of ledgers cannot be read, or the database cannot be used.
    """
    if workspace.database is None or sandbox:
        return BatchesInFiles(workspace, sandbox=sandbox)
    return BatchesInDatabase(workspace.database)


def key_of(batch: Batch) -> str:
    """Return what tells a batch from the others of its workspace, also before its first run.

    Raises:
        DialerError: the workspace's settings are wrong.
    """
    place = place_of(batch)
    return key_in_files(place) if isinstance(place, Path) else place.name


def noted_files(kept: Kept, ledger: Store, *, sandbox: bool) -> Batch | None:
    """Return the files of a batch as its last run has noted them; None if unknown.

    The campaign file need not be there, and is not read.

    Args:
        kept: the batch.
        ledger: its ledger.
        sandbox: it is a trial's.
    """
    selection, campaign, results = kept.selection(ledger), kept.campaign(ledger), kept.results(ledger)
    if selection is None or campaign is None or results is None:
        return None
    listed = ledger.note(LIST)
    return Batch(
        name=ledger.note("batch") or results.stem,
        campaign=campaign,
        recipients=selection.recipients or (campaign.parent / listed if listed else Path()),
        results=results,
        ledger=Path(kept.shown),
        selection=replace(selection, campaign=campaign, sandbox=sandbox),
        timezone=ledger.note(TIMEZONE) or None,
    )


@contextlib.contextmanager
def kept_batches(workspace: Workspace, *, sandbox: bool) -> Iterator[Sequence[Kept]]:
    """Yield the batches of a workspace that are there.

    Raises:
        DialerError: as above.
    """
    if workspace.database is None or sandbox:
        yield [KeptInFile(path, sandbox=sandbox) for path in ledgers_of(workspace, sandbox=sandbox)]
        return
    with contextlib.closing(batches_of(workspace, sandbox=sandbox)) as found:
        yield found.all()


@contextlib.contextmanager
def batches_around(folder: Path | None, *, sandbox: bool) -> Iterator[Sequence[Kept]]:
    """Yield the batches in a folder and below, or, without one, of the workspace around the working directory.

    A workspace in a database yields all that it has.

    Raises:
        DialerError: as above, or the folder does not exist.
    """
    workspace = workspace_of(folder or Path())
    if folder is None or (workspace.database is not None and not sandbox):
        with kept_batches(workspace, sandbox=sandbox) as kept:
            yield kept
        return
    found = [path for path in ledgers_below(folder) if is_trial(path, trial_mark(path)) is sandbox]
    yield [KeptInFile(path, sandbox=sandbox) for path in found]
