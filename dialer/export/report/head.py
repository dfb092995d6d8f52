"""The head of a report, and its last words: whose calls they were, when, and what the words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.export import head as say
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.export.report.figures import Report


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Return whose calls they were, in pairs of a name and what it is; nothing of what is not known."""
    return tuple(_facts(report))


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    who = report.callers
    if who.agent:
        yield say.AGENT, say.agents(who.agent, who.other_agents)
    if who.numbers or who.chosen:
        yield say.CALLER, say.callers(who.numbers, who.other_numbers, chosen=who.chosen, names=VENDOR.names)
    if report.first is not None and report.last is not None:
        yield say.CALLED, say.between(report.first, report.last, report.zone)
    yield say.LIST, report.recipients
    if report.currency is not None:
        yield say.COSTS, report.currency
    yield say.MADE, say.at(report.made_at, report.zone)


def flags(report: Report) -> Sequence[str]:
    """Return what has to be known before anything else is read."""
    words = [] if report.requests else [say.NOBODY_CALLED]
    words += [say.rehearsal(VENDOR.names)] if report.rehearsal else []
    words += [say.RUNNING] if report.running else []
    return words + ([say.not_asked(VENDOR.names)] if report.calls and not report.tracked else [])


def glossary(report: Report) -> Sequence[tuple[str, str]]:
    """Return what the words mean."""
    return say.glossary(VENDOR.names, wanted=report.funnel.wanted is not None, masked=report.masked)
