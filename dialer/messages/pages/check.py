"""What a check found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dialer import provider
from dialer.escaping import on_one_line, visible_json
from dialer.messages.numbers import NEWER
from dialer.messages.pages.outlook import list_lines, names, outlook_lines, over_line, uncovered_lines
from dialer.messages.pages.redials import planned
from dialer.messages.reasons import REASONS
from dialer.messages.words import counted, many
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.intake.screening import Example, Report
    from dialer.operations import Check
    from dialer.operations.cell_warnings import Found
    from dialer.operations.forecast import Outlook

_WIDE = 100
"""Characters of a cell."""
MOSTLY = 0.5
"""When more than so many of the rows repeat a number, it may be the wrong column."""
_AGENTS = 3
"""So many agents are named."""


def check_text(check: Check, view: Outlook, *, command: str, requests: bool = False) -> str:
    """Return what a check found: counts, problems by kind, what is sent, and what is to be expected.

    Args:
        check: what it found.
        view: what is to be expected of a run.
        command: of that run; empty: it is not named.
        requests: show the first requests as they are sent.
    """
    report = check.report
    lines = [f"{check.recipients}: {many(report.rows, 'row')}, {counted(report.statuses)}"]
    lines += [f"  {check.phone_words}"] if check.phone_words else []
    lines += [f"  {text}" for text in report_lines(report)]
    if report.reasons or check.empty or any(_cell_warnings(check)):
        lines.append(f"  Row 1 here is line {check.first_line} in a spreadsheet.")
    lines += uncovered_lines(check.uncovered)
    lines += list_lines(check.lists)
    if check.called:
        lines.append(f"Already called in this batch and skipped: {counted(check.called)}.")
    if check.left_out:
        by = provider.VENDOR.names.name
        lines.append(f"Left out of the variables, since {by} fills them in itself: {names(check.left_out)}.")
    if check.agents:
        shown = f"{', '.join(check.agents[:_AGENTS])}{', ...' if len(check.agents) > _AGENTS else ''}"
        lines.append(f"Agents by column: {len(check.agents):,} ({shown}).")
    variables = [name if name == source else f"{name} ({source})" for name, source in check.variables.items()]
    lines.append(f"Variables: {names(variables) or 'none'}.")
    lines += [f"  {names([name])} is empty in {_rows(found)}" for name, found in check.empty.items()]
    lines += [f"  {line}" for line in _cell_warnings(check)]
    if check.samples and requests:
        lines.append("The first requests:")
        lines += [f"  POST /call {visible_json(json.dumps(sample, ensure_ascii=False))}" for sample in check.samples]
    lines += [f"{text}." for text in planned(check.redials)]
    lines += [f"Warning: {text}." for text in check.warnings]
    if not check.to_call:
        return "\n".join(
            [
                *lines,
                "No one else would be called." if check.redials.due else "No one would be called.",
                *(f"Note: {hint}." for hint in check.hints),
            ]
        )
    if view.ended is not None:
        return "\n".join([*lines, over_line(view.ended)])
    calls = view.forecast.calls
    lines.append(f"{calls:,} would be called{'' if calls else ' now'}.")
    lines += outlook_lines(view, rate=check.rate)
    return "\n".join([*lines, *([f"To call them: {command}"] if command else [])])


def check_event(check: Check) -> dict[str, Any]:
    """Return what a check found, for the page: how many would be called, problems by reason, hits on each list."""
    report = check.report
    problems = [
        {
            "code": code,
            "meaning": REASONS.get(code, code),
            "count": count,
            "rows": [_example(example) for example in report.examples.get(code, ())],
        }
        for code, count in report.reasons.most_common()
    ]
    lists = [{"name": one.path, "count": one.recipients} for one in check.lists]
    return {"rows": report.rows, "to_call": check.to_call, "problems": problems, "lists": lists}


def _cell_warnings(check: Check) -> Iterator[str]:
    kinds = {
        "is an error": check.errors,
        "has garbled letters": check.garbled,
        "is a placeholder": check.placeholders,
        "has HTML or a template in it,": check.markup,
        "has quotation marks that are sent as well,": check.quoted,
    }
    for said, columns in kinds.items():
        for name, found in columns.items():
            yield f'Warning: {names([name])} {said} such as "{on_one_line(found.example)}" in {_rows(found)}'
    if any(kinds.values()):
        yield "These cells are sent as they stand. To change what the agent says, fix them in the list."


def _rows(found: Found) -> str:
    more = ", ..." if found.rows > len(found.first) else ""
    return f"{many(found.rows, 'row')}: {', '.join(map(str, found.first))}{more}"


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
        lines.append(
            f"{many(report.shared, 'shares', 'share')} a number with an earlier row, and will be called as well"
        )
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
