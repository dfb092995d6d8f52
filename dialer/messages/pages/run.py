"""How a run ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dialer import provider
from dialer.errors import ExitCode
from dialer.escaping import on_one_line
from dialer.messages.commands import removal_text
from dialer.messages.pages.redials import planned
from dialer.messages.values import duration, plain
from dialer.messages.words import calls_table, counted, first_line, many
from dialer.models import Status
from dialer.moments import to_the_minute
from dialer.operations.outcome import Why

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.messages.commands import Selection
    from dialer.operations import Plan, Summary
    from dialer.operations.outcome import Next


def plan_event(plan: Plan) -> dict[str, Any]:
    """Return what a run is about to do, for a log: no names, nothing of what is said."""
    value = plain(plan)
    kept = ("batch", "to_call", "limited_to", "counts", "agent_id", "rate", "sandbox")
    return {name: value[name] for name in kept} | {"forecast": plain(plan.outlook.forecast)}


_NOT_TRACKED = "The stand-in ended with this run. With --track, a run waits until it knows how each call went."
_STOPPED_FIRST = "The run was stopped before it knew how each call went, and its stand-in ended with it."


def summary_text(summary: Summary, *, selection: Selection, files: Sequence[Path] = ()) -> str:
    """Return how a run ended.

    Args:
        summary: of the run.
        selection: the batch, as it is named on the command line.
        files: of a trial: without them it begins anew.
    """
    lines = [_head(summary)]
    if summary.sent:
        rate = summary.sent / summary.seconds if summary.seconds > 0 else 0.0
        name, held = provider.VENDOR.names.name, ""
        if summary.held >= 1:
            held = f", {duration(summary.held)} of it waiting as {name} asked or while it could not be reached"
        waited = f", after {duration(summary.waited)} of waiting" if summary.waited >= 1 else ""
        lines.append(f"{summary.sent:,} sent in {duration(summary.seconds)} ({rate:.1f}/s{held}){waited}")
    lines += _refused(summary)
    # The calls of a trial that were not looked up never will be.
    if summary.calls and (not selection.sandbox or any(count.asked for count in summary.calls)):
        lines += calls_table(summary.calls)
        is_open = any(count.final in {0, 3} for count in summary.calls)
        if is_open and selection.sandbox:
            lines.append(_not_known(summary))
        elif is_open and summary.next is not None and summary.next.why is not Why.OPEN:
            lines.append(f"To ask how the other calls went: {selection.command('track')}")
    elif summary.calls:
        lines.append(_not_known(summary))
    lines.append(f"results: {', '.join(filter(None, (summary.results, summary.workbook)))}")
    # The command that lifts a single pause is the next one.
    lines += _ended(replace(summary, advice="") if summary.paused and len(summary.pauses) == 1 else summary)
    if not summary.paused:
        lines += [f"{text}." for text in planned(summary.redials)]
        lines += _looks(summary)
    lines += _may_ring(summary, selection)
    if selection.sandbox and not summary.left and not summary.paused and files:
        lines.append(f"This was a trial, no phone rang. To try again from the start: {removal_text(*files)}")
        if summary.in_earnest and summary.next is not None and summary.next.why not in _IN_EARNEST:
            lines.append(f"To call the people in this list for real: {summary.in_earnest}")
    return "\n".join([*lines, *([] if summary.next is None else [_next(summary.next)])])


def _not_known(summary: Summary) -> str:
    """Return why a trial does not know how all its calls went."""
    is_stopped = summary.paused or summary.exit_code is ExitCode.INTERRUPTED
    return _STOPPED_FIRST if is_stopped else _NOT_TRACKED


def _head(summary: Summary) -> str:
    counts = counted(summary.counts)
    if not summary.paused:
        return f"{summary.batch}: {counts}"
    return f"{summary.batch}: paused; {counts}" if any(summary.counts.values()) else f"{summary.batch}: paused"


def _refused(summary: Summary) -> list[str]:
    """Return why rows were refused, the most frequent reason first."""
    if not summary.reasons:
        return []
    rows = [f"  {count:>9,}  {on_one_line(reason)}" for reason, count in summary.reasons.items()]
    more = [f"  {summary.other_reasons:>9,}  more, for other reasons"] if summary.other_reasons else []
    return ["refused, by reason:", *rows, *more]


def _looks(summary: Summary) -> list[str]:
    """Return what needs a person's look."""
    lines = []
    if unknown := summary.counts.get(Status.UNKNOWN):
        lines.append(f"{unknown:,} unknown: may or may not have been called.")
    if invalid := summary.counts.get(Status.INVALID):
        lines.append(f"{invalid:,} invalid, see the `error` column.")
    if summary.left:
        lines.append(f"{many(summary.left, 'is', 'are')} left to be called.")
    return lines


_WHEN = {
    Why.ERRORS: ", when the cause is fixed",
    Why.NOT_REACHED: ", to call again the people who were not reached",
    Why.INVALID: ", when the invalid rows are fixed in the CSV",
    Why.IN_EARNEST: ", to call the people in this list for real",
    Why.NEEDS_AGENT: ", when the agent's id is in the campaign file, to call the people in this list for real",
    Why.OWN_LIST: ", with a list of your own",
    Why.ANY_HOUR: ", to try it now, outside the calling hours",
}
"""What is said before a command that should not be typed without a thought."""
_IN_EARNEST = {Why.IN_EARNEST, Why.NEEDS_AGENT}


def _next(one: Next) -> str:
    at = "" if one.at is None else f", from {to_the_minute(one.at)}"
    return f"Next{_WHEN.get(one.why, '')}{at}: {one.command}"


def stopped_text(summary: Summary) -> str:
    """Return why a run stopped; empty where it did not, also if it leaves people to a later run as it should."""
    by_itself = summary.exit_code in {ExitCode.DONE, ExitCode.LOOK, ExitCode.LEFT} and not summary.advice
    return "" if by_itself else "\n".join([_head(summary), *_ended(summary)])


def _ended(summary: Summary) -> list[str]:
    """Return why a run ended early, what to do, and what could not be recorded."""
    lines = [part for part in (summary.ended, summary.advice) if part]
    if summary.unrecorded:
        lines.append("These were answered but could not be recorded; they will be `unknown`:")
        lines += [f"  {number}: {outcome}" for number, outcome in summary.unrecorded[:20]]
    return lines


def summary_event(summary: Summary) -> dict[str, Any]:
    """Return how a run ended, for a log."""
    return {name: value for name, value in plain(summary).items() if name not in {"unrecorded", "results", "workbook"}}


def overview(summary: Summary) -> str:
    """Return how a run ended in a line."""
    ended = [first_line(summary.ended)] if summary.ended else []
    counts = [counted(summary.counts)] if summary.counts or not summary.paused else []
    return "; ".join([*(["paused"] if summary.paused else []), *counts, *ended, *planned(summary.redials)])


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
    them = "it" if summary.may_ring == 1 else "them"
    return [
        f"{many(summary.may_ring, 'accepted call')} may still ring. To cancel {them}: {selection.command('cancel')}"
    ]
