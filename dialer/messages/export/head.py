"""What stands at the head of a report: who called, when, and whose list; and what its words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.export import report as terms
from dialer.messages.export.figures import moment
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dialer.messages.names import ProviderNames

NOBODY_CALLED = "No one was called yet."
RUNNING = "A run was going on when this was made: the figures may have changed since."
AGENT, CALLER, CALLED, LIST, COSTS, MADE = "Agent", "Caller number", "Called", "List", "Costs in", "Made"


def rehearsal(names: ProviderNames) -> str:
    return f"A rehearsal against the stand-in for {names.name}: no phone rang."


def not_asked(names: ProviderNames) -> str:
    return f"How the calls went is not known: {names.name} was not asked yet."


def agents(name: str, others: int) -> str:
    return f"{name} and {many(others, 'other agent')}" if others else name


def callers(numbers: Sequence[str], others: int, *, chosen: bool, names: ProviderNames) -> str:
    """Return from which numbers people were called."""
    words = [", ".join(numbers) + (f" and {others:,} more" if others else "")] if numbers else []
    return "; ".join((*words, *([f"chosen by {names.name}"] if chosen else [])))


def between(first: datetime, last: datetime, zone: str) -> str:
    return f"{moment(first)} to {moment(last)}, {zone}"


def at(moment_: datetime, zone: str) -> str:
    return f"{moment(moment_)}, {zone}"


def glossary(names: ProviderNames, *, wanted: bool, masked: bool) -> list[tuple[str, str]]:
    """Return terms, and what they mean."""
    return [
        (
            terms.CALLABLE,
            "A row with a valid number: not a duplicate, not on a do-not-call list, not left out by a cell.",
        ),
        (terms.SENT, f"A call was asked for: {names.name} accepted it, refused it, or the call is unknown."),
        (terms.ACCEPTED, f"{names.name} took the call. It rings when a line is free."),
        (terms.REACHED_, "A person answered: the call is completed, no machine answered, and they talked."),
        *([(terms.WANTED, "Reached, and they gave the answer that the campaign is made for.")] if wanted else []),
        ("Voicemail", "A machine answered."),
        ("Still open", "The call waits, rings or goes on, as far as is known. A call that never ends is given up."),
        *([("Numbers", terms.HIDDEN)] if masked else []),
    ]
