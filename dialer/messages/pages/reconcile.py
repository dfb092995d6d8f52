"""What came of looking for unclear calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider

if TYPE_CHECKING:
    from dialer.operations.reconcile import Settled


def settled_text(settled: Settled) -> str:
    """Return what came of looking for unclear calls."""
    found = f"{settled.settled} found at {provider.VENDOR.names.name}"
    left = f"{settled.left} stay unknown ({settled.read} executions read)"
    lines = [f"{settled.batch}: {found}, {left}", *settled.notes]
    if settled.left:
        lines.append("That a call is not found proves nothing: it may be listed late. Try again in half an hour.")
    lines.append(f"results: {settled.results}")
    return "\n".join(lines)
