"""Cells that an agent would speak badly: as nothing, as the error of a formula, or as garbled letters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dialer.input_rows import column_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
    | {"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "Err:502", "Err:508", "Err:522"}
)
"""What Excel (in English, German, French) and LibreOffice put into a CSV for a formula that has failed.

Each has # or Err: in it: `_errors` looks for that first.
"""

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


def _empty(cells: Sequence[str], whole: str) -> list[int]:
    if "\n\n" not in whole and not any(map(str.isspace, cells)):
        return []
    return [at for at, cell in enumerate(cells) if not cell or cell.isspace()]


def _errors(cells: Sequence[str], whole: str) -> list[int]:
    if "#" not in whole and "Err:" not in whole:
        return []
    return [at for at, cell in enumerate(cells) if cell in ERRORS]


def _garbled(cells: Sequence[str], whole: str) -> list[int]:
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

    def add(self, rows: Sequence[Sequence[str]], positions: Sequence[int]) -> None:
        """Count the cells of callable rows.

        Args:
            rows: the cells of each.
            positions: of each.
        """
        for name, index in self._columns.items():
            cells = column_of(rows, index)
            # Most columns have nothing of the kind: that is seen in one text of all their cells.
            whole = "\n".join(["", *cells, ""])
            for kind, places in _KINDS.items():
                self._found[kind][name].add([positions[at] for at in places(cells, whole)])

    def found(self, kind: str) -> dict[str, Found]:
        """Return which variables have cells of a kind in some rows.

        Args:
            kind: "empty" (spoken as nothing), "errors" (of a formula) or "garbled" (letters that were lost on the way).
        """
        return {name: found for name, found in self._found[kind].items() if found.rows}
