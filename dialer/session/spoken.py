"""Cells that an agent would speak badly: as nothing, or as the error of a formula."""

from __future__ import annotations

from dataclasses import dataclass, field
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


class Spoken:
    """Counts such cells by variable.

    Args:
        columns: variable → index of the column it comes from.
    """

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._columns = columns
        self._empty = {name: Found() for name in columns}
        self._errors = {name: Found() for name in columns}

    def add(self, rows: Sequence[InputRow]) -> None:
        """Count the cells of callable rows."""
        columns = list(zip(*(row.cells for row in rows), strict=True)) if rows else []
        for name, index in self._columns.items() if rows else ():
            cells = columns[index]
            blank = [at for at, cell in enumerate(cells) if not cell or cell.isspace()]
            failed = [] if ERRORS.isdisjoint(cells) else [at for at, cell in enumerate(cells) if cell in ERRORS]
            self._empty[name].add([rows[at].position for at in blank])
            self._errors[name].add([rows[at].position for at in failed])

    @property
    def empty(self) -> dict[str, Found]:
        """Variables that some rows leave empty: spoken as nothing."""
        return {name: found for name, found in self._empty.items() if found.rows}

    @property
    def errors(self) -> dict[str, Found]:
        """Variables that hold the error of a formula in some rows."""
        return {name: found for name, found in self._errors.items() if found.rows}
