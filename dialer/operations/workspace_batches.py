"""The batches of a workspace, wherever they are kept: in files, or in a database that several hosts share."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dialer.config.workspace import workspace_of
from dialer.operations.ledger_files import ledgers_below, ledgers_of, pauses_below, trial_mark
from dialer.operations.ledger_identity import CAMPAIGN, RESULTS, noted_selection
from dialer.operations.memory import signature
from dialer.operations.stores import place_in, place_of
from dialer.store import engines
from dialer.store.engines import read_ledger
from dialer.store.pause_files import PauseFiles
from dialer.store.sqlite import Listed, held_by, is_trial, lock_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from dialer.config.batch import Batch
    from dialer.config.database import Database
    from dialer.config.workspace import Workspace
    from dialer.messages.commands import Selection
    from dialer.store import Store
    from dialer.store.postgres import DatabaseBatches, Named
    from dialer.store.shared import Holder, Pause


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


# -- in files ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeptInFile:
    """A batch whose ledger is a file.

    Attributes:
        path: its ledger.
        sandbox: trials are meant.
        listed: see `Kept`.
    """

    path: Path
    sandbox: bool
    listed: Listed | None = None

    @property
    def real(self) -> Path:
        """Its ledger without symbolic links."""
        return self.path.resolve()

    @property
    def key(self) -> str:
        """See `Kept`."""
        return key_in_files(self.path)

    @property
    def shown(self) -> str:
        """See `Kept`."""
        return str(self.path)

    @property
    def is_there(self) -> bool:
        """See `Kept`."""
        return os.path.lexists(self.real)

    def opened(self) -> contextlib.AbstractContextManager[Store]:
        """Have its ledger open; see `Kept`."""
        return contextlib.closing(read_ledger(self.path))

    def is_meant(self, ledger: Store | None) -> bool:
        """Tell whether it is a trial where those are meant; see `Kept`."""
        mark = None if ledger is None else ledger.note("trial")
        return self.listed is not None or is_trial(self.real, mark) is self.sandbox

    def campaign(self, ledger: Store) -> Path | None:
        """Return its campaign file; None if unknown."""
        noted = ledger.note(CAMPAIGN)
        return Path(noted) if noted else None

    def is_of(self, campaign: Path, ledger: Store) -> bool:
        """Tell whether its campaign file is a certain one."""
        return ledger.note(CAMPAIGN) == str(campaign.absolute())

    def selection(self, ledger: Store) -> Selection | None:
        """Return what the last run was given on the command line."""
        return noted_selection(ledger)

    def pauses(self, ledger: Store, *, campaign: Path | None) -> Sequence[Pause]:
        """Return its pauses."""
        results = ledger.note(RESULTS)
        files = PauseFiles(
            campaign=campaign or self.campaign(ledger),
            results=Path(results) if results else None,
            folder=self.real.parent,
            sandbox=self.sandbox,
        )
        return files.in_force()

    def who_works(self) -> tuple[Holder, ...]:
        """Return who works on it at this moment: one process at most."""
        by = held_by(lock_of(self.real))
        return () if by is None else (by,)

    def version(self) -> Hashable:
        """Return what changes when it does: the ledger, SQLite's log beside it, the lock."""
        real = self.real
        return signature(real, real.with_name(f"{real.name}-wal"), lock_of(real)), self.listed


class BatchesInFiles:
    """The batches of a workspace whose ledgers are files.

    Args:
        workspace: whose.
        sandbox: trials are meant.
    """

    def __init__(self, workspace: Workspace, *, sandbox: bool) -> None:
        self._folder, self._sandbox = workspace.folder, sandbox
        registry = workspace.registry(sandbox=sandbox)
        # Before the list is read: a run may add to it in between.
        before = registry.noted()
        self._listed = registry.read()
        self.place, self._count = str(registry.path), (len(self._listed), before)

    def all(self) -> Sequence[Kept]:
        """Return the ledgers in its folder and below, and those that its list names."""
        below = {path.resolve(): path for path in ledgers_below(self._folder)}
        return [
            KeptInFile(below.get(real, real), self._sandbox, self._listed.get(real))
            for real in sorted({*below, *self._listed})
        ]

    def key_of(self, batch: Batch) -> str:
        """Return the key of a batch."""
        return key_in_files(batch.ledger)

    def pauses_of(self, campaign: Path, results: Path | None) -> Sequence[Pause]:
        """Return what holds a campaign and its only batch."""
        return PauseFiles(campaign=campaign, results=results, sandbox=self._sandbox).in_force()

    def pauses_version(self) -> Hashable:
        """Return what changes when a pause does."""
        return signature(*pauses_below(self._folder))

    def count(self) -> tuple[int, int | None]:
        """Return how many ledgers the list names, and how many it named before."""
        return self._count

    def close(self) -> None:
        """Do nothing: each file is closed by itself."""


def key_in_files(ledger: Path) -> str:
    """Return the key of a batch whose ledger is a file."""
    return os.path.realpath(ledger)


# -- in a database -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeptInDatabase:
    """A batch in a database.

    Attributes:
        named: what it is called there.
        database: of its workspace.
        found: the connection.
        held: its pauses.
    """

    named: Named
    database: Database
    found: DatabaseBatches
    held: Sequence[Pause]

    listed = None
    is_there = True

    @property
    def key(self) -> str:
        """See `Kept`."""
        return self.named.name

    @property
    def shown(self) -> str:
        """See `Kept`."""
        return self.named.name

    @contextlib.contextmanager
    def opened(self) -> Iterator[Store]:
        """Have it open; see `Kept`."""
        yield self.found.read(self.named.name)

    def is_meant(self, ledger: Store | None) -> bool:  # noqa: ARG002 - as `Kept` has it
        """Return True: no trial is in a database."""
        return True

    def campaign(self, ledger: Store) -> Path | None:  # noqa: ARG002 - the ledger names that of another host
        """Return its campaign file on this host."""
        return self.database.folder / self.named.campaign if self.named.campaign else None

    def is_of(self, campaign: Path, ledger: Store) -> bool:  # noqa: ARG002 - as above
        """Tell whether its campaign file is a certain one."""
        return self.named.campaign == self.database.name_of(campaign)

    def selection(self, ledger: Store) -> Selection | None:
        """Return what the last run was given on the command line, as it is on this host."""
        return noted_selection(ledger, campaign=self.campaign(ledger), folder=self.database.folder)

    def pauses(self, ledger: Store, *, campaign: Path | None) -> Sequence[Pause]:  # noqa: ARG002 - as above
        """Return its pauses."""
        return self.held

    def who_works(self) -> tuple[Holder, ...]:
        """Return who works on it at this moment, on whatever host."""
        return tuple(self.found.read(self.named.name).live_runs())

    def version(self) -> Hashable:
        """Return what changes when it does."""
        return self.named.version


class BatchesInDatabase:
    """The batches of a workspace in a database.

    Args:
        database: the workspace's.
    """

    def __init__(self, database: Database) -> None:
        self._database, self.place = database, database.shown
        self._found = engines.batches_in(place_in(database))
        self._pauses = self._found.pauses()

    def all(self) -> Sequence[Kept]:
        """Return every batch of the database."""
        return [
            KeptInDatabase(named, self._database, self._found, self._held(named.name, named.campaign))
            for named in self._found.all()
        ]

    def key_of(self, batch: Batch) -> str:
        """Return the key of a batch."""
        return self._database.name_of(batch.results)

    def pauses_of(self, campaign: Path, results: Path | None) -> Sequence[Pause]:
        """Return what holds a campaign and its only batch."""
        name = "" if results is None else self._database.name_of(results)
        return self._held(name, self._database.name_of(campaign))

    def _held(self, batch: str, campaign: str) -> Sequence[Pause]:
        names = {"batch": batch, "campaign": campaign}
        return [pause for pause in self._pauses if names.get(pause.of, pause.place) == pause.place]

    def pauses_version(self) -> Hashable:
        """Return what changes when a pause does."""
        return tuple(self._pauses)

    def count(self) -> tuple[int, int | None]:
        """Return 0 and None: the database knows all of them, and no list can be lost."""
        return 0, None

    def close(self) -> None:
        """Let go of the database."""
        self._found.close()
