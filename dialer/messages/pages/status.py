"""Where batches stand, and what happened to a number, in words for a person who glances at it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import command_text
from dialer.messages.words import ORDER, calls_line, calls_table, counted, duration, looks, money
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.messages.commands import Selection
    from dialer.operations import Listing, Shown, Standing
    from dialer.operations.backup import Saved
    from dialer.operations.list_batches import Entry
    from dialer.store import Person, Trace


def standing_text(standings: Sequence[tuple[Standing, Selection]]) -> str:
    """Return where batches stand: a table of one, a line each of several.

    Args:
        standings: each with its batch as it is named on the command line.
    """
    if len(standings) > 1:
        return "\n".join(_line(one) for one, _ in standings)
    ((one, selection),) = standings
    return "\n".join(_table(one, selection))


def _line(one: Standing) -> str:
    parts = [counted(one.counts)]
    if one.calls:
        parts.append(calls_line(one.calls))
    if one.running:
        parts.append(_pace(one) or "running")
    return f"{one.batch}: {'; '.join(parts)}"


def _table(one: Standing, selection: Selection) -> list[str]:
    lines = [f"{one.batch}: {one.total:,} rows" + (f"; {one.running} is working on it" if one.running else "")]
    lines += [
        f"  {status:<18} {one.counts[status]:>9,}  {one.counts[status] / one.total:6.1%}"
        for status in ORDER
        if one.counts.get(status)
    ]
    if one.calls:
        lines += calls_table(one.calls)
    if one.talked:
        lines.append(f"{duration(one.talked)} talked, cost {money(one.cost, one.workspace.currency)}")
    if one.held:
        lines.append(f"sending stands still for {duration(one.held)}: {one.held_for}")
    if one.running and (pace := _pace(one)):
        lines.append(pace)
    if one.last is not None:
        lines.append(f"last attempt {_second(one.last)}{_ago(one.last)}")
    lines.append(f"results: {one.results}")
    return [*lines, *_to_do(one, selection)]


def _ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    # By the minute, so that a text that is shown again and again stays the same while nothing happens.
    return f", {duration(seconds)} ago" if seconds >= 60 else ""  # noqa: PLR2004 - seconds of a minute


def _pace(one: Standing) -> str:
    if not (one.per_minute and one.counts.get(Status.PENDING)):
        return ""
    left = "" if not one.left else f", about {duration(one.left)} until all are sent"
    return f"{one.per_minute:,.0f} a minute{left}"


def _to_do(one: Standing, selection: Selection) -> list[str]:
    """Return what a person may want to do now; whoever is working on it does not need them."""
    if one.running:
        return []
    lines = looks(one.counts, left=one.counts.get(Status.PENDING, 0), selection=selection)
    # A trial's calls are gone with the stand-in that took them.
    if one.open and not selection.sandbox:
        lines.append(f"{one.open:,} calls are not over, as far as is known. To ask: {selection.command('track')}")
    return lines


def saved_text(saved: Saved) -> str:
    """Return what was saved where, and what was not."""
    lines = [f"{len(saved.files):,} file{'' if len(saved.files) == 1 else 's'} saved in {saved.folder}:"]
    lines += [f"  {path} -> {copy}" for path, copy in saved.files.items()]
    lines += [f"Not saved: {path}\n  {why}" for path, why in saved.failed.items()]
    return "\n".join([*lines, "Not in a backup: lists of people, results, and the key in .env."])


def listing_text(listing: Listing) -> str:
    """Return the ledgers of a workspace, a line each."""
    lines = [f"{listing.workspace}: {len(listing.ledgers)} ledger{'' if len(listing.ledgers) == 1 else 's'}"]
    lines += [f"  {one.ledger}: {_listed(one)}" for one in listing.ledgers]
    if listing.exit_code:
        forget = command_text("list", "--forget", "LEDGER")
        lines.append(f"Bring back what is missing or damaged. If its batch called nobody lately: {forget}")
    return "\n".join(lines)


def _listed(one: Entry) -> str:
    started = "" if one.started is None or one.is_forgotten else f"; last run {_second(one.started)}"
    if one.trouble:
        words = "missing" if one.is_missing else on_one_line(one.trouble.splitlines()[0])
        return f"{words}{' (forgotten)' if one.is_forgotten else ''}{started}"
    running = f"; {one.running} is working on it" if one.running else ""
    return f"{counted(one.counts)}{running or started}"


def shown_text(shown: Shown) -> str:
    """Return every attempt at a number."""
    attempts = sum(len(person.attempts) for found in shown.found for person in found.people)
    lines = [f"{shown.number}: {attempts} attempts, in {shown.ledgers} ledgers"]
    for found in shown.found:
        trial = " (a trial: no phone rang)" if found.is_trial else ""
        lines.append(f"{found.ledger}: batch {found.batch}, agent {found.agent}{trial}")
        for person in found.people:
            lines += _person(person)
    return "\n".join(lines)


def _person(person: Person) -> list[str]:
    who = f"  {person.key}: " if person.key else "  "
    events = [(at, f"asked to be called again: {what}") for at, what in person.decisions]
    events += [(trace.at, _attempt(trace)) for trace in person.attempts]
    reason = f", {on_one_line(person.reason)}" if person.reason else ""
    return [f"{who}{person.status}{reason}"] + [f"    {_second(at)}  {words}" for at, words in sorted(events)]


def _attempt(trace: Trace) -> str:
    status = f"HTTP {trace.http_status}" if trace.http_status else ""
    told = ", ".join(filter(None, (status, trace.source, trace.words)))
    parts = [f"{trace.outcome or 'sending'}{f' ({told})' if told else ''}"]
    if trace.execution_id:
        parts += [f"execution {trace.execution_id}", _call(trace)]
    return "; ".join(parts)


def _call(trace: Trace) -> str:
    if trace.asked_at is None:
        return "how it went was not asked"
    talked = duration(trace.duration) if trace.duration else ""
    by = f"ended by {trace.hangup_by}" if trace.hangup_by else ""
    why = trace.hangup_reason or trace.error_message or trace.termination_reason
    as_of = "" if trace.final else f"as of {_second(trace.asked_at)}"
    parts = (trace.call or "not known to Bolna", talked, by, why, trace.recording_url, as_of)
    return ", ".join(filter(None, parts))


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
