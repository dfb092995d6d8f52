"""What a run is about to do, in a terminal in at most seven lines: a person reads all of them before saying yes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dialer.messages.commands import has_page
from dialer.messages.pages import outlook
from dialer.messages.pages.redials import planned
from dialer.messages.words import counted, many
from dialer.models import Status
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.operations import Plan

_MOST = 7
"""Lines."""
_LEFT_OUT = (Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED, Status.ERROR, Status.UNKNOWN)


def plan_text(plan: Plan, *, check: str) -> str:
    """Return what a run is about to do, the most important first.

    Args:
        plan: of the run.
        check: the command that shows all of it.
    """
    lines = _called(plan) if plan.to_call else [_not_called_now(plan), _left_out(plan), _again(plan)]
    return "\n".join(_within(_MOST, [*filter(None, lines)], _doubts(plan), check=check))


def _called(plan: Plan) -> list[str]:
    view = plan.outlook
    account = "This is the sandbox: no phone rings." if plan.sandbox else " ".join(outlook.account(view))
    return [
        " ".join(filter(None, [_who(plan), plan.phone_words])),
        " ".join(outlook.course(view, rate=plan.rate)),
        " ".join(filter(None, [*outlook.cost(view), account])),
        _left_out(plan),
        _again(plan),
        outlook.first_words(view) if view.forecast.calls else "",
    ]


def _within(most: int, lines: Sequence[str], doubts: Sequence[str], *, check: str) -> list[str]:
    """Return lines and as many doubts as fit; the last line says how many more there are."""
    room = most - len(lines)
    more = len(doubts) - room
    if more <= 0 or has_page():
        return [*lines, *doubts]
    return [*lines, *doubts[: room - 1], f"{doubts[room - 1]} And {many(more, 'more note')}: {check}"]


def _who(plan: Plan) -> str:
    calls = plan.outlook.forecast.calls
    limited = f" (limit: {plan.limited_to:,})" if plan.limited_to is not None else ""
    if not calls:
        return f"No one in {plan.recipients} can be called now{limited}."
    name = plan.outlook.agent_name
    agent = f"agent {name!r} ({plan.agent_id})" if name else f"agent {plan.agent_id}"
    return f"{many(calls, 'person', 'people')} in {plan.recipients} will be called{limited}{_kinds(plan)}, by {agent}."


def _kinds(plan: Plan) -> str:
    """Return how many are called again, and how many for the first time; empty where only some of both are called."""
    again = sum(plan.once_more.values()) + len(plan.redialled)
    first = plan.counts.get(Status.PENDING, 0) - again
    return f" ({again:,} again, {first:,} for the first time)" if again and first > 0 and _calls_all(plan) else ""


def _calls_all(plan: Plan) -> bool:
    return plan.outlook.forecast.calls == plan.counts.get(Status.PENDING, 0)


def _not_called_now(plan: Plan) -> str:
    if plan.outlook.ended is not None:
        return outlook.over_line(plan.outlook.ended)
    waits = plan.counts.get(Status.PENDING) or plan.young or not plan.redials.is_over
    return "No one is called now." if waits else "No one is left to be called."


def _left_out(plan: Plan) -> str:
    """Return who is not called by this run, and why."""
    parts = []
    # Whom a redial calls once more is to be called again, and was called all the same.
    if called := plan.counts.get(Status.QUEUED, 0) + sum(plan.once_more.values()):
        last = f" (the last one on {to_the_minute(plan.called_last)})" if plan.called_last else ""
        parts.append(f"Already called: {called:,} of {sum(plan.counts.values()):,}{last}.")
    left_out = {status: count for status in _LEFT_OUT if (count := plan.counts.get(status, 0))}
    parts += [f"Not called: {counted(left_out)}."] if left_out else []
    return " ".join([*parts, *outlook.later(plan.outlook)])


def _again(plan: Plan) -> str:
    """Return who is called although a call to them was begun before, and who will be by a later run."""
    parts = []
    if again := len(plan.redialled):
        parts.append(f"{again:,} of them may have been called already, and may be called twice.")
    if plan.once_more:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in plan.once_more.items())
        people = sum(plan.once_more.values())
        before = f"{many(people, 'was', 'were')} called before"
        # With a limit, or outside the hours of some, it may be others who are called.
        left = f"Of {plan.counts.get(Status.PENDING, 0):,} who are left, {before}: {each}."
        parts.append(f"{before} and will be called again: {each}." if _calls_all(plan) else left)
    return " ".join([*parts, *(f"{text}." for text in planned(replace(plan.redials, due=0)))])


def _doubts(plan: Plan) -> list[str]:
    """Return what a person should look at, the gravest first."""
    view = plan.outlook
    if not plan.to_call:
        return [*outlook.uncovered_lines(plan.uncovered), *outlook.note_lines(view.notes)]
    return [
        *outlook.uncovered_lines(plan.uncovered),
        *outlook.overnight(view),
        *outlook.warning_lines(view.warnings),
        *outlook.list_notes(plan.lists),
        *outlook.note_lines(view.notes),
    ]
