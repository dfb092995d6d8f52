"""One batch as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.config.batch import Batch, locate
from dialer.errors import DialerError
from dialer.operations.status import Standing, standing

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations.list import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One batch as it goes on.

    Attributes:
        entry: as in the list of batches.
        standing: its figures; None where it was never run, or cannot be read.
        trouble: why it cannot be read, in words; empty where it can.
    """

    entry: Entry
    standing: Standing | None = None
    trouble: str = ""


def live(entry: Entry) -> Live:
    """Return a batch as it goes on."""
    if not entry.ledger or entry.selection is None or entry.trouble:
        return Live(entry=entry, trouble=entry.trouble)
    try:
        return Live(entry=entry, standing=standing(batch_of(entry.selection)))
    except DialerError as error:
        return Live(entry=entry, trouble=str(error))


def batch_of(selection: Selection) -> Batch:
    """Return a batch's files.

    Raises:
        DialerError: its campaign file is wrong.
    """
    return locate(selection.campaign, recipients=selection.recipients, batch=selection.batch, sandbox=selection.sandbox)
