"""What can be taken along: results, workbook, report, made by commands of their own, so that the page stays quick."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from dialer.errors import UsageError
from dialer.export.results import mark_of
from dialer.messages.operations import serve as say
from dialer.operations.stores import is_begun, place_of
from dialer.store.engines import InDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.messages.commands import Selection

PATIENCE = 900.0
"""Seconds that a workbook of a million rows may take."""


def make_document(selection: Selection, verb: str, *, to: Path) -> None:
    """Make a workbook (`results`) or a report (`report`) of a batch.

    Args:
        selection: the batch.
        verb: which of them.
        to: a new file, which is sent and deleted.

    Raises:
        UsageError: it cannot be made; the message is the command's.
    """
    _make(selection, verb, "--to", str(to), to=to)
    mark_of(to).unlink(missing_ok=True)


def bring_results(batch: Batch) -> None:
    """Have the results of a batch on this machine: those of a database are written again, as other hosts call as well.

    Raises:
        UsageError: there are none, and they cannot be written; the message is the command's.
    """
    if isinstance(place_of(batch), InDatabase) and is_begun(batch):
        _make(batch.selection, "results", to=batch.results)


def _make(selection: Selection, verb: str, *options: str, to: Path) -> None:
    program = [sys.executable, "-P", "-m", "dialer"]
    words = [*program, verb, "--by-page", *map(str, selection.options), *options, "--", str(selection.campaign)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(say.DOCUMENT_TAKES_LONG) from None
    # While a run on this machine writes the results, the command leaves them to it.
    if not to.exists():
        raise UsageError(done.stderr.strip().removeprefix("Error: ") or say.no_document(code=done.returncode))
