"""The batches of a workspace whose ledgers are files; see `workspace_batches`."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.operations.ledger_files import ledgers_below, pauses_below
from dialer.operations.ledger_identity import CAMPAIGN, RESULTS, TRIAL, noted_selection
from dialer.operations.memory import signature
from dialer.store.engines import read_ledger
from dialer.store.pause_files import PauseFiles
from dialer.store.sqlite import Listed, held_by, is_trial, lock_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dialer.config.batch import Batch
    from dialer.config.workspace import Workspace
    from dialer.messages.commands import Selection
    from dialer.operations.workspace_batches import Kept
    from dialer.store import Store
    from dialer.store.shared import Holder, Pause


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
        mark = None if ledger is None else ledger.note(TRIAL)
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

    def results(self, ledger: Store) -> Path | None:
        """Return its results CSV; None if unknown."""
        noted = ledger.note(RESULTS)
        return Path(noted) if noted else None

    def pauses(self, ledger: Store, *, campaign: Path | None) -> Sequence[Pause]:
        """Return its pauses."""
        files = PauseFiles(
            campaign=campaign or self.campaign(ledger),
            results=self.results(ledger),
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
