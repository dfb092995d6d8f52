"""What an agent's prompt asks for, held against what a campaign gives it.

Bolna speaks a variable that is missing as nothing and raises no error, and names are case-sensitive; so a column
called `Name` under a prompt that says `{name}` makes every call begin with "Hello, ?".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}|\{([A-Za-z_]\w*)\}|%\(([A-Za-z_]\w*)\)s")
"""Both of Bolna's spellings, and that of its function tools; braces around anything else are no variable."""
_DEEPEST = 50


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


def asked_for(agent: object) -> frozenset[str]:
    """Return the variables in an agent's texts: prompts and welcome message, of every language and graph node.

    What its tools are given is no text: the agent fills that in itself.

    Args:
        agent: the agent as Bolna gives it; any JSON.
    """
    return frozenset(name for text in _texts(agent, _DEEPEST) for name in _names(text))


def _names(text: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _PLACEHOLDER.findall(text)]


def _texts(value: object, depth: int) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth:
        for name, item in value.items():
            yield from _texts(item, depth - 1 if name != "api_tools" else 0)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _texts(item, depth - 1)


def compare(asked: Iterable[str], given: Iterable[str], *, filled_in: Iterable[str]) -> Comparison:
    """Return how what is asked for and what is given differ.

    Args:
        asked: the prompt's variables.
        given: the campaign's.
        filled_in: what Bolna fills in itself.
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


def welcome(agent: object, variables: Mapping[str, Any]) -> str | None:
    """Return the welcome message as a recipient will hear it, or None where the agent has none.

    Args:
        agent: the agent as Bolna gives it.
        variables: the recipient's `user_data`.
    """
    message = agent.get("agent_welcome_message") if isinstance(agent, Mapping) else None
    if not isinstance(message, str) or not message:
        return None
    return _PLACEHOLDER.sub(lambda match: str(variables.get(next(filter(None, match.groups())), "")), message)
