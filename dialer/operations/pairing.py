"""Do a ledger and the results beside it belong together? Needs neither pandas nor a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.errors import InputError
from dialer.export.results import read_back

if TYPE_CHECKING:
    from dialer.config.batch import Batch
    from dialer.store import Store


def refuse_emptied(batch: Batch, ledger: Store) -> None:
    """Refuse a ledger that holds nobody beside results that say who was called: the one that belongs there is lost.

    Raises:
        InputError: it is such a one.
    """
    if ledger.is_new() and batch.results.is_file() and read_back(batch.results, with_id=False).rows:
        raise InputError(
            f"{batch.results} says who was called, but the ledger beside it holds nobody: the one that belongs "
            f"there is lost. To see what to do: {batch.selection.command('check')}"
        )
