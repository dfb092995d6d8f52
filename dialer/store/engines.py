"""Which engine keeps a batch's ledger: SQLite, with a file for each batch, or a database that several hosts share.

What a database needs is installed only where one is used: nothing of it is loaded before.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.errors import UsageError
from dialer.store.sqlite import Ledger
from dialer.store.sqlite import ask_to_stop as ask_in_file
from dialer.store.sqlite import put_note as put_in_file
from dialer.store.sqlite.do_not_call import DoNotCallFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.store.do_not_call import DoNotCall
    from dialer.store.interface import Store
    from dialer.store.postgres import DatabaseBatches, DatabaseCalls, DatabaseNeighbours, DatabasePauses, Slots
    from dialer.store.records import Binding
    from dialer.store.shared import Holder, Owner, Whose


@dataclass(frozen=True, slots=True)
class InDatabase:
    """The location of a batch in a database.

    Attributes:
        url: of the database; it may contain a password, so it is never shown.
        name: unique name of the batch in that database.
        campaign: unique name of its campaign in that database.
        folder: of the workspace on this host.
        within: seconds after a call by another batch during which this batch does not call the same number.
        check: raises where the address leads to another database than that of the workspace.
        lines: calls of all batches that may be live at once; None: any number.
    """

    url: str = field(repr=False)
    name: str
    campaign: str
    folder: Path
    within: float = 86_400.0
    check: Callable[[Whose], None] | None = field(default=None, repr=False, compare=False)
    lines: int | None = None


def open_ledger(place: Path | InDatabase, *, binding: Binding, batch: str) -> Store:
    """Open a batch's ledger for writing; create it if there is none.

    Args:
        place: where it is.
        binding: what the ledger belongs to: agent, server, key of the recipients.
        batch: the batch's name; a ledger keeps the one it was made with, since references depend on it.

    Raises:
        LedgerError: it cannot be written, is damaged or newer.
        BoundError: it belongs to something else.
    """
    if isinstance(place, Path):
        return Ledger.open(place, binding=binding, batch=batch)
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as said above

    opened = Batch.open(
        place.url, name=place.name, binding=binding, batch=batch, campaign=place.campaign, check=place.check
    )
    opened.within, opened.lines = place.within, place.lines
    return opened


def reopen_ledger(place: Path | InDatabase) -> Store:
    """Open an existing ledger for writing without checking its binding; it is not used to place calls.

    Raises:
        UsageError: there is none yet.
        LedgerError: it cannot be written, is damaged or newer.
    """
    return Ledger.reopen(place) if isinstance(place, Path) else read_ledger(place)


def read_ledger(place: Path | InDatabase) -> Store:
    """Return a ledger for reading only; works while a run is going on.

    Raises:
        UsageError: there is none yet.
        LedgerError: it cannot be read.
    """
    if isinstance(place, Path):
        return Ledger.read(place)
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as said above

    return Batch.read(place.url, name=place.name, check=place.check)


def whose(url: str) -> Whose:
    """Return which database an address leads to, and whose it is.

    Raises:
        LedgerError: it cannot be used, or lacks the tables of this version.
    """
    from dialer.store.postgres import owner as of_database  # noqa: PLC0415 - as said above

    with contextlib.closing(of_database.connected(url)) as session:
        return of_database.whose(session)


def claim(url: str, owner: Owner) -> Owner:
    """Have a database belong to a workspace, if it belongs to none; return whose it is then.

    Raises:
        LedgerError: it cannot be used.
    """
    from dialer.store.postgres import owner as of_database  # noqa: PLC0415 - as said above

    with contextlib.closing(of_database.connected(url)) as session:
        return of_database.claim(session, owner)


def who_works(place: InDatabase) -> dict[str, Holder]:
    """Return who works on a batch at this moment, by the id of the work.

    Raises:
        UsageError: there is none yet.
        LedgerError: the database cannot be used.
    """
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as said above

    with contextlib.closing(Batch.read(place.url, name=place.name)) as batch:
        return batch.live_runs()


def ask_to_stop(place: Path | InDatabase) -> None:
    """Ask the processes that work on a batch now to stop; processes that start later are not affected.

    Raises:
        LedgerError: it cannot be written.
    """
    if isinstance(place, Path):
        ask_in_file(place)
        return
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as said above

    with contextlib.closing(Batch.read(place.url, name=place.name)) as batch:
        batch.ask_to_stop()


def put_note(place: Path | InDatabase, name: str, value: str) -> None:
    """Keep a named note in the ledger of a batch on which other processes work.

    Raises:
        LedgerError: it cannot be written.
    """
    if isinstance(place, Path):
        put_in_file(place, name, value)
        return
    with contextlib.closing(read_ledger(place)) as batch:
        batch.set_note(name, value)


def other_batches(place: InDatabase, *, server: str) -> DatabaseNeighbours:
    """Return the other batches of a database: all of them where this one is not there yet.

    Raises:
        LedgerError: the database cannot be used.
    """
    from dialer.store.postgres import Batch, DatabaseNeighbours  # noqa: PLC0415 - as said above

    number = 0
    with contextlib.suppress(UsageError), contextlib.closing(Batch.read(place.url, name=place.name)) as batch:
        number = batch.number
    return DatabaseNeighbours(place.url, batch=number, server=server, within=place.within)


def calls_in(url: str, *, server: str, run: str) -> DatabaseCalls:
    """Return the calls of all batches in a database that may take a line, but those of one run.

    Raises:
        LedgerError: it cannot be used.
    """
    from dialer.store.postgres import DatabaseCalls  # noqa: PLC0415 - as said above

    return DatabaseCalls(url, server=server, run=run)


def pauses_in(place: InDatabase) -> DatabasePauses:
    """Return the pauses in a database that hold a batch, a campaign, or all.

    Raises:
        LedgerError: it cannot be used.
    """
    from dialer.store.postgres import DatabasePauses  # noqa: PLC0415 - as said above

    return DatabasePauses(
        place.url, batch=place.name, campaign=place.campaign, everything=_everything(place.folder), check=place.check
    )


def _everything(folder: Path) -> str:
    """Return what a pause of all batches is put on, for people."""
    return str(folder / "all.paused")


def batches_in(place: InDatabase) -> DatabaseBatches:
    """Return the batches of a database, over one connection.

    Raises:
        LedgerError: it cannot be used.
    """
    from dialer.store.postgres import DatabaseBatches  # noqa: PLC0415 - as said above

    return DatabaseBatches(place.url, everything=_everything(place.folder), check=place.check)


def slots_in(url: str, *, organisation: str, count: int, window: float) -> Slots:
    """Return the slots of an organisation's rate that all hosts share.

    Raises:
        LedgerError: the database cannot be used.
    """
    from dialer.store.postgres import Slots  # noqa: PLC0415 - as said above

    return Slots.open(url, organisation=organisation, count=count, window=window)


def do_not_call_list(workspace: Path, *, database: InDatabase | None = None) -> DoNotCall:
    """Return the do-not-call list that all batches of a workspace share; the first entry makes it.

    Args:
        workspace: its folder.
        database: the database that keeps it; None: a file does.
    """
    if database is None:
        return DoNotCallFile(workspace.resolve() / "do_not_call.csv")
    from dialer.store.postgres import DatabaseDoNotCall  # noqa: PLC0415 - as said above

    return DatabaseDoNotCall(database.url, check=database.check)
