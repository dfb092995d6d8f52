"""The header of a table: the names of its columns, and which of them this tool has added."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dialer.errors import InputError
from dialer.escaping import unguarded
from dialer.messages.intake import table as say
from dialer.models import Problem, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Known = Callable[[Sequence[str]], "OwnFile | None"]

_LEFT_OUT: Final = frozenset({Status.DUPLICATE, Status.SUPPRESSED})
"""What no change of other cells makes callable: the person is another row's, or is not to be called."""
_UNSEEN: Final = frozenset({"id_repeated", "row_hidden"})
"""Reasons that stand outside the file: the first row with the id, and that the spreadsheet hid the row."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A list that this tool has written: its results, or the rows that it did not call.

    Attributes:
        kind: what the file is, in words.
        added: the names of the columns that are not the list's own.
        names: the names of the list's own columns, as they were.
        places: where those stand.
        status: where it says how a row stood.
        code: where it says why a row was not called; None if somebody has deleted that column.
        guarded: cells that a spreadsheet would run have a mark in front.
    """

    kind: str
    added: tuple[str, ...]
    names: tuple[str, ...]
    places: tuple[int, ...]
    status: int
    code: int | None = None
    guarded: bool = True

    def rows(self, rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Return rows as they were in the list, without the marks that keep spreadsheets from running cells."""
        read = unguarded if self.guarded else str
        return [[read(row[place]) for place in self.places] for row in rows]

    def left_out(self, rows: Sequence[Sequence[str]]) -> dict[int, Problem]:
        """Return by place which rows the file still marks as left out: the row that was called may not be in it."""
        marks = enumerate(map(self._mark, rows))
        return {at: Problem("left_out", say.left_out(self.kind, mark)) for at, mark in marks if mark}

    def _mark(self, row: Sequence[str]) -> str:
        status = row[self.status].strip()
        code = "" if self.code is None else row[self.code].strip()
        if status in _LEFT_OUT:
            return status
        return code if status and code in _UNSEEN else ""


def checked(place: str, row: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return what was repaired in the names of the columns or is odd there, in words.

    Args:
        place: the file and its line, for messages.
        row: the names as they stand in the file.
        names: the cleaned ones.

    Raises:
        InputError: a name is missing or is there twice.
    """
    blank = [number for number, name in enumerate(names, 1) if not name]
    if blank:
        raise InputError(say.nameless(place, blank[0], names=names))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        numbers = [number for number, name in enumerate(names, 1) if name == twice[0]]
        raise InputError(say.named_twice(place, numbers, twice[0]))
    repaired = [
        say.renamed(number, name)
        for number, (name, raw) in enumerate(zip(names, row, strict=True), 1)
        if name != _composed(raw)
    ]
    folded = Counter(name.casefold() for name in names)
    alike = [name for name in names if folded[name.casefold()] > 1]
    return (*repaired, *([say.alike(alike)] if alike else ()))


def _composed(name: str) -> str:
    # A combining accent looks the same as a composed character, and the user cannot see the difference.
    return unicodedata.normalize("NFC", name)
