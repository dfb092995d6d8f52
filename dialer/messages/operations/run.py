"""Why a run does not start, what is said while it goes on, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import run_again
from dialer.messages.words import first_sentence, many
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dialer.messages.names import ProviderNames

TROUBLES_IN_EARNEST = "--refuse, --lose and --slow rehearse trouble in a trial. Add --sandbox, or leave them out."
NOTHING_DIALLED = "No call was placed."
AGENT_UNKNOWN = "once the agent's id is in the campaign file, `check` compares what its prompt asks for with your list"
PROMPT_UNREAD = "the agent's prompt could not be read"
ACCOUNT_UNREAD_IN_TIME = "the account could not be read in time"
OLD_COUNTS = "The ledger cannot be read any more: the counts below are those from the beginning of this run."
_AGENTS = 3
"""So many other agents are named."""


def account_unread(why: str) -> str:
    return f"the account and the agent's prompt were not read: {first_sentence(why)}"


def will_not_start(why: str) -> str:
    return f"`run` will not start: {why}"


def doubtful(doubts: Iterable[str]) -> str:
    return "\n".join([*doubts, "Nothing was dialled (--strict)."])


def of_agent(name: str, doubt: str) -> str:
    return f"agent {name!r}: {doubt}"


def other_agents(agents: Sequence[str]) -> str:
    shown = f"{', '.join(agents[:_AGENTS])}{', ...' if len(agents) > _AGENTS else ''}"
    return f"a column of the list names other agents for some people ({len(agents):,}: {shown})"


def too_fast(rate: str, *, most: str) -> str:
    return f"`rate` in [pacing] is {rate}, the organisation's limit is {most}: calls leave at {most}"


def numbers_from_before(column: str) -> str:
    return f'The numbers come from the column "{column}", as in the earlier run of this batch.'


def left_by_a_program(column: str, example: str) -> str:
    cell, name = on_one_line(example), on_one_line(column)
    return f'some cells in the column "{name}" are like "{cell}": the agent will say that; `check` lists the rows'


def lines_not_known(names: ProviderNames) -> str:
    return (
        f"{names.name} did not say how many calls the account may have live at once, and this campaign is to have no "
        "more. Try again, or write it into [pacing]: live_calls = 10."
    )


def no_lines(names: ProviderNames) -> str:
    return (
        f"{names.name} allows this account no live calls (its concurrency is 0: it is paused). Have "
        f"that lifted on {names.name}'s dashboard, then {run_again()}."
    )


def waiting_for_the_start(begins: datetime) -> str:
    return f"waiting for the schedule's start, {to_the_minute(begins)}"


def calls_unread(why: str) -> str:
    return f"how the calls went could not be read to the end: {why}"


# -- how it ended: what happened, and what to do -----------------------------------------------------------------------


def schedule_over(ended: datetime) -> tuple[str, str]:
    """Return what is said where it had ended before anybody was called."""
    return (
        f"The schedule ended at {to_the_minute(ended)}: no one was called.",
        "Set another `until` in [schedule], or take it out.",
    )


def schedule_ended(ended: datetime) -> tuple[str, str]:
    return (
        f"The schedule ended at {to_the_minute(ended)}.",
        "To call the rest, run it again; if [schedule] has an `until`, set a later one there.",
    )


LATER = {
    "closed_hours": "outside their calling hours",
    "no_line": "no line is free before their calling hours end",
    "too_soon": "their scheduled_at comes too soon",
    "schedule_over": "the schedule ends before their turn",
    "called_elsewhere": "called by another batch lately",
    "limit": "beyond the limit of this run",
}
"""Why people stay for a later run, by the code of the reason."""


def left_for_later(reasons: Sequence[tuple[str, int, datetime | None]]) -> str:
    """Return who was left for later, why, and when they can be called.

    Args:
        reasons: each with how many they are, and when the first of them can be called, where that is known.
    """
    total = sum(count for _, count, _ in reasons)
    first = min((opens for _, _, opens in reasons if opens is not None), default=None)
    then = "" if first is None else f"; the first can be called from {to_the_minute(first)}, run again then"
    lines = [f"{many(total, 'was', 'were')} not called now{then}:"]
    for reason, count, opens in sorted(reasons, key=lambda one: -one[1]):
        lines.append(f"  {count:,}: {reason}{'' if opens is None else f'; from {to_the_minute(opens)}'}")
    return "\n".join(lines)
