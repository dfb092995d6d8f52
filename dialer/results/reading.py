"""The results CSV as it is read back, also after a spreadsheet has saved it."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from dialer.errors import InputError
from dialer.models import CallResult, Status
from dialer.results.cells import Form, form_of, original, unguarded
from dialer.results.columns import OWN, TABLE, When
from dialer.store import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dialer.results.columns import Column

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_TO_BE_MERGED = {str(status): status for status in (Status.QUEUED, Status.UNKNOWN, Status.ERROR)}
_NEVER_SENT = frozenset(map(str, (Status.PENDING, Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED)))
_SHOWN = 5
"""Rows that a message names."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A results CSV, read back.

    Attributes:
        header: the input's columns, as they were.
        rows: everybody it says was attempted.
        never_sent: how many of its rows were never sent.
        with_id: it has an id column of ours.
        parts: the long parts of calls that it has a column for.
    """

    header: tuple[str, ...]
    rows: tuple[Written, ...]
    never_sent: int
    with_id: bool
    parts: frozenset[str] = frozenset()

    @property
    def last_at(self) -> float | None:
        """When the last of them was called (Unix seconds)."""
        return max((row.updated_at for row in self.rows if row.updated_at is not None), default=None)


def read_back(path: Path, *, with_id: bool, known: Callable[[str], bool] = lambda _key: False) -> ReadBack:
    """Return what a results CSV says, also after a spreadsheet has saved it.

    Rows are matched by `key`; where that is damaged by the id, or by the number while it is whole. Of a line that a
    kill has torn only what stands before the tear is used, and nothing where that tells nobody: a ledger beside it
    has more, and without one who was in flight is looked up at Bolna.

    Args:
        path: the CSV.
        with_id: recipients are told apart by an id column.
        known: tells whether a key is in the ledger (then a damaged number is no loss).

    Raises:
        InputError: it cannot be read, or a row that was called cannot be matched to anybody: dialling on might call
            them again.
    """
    try:
        return _read(path, with_id=with_id, known=known)
    except UnicodeDecodeError as error:
        raise InputError(
            f'{path}: not UTF-8 (byte {error.start}). Save it from the spreadsheet as "CSV UTF-8", then run again.'
        ) from None
    except csv.Error as error:
        raise InputError(
            f"{path}: {error}. Fix the file. If the ledger is beside it, you can move the file away instead: the next "
            "run writes it again."
        ) from None
    except OSError as error:
        raise InputError(f"{path}: the results cannot be read ({error.strerror}). Nothing was dialled.") from None


def _read(path: Path, *, with_id: bool, known: Callable[[str], bool]) -> ReadBack:
    with path.open(encoding="utf-8-sig", newline="") as file:
        form = form_of(file)
        if not any(form.names):
            return ReadBack((), (), 0, with_id=with_id)
        if form.missing():
            raise InputError(
                f"{path}: the results have no column {form.missing()[0]!r} any more, so it is not known who was "
                "called.\nPut the column back, or move the file away if it does not belong to this batch."
            )
        file.seek(0)
        rows = csv.reader(file, delimiter=form.delimiter)
        next(rows)
        return _understood(path, _Reader(form, with_id=with_id, known=known), rows)


def _understood(path: Path, reader: _Reader, rows: Iterator[list[str]]) -> ReadBack:
    written, lost, never_sent = [], [], 0
    keys: dict[str, str] = {}
    for number, (cells, following) in enumerate(pairwise(chain(rows, [None])), 2):
        if not cells or not any(cells):
            continue
        torn = following is None and reader.is_torn(cells, whole=_ends_whole(path))
        found = reader.understand(cells, torn=torn)
        # One call of two people: the columns no longer belong together.
        if isinstance(found, Written) and keys.setdefault(found.execution_id or found.key, found.key) != found.key:
            lost.append(f"  row {number}: {reader.describe(cells)}")
        elif isinstance(found, Written):
            written.append(found)
        elif found in _NEVER_SENT:
            never_sent += 1
        elif not torn:
            lost.append(f"  row {number}: {reader.describe(cells)}")
    if lost:
        raise InputError(_cannot_match(path, lost))
    names = reader.form.names
    parts = frozenset(column.part for column in TABLE if column.when is When.ASKED_FOR and column.name in names)
    return ReadBack(reader.header, tuple(written), never_sent, with_id="id" in names, parts=parts)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in b"\r\n"


class _Reader:
    """Understands the rows of one file.

    Attributes:
        form: the file's.
        header: the input's columns.

    Args:
        form: the file's.
        with_id: recipients are told apart by an id column.
        known: tells whether a key is in the ledger.
    """

    def __init__(self, form: Form, *, with_id: bool, known: Callable[[str], bool]) -> None:
        self.form = form
        self._with_id = with_id
        self._known = known
        self._own = {name: form.names.index(name) for name in OWN if name in form.names}
        self._inputs = [at for at, name in enumerate(form.names) if name not in OWN]
        self.header = tuple(original(form.names[at]) for at in self._inputs)

    def describe(self, cells: list[str]) -> str:
        """Return who a row is about, for a person who looks for it."""
        cells = self._padded(cells)
        number, status = self._cell(cells, "recipient_phone_number"), self._cell(cells, "status")
        return f"{number or '(no number)'}, status {status or '(empty)'}"

    def is_torn(self, cells: list[str], *, whole: bool) -> bool:
        """Tell whether the last row was cut by a kill; a spreadsheet may leave out empty cells at a row's end."""
        return len(cells) < len(self.form.names) and (not whole or cells[-1].endswith(("\r", "\n")))

    def understand(self, cells: list[str], *, torn: bool) -> Written | str:
        """Return what a row says of somebody who was attempted, else its status; an empty one tells nothing."""
        width = len(self.form.names)
        if any(cells[width:]):
            return ""
        sure = cells[:-1] if torn else cells
        row = self._padded(sure)
        status = self._cell(row, "status").lower()
        if torn and len(sure) <= max(self._own["status"], self._own.get("execution_id", 0)):
            status = Status.UNKNOWN
        if status not in _TO_BE_MERGED:
            return status
        if len(sure) < width and not row[self._own["key"]].startswith("k:"):
            return ""
        found = self._matched(row, _TO_BE_MERGED[status])
        # The cells that were sent are those of the input, as far as anybody knows.
        return replace(found, cells=()) if found and torn else found or ""

    def _padded(self, cells: list[str]) -> list[str]:
        return cells + [""] * (len(self.form.names) - len(cells))

    def _cell(self, cells: list[str], name: str) -> str:
        return unguarded(cells[self._own[name]]).strip() if name in self._own else ""

    def _identity(self, cells: list[str]) -> tuple[str, int | None] | None:
        """Return key and number; None where nobody can be told from them."""
        number = self._cell(cells, "recipient_phone_number")
        number = number if _E164.fullmatch(number) else ""
        key = cells[self._own["key"]]
        # Without its mark a key may be what a spreadsheet made of it, so only a whole one counts.
        if key.startswith("k:"):
            key = key[2:]
        elif not self._with_id:
            key = number
        else:
            key = unguarded(cells[self._own["id"]]) if "id" in self._own else ""
        if not self._with_id and _E164.fullmatch(key):
            if number not in {"", key}:
                return None
            number = key
        return (key, int(number) if number else None) if key and (number or self._known(key)) else None

    def _matched(self, cells: list[str], status: Status) -> Written | None:
        identity = self._identity(cells)
        if identity is None or (status is Status.QUEUED and not self._cell(cells, "execution_id")):
            return None
        answer = {column.name: read for column, read in self._read(cells) if not column.part}
        return Written(
            key=identity[0],
            number=identity[1],
            status=status,
            cells=tuple(unguarded(cells[at]) for at in self._inputs),
            call=self._call(cells),
            **answer,
        )

    def _call(self, cells: list[str]) -> CallResult | None:
        call = CallResult(**{column.part: read for column, read in self._read(cells) if column.part})
        return call if call.outcome else None

    def _read(self, cells: list[str]) -> Iterator[tuple[Column, Any]]:
        for column in TABLE:
            if column.read is not None:
                yield column, column.read(self._cell(cells, column.name))


def _cannot_match(path: Path, lost: list[str]) -> str:
    more = [f"  ... and {len(lost) - _SHOWN} more"] if len(lost) > _SHOWN else []
    return "\n".join(
        (
            f"{path}: {len(lost)} rows that may have been called cannot be matched to anybody:",
            *lost[:_SHOWN],
            *more,
            "Nothing was dialled. Mend their `key` and `status` cells from a copy of the file, or move it away if the",
            "ledger beside it is whole.",
        )
    )
