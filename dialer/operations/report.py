"""A report of a batch, from its ledger alone."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from dialer.clocks import clock
from dialer.config.workspace import find_workspace
from dialer.errors import UsageError
from dialer.export.report import Report, View, Wanted, gather, markdown
from dialer.export.results import replaced, rewritten, was_changed
from dialer.files import unwritable
from dialer.hours import zone_problem
from dialer.messages.export import conversations as spoken
from dialer.messages.operations import files as say
from dialer.operations.former_batch import former_batch
from dialer.operations.ledger_identity import as_last_run
from dialer.operations.results import refuse_emptied
from dialer.operations.stores import read_store, who_works

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.config.batch import Batch


def report_batch(
    batch: Batch, *, zone: str | None = None, full_numbers: bool = False, wanted: Sequence[str] = ()
) -> Report:
    """Return the figures of a batch so far; a run may be active.

    Args:
        batch: its files.
        zone: the time zone of its hours and times; None: the campaign's, else UTC.
        full_numbers: show whole phone numbers, not only the last three digits.
        wanted: the answers that count as success, each as `question=answer`.

    Raises:
        UsageError: the batch has no ledger yet, the time zone is unknown, or no agent asked such a question.
        LedgerError: the ledger cannot be read.
    """
    zone = (batch.timezone or "UTC") if zone is None else zone
    problem = zone_problem(zone)
    if problem is not None:
        raise UsageError(say.no_such_zone(problem.reason))
    workspace = find_workspace(batch.campaign, results=batch.results)
    view = View(
        now=datetime.now(UTC),
        zone=clock(zone),
        full_numbers=full_numbers,
        running=bool(who_works(batch)),
        currency=workspace.currency,
        wanted=tuple(map(_wanted, wanted)),
    )
    with contextlib.closing(read_store(batch)) as ledger:
        refuse_emptied(batch, ledger)
        with former_batch(batch, workspace, ledger) as former:
            batch = replace(batch, selection=as_last_run(batch.selection, ledger))
            return gather(ledger, batch, replace(view, before=former))


def _wanted(text: str) -> Wanted:
    question, mark, answer = (part.strip() for part in text.partition("="))
    if not (question and mark and answer):
        raise UsageError(spoken.not_an_answer(text))
    return Wanted(question, answer)


def report_text(report: Report, form: Literal["html", "md"]) -> str:
    """Return a report as a page or as Markdown.

    Raises:
        UsageError: the packages that draw the page are not installed.
    """
    if form == "md":
        return markdown(report)
    # Without a home folder matplotlib keeps its cache elsewhere, and says so at length.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        from dialer.export.report.page import page  # noqa: PLC0415 - an extra, only for the page
    except ImportError as error:
        raise UsageError(say.page_needs_packages(error.name)) from error
    return page(report)


def save_report(text: str, batch: Batch, *, to: Path | None = None) -> Path:
    """Write a report to the given path, or next to the results; return the path.

    Raises:
        UsageError: that file belongs to the campaign, was changed since it was written, or cannot be written.
    """
    path = to or batch.results.with_name(f"{batch.results.stem.removesuffix('.results')}.report.html")
    if path.resolve() in {file.resolve() for file in batch.files}:
        raise UsageError(say.of_the_campaign("--to", path))
    if why := unwritable(path):
        raise UsageError(say.unfit_report(path, why=why))
    if to is not None and was_changed(to):
        raise UsageError(say.stays("--to", to))
    try:
        # Only its owner may read it, as the results: it tells about people.
        with replaced(path) if to is None else rewritten(to) as file:
            file.write(text)
    except OSError as error:
        raise UsageError(say.report_unwritable(path, why=error.strerror)) from None
    return path
