"""What a run is about to do, and what a check found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dialer import moments
from dialer.escaping import on_one_line, visible_json
from dialer.messages.numbers import NEWER
from dialer.messages.reasons import REASONS
from dialer.messages.values import plain
from dialer.messages.words import counted, duration
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dialer.intake.do_not_call import Listed
    from dialer.intake.screening import Example, Report
    from dialer.operations import Check, Plan
    from dialer.operations.cell_warnings import Found
    from dialer.operations.coverage import Uncovered
    from dialer.operations.forecast import Outlook
    from dialer.operations.timing import Timing

_WIDE = 100
MOSTLY = 0.5
"""When more than so many of the rows repeat a number, it may be the wrong column."""
_AGENTS = 3
_MOMENTS = 5
"""So many openings are told one by one."""


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
    lines += uncovered_lines(plan.uncovered)
    lines += list_lines(plan.lists)
    if plan.redialled:
        lines.append(f"{len(plan.redialled):,} of them may have been called already and are called again.")
    if plan.once_more:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in plan.once_more.items())
        lines.append(f"{sum(plan.once_more.values()):,} were called before and are called once more: {each}.")
    if not plan.to_call:
        timing = plan.outlook.timing
        over = timing_lines(timing, rate=plan.rate) if timing is not None and timing.is_over else []
        waits = counts.get(Status.PENDING) and plan.limited_to is None
        lines += over or ["Nobody is called now." if waits else "Nobody is left to be called."]
        lines += [] if called else [f"Note: {note}." for note in plan.outlook.notes]
        return "\n".join(lines)
    limited = f" (--limit; {counts.get(Status.PENDING, 0):,} could be)" if plan.limited_to is not None else ""
    lines.append(f"{plan.to_call:,} of {plan.recipients} will be called{limited}, by {_agent(plan)}.")
    lines += [plan.phone_words] if plan.phone_words else []
    lines += outlook_lines(plan.outlook, rate=plan.rate, sandbox=plan.sandbox)
    return "\n".join(lines)


def plan_event(plan: Plan) -> dict[str, Any]:
    """Return what a run is about to do, for a log: no names, nothing of what is said."""
    value = plain(plan)
    kept = ("batch", "to_call", "limited_to", "counts", "agent_id", "rate", "sandbox")
    return {name: value[name] for name in kept} | {"timing": plain(plan.outlook.timing)}


def _agent(plan: Plan) -> str:
    return (
        f"agent {plan.outlook.agent_name!r} ({plan.agent_id})" if plan.outlook.agent_name else f"agent {plan.agent_id}"
    )


def outlook_lines(view: Outlook, *, rate: str, sandbox: bool = False) -> list[str]:
    """Return what is to be expected of a run, and what is doubtful."""
    foretold = view.forecast
    live = "" if foretold.live is None else f", at most {foretold.live:,} of the calls being live at once"
    lines = [f"Sending takes about {duration(foretold.sending)} at {rate}{live}."] if foretold.calls else []
    if foretold.calls and foretold.calling is not None:
        like = f" like the last {view.talk.calls:,}" if view.talk.is_enough else ""
        each = f"{foretold.at_once:,} lines, {duration(foretold.average)} a call{like}"
        lines.append(
            f"The calls take about {duration(foretold.calling)} ({each}), until {foretold.ends_at:%Y-%m-%d %H:%M} UTC."
        )
    lines += [] if view.timing is None else timing_lines(view.timing, rate=rate)
    if foretold.cost is not None:
        amount = f"{foretold.cost:,.2f}{'' if view.currency is None else f' {view.currency}'}"
        lines.append(f"They cost about {amount} at the campaign's cost_per_minute.")
    if sandbox:
        lines.append("This is the sandbox: no phone rings.")
    elif view.account is not None:
        wallet = "" if view.account.wallet is None else f"wallet {view.account.wallet:g}"
        owner = view.account.email or view.account.name
        lines.append(
            f"Account: {', '.join(filter(None, (owner, wallet)))} (as Bolna gives it; the unit is not documented)."
        )
    lines += [
        f"{who} will hear: {text!r}"
        for who, text in zip(("The first", "The second", "The third"), view.welcome, strict=False)
    ]
    lines += [f"Warning: {text}." for text in view.warnings]
    if view.unused:
        lines.append(f"The prompt never asks for: {_names(view.unused)}.")
    return [*lines, *(f"Note: {on_one_line(note)}." for note in view.notes)]


def uncovered_lines(found: Uncovered | None) -> list[str]:
    """Return how many numbers none of the campaign's rules is for, by country."""
    if found is None:
        return []
    total = sum(found.countries.values())
    each = ", ".join(f"{name} {count:,}" for name, count in found.countries.items())
    are = f"{total:,} number is" if total == 1 else f"{total:,} numbers are"
    if found.called:
        return [f"Warning: {are} in countries that no rule of [window] is for, and can be called at any hour: {each}."]
    advice = 'Set hours in [window] to call them within those, or uncovered = "allow" to call them at any hour.'
    return [f"{are} in countries that no rule of [window] is for, and not called: {each}. {advice}"]


def list_lines(lists: Sequence[Listed]) -> list[str]:
    """Return what the suppression lists hold, and which of them nobody in the input is on."""
    lines = []
    for one in lists:
        entries = f"{one.entries:,} {'entry' if one.entries == 1 else 'entries'}"
        numbers = f"{one.numbers:,} {'number' if one.numbers == 1 else 'numbers'}"
        recipients = f"{one.recipients:,} recipient{' is' if one.recipients == 1 else 's are'} on it"
        lines.append(f"Suppression list {one.path}: {entries}, {numbers}; {recipients}.")
        if not one.recipients:
            lines.append(f"Note: no recipient is on {one.path}. Is it the right list?")
    return lines


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
        are = "is" if outside == 1 else "are"
        lines.append(f"{timing.now:,} can be called {when}; {outside:,} {are} outside their calling hours and {rest}:")
        lines += [f"  {count:,} from {moments.told(at)}" for at, count in timing.later[:_MOMENTS]]
        later = sum(count for _, count in timing.later[_MOMENTS:])
        lines += [f"  {later:,} later"] if later else []
        end = "before the schedule ends" if timing.ends is not None else "within the next two weeks"
        lines += [f"  {timing.closed:,} not {end}"] if timing.closed else []
    if timing.overnight:
        lines.append(f"Calling hours past midnight: {', '.join(timing.overnight)}, until the next day.")
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


def check_text(check: Check, view: Outlook, *, command: str) -> str:
    """Return what a check found: counts, problems by kind, the first requests, and what is to be expected."""
    report = check.report
    lines = [f"{check.recipients}: {report.rows:,} rows, {counted(report.statuses)}"]
    lines += [f"  {check.phone_words}"] if check.phone_words else []
    lines += [f"  {text}" for text in report_lines(report)]
    lines += uncovered_lines(check.uncovered)
    lines += list_lines(check.lists)
    if check.called:
        lines.append(f"Already called in this batch and skipped: {counted(check.called)}.")
    if check.left_out:
        lines.append(f"Left out of the variables, since Bolna fills them in itself: {_names(check.left_out)}.")
    if check.agents:
        shown = f"{', '.join(check.agents[:_AGENTS])}{', ...' if len(check.agents) > _AGENTS else ''}"
        lines.append(f"Agents by column: {len(check.agents):,} ({shown}).")
    variables = [name if name == source else f"{name} ({source})" for name, source in check.variables.items()]
    lines.append(f"Variables: {_names(variables) or 'none'}.")
    lines += [f"  {_names([name])} is empty in {_rows(found)}" for name, found in check.empty.items()]
    for said, problems in (("an error such as #N/A", check.errors), ("garbled (Ã«, ??)", check.garbled)):
        lines += [f"  Warning: {_names([name])} is {said} in {_rows(found)}" for name, found in problems.items()]
    if check.samples:
        lines.append("The first requests:")
        lines += [f"  POST /call {visible_json(json.dumps(sample, ensure_ascii=False))}" for sample in check.samples]
    lines += [f"Warning: {text}." for text in check.warnings]
    if not check.to_call:
        return "\n".join([*lines, "Nobody would be called.", *(f"Note: {hint}." for hint in check.hints)])
    lines += [f"{check.to_call:,} would be called.", *outlook_lines(view, rate=check.rate)]
    over = view.timing is not None and view.timing.is_over
    return "\n".join([*lines, *([] if over else [f"To call them: {command}"])])


def _names(columns: Iterable[str]) -> str:
    """Return names of columns; one that goes over two lines must not begin a line of ours."""
    return ", ".join(map(on_one_line, columns))


def _rows(found: Found) -> str:
    more = ", ..." if found.rows > len(found.first) else ""
    rows = "row" if found.rows == 1 else "rows"
    return f"{found.rows:,} {rows}: {', '.join(map(str, found.first))}{more}"


def report_lines(report: Report) -> list[str]:
    """Return the problems of a list grouped by kind, each with a few rows."""
    lines = [f"header: {on_one_line(text)}" for text in report.header]
    duplicates = report.statuses.get(Status.DUPLICATE, 0)
    if duplicates > MOSTLY * report.rows:
        lines.append("Most rows repeat a number: is it the right column?")
    for code, count in sorted(report.reasons.items(), key=lambda item: -item[1]):
        lines.append(f"{count:,} {code} ({REASONS[code]})" if code in REASONS else f"{count:,} {code}")
        lines += [f"    {_example(example)}" for example in report.examples.get(code, ())]
    if report.shared:
        lines.append(f"{report.shared:,} share a number with an earlier row and are called as well")
        lines += [f"    {_example(example)}" for example in report.sharing]
    for kind, count in report.repaired.items():
        lines.append(f"{count:,} repaired: {kind}")
        lines += map(_cell, report.repairs.get(kind, ()))
    if report.newer:
        lines += [f"Warning: {report.newer:,} called: {NEWER}", *map(_cell, report.newest)]
    return lines


def _cell(example: Example) -> str:
    return f"    row {example.position} (line {example.line}) {example.cell!r}"


def _example(example: Example) -> str:
    cell = example.cell if len(example.cell) <= _WIDE else example.cell[:_WIDE] + "..."
    return f"row {example.position} (line {example.line}) {cell!r}: {on_one_line(example.words)}"
