"""What an agent's prompt asks for, held against what a campaign gives it.

A variable that is missing is spoken as nothing and raises no error, and names are case-sensitive; so a column
called `Name` under a prompt that asks for `name` makes every call begin with "Hello, ?".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        lines = [
            f"the prompt asks for {{{asked}}}, the campaign gives {given!r}: the names differ in case, so it is "
            f"spoken as nothing"
            for asked, given in self.differing.items()
        ]
        if self.missing:
            lines.append(
                f"the prompt asks for {_listed(self.missing)}, which the campaign does not give: spoken as nothing"
            )
        return tuple(lines)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def compare(asked: Iterable[str], given: Iterable[str], *, filled_in: Iterable[str]) -> Comparison:
    """Return how what is asked for and what is given differ.

    Args:
        asked: the prompt's variables.
        given: the campaign's.
        filled_in: what the provider fills in itself.
    """
    wanted, have = set(asked) - set(filled_in), set(given)
    by_case = {name.casefold(): name for name in have - wanted}
    absent = sorted(wanted - have)
    differing = {name: by_case[name.casefold()] for name in absent if name.casefold() in by_case}
    return Comparison(
        missing=tuple(name for name in absent if name not in differing),
        differing=differing,
        unused=tuple(sorted(have - wanted - set(differing.values()))),
    )
