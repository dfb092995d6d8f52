"""Cells that no spreadsheet runs as a formula, and how a results CSV is laid out."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from dialer.escaping import unguarded
from dialer.export.results.columns import NEEDED, OWN

if TYPE_CHECKING:
    from collections.abc import Collection

_TAKEN = re.compile(r"(?:input_)*(.*)", re.DOTALL)


def shown(column: str, own: Collection[str] = OWN) -> str:
    """Return an input column's name in a file of ours: one that is ours, or looks like such a one, gets a prefix more.

    Args:
        column: the name.
        own: the names that are ours there.
    """
    match = _TAKEN.fullmatch(column)
    return f"input_{column}" if match and match[1] in own else column


def original(column: str, own: Collection[str] = OWN) -> str:
    """Return what `shown` was given."""
    return column.removeprefix("input_") if shown(column, own) != column else column


@dataclass(frozen=True, slots=True)
class Form:
    """How a results CSV is laid out: as we write it, or as a spreadsheet saved it.

    Attributes:
        delimiter: between its cells.
        names: of its columns, unguarded.
    """

    delimiter: str
    names: tuple[str, ...]

    def missing(self) -> list[str]:
        """Return which of the needed columns it has not."""
        return [name for name in NEEDED if name not in self.names]

    def own(self) -> dict[str, int]:
        """Return where our columns are."""
        own = {name: self.names.index(name) for name in OWN if name in self.names}
        # Before `reason` was a column of ours, the input's kept its name. Ours stands beside `error`.
        if {"reason", "error"} <= own.keys() and abs(own["reason"] - own["error"]) > 1:
            del own["reason"]
        return own


def form_of(file: TextIO) -> Form:
    """Return the form of an open results CSV."""
    forms = [Form(delimiter, _names(file, delimiter)) for delimiter in ",;\t"]
    return next((form for form in forms if not form.missing()), forms[0])


def _names(file: TextIO, delimiter: str) -> tuple[str, ...]:
    file.seek(0)
    return tuple(unguarded(name.strip()) for name in next(csv.reader(file, delimiter=delimiter), []))
