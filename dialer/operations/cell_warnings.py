"""Cells that an agent would speak badly: as nothing, or as what a program has left instead of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dialer.input_rows import column_of
from dialer.messages.operations.run import left_by_a_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.intake.table import Table

ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
    | {"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "Err:502", "Err:508", "Err:522"}
)
"""What Excel (in English, German, French) and LibreOffice put into a CSV for a formula that has failed.

Each has # or Err: in it: `_errors` looks for that first.
"""

PLACEHOLDERS: Final = frozenset(
    {"NULL", "null", "(null)", "<null>", "\\N", "nil", "NIL", "None", "none", "NONE", "nan", "NaN", "NAN", "NaT"}
    | {"<NA>", "N/A", "n/a", "N/a", "n.a.", "NA", "na", "undefined", "Undefined", "[object Object]", "Invalid Date"}
    | {"(blank)", "(empty)", "(none)", "unknown", "Unknown", "UNKNOWN", "not available", "Not Available"}
    | {"[not provided]", "not provided", "Not Provided", "0000-00-00", "0000-00-00 00:00:00"}
    | {"-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "?"}
)
"""What stands for nothing in the exports of databases, pandas, JavaScript, pivot tables and CRMs.

Spelled as programs write it: Null, Nan, Nat and Na are names of people.
"""

_SHOWN = 5
_HINTS = 3
_CUT = 40
_MARKUP = re.compile(
    r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});"  # &amp; &#039;
    r"|</?[A-Za-z][^<>@]{0,200}>"  # <br>, and what Meta writes for a trial: <test lead: dummy data for full_name>
    r"|\{\{?\s*[A-Za-z_][\w .]{0,60}\}|\$\{\w+\}|%%\w+%%|\*\|\w+\|\*|\[\[\w+\]\]"  # {{name}}, *|NAME|*
    r"|\[object \w+\]"
)
_MARKS = "&<{%*["
_PADDED = re.compile(r"\n\s")
# A blank in front of them keeps quotation marks from being those of the file.
_QUOTED = re.compile(r"\s+[\"\u201c].*|([\"']).+\1|\u201c.+\u201d", re.DOTALL)
_QUOTES = ('"', "'", "\u201c")
# UTF-8 that was read as cp1252 and saved (ZoÃ« for Zoë), letters that could not be read, and the Ctrl-Z of DOS.
_GARBLED = re.compile("\u00c3[\u0080-\U0010ffff]|\u00e2\u20ac|\ufffd|\x1a")
_SIGNS = ("\u00c3", "\u00e2\u20ac", "\ufffd", "??", "\x1a")


@dataclass(slots=True)
class Found:
    """Callable rows of a kind.

    Attributes:
        rows: how many there are.
        first: positions of the first of them.
        example: what stands in the first one, cut where it is long.
    """

    rows: int = 0
    first: list[int] = field(default_factory=list)
    example: str = ""

    def add(self, places: list[int], cells: Sequence[str], positions: Sequence[int]) -> None:
        """Count the cells at some places of a column."""
        if places and not self.rows:
            cell = cells[places[0]]
            self.example = cell if len(cell) <= _CUT else f"{cell[:_CUT]}..."
        self.rows += len(places)
        self.first += [positions[at] for at in places[: _SHOWN - len(self.first)]]


def _empty(bare: Sequence[str]) -> list[int]:
    return [at for at, cell in enumerate(bare) if not cell]


def _placeholders(bare: Sequence[str]) -> list[int]:
    return [at for at, cell in enumerate(bare) if cell in PLACEHOLDERS]


def _errors(cells: Sequence[str], whole: str) -> list[int]:
    if "#" not in whole and "Err:" not in whole:
        return []
    return [at for at, cell in enumerate(cells) if cell in ERRORS]


def _markup(cells: Sequence[str], whole: str) -> list[int]:
    if not any(mark in whole for mark in _MARKS):
        return []
    return [at for at, cell in enumerate(cells) if _MARKUP.search(cell) and cell not in PLACEHOLDERS]


def _quoted(cells: Sequence[str], whole: str) -> list[int]:
    if not any(mark in whole for mark in _QUOTES):
        return []
    return [at for at, cell in enumerate(cells) if _QUOTED.fullmatch(cell)]


def _garbled(cells: Sequence[str], whole: str) -> list[int]:
    if not any(sign in whole for sign in _SIGNS):
        return []
    return [at for at, cell in enumerate(cells) if _GARBLED.search(cell) or _is_lost(cell)]


def _is_lost(cell: str) -> bool:
    """Tell whether a text is nothing but letters that an encoding does not have (????)."""
    return "??" in cell and not cell.strip("? ")


_NOTHING: Final = PLACEHOLDERS | {""}
_OF_NOTHING: Final = {"empty": _empty, "placeholders": _placeholders}
_OF_TEXTS: Final = {"errors": _errors, "garbled": _garbled, "markup": _markup, "quoted": _quoted}


class CellWarnings:
    """Counts such cells by variable.

    Args:
        columns: variable → index of the column it comes from.
    """

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._columns = columns
        self._found = {kind: {name: Found() for name in columns} for kind in (*_OF_NOTHING, *_OF_TEXTS)}

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
            bare = list(map(str.strip, cells)) if " \n" in whole or _PADDED.search(whole) else cells
            if not _NOTHING.isdisjoint(bare):
                for kind, nothing in _OF_NOTHING.items():
                    self._found[kind][name].add(nothing(bare), cells, positions)
            for kind, places in _OF_TEXTS.items():
                self._found[kind][name].add(places(cells, whole), cells, positions)

    def found(self, kind: str) -> dict[str, Found]:
        """Return which variables have cells of a kind in some rows.

        Args:
            kind: "empty" (spoken as nothing), "errors" (of a formula), "garbled" (letters that were lost on the way),
                "placeholders" (NULL), "markup" (&amp;, {{name}}) or "quoted" (quotation marks that are sent as well).
        """
        return {name: found for name, found in self._found[kind].items() if found.rows}


def doubtful_cells(columns: Mapping[str, int], table: Table) -> list[str]:
    """Return what a run says of such cells, empty ones left out: of all rows of a short list, of a long one's sample.

    To look through all of a long list costs a run too much; `check` does.
    """
    warnings = CellWarnings(columns)
    warnings.add(table.sample, range(len(table.sample)))
    kinds = [warnings.found(kind) for kind in (*_OF_TEXTS, "placeholders")]
    return [
        left_by_a_program(table.header[columns[name]], found.example) for kind in kinds for name, found in kind.items()
    ][:_HINTS]
