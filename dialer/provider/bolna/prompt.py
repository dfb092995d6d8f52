"""Which variables an agent's texts ask for, and how they sound with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}|\{([A-Za-z_]\w*)\}|%\(([A-Za-z_]\w*)\)s")
"""Both of Bolna's spellings, and the one of its function tools; braces around other text are not a variable."""
_DEEPEST = 50


def asked_for(agent: object) -> frozenset[str]:
    """Return the variables in an agent's texts: prompts and welcome message, of every language and graph node.

    Parameters of its tools are left out: the agent fills these in itself.

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
