"""Plans, checks, summaries and standings in words, and as JSON for scripts."""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialer import moments
from dialer.models import Status
from dialer.progress import NOT_KNOWN, calls_head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.models import CallCount
    from dialer.screening import Example, Report
    from dialer.session import Braking, Cancelled, Check, Plan, Summary, Tracked
    from dialer.session.outlook import Outlook
    from dialer.session.settle import Settled
    from dialer.session.spoken import Found
    from dialer.session.timing import Timing

ORDER = (
    *(Status.QUEUED, Status.ERROR, Status.UNKNOWN, Status.PENDING, Status.SENDING),
    *(Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED),
)
_WIDE = 100
MOSTLY = 0.5
"""When more than so many of the rows repeat a number, it may be the wrong column."""
_MOMENTS = 5
"""So many openings are told one by one."""
_CALL_NOTES = {0: "  not final", 1: "", 2: "  never ended, given up"}
_LISTED = 20


def plain(value: Any) -> Any:  # noqa: ANN401 - any of our values
    """Return a value as JSON has it: dataclasses as objects, moments in ISO 8601, exit codes as numbers."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, IntEnum):
        return int(value)
    return str(value) if isinstance(value, Path) else value


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Return a value as JSON; without an indent on one line."""
    return json.dumps(plain(value), ensure_ascii=False, indent=indent)


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    whole = math.ceil(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{whole} s"
    hours, minutes = divmod(math.ceil(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def counted(counts: Mapping[Status, int]) -> str:
    """Return counts by state in one line."""
    return ", ".join(f"{counts[status]:,} {status}" for status in ORDER if counts.get(status)) or "nobody"


def plan_text(plan: Plan) -> str:
    """Return what a run is about to do."""
    counts = plan.counts
    called = counts.get(Status.QUEUED, 0)
    lines = []
    if called:
        last = f" (last on {plan.called_last:%Y-%m-%d %H:%M} UTC)" if plan.called_last else ""
        lines.append(f"{called:,} of {sum(counts.values()):,} are already called{last} and are skipped.")
    skipped = {
        status: counts.get(status, 0)
        for status in (Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED, Status.ERROR, Status.UNKNOWN)
    }
    if any(skipped.values()):
        lines.append(f"Not called: {counted(skipped)}.")
    if plan.redialled:
        lines.append(f"{len(plan.redialled):,} of them may have been called already and are called again.")
    if plan.once_more:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in plan.once_more.items())
        lines.append(f"{sum(plan.once_more.values()):,} were called before and are called once more: {each}.")
    if not plan.to_call:
        timing = plan.outlook.timing
        over = timing_lines(timing, rate=plan.rate) if timing is not None and timing.is_over else []
        lines += over or ["Nobody is left to be called."]
        return "\n".join(lines)
    limited = f" (--limit; {counts.get(Status.PENDING, 0):,} could be)" if plan.limited_to is not None else ""
    lines.append(f"{plan.to_call:,} of {plan.recipients} will be called{limited}, by {_agent(plan)}.")
    lines += outlook_lines(plan.outlook, rate=plan.rate, sandbox=plan.sandbox)
    return "\n".join(lines)


def _agent(plan: Plan) -> str:
    return (
        f"agent {plan.outlook.agent_name!r} ({plan.agent_id})" if plan.outlook.agent_name else f"agent {plan.agent_id}"
    )


def outlook_lines(view: Outlook, *, rate: str, sandbox: bool = False) -> list[str]:
    """Return what is to be expected of a run, and what is doubtful."""
    foretold = view.forecast
    live = "" if foretold.live is None else f", at most {foretold.live:,} of the calls being live at once"
    lines = [f"Sending takes about {duration(foretold.sending)} at {rate}{live}."]
    if foretold.calling is not None:
        like = f" like the last {view.talk.calls:,}" if view.talk.is_enough else ""
        each = f"{foretold.at_once:,} lines, {duration(foretold.average)} a call{like}"
        lines.append(
            f"The calls take about {duration(foretold.calling)} ({each}), until {foretold.ends_at:%Y-%m-%d %H:%M} UTC."
        )
    lines += [] if view.timing is None else timing_lines(view.timing, rate=rate)
    if foretold.cost is not None:
        lines.append(f"They cost about {foretold.cost:,.2f} at the campaign's cost_per_minute.")
    if sandbox:
        lines.append("This is the sandbox: no phone rings.")
    elif view.account is not None:
        wallet = "" if view.account.wallet is None else f"wallet {view.account.wallet:g}"
        owner = view.account.email or view.account.name
        lines.append(
            f"Account: {', '.join(filter(None, (owner, wallet)))} (as Bolna gives it; the unit is not documented)."
        )
    lines += [f"The first will hear: {text!r}" for text in view.welcome[:1]]
    lines += [f"Warning: {text}." for text in view.warnings]
    if view.unused:
        lines.append(f"The prompt never asks for: {', '.join(view.unused)}.")
    return [*lines, *(f"Note: {note}." for note in view.notes)]


def timing_lines(timing: Timing, *, rate: str) -> list[str]:
    """Return when people can be called, and who will be cut off."""
    lines = []
    if timing.is_over and timing.ends is not None:
        return [f"The schedule ended at {moments.told(timing.ends)}: nobody is called any more."]
    if timing.begins is not None:
        lines.append(f"The schedule begins at {moments.told(timing.begins)}; nobody is called before.")
    when = "then" if timing.begins is not None else "now"
    rest = "waited for" if timing.waits else "left for a later run"
    if timing.later or timing.closed:
        outside = sum(count for _, count in timing.later) + timing.closed
        lines.append(f"{timing.now:,} can be called {when}; {outside:,} are outside their calling hours and {rest}:")
        lines += [f"  {count:,} from {moments.told(at)}" for at, count in timing.later[:_MOMENTS]]
        later = sum(count for _, count in timing.later[_MOMENTS:])
        lines += [f"  {later:,} later"] if later else []
        lines += [f"  {timing.closed:,} not within the next two weeks"] if timing.closed else []
    if timing.elsewhere:
        lines.append(f"{timing.elsewhere:,} were called by another batch lately and are left out for now.")
    end = f" or {moments.told(timing.ends)}" if timing.ends is not None else ""
    if timing.too_many:
        lines.append(f"About {timing.too_many:,} will not fit before the end of their hours{end}, at {rate}.")
    elif timing.too_many_on_lines:
        lines.append(
            f"About {timing.too_many_on_lines:,} phones will ring after the end of their hours{end}: the account has "
            f"too few lines for this rate."
        )
    return lines


def summary_text(summary: Summary, *, command: str) -> str:
    """Return how a run ended.

    Args:
        summary: of the run.
        command: what goes on, for instance `dialer run campaign.toml`.
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
    lines += [part for part in (summary.ended, summary.advice) if part]
    if summary.unrecorded:
        lines.append("These were answered but could not be recorded; they will be `unknown`:")
        lines += [f"  {number}: {outcome}" for number, outcome in summary.unrecorded[:20]]
    lines += looks(summary.counts, left=summary.left, command=command)
    return "\n".join([*lines, *_may_ring(summary, command)])


def plan_event(plan: Plan) -> dict[str, Any]:
    """Return what a run is about to do, for a log: no names, nothing of what is said."""
    value = plain(plan)
    kept = ("batch", "to_call", "limited_to", "counts", "agent_id", "rate", "sandbox")
    return {name: value[name] for name in kept} | {"timing": plain(plan.outlook.timing)}


def summary_event(summary: Summary) -> dict[str, Any]:
    """Return how a run ended, for a log."""
    return {name: value for name, value in plain(summary).items() if name not in {"unrecorded", "results"}}


def overview(summary: Summary) -> str:
    """Return how a run ended in a line."""
    ended = f"; {summary.ended.splitlines()[0]}" if summary.ended else ""
    return f"{counted(summary.counts)}{ended}"


def overview_text(done: Mapping[str, tuple[int, str]]) -> str:
    """Return how several campaigns ended, a line each.

    Args:
        done: campaign file → its exit code, and how it ended in words.
    """
    return "\n".join(["All:", *(f"  {name}: exit {int(code)}: {words}" for name, (code, words) in done.items())])


def looks(counts: Mapping[Status, int], *, left: int, command: str) -> list[str]:
    """Return what needs a person's look, each with the command for it.

    Args:
        counts: how many rows of the input stand where.
        left: recipients that can be called and were not.
        command: what goes on, for instance `dialer run campaign.toml`.
    """
    lines = []
    if unknown := counts.get(Status.UNKNOWN):
        again = command.replace(" run ", " reconcile ", 1)
        lines.append(
            f"{unknown} unknown: nobody knows whether they were called. Later: {again}\n"
            f"  and what is never found, if you decide so: {command} --redial-unknown"
        )
    if refused := counts.get(Status.ERROR):
        lines.append(f"{refused} refused, see the `error` column. When mended: {command} --retry-errors")
    if invalid := counts.get(Status.INVALID):
        lines.append(f"{invalid} invalid, see the `error` column. Mend them in the CSV, then: {command}")
    if left:
        lines.append(f"{left:,} are left to be called. To go on: {command}")
    return lines


def _may_ring(summary: Summary, command: str) -> list[str]:
    again = command.replace(" run ", " cancel ", 1)
    return [f"{summary.may_ring:,} accepted calls may still ring. To cancel them: {again}"] if summary.may_ring else []


def check_text(check: Check, view: Outlook, *, command: str) -> str:
    """Return what a check found: counts, problems by kind, the first requests, and what is to be expected."""
    report = check.report
    lines = [f"{check.recipients}: {report.rows:,} rows, {counted(report.statuses)}"]
    lines += [f"  {text}" for text in report_lines(report)]
    if check.called:
        lines.append(f"Already called in this batch and skipped: {counted(check.called)}.")
    if check.left_out:
        lines.append(f"Left out of the variables, since Bolna fills them in itself: {', '.join(check.left_out)}.")
    variables = [name if name == source else f"{name} ({source})" for name, source in check.variables.items()]
    lines.append(f"Variables: {', '.join(variables) or 'none'}.")
    lines += [f"  {name} is empty in {_rows(found)}" for name, found in check.empty.items()]
    lines += [f"  Warning: {name} is an error such as #N/A in {_rows(found)}" for name, found in check.errors.items()]
    lines += [f"  Warning: {name} is garbled (Ã«, ??) in {_rows(found)}" for name, found in check.garbled.items()]
    if check.samples:
        lines.append("The first requests:")
        lines += [f"  POST /call {json.dumps(sample, ensure_ascii=False)}" for sample in check.samples]
    if not check.to_call:
        return "\n".join([*lines, "Nobody would be called."])
    lines += [f"{check.to_call:,} would be called.", *outlook_lines(view, rate=check.rate)]
    return "\n".join([*lines, f"To call them: {command}"])


def _rows(found: Found) -> str:
    more = ", ..." if found.rows > len(found.first) else ""
    rows = "row" if found.rows == 1 else "rows"
    return f"{found.rows:,} {rows}: {', '.join(map(str, found.first))}{more}"


def report_lines(report: Report) -> list[str]:
    """Return the problems of a list grouped by kind, each with a few rows."""
    lines = [f"header: {text}" for text in report.header]
    duplicates = report.statuses.get(Status.DUPLICATE, 0)
    if duplicates > MOSTLY * report.rows:
        lines.append("Most rows repeat a number: is it the right column?")
    for code, count in sorted(report.reasons.items(), key=lambda item: -item[1]):
        lines.append(f"{count:,} {code}")
        lines += [f"    {_example(example)}" for example in report.examples.get(code, ())]
    if report.shared:
        lines.append(f"{report.shared:,} share a number with an earlier row and are called as well")
        lines += [f"    {_example(example)}" for example in report.sharing]
    for kind, count in report.repaired.items():
        lines.append(f"{count:,} repaired: {kind}")
        lines += [f"    row {one.position} (line {one.line}) {one.cell!r}" for one in report.repairs.get(kind, ())]
    return lines


def _example(example: Example) -> str:
    cell = example.cell if len(example.cell) <= _WIDE else example.cell[:_WIDE] + "..."
    return f"row {example.position} (line {example.line}) {cell!r}: {example.words}"


def settled_text(settled: Settled) -> str:
    """Return what came of looking for unclear calls."""
    found = f"{settled.settled} found at Bolna, {settled.left} stay unknown ({settled.read} executions read)"
    lines = [f"{settled.batch}: {found}", *settled.notes]
    if settled.left:
        lines.append("That a call is not found proves nothing: it may be listed late. Try again in half an hour.")
    lines.append(f"results: {settled.results}")
    return "\n".join(lines)


def calls_table(counts: Sequence[CallCount]) -> list[str]:
    """Return how many accepted calls have ended and how they stand, the most frequent outcome first."""
    total = sum(count.calls for count in counts)
    rows = (
        f"  {count.outcome or NOT_KNOWN:<18} {count.calls:>9,}  {count.calls / total:6.1%}{_CALL_NOTES[count.final]}"
        for count in counts
    )
    return [calls_head(counts), *rows]


def tracked_text(tracked: Tracked, *, command: str) -> str:
    """Return what has become of the accepted calls.

    Args:
        tracked: of the tracking.
        command: what goes on, for instance `dialer track campaign.toml`.
    """
    head, *rows = calls_table(tracked.counts)
    lines = [f"{tracked.batch}: {head}", *rows]
    seconds, cost = (sum(getattr(count, name) for count in tracked.counts) for name in ("seconds", "cost"))
    if seconds or cost:
        lines.append(f"{duration(seconds)} talked, cost {cost:,.2f} (as Bolna gives it, cents by its documentation)")
    lines.append(f"results: {tracked.results}")
    lines += [f"{tracked.stopped}."] if tracked.stopped else []
    if tracked.trouble:
        lines.append(f"Not all could be read: {tracked.trouble}")
    lines += tracked.notes
    if tracked.open:
        lines.append(f"{tracked.open:,} are not final. To ask again: {command} --watch")
    return "\n".join(lines)


def braking_text(braking: Braking) -> str:
    """Return what is about to be cancelled."""
    stop = f"{braking.running} is working on {braking.batch} and will be stopped. " if braking.running else ""
    return f"{stop}{braking.calls:,} accepted calls of {braking.batch} may still ring, as far as is known."


def cancelled_text(cancelled: Cancelled, *, command: str) -> str:
    """Return what came of cancelling.

    Args:
        cancelled: what came of it.
        command: what cancels again.
    """
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
        again = command.replace(" cancel ", " run ", 1)
        lines.append(f"No run calls them by itself. To call them after all: {again} --redial stopped")
    return "\n".join([*lines, *cancelled.notes, f"results: {cancelled.results}"])


def command_text(*words: str) -> str:
    """Return a command as it can be typed."""
    return shlex.join(("dialer", *words))
