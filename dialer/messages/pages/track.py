"""How the accepted calls went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.operations.redial import went_with_stand_in
from dialer.messages.values import duration, money
from dialer.messages.words import calls_table, many

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations import Tracked


def tracked_text(tracked: Tracked, *, selection: Selection) -> str:
    """Return what has become of the accepted calls.

    Args:
        tracked: of the tracking.
        selection: the batch, as it is named on the command line.
    """
    head, *rows = calls_table(tracked.counts)
    lines = [f"{tracked.batch}: {head}", *rows]
    seconds, cost = (sum(getattr(count, name) for count in tracked.counts) for name in ("seconds", "cost"))
    if seconds or cost:
        lines.append(f"{duration(seconds)} talked, cost {money(cost, tracked.currency)}")
    lines.append(f"results: {tracked.results}")
    lines += [f"{tracked.stopped}."] if tracked.stopped else []
    if tracked.trouble:
        lines.append(f"Some calls could not be read: {tracked.trouble}")
    lines += tracked.notes
    if tracked.gone:
        lines.append(f"{went_with_stand_in(tracked.gone)}. With --track, a trial waits until its calls have ended.")
    if tracked.open:
        still_open = many(tracked.open, "call is", "calls are")
        lines.append(f"{still_open} still open. To ask again: {selection.command('track', '--watch')}")
    return "\n".join(lines)
