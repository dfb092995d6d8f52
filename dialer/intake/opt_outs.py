"""Columns that say who wants no calls: by their names, and which of their values say so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dialer.intake.phone_column import without_accents

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME: Final = re.compile(
    r"do ?not ?(?:call|contact|phone)|do ?n'?t ?call|\bdnc\b|\bdnd\b|no ?calls?\b|opt(?:ed)? ?out|unsubscribed?"
    r"|black ?list(?:ed)?|suppressed|keine? anrufe?|nicht anrufen|ne pas appeler|no llamar|nao ligar|non chiamare"
)
_OTHER_CHANNEL: Final = re.compile(r"\be? ?mails?|\bsms\b|\btexts?\b|\bfax\b|whats ?app|newsletter|\bpost\b|\bweb\b")
"""Who wants no e-mails may want a call."""
_AT: Final = re.compile(r"\b(?:date|time|at|on|since|reason|source|by)\b")
"""When and why somebody opted out says it as well, but with other values."""
_YES: Final = frozenset(
    {"true", "yes", "y", "t", "1", "x", "ja", "oui", "si", "sim", "wahr", "vrai", "verdadero", "checked", "on"}
    | {"\u2713", "\u2714", "\u2611"}
    | {"dnc", "dnd", "do not call", "do not contact", "opt out", "opted out", "optout", "unsubscribed", "blocked"}
)


def is_opt_out(name: str) -> bool:
    """Tell whether a column of this name looks as if it said who wants no calls."""
    words = _words(name)
    return bool(_NAME.search(words)) and not _OTHER_CHANNEL.search(words) and not _AT.search(words)


def refusals(values: Iterable[str]) -> tuple[str, ...]:
    """Return those of a column's values that say yes, as they stand, each once and in their order."""
    return tuple(dict.fromkeys(value for value in values if _words(value) in _YES))


def _words(text: str) -> str:
    """Return a text in small letters without accents and signs: `HasOptedOut`, `opt-out` and `OPT_OUT` have words."""
    if len(text) > 100:  # noqa: PLR2004 - no name of a column and no yes, but a text
        return ""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", without_accents(text))
    return " ".join(re.sub(r"[^\w'\u2713\u2714\u2611]+|_", " ", parted.casefold()).split())
