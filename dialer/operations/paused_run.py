"""How a paused run ends."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.errors import DialerError, ExitCode
from dialer.messages import pause as say
from dialer.models import Status
from dialer.operations.outcome import Next, Summary, Why
from dialer.operations.paused import by_clock, lift_commands, words_of
from dialer.operations.stores import read_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.config.batch import Batch
    from dialer.store.shared import Pause


def paused_summary(batch: Batch, pauses: Sequence[Pause], *, words: str = "") -> Summary:
    """Return how a paused run ends.

    Args:
        batch: which one; nothing of it is changed.
        pauses: what holds it.
        words: why, where the pause is over by now.
    """
    counts = _counts(batch)
    ended, advice = ending(batch, pauses, words=words)
    return Summary(
        batch=batch.name,
        results=str(batch.results),
        counts=counts,
        sent=0,
        seconds=0.0,
        held=0.0,
        waited=0.0,
        left=counts.get(Status.PENDING, 0),
        exit_code=ExitCode.LEFT,
        ended=ended,
        advice=advice,
        paused=True,
        pauses=tuple(pauses),
        next=next_after(batch, pauses),
    )


def next_after(batch: Batch, pauses: Sequence[Pause]) -> Next:
    """Return the command that lifts the first pause, or goes on where none is in force any more."""
    lift = lift_commands(batch.selection, pauses, sandbox=batch.selection.sandbox)
    return Next(lift[0], Why.PAUSED) if lift else Next(batch.selection.command("run"), Why.LEFT)


def ending(batch: Batch, pauses: Sequence[Pause], *, words: str) -> tuple[str, str]:
    """Return who paused it, and how to continue."""
    ended = "\n".join(f"{words_of(by_clock(pause, batch.timezone))}." for pause in pauses) or f"{words}."
    if not pauses:
        return ended, say.over_by_now(batch.selection.command("run"))
    return ended, say.to_go_on(lift_commands(batch.selection, pauses, sandbox=batch.selection.sandbox))


def _counts(batch: Batch) -> Mapping[Status, int]:
    with contextlib.suppress(DialerError), contextlib.closing(read_store(batch)) as ledger:
        return {status: count for status, count in ledger.counts().items() if count}
    return {}
