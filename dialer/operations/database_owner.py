"""A workspace begins to use its database: each keeps which the other is, before anything is recorded."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING
from uuid import uuid4

from dialer.config.database import read_mark
from dialer.errors import MustActError
from dialer.export.results import read_back
from dialer.messages.config import database as say
from dialer.store import engines
from dialer.store.shared import Owner, Whose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.database import Database

_MOVED = ("do_not_call.csv.moved", "dialer.ledgers.moved")
"""What an import leaves in a workspace."""


def own_database(database: Database, batch: Batch | None = None) -> Whose:
    """Have a workspace and its database keep which the other is; durable when this returns.

    Args:
        database: the workspace's.
        batch: one that is about to be run.

    Raises:
        MustActError: it is another database than before, or another workspace's; or the workspace has called people
            before, and the database knows nothing.
        LedgerError: it cannot be used.
    """
    found, mark = engines.whose(database.url), read_mark(database.marker)
    database.check(found)
    if found.owner is None:
        if mark is None and found.is_empty:
            _refuse_evidence(database, batch)
        name = mark.workspace if mark is not None and mark.workspace else uuid4().hex
        wanted = Owner(name, os.path.realpath(database.folder), socket.gethostname())
        # Of two workspaces that begin at once, the other one may have it.
        found = Whose(found.identity, engines.claim(database.url, wanted), found.is_empty)
    database.note(found)
    return found


def _refuse_evidence(database: Database, batch: Batch | None) -> None:
    evidence = next(_evidence(database, batch), None)
    if evidence is not None:
        raise MustActError(say.knows_nothing(database.marker, evidence, shown=database.shown))


def _evidence(database: Database, batch: Batch | None) -> Iterator[Path]:
    """Yield what shows that calls of a workspace were recorded somewhere."""
    yield from (path for name in _MOVED if os.path.lexists(path := database.folder / name))
    if batch is not None and batch.results.is_file() and read_back(batch.results, with_id=False).rows:
        yield batch.results
