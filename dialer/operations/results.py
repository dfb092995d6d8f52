"""The results, written as CSV from the ledger, or returned as a frame; needs no network."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from dialer.errors import InputError, LedgerError, LockedError, UsageError
from dialer.export.results import PLACES, STAMP, LastWritten, Places, ResultsFile, known_part, read_back
from dialer.messages.database import batch_held
from dialer.messages.operations import results as say
from dialer.messages.operations.ledger import emptied
from dialer.operations.results_workbook import workbook_notes
from dialer.operations.stores import place_of, read_store, who_works
from dialer.store.engines import reopen_ledger
from dialer.store.sqlite import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.models import ResultRow
    from dialer.store import AsyncStore, Store


def rewrite_results(batch: Batch) -> int:
    """Write the results CSV again from the ledger; return how many rows it has.

    Raises:
        LockedError: a run is going on; it writes the results itself.
        UsageError: the CSV that is there may know more than the ledger.
        LedgerError: the ledger or the CSV cannot be used.
    """
    read_store(batch).close()
    place = place_of(batch)
    if not isinstance(place, Path):
        return _rewrite_from_database(batch)
    status = batch.selection.command("status")
    with (
        locked(batch.lock, command="results", status=status) as lock,
        contextlib.closing(reopen_ledger(place)) as ledger,
    ):
        ledger.begin_work(former=lock.former, does="results")
        lock.begun()
        return _rewrite(batch, ledger, is_noted=True)


def _rewrite_from_database(batch: Batch) -> int:
    """Only read what hosts record meanwhile: who may look at a database may have its results."""
    mine = (by for by in who_works(batch) if by.host == socket.gethostname() and not by.joins)
    here = next(mine, None)
    if here is not None:
        # It writes this file itself.
        words = batch_held(host=here.host, process=here.pid, since=here.since, does=here.does, may_join=False)
        raise LockedError(words, pid=here.pid, host=here.host, since=here.since, does=here.does)
    with contextlib.closing(read_store(batch)) as ledger:
        return _rewrite(batch, ledger, is_noted=False)


def results_frame(batch: Batch) -> pd.DataFrame:
    """Return the results of a batch as a frame: the columns of the CSV, all text, every cell as it was read.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    # Loaded when asked for: to write the CSV needs no pandas.
    from dialer.export.results.frame import frame_of  # noqa: PLC0415 - as said above

    with contextlib.closing(read_store(batch)) as ledger:
        return frame_of(
            ledger.results(),
            header=ledger.header(),
            with_id=bool(ledger.note("id")),
            calls=ledger.call_parts(),
        )


def _rewrite(batch: Batch, ledger: Store, *, is_noted: bool) -> int:
    file = ResultsFile(batch.results, header=ledger.header(), with_id=bool(ledger.note("id")), bom=batch.bom)
    _refuse_if_it_may_know_more(batch, ledger, is_noted=is_noted)
    rows = 0

    def counted() -> Iterator[ResultRow]:
        nonlocal rows
        for row in ledger.results():
            rows += 1
            yield row

    try:
        if is_noted:
            # All of it, whatever is there: that is what the command is for.
            begin_writing(ledger)
        written = file.write(counted(), calls=ledger.call_parts())
        if is_noted:
            # Else the next one would take the file for one of another program.
            note_written(ledger, written)
    except OSError as error:
        raise LedgerError(say.unwritable(batch.results, why=error.strerror)) from error
    return rows


def _refuse_if_it_may_know_more(batch: Batch, ledger: Store, *, is_noted: bool) -> None:
    # Next to an older copy of the ledger, only the CSV records who was called.
    if not batch.results.is_file():
        return
    # Hosts that share a database have files of their own, and the ledger knows which one was written last.
    may = may_know_more if is_noted else _knows_more
    if may(batch.results, ledger, with_id=bool(ledger.note("id"))):
        raise UsageError(say.may_know_more(batch.results, command=batch.selection.command("reconcile")))


def _knows_more(path: Path, ledger: Store, *, with_id: bool) -> bool:
    """Tell whether results record a call that the ledger does not."""
    return ledger.behind(read_back(path, with_id=with_id, known=ledger.knows).rows) > 0


def may_know_more(path: Path, ledger: Store, *, with_id: bool) -> bool:
    """Tell whether results may record a call that the ledger does not; skip the part that the ledger wrote last.

    After that part come rows of a killed run, whose outcomes are in the ledger, or of a run of a newer copy of it.

    Args:
        path: the results CSV.
        ledger: next to it.
        with_id: an id column identifies recipients.

    Raises:
        InputError: as `read_back`.
    """
    known = known_part(path, ledger.note(STAMP))
    if not known:
        return True
    if known == path.stat().st_size:
        return False
    try:
        back = read_back(path, with_id=with_id, known=ledger.knows, after=known)
    except InputError:
        # Which row it is about is known where all of them are read.
        back = read_back(path, with_id=with_id, known=ledger.knows)
    return ledger.behind(back.rows) > 0


def refuse_emptied(batch: Batch, ledger: Store) -> None:
    """Refuse an empty ledger next to results with calls: the ledger that belongs there is lost.

    Raises:
        InputError: the ledger is empty, and the results are not.
    """
    if ledger.is_new() and batch.results.is_file() and read_back(batch.results, with_id=False).rows:
        raise InputError(emptied(batch.results, command=batch.selection.command("check")))


def write_results(store: Store, file: ResultsFile, *, pending: bool = True) -> None:
    """Rewrite the results, and note in the ledger what was written.

    Raises:
        OSError: they cannot be written.
    """
    note_written(store, write_changed(store, file, begin_writing(store), pending=pending))


def begin_writing(store: Store) -> Places:
    """Return where rows stand in the results whose lines are as they have to be; what changes from now on is watched.

    What a crash leaves: the former places, less what has changed since; a file that the stamp does not fit is written
    whole.
    """
    with store.transaction():
        unchanged = Places.read(store.note(PLACES)).up_to(store.unchanged_results())
        store.set_note(PLACES, unchanged.noted())
    return unchanged


def write_changed(
    store: Store,
    file: ResultsFile,
    unchanged: Places,
    *,
    pending: bool,
    watch: Callable[[Iterator[ResultRow]], Iterator[ResultRow]] = iter,
) -> LastWritten:
    """Write the results from the first row on whose line differs; return what was written.

    Args:
        store: the ledger, also where it was opened for reading.
        file: the results.
        unchanged: from `begin_writing`.
        pending: with the rows that are still to be called.
        watch: sees each row as it is written.

    Raises:
        OSError: they cannot be written.
    """
    return file.write_changed(
        lambda after: watch(store.results(pending=pending, after=after)),
        former=LastWritten(store.note(STAMP), unchanged),
        calls=store.call_parts(),
    )


def note_written(store: Store, written: LastWritten) -> None:
    """Note in the ledger what was written."""
    with store.transaction():
        store.set_note(STAMP, written.stamp or "")
        store.set_note(PLACES, written.places.noted())


def results_file(campaign: Campaign, header: Sequence[str]) -> ResultsFile:
    """Return the writer of a campaign's results, whose input has these columns."""
    batch, with_id = campaign.batch, campaign.columns.id is not None
    return ResultsFile(batch.results, header=header, with_id=with_id, bom=batch.bom)


async def rewrite(campaign: Campaign, ledger: AsyncStore) -> str:
    """Rewrite the results, CSV and workbook; return the error in words, or an empty text."""
    try:
        file = results_file(campaign, await ledger.header())
        await ledger.call(lambda store: write_results(store, file))
    except OSError as error:
        command = campaign.batch.selection.command("results")
        return say.not_rewritten(campaign.batch.results, why=error.strerror, command=command)
    if campaign.batch.workbook is None:
        return ""
    return "\n".join(await to_thread.run_sync(workbook_notes, campaign.batch))
