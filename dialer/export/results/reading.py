"""The results CSV as it is read back, also after a spreadsheet has saved it."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from dialer.errors import InputError
from dialer.escaping import unguarded
from dialer.export.results.cells import Form, form_of, original
from dialer.export.results.columns import TABLE, When
from dialer.messages.export import results as say
from dialer.models import CallResult, Status
from dialer.store import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    # Its name, where it stands in the file, and what it says; None: the file does not have it.
    _Column = tuple[str, int | None, Callable[[str], Any]]

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_TO_BE_MERGED = {str(status): status for status in (Status.QUEUED, Status.UNKNOWN, Status.ERROR)}
_NEVER_SENT = frozenset(map(str, (Status.PENDING, Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED)))
_SHOWN = 5
"""Rows that a message names."""
_PARTS = 16
"""Parts in which ids are sorted, one after the other, so that few of them are objects at a time."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A results CSV, read back to its end once; its rows are read again on iteration.

    Attributes:
        header: the columns of the input at that time.
        rows: every recipient with an attempt.
        never_sent: how many of its rows were never sent.
        with_id: it has our `id` column.
        last_at: time of the last call (Unix seconds); None if there was none.
        calls: ids of three of the calls, or of fewer: the first, the last, and one in between.
        parts: the long parts of calls for which it has columns.
    """

    header: tuple[str, ...]
    rows: Rows
    never_sent: int
    with_id: bool
    last_at: float | None = None
    calls: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()


class Rows:
    """The rows about somebody who was attempted, each time read from the file: a million would fill the memory.

    Args:
        path: the CSV.
        reader: understands its rows; None: it has none.
        after: so many bytes at its beginning are left out; 0: the header alone.

    Attributes:
        counts: how many there are, by status.
    """

    def __init__(self, path: Path, reader: _Reader | None = None, *, after: int = 0) -> None:
        self._path = path
        self._reader = reader
        self._after = after
        self.counts: Counter[Status] = Counter()

    def __len__(self) -> int:
        """Return how many there are."""
        return self.counts.total()

    def __iter__(self) -> Iterator[Written]:
        """Yield them in the order of the file.

        Raises:
            InputError: it cannot be read any more.
        """
        if self._reader is not None:
            with _in_words(self._path):
                for _, found, _, _ in _meanings(self._path, self._reader, after=self._after):
                    if isinstance(found, Written):
                        yield found


def read_back(
    path: Path, *, with_id: bool, known: Callable[[str], bool] = lambda _key: False, after: int = 0
) -> ReadBack:
    """Return what a results CSV says, also after a spreadsheet has saved it.

    Rows are matched by `key`; if the key is damaged, by the id, or by the number if it is intact. Of a line that a kill
    cut off, only the part before the cut is used, and nothing if that identifies no recipient: the ledger next to it
    has more, and without a ledger the calls in flight are looked up at the provider.

    Args:
        path: the CSV.
        with_id: an id column identifies recipients.
        known: returns whether a key is in the ledger (then a damaged number does not matter).
        after: bytes to skip at its start, whole lines; errors count the rows from there.

    Raises:
        InputError: it cannot be read, or a row with a call matches no recipient: continuing might call that
            recipient again.
    """
    with _in_words(path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            form = form_of(file)
        if not any(form.names):
            return ReadBack((), Rows(path), 0, with_id=with_id)
        if form.missing():
            raise InputError(say.no_column(path, form.missing()[0]))
        return _understood(path, _Reader(form, with_id=with_id, known=known), after=after)


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Turn what goes wrong as a results CSV is read into an InputError that says what to do."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(say.not_utf8(path, error.start)) from None
    except csv.Error as error:
        raise InputError(say.not_a_csv(path, str(error))) from None
    except OSError as error:
        raise InputError(say.unreadable(path, error.strerror)) from None


def _meanings(path: Path, reader: _Reader, *, after: int) -> Iterator[tuple[int, Written | str, list[str], bool]]:
    """Yield number, meaning and cells of each row that is not empty, and whether a kill has torn it."""
    with path.open("rb") as data:
        data.seek(after)
        file = io.TextIOWrapper(data, encoding="utf-8-sig", newline="")
        rows = csv.reader(file, delimiter=reader.form.delimiter)
        if not after:
            next(rows)
        for number, (cells, following) in enumerate(pairwise(chain(rows, [None])), 2):
            if cells and any(cells):
                torn = following is None and reader.is_torn(cells, whole=_ends_whole(path))
                yield number, reader.understand(cells, torn=torn), cells, torn


def _understood(path: Path, reader: _Reader, *, after: int) -> ReadBack:
    rows, calls, lost, never_sent, last_at = Rows(path, reader, after=after), _CallIds(), _Lost(), 0, None
    for number, found, cells, torn in _meanings(path, reader, after=after):
        if isinstance(found, Written):
            rows.counts[found.status] += 1
            calls.add(number, found)
            last_at = max(filter(None, (last_at, found.updated_at)), default=None)
        elif found in _NEVER_SENT:
            never_sent += 1
        elif not torn:
            lost.add(reader.nobodys(number, cells))
    for number in calls.shared():
        lost.add(say.call_of_another_row(number))
    if lost.count:
        raise InputError(say.unmatched(path, lost.count, lost.first))
    names = reader.form.names
    parts = frozenset(column.part for column in TABLE if column.when is When.ASKED_FOR and column.name in names)
    return ReadBack(
        reader.header, rows, never_sent, with_id="id" in names, last_at=last_at, calls=calls.some(), parts=parts
    )


class _CallIds:
    """The ids of calls, and whose they are: hashes, 24 bytes a row."""

    def __init__(self) -> None:
        self._ids, self._keys, self._numbers = array("q"), array("q"), array("q")
        self._some = {"first": "", "between": "", "last": ""}

    def add(self, number: int, row: Written) -> None:
        """Keep the id of a row, where it has one."""
        if not row.execution_id:
            return
        count = len(self._ids)
        self._some["last"] = row.execution_id
        if count & (count - 1) == 0:
            self._some["between" if count else "first"] = row.execution_id
        self._ids.append(hash(row.execution_id))
        self._keys.append(hash(row.key))
        self._numbers.append(number)

    def some(self) -> frozenset[str]:
        """Return the first, the last, and one in between."""
        return frozenset(filter(None, self._some.values()))

    def shared(self) -> list[int]:
        """Return rows with the id of somebody else's call: the columns no longer belong together."""
        return sorted(number for part in range(_PARTS) for number in self._shared_in(part))

    def _shared_in(self, part: int) -> Iterator[int]:
        ids, keys = self._ids, self._keys
        order = sorted((at for at, id_ in enumerate(ids) if id_ % _PARTS == part), key=ids.__getitem__)
        return (self._numbers[b] for a, b in pairwise(order) if ids[a] == ids[b] and keys[a] != keys[b])


class _Lost:
    """Rows that may record a call, but whose recipient is not known."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, words: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(words)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in b"\r\n"


class _Reader:
    """Understands the rows of one file.

    Attributes:
        form: the form of the file.
        header: the input's columns.

    Args:
        form: the form of the file.
        with_id: an id column identifies recipients.
        known: returns whether a key is in the ledger.
    """

    def __init__(self, form: Form, *, with_id: bool, known: Callable[[str], bool]) -> None:
        self.form = form
        self._with_id = with_id
        self._known = known
        self._own = form.own()
        self._inputs = [at for at, name in enumerate(form.names) if name not in self._own]
        self.header = tuple(original(form.names[at]) for at in self._inputs)
        self._answer, self._call_parts = self._columns(of_call=False), self._columns(of_call=True)

    def nobodys(self, row: int, cells: list[str]) -> str:
        """Return who a row is about, for a person who looks for it."""
        cells = self._padded(cells)
        number, status = self._cell(cells, "recipient_phone_number"), self._cell(cells, "status")
        return say.nobodys(row, number=number, status=status)

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
        """Return key and number; None if they do not identify a recipient."""
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
        return Written(
            key=identity[0],
            number=identity[1],
            status=status,
            cells=tuple(unguarded(cells[at]) for at in self._inputs),
            call=self._call(cells),
            **_read(cells, self._answer),
        )

    def _call(self, cells: list[str]) -> CallResult | None:
        call = CallResult(**_read(cells, self._call_parts))
        return call if call.outcome else None

    def _columns(self, *, of_call: bool) -> list[_Column]:
        """Return the columns of ours that are read back of each row."""
        return [
            (column.part or column.name, self._own.get(column.name), column.read)
            for column in TABLE
            if column.read is not None and bool(column.part) == of_call
        ]


def _read(cells: list[str], columns: list[_Column]) -> dict[str, Any]:
    return {name: read("" if at is None else unguarded(cells[at]).strip()) for name, at, read in columns}
