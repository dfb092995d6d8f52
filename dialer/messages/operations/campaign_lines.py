"""Lines of the campaign file that `init` writes, and the comments in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.toml import key, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

REGION_LINE = '# region = "IN"                 # the country of numbers without +; without it they are invalid'
PLUS_LOST_LINE = "plus_lost = true                # numbers without + have lost it"
ENCODING_LINE = '# encoding = "cp1252"           # only if the file is not UTF-8'
RULES = "   # also us-federal, us-strict, in-promotional, in-collections"
NO_SCHEDULE = '# [schedule]\n# timezone = "Asia/Kolkata"\n'
YOUR_AGENT = "   # <- put yours here"


def rule(name: str, about: str) -> str:
    """Return the comment that says what a rule is for."""
    return f"# {name}: {about}\n"


def all_rules(together: str) -> str:
    """Return the comment beside several rules; `together` is what they leave of each day."""
    left = f"together {together}; " if together else ""
    return f"   # {left}all of them hold: delete those that are not for your calls"


def left_out(columns: str, provider: str) -> str:
    return f"# {provider} fills in these itself, so they are not sent: {columns}\n"


def not_sent(columns: str) -> str:
    return f"# These columns are not sent: {columns}\n"


def no_column(variables: Iterable[str]) -> str:
    lines = (f"# {key(name)} = {quoted('')}   # the prompt asks for it: name its column\n" for name in variables)
    return "".join(lines)


def skip(columns: str) -> str:
    return f"skip = {{ {columns} }}   # rows with such a cell are left out\n"


def required(column: str) -> str:
    return f"# required = [{quoted(column)}]   # an empty cell makes the row invalid\n"
