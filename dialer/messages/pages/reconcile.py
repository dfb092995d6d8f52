"""What came of looking for unknown calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider
from dialer.messages.words import TRIAL_IS_OVER, call_unknown, leave_unknown, many

if TYPE_CHECKING:
    from dialer.messages.commands import Selection
    from dialer.operations.reconcile import Settled


def settled_text(settled: Settled, *, selection: Selection) -> str:
    """Return what came of looking for unknown calls.

    Args:
        settled: what it was.
        selection: the batch, as it is named on the command line.
    """
    found = f"{settled.settled} found at {provider.VENDOR.names.name}"
    left = f"{many(settled.left, 'stays', 'stay')} unknown ({many(settled.read, 'execution')} read)"
    lines = [f"{settled.batch}: {found}, {left}", *settled.notes]
    if settled.left and selection.sandbox:
        lines += [f"{TRIAL_IS_OVER}.", call_unknown(selection)]
    elif settled.left:
        lines += [
            "That a call is not found proves nothing: it may be listed late. Try again in half an hour.",
            call_unknown(selection),
            leave_unknown(settled.left),
        ]
    lines.append(f"results: {settled.results}")
    return "\n".join(lines)
