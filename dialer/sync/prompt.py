"""What an agent's prompt asks for, held against what a campaign gives it.

A variable that is missing is spoken as nothing and raises no error, and names are case-sensitive; so a column
called `Name` under a prompt that asks for `name` makes every call begin with "Hello, ?".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.messages.sync import variable_differs, variables_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a prompt asks for, against what it is given.

    Attributes:
        missing: asked for and not given: spoken as nothing.
        differing: asked for → given, where only the case differs.
        unused: given and never asked for.
    """

    missing: tuple[str, ...]
    differing: Mapping[str, str]
    unused: tuple[str, ...]

    def warnings(self) -> tuple[str, ...]:
        """Return what a person should know, in words."""
        differing = (variable_differs(wanted, own=own) for wanted, own in self.differing.items())
        return (*differing, *([variables_missing(self.missing)] if self.missing else []))


def compare(prompt: Iterable[str], campaign: Iterable[str], *, filled_in: Iterable[str]) -> Comparison:
    """Return how what is asked for and what is given differ.

    Args:
        prompt: the variables that it asks for.
        campaign: those that it gives.
        filled_in: what the provider fills in itself.
    """
    wanted, have = set(prompt) - set(filled_in), set(campaign)
    by_case = {name.casefold(): name for name in have - wanted}
    absent = sorted(wanted - have)
    differing = {name: by_case[name.casefold()] for name in absent if name.casefold() in by_case}
    return Comparison(
        missing=tuple(name for name in absent if name not in differing),
        differing=differing,
        unused=tuple(sorted(have - wanted - set(differing.values()))),
    )
