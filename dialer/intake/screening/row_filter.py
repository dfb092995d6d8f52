"""Which rows a campaign leaves out by the text of a cell: `skip` and `only` in its [screening]."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from dialer import numbers
from dialer.input_rows import INVISIBLE, column_of
from dialer.messages.intake import screening as say
from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dialer.intake.table import Table

SKIPPED: Final = "skipped"
"""The code of what `skip` leaves out."""
_DIFFERENT: Final = 1_000
"""So many different texts of a column are remembered; one with more is hardly one of a few values."""


class RowFilter:
    """Tells which rows are left out; to be asked about each row once.

    Args:
        table: whose rows they are.
        skip: column → texts; a row with one of these texts is skipped.
        only: column → texts; a row with any other text is skipped.
    """

    def __init__(self, table: Table, *, skip: Mapping[str, Sequence[str]], only: Mapping[str, Sequence[str]]) -> None:
        self._columns = [
            *(_Column("skip", name, table.header.index(name), texts) for name, texts in skip.items()),
            *(_Column("only", name, table.header.index(name), texts) for name, texts in only.items()),
        ]
        self._skipped: list[NDArray[np.int64]] = []
        self._called: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []

    def left_out(self, rows: Sequence[Sequence[str]]) -> dict[int, Problem]:
        """Return by place why rows are left out."""
        problems: dict[int, Problem] = {}
        for column in reversed(self._columns):
            problems |= column.left_out(rows)
        return problems

    def note(self, first: int, digits: NDArray[np.int64], problems: Mapping[int, Problem]) -> None:
        """Note which numbers are called and which `skip` leaves out, once rows are judged.

        Args:
            first: position of the first of the rows.
            digits: the number of each; 0 if there is none.
            problems: by place, why rows are not called.
        """
        if not any(column.setting == "skip" for column in self._columns):
            return
        lines = numbers.lines(digits)
        skipped = [at for at, problem in problems.items() if problem.code == SKIPPED]
        self._skipped.append(lines[skipped])
        called = np.delete(np.arange(len(lines)), list(problems))
        self._called.append((called + first, lines[called]))

    def hints(self) -> Iterator[str]:
        """Say, once all rows are judged, which texts no row has, and who is called though another row is skipped."""
        for column in self._columns:
            if missing := column.missing():
                yield say.no_such_text(column.setting, column.name, missing, there=column.there())
        skipped = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *self._skipped]))
        rows = [at for positions, lines in self._called for at in positions[np.isin(lines, skipped)].tolist()]
        if rows:
            yield say.skipped_elsewhere(rows)


class _Column:
    """A column whose text decides; white space around it and small and capital letters make no difference."""

    def __init__(self, setting: str, name: str, place: int, texts: Sequence[str]) -> None:
        self.setting = setting
        self.name = name
        self._place = place
        self._texts = {_folded(text): text for text in texts}
        self._seen: set[str] = set()
        self._there: Counter[str] = Counter()

    def left_out(self, rows: Sequence[Sequence[str]]) -> dict[int, Problem]:
        """Return by place why rows are left out."""
        cells = column_of(rows, self._place)
        counts = Counter(cells)
        named = {cell for cell in counts if _folded(cell) in self._texts}
        self._note(counts, named)
        refused = {cell: self._problem(cell) for cell in (named if self.setting == "skip" else counts.keys() - named)}
        return {at: refused[cell] for at, cell in enumerate(cells) if cell in refused} if refused else {}

    def missing(self) -> list[str]:
        """Return the texts that no row had."""
        return [text for folded, text in self._texts.items() if folded not in self._seen]

    def there(self) -> list[tuple[str, int]]:
        """Return which texts there were instead, and how often, the most frequent first; none where they are many."""
        return self._there.most_common() if len(self._there) < _DIFFERENT else []

    def _note(self, counts: Counter[str], named: set[str]) -> None:
        self._seen.update(map(_folded, named))
        if len(self._there) < _DIFFERENT:
            self._there.update(counts)

    def _problem(self, cell: str) -> Problem:
        if self.setting == "skip":
            return Problem(SKIPPED, say.skipped(self.name, cell))
        return Problem("not_selected", say.not_selected(self.name, cell, tuple(self._texts.values())))


def _folded(text: str) -> str:
    # Letters with accents may come in two parts.
    return unicodedata.normalize("NFKC", text).strip(INVISIBLE).casefold()
