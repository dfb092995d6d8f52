"""Cells that an agent would speak badly: as nothing, as the error of a formula, or as garbled letters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.models import InputRow

ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
    | {"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "Err:502", "Err:508", "Err:522"}
)
"""What Excel (in English, German, French) and LibreOffice put into a CSV for a formula that has failed."""

_SHOWN = 5
# UTF-8 that was read as cp1252 and saved (ZoÃ« for Zoë), and letters that could not be read.
_GARBLED = re.compile("\u00c3[\u0080-\U0010ffff]|\u00e2\u20ac|\ufffd")
_SIGNS = ("\u00c3", "\u00e2\u20ac", "\ufffd", "??")


@dataclass(slots=True)
class Found:
    """Callable rows of a kind.

    Attributes:
        rows: how many there are.
        first: positions of the first of them.
    """

    rows: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, positions: list[int]) -> None:
        """Count some rows."""
        self.rows += len(positions)
        self.first += positions[: _SHOWN - len(self.first)]


def _empty(cells: Sequence[str]) -> list[int]:
    return [at for at, cell in enumerate(cells) if not cell or cell.isspace()]


def _errors(cells: Sequence[str]) -> list[int]:
    return [] if ERRORS.isdisjoint(cells) else [at for at, cell in enumerate(cells) if cell in ERRORS]


def _garbled(cells: Sequence[str]) -> list[int]:
    whole = "\n".join(cells)
    if not any(sign in whole for sign in _SIGNS):
        return []
    return [at for at, cell in enumerate(cells) if _GARBLED.search(cell) or _is_lost(cell)]


def _is_lost(cell: str) -> bool:
    """Tell whether a text is nothing but letters that an encoding does not have (????)."""
    return "??" in cell and not cell.strip("? ")


_KINDS: Final = {"empty": _empty, "errors": _errors, "garbled": _garbled}


class Spoken:
    """Counts such cells by variable.

    Args:
        columns: variable → index of the column it comes from.
    """

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._columns = columns
        self._found = {kind: {name: Found() for name in columns} for kind in _KINDS}

    def add(self, rows: Sequence[InputRow]) -> None:
        """Count the cells of callable rows."""
        every = [row.cells for row in rows]
        for name, index in self._columns.items():
            cells = list(map(itemgetter(index), every))
            for kind, places in _KINDS.items():
                self._found[kind][name].add([rows[at].position for at in places(cells)])

    def found(self, kind: str) -> dict[str, Found]:
        """Return which variables have cells of a kind in some rows.

        Args:
            kind: "empty" (spoken as nothing), "errors" (of a formula) or "garbled" (letters that were lost on the way).
        """
        return {name: found for name, found in self._found[kind].items() if found.rows}
