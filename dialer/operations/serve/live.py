"""One batch as it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from dialer.config.batch import Batch, locate
from dialer.errors import DialerError
from dialer.operations.serve.history import History, history
from dialer.operations.serve.work_log import ENDED, Work
from dialer.operations.status import Standing, standing

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations.list import Entry
    from dialer.operations.serve.work import Works

_AFTER = timedelta(seconds=60)
"""What is noted later than this after a command's last word is not its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One batch as it goes on.

    Attributes:
        entry: as in the list of batches.
        check: the last check from the page; None where there was none, or the batch was run since.
        work: the command that was started from the page; None where none was, or where another one came after it.
        standing: its figures; None where it was never run, or cannot be read.
        history: of its last calls; None as above.
        trouble: why it cannot be read, in words; empty where it can.
    """

    entry: Entry
    work: Work | None = None
    check: Work | None = None
    standing: Standing | None = None
    history: History | None = None
    trouble: str = ""


def live(entry: Entry, works: Works) -> Live:
    """Return a batch as it goes on."""
    work, check = works.of(entry.id), works.check_of(entry.id)
    found = Live(
        entry=entry,
        work=_current(entry, work),
        check=None if entry.sent or entry.running else check,
        trouble=entry.trouble,
    )
    if not entry.ledger or entry.selection is None or entry.trouble:
        return found
    try:
        batch = batch_of(entry.selection)
        return replace(found, standing=standing(batch), history=history(batch.ledger))
    except DialerError as error:
        return replace(found, trouble=str(error))


def _current(entry: Entry, work: Work | None) -> Work | None:
    """Return a command unless somebody has run the batch in a terminal since."""
    if work is None or work.state != ENDED or work.is_alive:
        return work
    is_over = entry.running or (entry.last is not None and entry.last > work.at + _AFTER)
    return None if is_over else work


def batch_of(selection: Selection) -> Batch:
    """Return a batch's files.

    Raises:
        DialerError: its campaign file is wrong.
    """
    return locate(selection.campaign, recipients=selection.recipients, batch=selection.batch, sandbox=selection.sandbox)
