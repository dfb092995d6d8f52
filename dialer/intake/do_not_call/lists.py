"""Who is on which suppression list."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from dialer import numbers
from dialer.errors import InputError
from dialer.intake.do_not_call.reading import read
from dialer.intake.source import digest_of
from dialer.messages.intake import do_not_call as say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list holds, for people.

    Attributes:
        path: the file.
        entries: its rows.
        numbers: different whole numbers in them.
        recipients: rows of the input that are not called since they are on it.
    """

    path: str
    entries: int
    numbers: int
    recipients: int


@dataclass(frozen=True, slots=True, eq=False)
class _List:
    """The numbers of one list, 12 bytes each.

    Attributes:
        path: the file.
        entries: its rows.
        numbers: of each number on it the spelling by which lines are compared, ascending, each once.
        lines: the physical line on which each stands.
        digest: of the file's bytes.
    """

    path: Path
    entries: int
    numbers: NDArray[np.int64]
    lines: NDArray[np.int32]
    digest: str

    @classmethod
    def load(cls, path: Path, *, region: str | None, plus_lost: bool) -> _List:
        # Taken before it is read: what is written meanwhile makes another one.
        digest = digest_of(path)
        content = read(path, region=region, plus_lost=plus_lost)
        on_it = numbers.lines(np.frombuffer(content.numbers, dtype=np.int64))
        unique, first = np.unique(on_it, return_index=True)
        return cls(path, content.entries, unique, np.frombuffer(content.lines, dtype=np.int32)[first], digest)

    def hits(self, lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        at = np.minimum(np.searchsorted(self.numbers, lines), len(self.numbers) - 1)
        return np.asarray(self.numbers[at] == lines)

    def joined(self, before: _List) -> _List:
        """Return this list with the numbers of an earlier one that are no longer on it."""
        gone = ~self.hits(before.numbers)
        numbers = np.concatenate((self.numbers, before.numbers[gone]))
        order = np.argsort(numbers, kind="stable")
        return replace(self, numbers=numbers[order], lines=np.concatenate((self.lines, before.lines[gone]))[order])


@dataclass(frozen=True, slots=True, eq=False)
class Suppression:
    """The numbers of several lists; every spelling of a line is on a list where one is.

    Attributes:
        region: ISO code of the country of numbers without a plus; None when there may be none.
        plus_lost: whether numbers without a plus are international ones that lost it.
        max_age_days: how old a file may be by its modification time; None for any age.
        stamps: of each file as it was read.
    """

    _lists: tuple[_List, ...]
    region: str | None
    plus_lost: bool
    max_age_days: float | None
    stamps: tuple[_Stamp, ...]

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
        """Read the lists: one number a line, or tables.

        Args:
            paths: text, CSV or .xlsx files.
            region: ISO code of the country of numbers without a plus; None when there may be none.
            max_age_days: how old a file may be by its modification time; None for any age.
            now: the time to count the age from.
            plus_lost: whether numbers without a plus are international ones that lost it.

        Raises:
            InputError: a list is missing, too old, or has an entry that is not a whole number.
        """
        stamps = tuple(_stamp(path) for path in paths)
        _check_ages(paths, stamps, now, max_age_days)
        lists = tuple(_List.load(path, region=region, plus_lost=plus_lost) for path in paths)
        return cls(lists, region, plus_lost, max_age_days, stamps)

    def again(self) -> Suppression:
        """Return the lists as they are now.

        Raises:
            InputError: as `load`.
        """
        return Suppression.load(
            self._paths(),
            region=self.region,
            max_age_days=self.max_age_days,
            now=datetime.now(UTC),
            plus_lost=self.plus_lost,
        )

    def _paths(self) -> list[Path]:
        return [one.path for one in self._lists]

    def hit(self, number: int) -> str | None:
        """Say where a number is listed; None where it is not.

        Args:
            number: E.164 digits.
        """
        entry = self.entry(number)
        return None if entry is None else say.listed(*entry)

    def entry(self, number: int) -> tuple[str, int] | None:
        """Return the name of the list that a number is on, and the line; None where it is on none."""
        line = numbers.line(number)
        for one in self._lists:
            at = bisect_left(one.numbers, line)
            if at < len(one.numbers) and one.numbers[at] == line:
                return one.path.name, int(one.lines[at])
        return None

    def hits(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for many numbers at once which of them are listed."""
        listed = np.zeros(len(numbers), dtype=np.bool_)
        for hits in self._each(numbers):
            listed |= hits
        return listed

    def counts(self, numbers: NDArray[np.int64]) -> list[int]:
        """Return for each list how many of some numbers are on it."""
        return [int(np.count_nonzero(hits)) for hits in self._each(numbers)]

    def _each(self, called: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
        lines = numbers.lines(called) if self._lists else called
        return [one.hits(lines) for one in self._lists]

    def facts(self, recipients: Mapping[int, int]) -> tuple[Listed, ...]:
        """Return what each list holds.

        Args:
            recipients: by the place of a list, how many of them are on it.
        """
        return tuple(
            Listed(str(one.path), one.entries, len(one.numbers), recipients.get(place, 0))
            for place, one in enumerate(self._lists)
        )

    def stamps_now(self) -> tuple[_Stamp, ...]:
        """Return size, time and inode of every file.

        Raises:
            InputError: a list is missing, or too old by now.
        """
        stamps = tuple(_stamp(path) for path in self._paths())
        _check_ages(self._paths(), stamps, datetime.now(UTC), self.max_age_days)
        return stamps

    def has_same_bytes(self) -> bool:
        """Tell whether every file still holds what was read, byte by byte.

        Raises:
            InputError: a list cannot be read.
        """
        return all(digest_of(one.path) == one.digest for one in self._lists)

    def joined(self, before: Suppression) -> Suppression:
        """Return these lists, with the numbers of earlier ones that are no longer on them."""
        lists = tuple(one.joined(old) for one, old in zip(self._lists, before._lists, strict=True))
        return replace(self, _lists=lists)


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(say.unreadable(path, error.strerror or str(error))) from error
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _check_ages(paths: Sequence[Path], stamps: Sequence[_Stamp], now: datetime, limit: float | None) -> None:
    if limit is None:
        return
    for path, (_, modified, _) in zip(paths, stamps, strict=True):
        age = (now - datetime.fromtimestamp(modified / 1e9, UTC)) / timedelta(days=1)
        if age > limit:
            raise InputError(say.too_old(path, days=age, limit=limit))
