"""The ledgers of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import command_text
from dialer.messages.words import counted, first_line
from dialer.moments import to_the_second

if TYPE_CHECKING:
    from dialer.operations import Listing
    from dialer.operations.list import Entry


def listing_text(listing: Listing) -> str:
    """Return the ledgers of a workspace, a line each."""
    lines = [f"{listing.workspace}: {len(listing.ledgers)} ledger{'' if len(listing.ledgers) == 1 else 's'}"]
    lines += [f"  {one.ledger}: {_listed(one)}" for one in listing.ledgers]
    if listing.exit_code:
        forget = command_text("list", "--forget", "LEDGER")
        lines.append(f"Bring back what is missing or damaged. If its batch called nobody lately: {forget}")
    return "\n".join(lines)


def _listed(one: Entry) -> str:
    started = "" if one.started is None or one.is_forgotten else f"; last run {to_the_second(one.started)}"
    if one.trouble:
        words = "missing" if one.is_missing else on_one_line(first_line(one.trouble))
        return f"{words}{' (forgotten)' if one.is_forgotten else ''}{started}"
    running = f"; {one.running} is working on it" if one.running else ""
    return f"{counted(one.counts)}{running or started}"
