"""Which engine keeps a batch's ledger; so far there is one, SQLite, with a file for each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.store.sqlite import Ledger
from dialer.store.sqlite.do_not_call import DoNotCallFile

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.store.do_not_call import DoNotCall
    from dialer.store.interface import Store
    from dialer.store.records import Binding


def open_ledger(path: Path, *, binding: Binding, batch: str) -> Store:
    """Return a batch's ledger for writing, made new if there is none.

    Args:
        path: where it is.
        binding: to whom it belongs.
        batch: the batch's name; a ledger keeps the one it was made with, since references depend on it.

    Raises:
        LedgerError: it cannot be written, is damaged or newer.
        BoundError: it belongs to something else.
    """
    return Ledger.open(path, binding=binding, batch=batch)


def reopen_ledger(path: Path) -> Store:
    """Return a ledger that is there for writing, whoever it belongs to: nobody is called with it.

    Raises:
        LedgerError: it cannot be written, is damaged or newer.
    """
    return Ledger.reopen(path)


def read_ledger(path: Path) -> Store:
    """Return a ledger for reading only; works while a run is going on.

    Raises:
        UsageError: there is none yet.
        LedgerError: it cannot be read.
    """
    return Ledger.read(path)


def do_not_call_list(workspace: Path) -> DoNotCall:
    """Return the do-not-call list that all batches of a workspace share; the first entry makes it.

    Args:
        workspace: its folder.
    """
    return DoNotCallFile(workspace.resolve() / "do_not_call.csv")
