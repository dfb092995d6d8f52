"""Who called: the agent, and the numbers that people saw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from dialer.export.report.masking import cut
from dialer.store import AGENT_NAME

if TYPE_CHECKING:
    from dialer.store import interface

_SHOWN: Final = 3
_LETTERS: Final = 200
_MOST: Final = 1000
"""So many pairs of agent and number are looked at: a column may name one for each row."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Who called.

    Attributes:
        agent: the name of the batch's agent; its id where the name is not known.
        other_agents: how many others called, because a column of the list names them.
        numbers: the caller numbers that were used most.
        other_numbers: how many more there were, as far as they were counted.
        chosen: some calls came from a number that the provider chose.
    """

    agent: str
    other_agents: int
    numbers: tuple[str, ...]
    other_numbers: int
    chosen: bool


def callers(ledger: interface.Report) -> Callers:
    """Return who called the people of the input."""
    own = ledger.note("agent") or ""
    agents, numbers = dict[str, None](), dict[str | None, None]()
    for agent, number, _ in islice(ledger.callers(), _MOST):
        agents[agent or own] = None
        numbers[number] = None
    chosen = None in numbers
    numbers.pop(None, None)
    used = [number for number in numbers if number is not None]
    return Callers(
        agent=cut(ledger.note(AGENT_NAME) or own, _LETTERS),
        other_agents=len(agents.keys() - {own}),
        numbers=tuple(used[:_SHOWN]),
        other_numbers=max(0, len(used) - _SHOWN),
        chosen=chosen,
    )
