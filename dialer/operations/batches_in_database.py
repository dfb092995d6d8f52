"""The batches of a workspace in a database that several hosts share; see `workspace_batches`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.operations.ledger_identity import noted_selection
from dialer.operations.stores import place_in
from dialer.store import engines

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.database import Database
    from dialer.messages.commands import Selection
    from dialer.operations.workspace_batches import Kept
    from dialer.store import Store
    from dialer.store.postgres import DatabaseBatches, Named
    from dialer.store.shared import Holder, Pause


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

    def results(self, ledger: Store) -> Path | None:  # noqa: ARG002 - as above
        """Return its results CSV on this host."""
        return self.database.folder / self.named.name

    def pauses(self, ledger: Store, *, campaign: Path | None) -> Sequence[Pause]:  # noqa: ARG002 - as above
        """Return its pauses."""
        return self.held

    def who_works(self) -> tuple[Holder, ...]:
        """Return who works on it at this moment, on whatever host."""
        return tuple(self.found.read(self.named.name).live_runs().values())

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
