"""What an agent's prompt asks for, held against what a campaign gives it.

A variable that is missing is spoken as nothing and raises no error, and names are case-sensitive; so a column
called `Name` under a prompt that asks for `name` makes every call begin with "Hello, ?".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dialer.messages.sync import variable_differs, variables_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
"""`customerName`, `Customer Name` and `CUSTOMER_NAME` are two words each."""
_PERSON: Final = frozenset(
    {"customer", "client", "contact", "lead", "user", "recipient", "person", "patient", "borrower", "full", "the"}
)
"""Words that say whose it is, not what: a customer's name is the name of the person who is called."""


@dataclass(frozen=True, slots=True)
class Match:
    """A column that may hold what a prompt asks for.

    Attributes:
        column: its name.
        is_sure: the names are the same but for case, blanks and signs, and no other column's are.
    """

    column: str
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a prompt asks for, against what it is given.

    Attributes:
        missing: asked for and not given: spoken as nothing.
        differing: asked for → given, where only the case differs.
        unused: given and never asked for.
        mapping: asked for and not given → the column that may hold it.
    """

    missing: tuple[str, ...]
    differing: Mapping[str, str]
    unused: tuple[str, ...]
    mapping: Mapping[str, Match]

    def warnings(self) -> tuple[str, ...]:
        """Return what a person should know, in words."""
        differing = (variable_differs(wanted, own=own) for wanted, own in self.differing.items())
        return (*differing, *([variables_missing(self.missing)] if self.missing else []))


def compare(
    prompt: Iterable[str], campaign: Iterable[str], *, filled_in: Iterable[str], columns: Sequence[str] = ()
) -> Comparison:
    """Return how what is asked for and what is given differ.

    Args:
        prompt: the variables that it asks for.
        campaign: those that it gives.
        filled_in: what the provider fills in itself.
        columns: of the list.
    """
    wanted, have = set(prompt) - set(filled_in), set(campaign)
    by_case = {name.casefold(): name for name in have - wanted}
    absent = sorted(wanted - have)
    differing = {name: by_case[name.casefold()] for name in absent if name.casefold() in by_case}
    return Comparison(
        missing=tuple(name for name in absent if name not in differing),
        differing=differing,
        unused=tuple(sorted(have - wanted - set(differing.values()))),
        mapping={name: match for name in absent if (match := column_for(name, columns)) is not None},
    )


def column_for(variable: str, columns: Collection[str]) -> Match | None:
    """Return the column that may hold what a prompt asks for; None where none is named like it, or several are."""
    if variable in columns:
        return Match(variable, is_sure=True)
    asked = _words(variable)
    same = [column for column in columns if "".join(_words(column)) == "".join(asked)]
    if len(same) == 1:
        return Match(same[0], is_sure=True)
    near = [column for column in columns if _thing(_words(column)) == _thing(asked)] if not same else []
    return Match(near[0], is_sure=False) if len(near) == 1 else None


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(name)] if len(name) <= 100 else []  # noqa: PLR2004 - a text


def _thing(words: list[str]) -> frozenset[str]:
    """Return a name's words without those that only say whose it is; keep them if no other words are left."""
    return frozenset(words) - _PERSON or frozenset(words)
