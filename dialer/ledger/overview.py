"""What a report tells of a batch, counted by the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.ledger.connection import Connected
from dialer.ledger.opening import told

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Hold:
    """A time in which all sending stood still.

    Attributes:
        at: when it began (Unix seconds).
        seconds: how long it was to last.
        words: why.
    """

    at: float
    seconds: float
    words: str


class Overview(Connected):
    """The part of the ledger that is counted for a report."""

    def holds(self) -> Iterator[Hold]:
        """Yield when all sending stood still, in order; what overlaps is one, with the words of the first."""
        with told(self.path):
            spell: Hold | None = None
            for row in self._db.execute("SELECT at, seconds, words FROM hold ORDER BY at, id"):
                found = Hold(*row)
                if spell is None or found.at > spell.at + spell.seconds:
                    if spell is not None:
                        yield spell
                    spell = found
                else:
                    ends = max(spell.at + spell.seconds, found.at + found.seconds)
                    spell = Hold(spell.at, ends - spell.at, spell.words)
            if spell is not None:
                yield spell
