"""Lists of numbers that must not be called. Whatever cannot be read for sure stops the run."""

from __future__ import annotations

import csv
import re
import time
from array import array
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from dialer import phone, spreadsheet
from dialer.errors import InputError
from dialer.models import Problem
from dialer.phone_column import usual_columns
from dialer.source import Source
from dialer.structure import find_delimiter, is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SETTLED: Final = 2.0
"""Seconds after which a file that does not change is taken to be written to its end."""

_PHONE = re.compile(r"phone|mobile|whatsapp|msisdn|landline|(?:^|[ _-])(?:tel|cell)", re.IGNORECASE)
"""Columns beside that of the numbers which may hold further ones."""
_NUMBER = re.compile(r"(?:\d\D{0,2}){7}")

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Suppression:
    """The numbers of several lists, in order, 16 bytes each.

    Attributes:
        paths: the files.
        numbers: E.164 digits, ascending.
        lines: the physical line of each number.
        files: the place of its file in `paths`.
        changed_at: when a file was last seen to have changed, by `refresh`'s clock; None once it was left alone.
    """

    paths: tuple[Path, ...]
    numbers: NDArray[np.int64]
    lines: NDArray[np.int32]
    files: NDArray[np.int32]
    region: str | None
    plus_lost: bool
    max_age_days: float | None
    stamps: tuple[_Stamp, ...]
    changed_at: float | None = None

    @classmethod
    def load(
        cls,
        paths: Sequence[Path],
        *,
        region: str | None,
        max_age_days: float | None,
        now: datetime,
        plus_lost: bool = False,
    ) -> Suppression:
        """Read the lists: one number a line, or a table with a phone column.

        Args:
            paths: text, CSV or .xlsx files.
            region: ISO code of the country of numbers without a plus; None when there may be none.
            max_age_days: how old a file may be by its modification time; None for any age.
            now: the time to count the age from.
            plus_lost: whether numbers without a plus are international ones that lost it.

        Raises:
            InputError: a list is missing, too old, or has an entry that is no number.
        """
        stamps = tuple(_stamp(path) for path in paths)
        _check_ages(paths, stamps, now, max_age_days)
        numbers, lines, files = array("q"), array("i"), array("i")
        for place, path in enumerate(paths):
            for line, entry in _entries(path):
                for number in _read(path, line, entry, region=region, plus_lost=plus_lost):
                    numbers.append(number)
                    lines.append(line)
                    files.append(place)
        return cls(tuple(paths), *_sorted(numbers, lines, files), region, plus_lost, max_age_days, stamps)

    def hit(self, number: int) -> str | None:
        """Say where a number is listed; None where it is not.

        Args:
            number: E.164 digits.
        """
        at = bisect_left(self.numbers, number)
        if at == len(self.numbers) or self.numbers[at] != number:
            return None
        return f"on the suppression list {self.paths[self.files[at]].name}, line {self.lines[at]}"

    def hits(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for many numbers at once which of them are listed."""
        if not len(self.numbers):
            return np.zeros(len(numbers), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.asarray(self.numbers[at] == numbers)

    def refresh(self, clock: Callable[[], float] = time.monotonic) -> Suppression:
        """Return the lists as they are now: this object itself when no file was changed.

        A file that has just changed may be half written, and lack people: whoever was on the lists before stays on them
        until it was left alone for a moment, and until then it may be anything.

        Args:
            clock: seconds that never go back.

        Raises:
            InputError: a list is missing, too old by now, or was left with an entry that is no number.
        """
        stamps = tuple(_stamp(path) for path in self.paths)
        _check_ages(self.paths, stamps, datetime.now(UTC), self.max_age_days)
        if stamps == self.stamps:
            is_current = self.changed_at is None or clock() - self.changed_at < SETTLED
            return self if is_current else self._again()
        try:
            new = self._again()
        except InputError:
            return replace(self, stamps=stamps, changed_at=clock())
        return replace(self._with(new), stamps=new.stamps, changed_at=clock())

    def _with(self, new: Suppression) -> Suppression:
        """Return the entries of the same files by now, and those of these that are no longer there."""
        gone = ~new.hits(self.numbers)
        numbers = np.concatenate((new.numbers, self.numbers[gone]))
        order = np.argsort(numbers, kind="stable")
        return replace(
            self,
            numbers=numbers[order],
            lines=np.concatenate((new.lines, self.lines[gone]))[order],
            files=np.concatenate((new.files, self.files[gone]))[order],
        )

    def _again(self) -> Suppression:
        return Suppression.load(
            self.paths,
            region=self.region,
            max_age_days=self.max_age_days,
            now=datetime.now(UTC),
            plus_lost=self.plus_lost,
        )


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(
            f"the suppression list {path} cannot be read: {error.strerror or error}. Nobody is called without it: "
            f"bring the file, or mend `suppression` in the campaign file."
        ) from error
    return found.st_size, found.st_mtime_ns, found.st_ino


def _check_ages(paths: Sequence[Path], stamps: Sequence[_Stamp], now: datetime, limit: float | None) -> None:
    if limit is None:
        return
    for path, (_, modified, _) in zip(paths, stamps, strict=True):
        age = (now - datetime.fromtimestamp(modified / 1e9, UTC)) / timedelta(days=1)
        if age > limit:
            raise InputError(
                f"the suppression list {path} was last changed {age:.1f} days ago, and max_age_days is {limit:g}. "
                "Get the current list."
            )


def _sorted(
    numbers: array[int], lines: array[int], files: array[int]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    found = np.frombuffer(numbers, dtype=np.int64) if numbers else np.empty(0, dtype=np.int64)
    order = np.argsort(found, kind="stable")
    return found[order], np.array(lines, dtype=np.int32)[order], np.array(files, dtype=np.int32)[order]


def _read(path: Path, line: int, entry: str, *, region: str | None, plus_lost: bool) -> tuple[int, ...]:
    found = phone.possible(entry, region=region, plus_lost=plus_lost)
    if isinstance(found, Problem):
        raise InputError(
            f'the suppression list {path}, line {line}: "{entry[:40]}" is no number: {found.reason}. '
            "Correct or delete the entry; one that is skipped would be a call to that person."
        )
    return found


def _entries(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every entry."""
    rows = _rows(path)
    line, first = next(rows, (0, []))
    main = _column(path, line, first) if first else None
    is_empty = not first or main is not None
    if first and main is None:
        main = 0
        yield line, first[0]
    others = [at for at, name in enumerate(first) if at != main and _PHONE.search(name)]
    for line, row in rows:
        is_empty = False
        if len(row) != len(first):
            raise InputError(
                f"the suppression list {path}, line {line}: {len(row)} fields, but {len(first)} in the first row. "
                "Put one number in each line, or name the column of the numbers phone_number."
            )
        more = [row[at] for at in others if _NUMBER.search(row[at])]
        # Whoever has a second number need not have a first one.
        if not more or row[main or 0].strip():
            yield line, row[main or 0]
        yield from ((line, entry) for entry in more)
    if is_empty:
        raise InputError(f"the suppression list {path} is empty. If nobody is on it, take it out of [screening].")


def _column(path: Path, line: int, first: list[str]) -> int | None:
    """Find the column of the numbers by the first row; None where that is an entry and no header."""
    usual = usual_columns(first)
    if len(usual) == 1:
        return first.index(usual[0])
    if len(first) > 1:
        raise InputError(
            f"the suppression list {path}, line {line}: it is not clear which column holds the numbers. "
            f"Name one of them phone_number. The columns are: {', '.join(first)[:200]}."
        )
    return None if any(char.isdigit() for char in first[0]) else 0


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    if spreadsheet.is_spreadsheet(path):
        yield from _sheet_rows(path)
        return
    source = Source.of(path, encoding=None, remedy="Save the file again as CSV UTF-8.")
    with source.open() as reading:
        delimiter, skip = find_delimiter(reading.text)
    with source.open() as reading:
        for _ in range(skip):
            next(reading.text)
        reader = csv.reader(reading.text, delimiter=delimiter, strict=True)
        line = skip + 1
        try:
            for row in reader:
                if not is_blank(row, 0):
                    yield line, row
                line = skip + reader.line_num + 1
        except csv.Error as error:
            raise InputError(f"the suppression list {path}, line {line}: the quotation marks do not close.") from error


def _sheet_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    read, *others = spreadsheet.titles(path)
    if others:
        raise InputError(
            f'the suppression list {path} has several sheets: only "{read}" would be read, not {", ".join(others)}. '
            "Keep one sheet in the file, or save each as a list of its own."
        )
    width = 0
    for line, cells, problem in spreadsheet.rows(path, formulas=spreadsheet.has_formulas(path)):
        # Whoever is hidden from view is on the list all the same.
        if problem is not None and problem.code != "row_hidden":
            raise InputError(f"the suppression list {path}, row {line}: {problem.reason}.")
        width = width or len(cells)
        yield line, cells + [""] * (width - len(cells))
