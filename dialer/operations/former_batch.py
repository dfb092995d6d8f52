"""The batch of a campaign that came before another."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.errors import DialerError
from dialer.operations.ledger_files import ledgers_of
from dialer.operations.ledger_identity import CAMPAIGN
from dialer.operations.stores import in_database
from dialer.store.engines import read_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.workspace import Workspace
    from dialer.store import Store


@contextlib.contextmanager
def former_batch(batch: Batch, workspace: Workspace, ledger: Store) -> Iterator[Store | None]:
    """Yield the ledger of the campaign's batch that was begun last before another; None if there is none.

    Args:
        batch: the other.
        workspace: in which to look; what cannot be read in it is left out.
        ledger: of the other.
    """
    path = _former(batch, workspace, began=ledger.span()[1])
    if path is None:
        yield None
        return
    with contextlib.closing(read_ledger(path)) as former:
        yield former


def _former(batch: Batch, workspace: Workspace, *, began: float | None) -> Path | None:
    own, sandbox = batch.ledger.resolve(), batch.selection.sandbox
    if in_database(batch, workspace) is not None:
        return None
    others = [path for path in _ledgers(workspace, sandbox=sandbox) if path.resolve() != own]
    begun = [(at, path) for path in others if (at := _began(path, batch)) is not None and (began is None or at < began)]
    return max(begun)[1] if begun else None


def _ledgers(workspace: Workspace, *, sandbox: bool) -> list[Path]:
    # Where the workspace cannot be looked through, the batch has its figures all the same.
    with contextlib.suppress(DialerError):
        return ledgers_of(workspace, sandbox=sandbox)
    return []


def _began(path: Path, batch: Batch) -> float | None:
    """Return when a ledger's first call was made (Unix seconds); None where it is not the campaign's, or had none."""
    with contextlib.suppress(DialerError), contextlib.closing(read_ledger(path)) as ledger:
        if ledger.note(CAMPAIGN) == str(batch.campaign.absolute()):
            return ledger.span()[1]
    return None
