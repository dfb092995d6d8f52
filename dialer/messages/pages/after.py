"""How a run, a look for unclear calls, tracking and a cancellation ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialer.errors import ExitCode
from dialer.messages.values import plain
from dialer.messages.words import calls_table, counted, duration, looks, money
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.messages.commands import Selection
    from dialer.operations import Braking, Cancelled, Summary, Tracked
    from dialer.operations.reconcile import Settled

_LISTED = 20


def summary_text(summary: Summary, *, selection: Selection, more: Sequence[str] = ()) -> str:
    """Return how a run ended.

    Args:
        summary: of the run.
        selection: the batch, as it is named on the command line.
        more: options of the run that goes on with those who are left.
    """
    lines = [f"{summary.batch}: {counted(summary.counts)}"]
    if summary.sent:
        rate = summary.sent / summary.seconds if summary.seconds > 0 else 0.0
        held = (
            f", {duration(summary.held)} of it waiting as Bolna asked or while it could not be reached"
            if summary.held >= 1
            else ""
        )
        waited = f", after {duration(summary.waited)} of waiting" if summary.waited >= 1 else ""
        lines.append(f"{summary.sent:,} sent in {duration(summary.seconds)} ({rate:.1f}/s{held}){waited}")
    if summary.calls:
        lines += calls_table(summary.calls)
    lines.append(f"results: {summary.results}")
    lines += _ended(summary)
    lines += looks(summary.counts, left=summary.left, selection=selection, more=more)
    return "\n".join([*lines, *_may_ring(summary, selection)])


def stopped_text(summary: Summary) -> str:
    """Return why a run stopped; empty where it did not, also if it leaves people to a later run as it should."""
    by_itself = summary.exit_code in {ExitCode.DONE, ExitCode.LOOK, ExitCode.LEFT} and not summary.advice
    return "" if by_itself else "\n".join([f"{summary.batch}: {counted(summary.counts)}", *_ended(summary)])


def _ended(summary: Summary) -> list[str]:
    """Return why a run ended early, what to do, and what could not be recorded."""
    lines = [part for part in (summary.ended, summary.advice) if part]
    if summary.unrecorded:
        lines.append("These were answered but could not be recorded; they will be `unknown`:")
        lines += [f"  {number}: {outcome}" for number, outcome in summary.unrecorded[:20]]
    return lines


def summary_event(summary: Summary) -> dict[str, Any]:
    """Return how a run ended, for a log."""
    return {name: value for name, value in plain(summary).items() if name not in {"unrecorded", "results"}}


def overview(summary: Summary) -> str:
    """Return how a run ended in a line."""
    ended = f"; {summary.ended.splitlines()[0].rstrip(':')}" if summary.ended else ""
    return f"{counted(summary.counts)}{ended}"


def overview_text(done: Sequence[tuple[str, int | None, str]]) -> str:
    """Return how several campaigns ended, a line each.

    Args:
        done: campaign file, its exit code (None where it was not begun), and how it ended in words.
    """
    lines = (
        f"{name}: not begun" if code is None else f"{name}: exit {int(code)}: {words}" for name, code, words in done
    )
    return "\n".join(["All:", *(f"  {line}" for line in lines)])


def _may_ring(summary: Summary, selection: Selection) -> list[str]:
    # The calls of a trial ended with the stand-in that took them.
    if not summary.may_ring or selection.sandbox:
        return []
    return [f"{summary.may_ring:,} accepted calls may still ring. To cancel them: {selection.command('cancel')}"]


def settled_text(settled: Settled) -> str:
    """Return what came of looking for unclear calls."""
    found = f"{settled.settled} found at Bolna, {settled.left} stay unknown ({settled.read} executions read)"
    lines = [f"{settled.batch}: {found}", *settled.notes]
    if settled.left:
        lines.append("That a call is not found proves nothing: it may be listed late. Try again in half an hour.")
    lines.append(f"results: {settled.results}")
    return "\n".join(lines)


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
        lines.append(f"Not all could be read: {tracked.trouble}")
    lines += tracked.notes
    if tracked.open:
        lines.append(f"{tracked.open:,} are not final. To ask again: {selection.command('track', '--watch')}")
    return "\n".join(lines)


def braking_text(braking: Braking) -> str:
    """Return what is about to be cancelled."""
    stop = f"{braking.running} is working on {braking.batch} and will be stopped. " if braking.running else ""
    return f"{stop}{braking.calls:,} accepted calls of {braking.batch} may still ring, as far as is known."


def cancelled_text(cancelled: Cancelled, *, selection: Selection) -> str:
    """Return what came of cancelling.

    Args:
        cancelled: what came of it.
        selection: the batch, as it is named on the command line.
    """
    command = selection.command("cancel")
    lines = [f"{cancelled.batch}: {cancelled.stopped:,} calls are stopped and will not ring."]
    if cancelled.over:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(cancelled.over.items()))
        lines.append(f"{sum(cancelled.over.values()):,} were over already: {each}.")
    if cancelled.going_on:
        lines.append(f"{len(cancelled.going_on):,} could not be stopped and go on:")
        lines += [f"  {one.number}  {one.status or 'not known'}: {one.words}" for one in cancelled.going_on[:_LISTED]]
        if len(cancelled.going_on) > _LISTED:
            lines.append(f"  ... and {len(cancelled.going_on) - _LISTED:,} more (-o json has them all)")
    if cancelled.left:
        lines.append(f"{cancelled.left:,} are left and may ring. To go on: {command}")
    if cancelled.unknown:
        lines.append(
            f"{cancelled.unknown:,} are unknown: nobody knows whether they were called, so they may ring as well. "
            f"Again in a while: {command}"
        )
    if cancelled.stopped:
        again = selection.command("run", "--redial", CallState.STOPPED)
        lines.append(f"No run calls them by itself. To call them after all: {again}")
    return "\n".join([*lines, *cancelled.notes, f"results: {cancelled.results}"])
