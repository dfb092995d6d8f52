"""What happened to a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider
from dialer.escaping import on_one_line
from dialer.messages.operations.redial import decided
from dialer.messages.pages.dnc import entry_text
from dialer.messages.values import duration, money
from dialer.messages.words import NOT_ASKED, many
from dialer.moments import shown as by_clock
from dialer.moments import to_the_second

if TYPE_CHECKING:
    from datetime import datetime

    from dialer.operations import Shown
    from dialer.operations.show import Found
    from dialer.store import Person, Trace


def shown_text(shown: Shown) -> str:
    """Return every attempt at a number."""
    attempts = sum(len(person.attempts) for found in shown.found for person in found.people)
    lines = [f"{shown.number}: {many(attempts, 'attempt')}, in {many(shown.ledgers, 'ledger')}"]
    for entry in shown.listed:
        on = "on" if entry.is_in_force else "no longer on"
        lines.append(f"{on} the do-not-call list of the workspace: {entry_text(entry)}")
    for found in shown.found:
        trial = " (a trial: no phone rang)" if found.is_trial else ""
        lines.append(f"{found.ledger}: batch {found.batch}, agent {found.agent}{trial}")
        for person in found.people:
            lines += _person(person, found, currency=shown.currency)
    return "\n".join(lines)


def _person(person: Person, found: Found, *, currency: str | None) -> list[str]:
    """Return what happened to one person.

    Args:
        person: who.
        found: what its ledger says besides.
        currency: of the costs; None where it is not known.
    """
    who = f"  {person.key}: " if person.key else "  "
    events = [(at, decided(what)) for at, what in person.decisions]
    events += [(trace.at, _attempt(trace, found, currency)) for trace in person.attempts]
    reason = f", {on_one_line(person.reason)}" if person.reason else ""
    return [f"{who}{person.status}{reason}"] + [f"    {_at(at, found)}  {words}" for at, words in sorted(events)]


def _at(moment: datetime, found: Found) -> str:
    return to_the_second(by_clock(moment, found.timezone or None))


def _attempt(trace: Trace, found: Found, currency: str | None) -> str:
    status = f"HTTP {trace.http_status}" if trace.http_status else ""
    answer = ", ".join(filter(None, (status, trace.source, trace.words)))
    parts = [f"{trace.outcome or 'sending'}{f' ({answer})' if answer else ''}"]
    if trace.agent not in {"", found.agent}:
        parts.append(f"agent {trace.agent}")
    if trace.execution_id:
        parts += [f"execution {trace.execution_id}", _call(trace, found, currency)]
    return "; ".join(parts)


def _call(trace: Trace, found: Found, currency: str | None) -> str:
    if trace.asked_at is None:
        return f"how it went: {NOT_ASKED}"
    talked = duration(trace.duration) if trace.duration else ""
    cost = f"cost {money(trace.cost, currency)}" if trace.cost else ""
    by = f"ended by {trace.hangup_by}" if trace.hangup_by else ""
    why = trace.error_message or trace.termination_reason or trace.hangup_reason
    as_of = "" if trace.final else f"as of {_at(trace.asked_at, found)}"
    parts = (
        trace.call or f"not known to {provider.VENDOR.names.name}",
        talked,
        cost,
        by,
        why,
        trace.recording_url,
        as_of,
    )
    return ", ".join(filter(None, parts))
