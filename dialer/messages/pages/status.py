"""Where batches stand, for a person who glances at it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer import provider
from dialer.escaping import on_one_line
from dialer.messages import progress
from dialer.messages.pages.last_run import why_stopped
from dialer.messages.pages.redials import planned
from dialer.messages.pages.set import settings_text
from dialer.messages.values import duration, money
from dialer.messages.words import ORDER, calls_line, calls_table, counted, first_line, looks, many
from dialer.models import Status
from dialer.moments import to_the_second
from dialer.operations.paused import words_of
from dialer.operations.status import NotShown, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.messages.commands import Selection

_OLD = 10.0
"""Seconds after which it is said of a run's own figures how old they are."""


def standing_text(standings: Sequence[tuple[Standing | NotShown, Selection]]) -> str:
    """Return where batches stand: a table of one, a line each of several.

    Args:
        standings: each with its batch as it is named on the command line.
    """
    if len(standings) == 1 and isinstance(standings[0][0], Standing):
        return "\n".join(_table(standings[0][0], standings[0][1]))
    return "\n".join(_line(one, selection) for one, selection in standings)


def _line(one: Standing | NotShown, selection: Selection) -> str:
    if isinstance(one, NotShown):
        trial = f". There is a trial: {selection.as_trial().command('status')}" if one.has_trial else ""
        return f"{one.batch}: {one.state}{f': {on_one_line(first_line(one.error))}' if one.error else trial}"
    parts = [counted(one.counts)]
    if one.calls:
        parts.append(calls_line(one.calls))
    if one.running:
        parts.append(_going(one) or "running")
    parts += [words_of(pause) for pause in one.pauses]
    parts += [] if one.stopped is None else [f"stopped: {why_stopped(one.stopped)}"]
    return f"{one.batch}: {'; '.join(parts)}"


def _table(one: Standing, selection: Selection) -> list[str]:
    lines = [f"{one.batch}: {many(one.total, 'row')}" + (f"; {one.running} is working on it" if one.running else "")]
    lines += [f"{words_of(pause)}." for pause in one.pauses]
    if one.stopped is not None:
        lines.append(f"Stopped: {why_stopped(one.stopped)}.")
    if one.running and (going := _going(one)):
        lines.append(going)
    lines += [
        f"  {status:<18} {one.counts[status]:>9,}  {one.counts[status] / one.total:6.1%}{_most(one, status)}"
        for status in ORDER
        if one.counts.get(status)
    ]
    if one.calls:
        head, *rows = calls_table(one.calls)
        lines += [head if one.reached is None else f"{head}, {many(one.reached, 'person', 'people')} reached", *rows]
    if one.talked:
        lines.append(f"{duration(one.talked)} talked, cost {money(one.cost, one.workspace.currency)}")
    if one.held:
        lines.append(f"sending stands still for {duration(one.held)}: {one.held_for}")
    if one.changed is not None:
        lines.append(f"changed while it runs, to {settings_text(one.changed.rate, one.changed.lines)}")
    if one.last is not None:
        lines.append(f"last attempt {to_the_second(one.last)}{_ago(one.last)}")
    if one.workspace.lines is not None:
        lines.append(f"lines: {one.workspace.lines:,} for all batches in {one.workspace.folder}")
    lines.append(f"results: {one.results}")
    return [*lines, *_to_do(one, selection)]


def ago(moment: datetime) -> str:
    """Return how long ago something was, in one unit: `now`, `5 min ago`, `3 h ago`, `2 d ago`."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    units = ((86_400, "d"), (3600, "h"), (60, "min"))
    return next((f"{seconds // size:.0f} {unit} ago" for size, unit in units if seconds >= size), "now")


def _ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    # By the minute, so that a text that is shown again and again stays the same while nothing happens.
    minutes = seconds // 60
    return f", {duration(minutes * 60)} ago" if minutes else ""


def _most(one: Standing, status: Status) -> str:
    """Return why most of the refused rows were, and that a call that was taken need not wait any more."""
    if status is Status.QUEUED and one.calls:
        return f"  taken by {provider.VENDOR.names.name}; how these calls went is below"
    return f"  most: {on_one_line(one.refused_for)}" if status is Status.ERROR and one.refused_for else ""


def _going(one: Standing) -> str:
    """Return how far the run is that goes on, as that shows it itself."""
    run = one.progress
    if run is None:
        return _pace(one)
    age = (datetime.now(UTC) - run.at).total_seconds()
    parts = [
        progress.done(run.done, among=run.to_call),
        progress.rate(one.per_minute * run.rate_per_seconds / 60, per=run.rate_per_seconds),
        progress.lines(run.live, most=run.lines),
        progress.ends(run.ends_at),
        f"{duration(age)} ago" if age >= _OLD else "",
    ]
    return f"this run: {', '.join(filter(None, parts))}"


def _pace(one: Standing) -> str:
    if not (one.per_minute and one.counts.get(Status.PENDING)):
        return ""
    left = "" if not one.left else f", about {duration(one.left)} until all are sent"
    return f"{one.per_minute:,.0f} a minute{left}"


def _to_do(one: Standing, selection: Selection) -> list[str]:
    """Return what a person may want to do now; while a run works on it, nothing."""
    if one.running:
        return []
    selection = selection.at_any_hour() if one.any_hour else selection
    lines = looks(one.counts, left=one.counts.get(Status.PENDING, 0), selection=selection)
    lines += [f"{text}." for text in planned(one.redials)]
    # A trial's calls are gone with the stand-in that took them.
    if one.open and not selection.sandbox:
        lines.append(
            f"{many(one.open, 'call is', 'calls are')} still open. To ask how they went: {selection.command('track')}"
        )
    return lines
