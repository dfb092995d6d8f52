"""The results as a workbook next to the CSV, written from the ledger at the end of a run, or on request."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer import provider
from dialer.config.workspace import find_workspace
from dialer.errors import DialerError, UsageError
from dialer.export.results import About, Workbook, can_write_workbooks, is_ours
from dialer.files import unwritable
from dialer.messages.operations import files
from dialer.messages.operations import results as say
from dialer.operations.stores import read_store

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.config.batch import Batch


@dataclass(frozen=True, slots=True)
class SavedWorkbook:
    """A workbook that was written.

    Attributes:
        path: where.
        rows: how many rows the results have.
        notes: what does not fit into it, in words.
    """

    path: Path
    rows: int
    notes: tuple[str, ...]


Watch = Callable[[], None]


def save_workbook(batch: Batch, *, to: Path | None = None, watch: Watch = lambda: None) -> SavedWorkbook:
    """Write the results of a batch as a workbook; a run may be active.

    Args:
        batch: its files.
        to: the workbook; None: the path in the campaign file.
        watch: called regularly; its exceptions end the writing.

    Raises:
        UsageError: the batch has no ledger yet, or the workbook cannot or may not be written, or the package for it
            is not installed; an existing workbook is unchanged.
        LedgerError: the ledger cannot be read.
    """
    path = to or batch.workbook
    if path is None:
        raise UsageError(say.no_workbook(batch.campaign))
    if not can_write_workbooks():
        raise UsageError(say.workbook_needs_package(path))
    if to is not None:
        _refuse_unfit(batch, to)
    again = batch.selection.command("results", *([] if to is None else ["--to", str(to)]))
    if path.exists() and not is_ours(path):
        raise UsageError(say.another_workbook(path, command=again))
    try:
        return _save(batch, path, watch)
    except OSError as error:
        raise UsageError(say.workbook_not_written(path, why=error.strerror or str(error), command=again)) from error


def _save(batch: Batch, path: Path, watch: Watch) -> SavedWorkbook:
    with contextlib.closing(read_store(batch)) as ledger:
        pulse = ledger.pulse()
        about = About(
            batch=batch.name,
            campaign=batch.campaign.name,
            recipients=batch.recipients.name,
            csv=batch.results.name,
            at=datetime.now(UTC),
            rehearsal=batch.selection.sandbox,
            currency=find_workspace(batch.campaign, results=batch.results).currency,
            calls=pulse.calls,
            reached=pulse.reached,
            names=provider.VENDOR.names,
        )
        parts, with_id = ledger.call_parts(), bool(ledger.note("id"))
        workbook = Workbook(about, header=ledger.header(), with_id=with_id, parts=parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        workbook.write(path, ledger.results(), watch=watch)
    return SavedWorkbook(path, workbook.rows, tuple(workbook.left_out))


def workbook_notes(batch: Batch, *, watch: Watch = lambda: None) -> tuple[str, ...]:
    """Write the workbook of a campaign, if it asks for one; return the error in words.

    Whatever goes wrong ends nothing: the CSV has all of it.
    """
    if batch.workbook is None:
        return ()
    try:
        return save_workbook(batch, watch=watch).notes
    except DialerError as error:
        return (str(error),)


def _refuse_unfit(batch: Batch, path: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        raise UsageError(say.not_a_workbook_name(path, command=batch.selection.command("results")))
    others = {file.resolve() for file in batch.files} - {batch.workbook and batch.workbook.resolve()}
    if path.resolve() in others:
        raise UsageError(files.of_the_campaign("--to", path))
    if why := unwritable(path):
        raise UsageError(files.unfit_report(path, why=why))
