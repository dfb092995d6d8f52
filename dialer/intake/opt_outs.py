"""Columns that say who wants no calls: by their names, and which of their values say so."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from dialer.input_rows import column_of
from dialer.intake.phone_column import without_accents
from dialer.messages.intake import screening as say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_NAME: Final = re.compile(
    r"do_?not_?(?:call|contact|phone)|don'?t_call|(?:^|_)(?:dnc|dnd)(?:_|$)|no_?calls?(?:_|$)|opt(?:ed)?_?out"
    r"|unsubscribe|black_?list|suppressed|keine_anrufe|nicht_anrufen|ne_pas_appeler|no_llamar|nao_ligar|non_chiamare"
)
_OTHER_CHANNEL: Final = re.compile(r"(?:^|_)(?:e_?)?(?:mails?|sms|texts?|fax|whats_?app|newsletter|post|web)(?:_|$)")
"""Who wants no e-mails may want a call."""
_AT: Final = re.compile(r"(?:^|_)(?:date|time|at|on|since|reason|source|by)(?:_|$)")
"""When and why somebody opted out says it as well, but with other values."""
_YES: Final = frozenset(
    {"true", "yes", "y", "t", "1", "x", "ja", "oui", "si", "sim", "wahr", "vrai", "verdadero", "checked", "on"}
    | {"\u2713", "\u2714", "\u2611"}
    | {"dnc", "dnd", "do_not_call", "do_not_contact", "opt_out", "opted_out", "optout", "unsubscribed", "blocked"}
)


def is_opt_out(name: str) -> bool:
    """Tell whether a column of this name looks as if it said who wants no calls."""
    words = _words(name)
    return bool(_NAME.search(words)) and not _OTHER_CHANNEL.search(words) and not _AT.search(words)


def refusals(values: Iterable[str]) -> tuple[str, ...]:
    """Return those of a column's values that say yes, as they stand, each once and in their order."""
    return tuple(dict.fromkeys(value for value in values if _words(value) in _YES))


class UnusedOptOuts:
    """Counts the rows that are called though a column of theirs, which the campaign does not use, says no.

    Args:
        header: the column names.
        used: those that the campaign decides by.
    """

    def __init__(self, header: Sequence[str], *, used: Collection[str | None]) -> None:
        places = [(at, name) for at, name in enumerate(header) if name not in used and is_opt_out(name)]
        self._found: dict[tuple[int, str], Counter[str]] = {place: Counter() for place in places}
        self._rows = 0

    def __bool__(self) -> bool:
        """Tell whether there is such a column."""
        return bool(self._found)

    def count(self, rows: Sequence[Sequence[str]]) -> None:
        """Count rows that are called."""
        self._rows += len(rows)
        for (at, _), found in self._found.items():
            cells = Counter(column_of(rows, at))
            found.update({cell: cells[cell] for cell in refusals(cells)})

    def found(self) -> dict[str, Counter[str]]:
        """Return the columns that say no to somebody: which of their texts do, and in how many rows."""
        return {name: found for (_, name), found in self._found.items() if found}

    def hints(self) -> list[str]:
        """Say in words how many rows each such column is about, and what leaves them out."""
        return [say.opted_out(name, found, rows=self._rows) for name, found in self.found().items()]


def _words(text: str) -> str:
    """Return a text in small letters without accents and signs: `Opt-Out` becomes `opt_out`."""
    if len(text) > 100:  # noqa: PLR2004 - no name of a column and no yes, but a text
        return ""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", without_accents(text))
    return "_".join(re.sub(r"[^\w'\u2713\u2714\u2611]+|_", " ", parted.casefold()).split())
