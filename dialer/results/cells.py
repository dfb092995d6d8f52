"""The columns of the results CSV, and cells that no spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

COLUMNS = (
    "row",
    "recipient_phone_number",
    "status",
    "execution_id",
    "error",
    "http_status",
    "attempts",
    "updated_at",
    "key",
)
"""Our own columns in order; `id` stands after `row` where the campaign names an id column."""
CALL_COLUMNS = ("call_status", "call_duration", "call_cost", "hangup_reason", "recording_url")
"""They stand after `key` once calls were tracked."""
LONG_COLUMNS = {"transcript": "call_transcript", "extracted": "call_extracted"}
"""Part of a call → column; they stand after those where somebody wants them."""
OWN = frozenset({*COLUMNS, "id", *CALL_COLUMNS, *LONG_COLUMNS.values()})
"""Names that are ours: an input column of such a name is shown under another one."""
NEEDED = ("status", "key", "recipient_phone_number")
"""Without these nobody can be told who was called."""

_TAKEN = re.compile(r"(?:input_)*(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unguarded` takes the mark off again."""
    if cell[:1] in {"=", "@", "\t", "\r", "\n", "'"} or (cell[:1] in {"+", "-"} and not _NUMBER.fullmatch(cell)):
        return "'" + cell
    return cell


def unguarded(cell: str) -> str:
    """Return what `guarded` was given."""
    return cell.removeprefix("'")


def figure(number: float | None) -> str:
    """Return a figure to three places, without an exponent; nothing for None."""
    return "" if number is None else f"{number:.3f}".rstrip("0").rstrip(".")


def shown(column: str) -> str:
    """Return an input column's name in the results: one that is ours, or looks like such a one, gets a prefix more."""
    match = _TAKEN.fullmatch(column)
    return f"input_{column}" if match and match[1] in OWN else column


def original(column: str) -> str:
    """Return what `shown` was given."""
    return column.removeprefix("input_") if shown(column) != column else column


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


def ours(header: Sequence[str], *, with_id: bool, calls: Collection[str] | None = None) -> Form:
    """Return the form we write.

    Args:
        header: the input's columns.
        with_id: with a column for the id.
        calls: with the columns of calls, and with these long parts of them; None: without.
    """
    own = ("row", "id", *COLUMNS[1:]) if with_id else COLUMNS
    return Form(",", (*own, *call_columns(calls), *map(shown, header)))


def call_columns(parts: Collection[str] | None) -> tuple[str, ...]:
    """Return the columns of calls that show some long parts of them; none for None."""
    if parts is None:
        return ()
    return (*CALL_COLUMNS, *(column for part, column in LONG_COLUMNS.items() if part in parts))


def form_of(file: TextIO) -> Form:
    """Return the form of an open results CSV."""
    forms = [Form(delimiter, _names(file, delimiter)) for delimiter in ",;\t"]
    return next((form for form in forms if not form.missing()), forms[0])


def _names(file: TextIO, delimiter: str) -> tuple[str, ...]:
    file.seek(0)
    return tuple(unguarded(name.strip()) for name in next(csv.reader(file, delimiter=delimiter), []))
