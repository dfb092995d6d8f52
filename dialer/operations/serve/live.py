"""One batch, live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from dialer.config.batch import Batch, locate
from dialer.errors import DialerError
from dialer.operations.list import RUNNING_LASTS, SETTLED_LASTS
from dialer.operations.serve.history import History, history
from dialer.operations.serve.work_log import ENDED, Work, with_list_name
from dialer.operations.status import Standing, standing
from dialer.operations.stores import place_of

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations.entries import Entry
    from dialer.operations.memory import Memory
    from dialer.operations.serve.work import Works

_AFTER = timedelta(seconds=60)
"""What is noted later than this after a command's last word is not its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the ledger of a batch tells.

    Attributes:
        standing: as `status` shows it; None where it cannot be read.
        history: of its last calls; None as above.
        trouble: why it cannot be read, in words; empty where it can.
    """

    standing: Standing | None = None
    history: History | None = None
    trouble: str = ""


NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One batch, live.

    Attributes:
        entry: as in the list of batches.
        work: the command that was started from the page; None where none was, or where another one came after it.
        check: the last check from the page; None where there was none, or the batch was run since.
        figures: what its ledger tells; nothing where it was never run.
        same_list: the other batches that have the same list, where it has come over the page and was never run.
    """

    entry: Entry
    work: Work | None
    check: Work | None
    figures: Figures
    same_list: tuple[Entry, ...] = ()


def live(entry: Entry, works: Works, memory: Memory) -> Live:
    """Return a batch as it goes on.

    Args:
        entry: as in the list of batches.
        works: what was started from the page.
        memory: of figures: of a ledger that goes on they are looked up once a second at most.
    """
    return Live(
        entry=entry,
        work=_named(entry, _current(entry, works.of(entry.id))),
        check=None if entry.sent or entry.running else _named(entry, works.check_of(entry.id)),
        figures=_figures(entry, memory),
    )


def _figures(entry: Entry, memory: Memory) -> Figures:
    is_known = entry.selection is not None or entry.files is not None
    if not entry.ledger or not is_known or entry.trouble:
        return Figures(trouble=entry.trouble) if entry.trouble else NO_FIGURES
    return memory.recall(
        ("figures", entry.id),
        lambda: _looked_up(entry),
        lasts=lambda _: RUNNING_LASTS if entry.running else SETTLED_LASTS,
        signature=entry,
    )


def _looked_up(entry: Entry) -> Figures:
    try:
        batch = files_of(entry)
        # A large ledger is counted once for the list and the page.
        return Figures(standing=standing(batch, pulse=entry.pulse), history=history(place_of(batch)))
    except DialerError as error:
        return Figures(trouble=str(error))


def _current(entry: Entry, work: Work | None) -> Work | None:
    """Return a command unless somebody has run the batch in a terminal since."""
    if work is None or work.state != ENDED or work.is_alive:
        return work
    is_over = entry.running or (entry.last is not None and entry.last > work.at + _AFTER)
    return None if is_over else work


def _named(entry: Entry, work: Work | None) -> Work | None:
    """Return a command that calls an uploaded list as its sender did."""
    path = None if entry.selection is None else entry.selection.recipients
    if work is None or path is None or not entry.list_name:
        return work
    return with_list_name(work, str(path), entry.list_name)


def files_of(entry: Entry) -> Batch:
    """Return a batch's files; where its campaign file cannot be used, as its last run has noted them.

    Raises:
        DialerError: its campaign file is wrong, and they are not known.
    """
    if entry.files is not None:
        return entry.files
    assert entry.selection is not None
    return batch_of(entry.selection)


def batch_of(selection: Selection) -> Batch:
    """Return a batch's files.

    Raises:
        DialerError: its campaign file is wrong.
    """
    return locate(selection.campaign, recipients=selection.recipients, batch=selection.batch, sandbox=selection.sandbox)
