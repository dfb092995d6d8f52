"""All batches of a database over one connection: for the commands that look at each of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.owner import connected
from dialer.store.postgres.pauses import in_force, pauses_of
from dialer.store.postgres.queries import statements
from dialer.store.postgres.store import Batch

if TYPE_CHECKING:
    from collections.abc import Hashable

    from dialer.store.postgres.owner import Check
    from dialer.store.shared import Pause


@dataclass(frozen=True, slots=True)
class Named:
    """A batch of a database.

    Attributes:
        name: its unique name there.
        campaign: unique name of its campaign there; empty if unknown.
        version: changes when a piece of work begins, goes on or ends: nothing else changes a batch.
    """

    name: str
    campaign: str
    version: Hashable


class DatabaseBatches:
    """The batches of a database; one of them is read at a time.

    Args:
        url: of the database.
        everything: what a pause of all of them is put on, for people.
        check: raises where it is not the database of the workspace.

    Raises:
        LedgerError: the database cannot be used.
    """

    def __init__(self, url: str, *, everything: str, check: Check = None) -> None:
        self._session, self._everything = connected(url, check), everything

    def all(self) -> list[Named]:
        """Return every batch, by name."""
        with database_errors():
            rows = self._session.execute(statements.ALL_BATCHES).fetchall()
        return [Named(name, campaign, tuple(version)) for name, campaign, *version in rows]

    def read(self, name: str) -> Batch:
        """Return a batch to look at, until the next one is read; it is not closed.

        Raises:
            UsageError: there is none of this name.
        """
        return Batch.over(self._session, name=name)

    def pauses(self) -> list[Pause]:
        """Return every pause that holds at this moment: first those of batches, then of campaigns, then of all."""
        with database_errors():
            rows = self._session.execute(statements.ALL_PAUSES).fetchall()
        return in_force(pauses_of(rows, everything=self._everything), now=time.time())

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()
