"""The workspace's do-not-call list: who is on it now, and what a row more changes of that."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from dialer import numbers
from dialer.errors import DoNotCallError
from dialer.intake.do_not_call.members import Members
from dialer.messages import do_not_call as say
from dialer.models import Problem
from dialer.numbers.column import judge_column
from dialer.store.do_not_call import NOTHING, Extent, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dialer.store.do_not_call import DoNotCall, Stamp

_AT_ONCE: Final = 20_000
"""Rows whose numbers are read together."""
_WITHOUT_COUNTRY: Final = frozenset({"number_no_country_code", "number_plus_lost"})


@dataclass(frozen=True, slots=True, eq=False)
class _InForce:
    """The entries that are in force, by number: a number has one for each source.

    Attributes:
        numbers: spelled as `numbers.line` does, ascending.
        sources: of each, by the place of its name.
        lines: of each, the line of the file.
    """

    numbers: NDArray[np.int64]
    sources: NDArray[np.int32]
    lines: NDArray[np.int32]

    def followed_by(self, rows: _Rows) -> _InForce:
        """Return what is in force after some more rows: of each number and source the last one decides."""
        order = np.lexsort((rows.lines, rows.sources, rows.numbers))
        changed = rows.picked(order)
        last = np.append((np.diff(changed.numbers) != 0) | (np.diff(changed.sources) != 0), [True] * bool(len(order)))
        changed = changed.picked(last)
        kept, new = self._others(changed), changed.picked(~changed.ended)
        digits = np.concatenate((self.numbers[kept], new.numbers))
        order = np.argsort(digits, kind="stable")
        return _InForce(
            digits[order],
            np.concatenate((self.sources[kept], new.sources))[order],
            np.concatenate((self.lines[kept], new.lines))[order],
        )

    def _others(self, rows: _Rows) -> NDArray[np.bool_]:
        """Tell which entries none of some rows is about."""
        kept = np.ones(len(self.numbers), dtype=np.bool_)
        concerned = np.flatnonzero(np.isin(self.numbers, rows.numbers))
        pairs = set(zip(rows.numbers.tolist(), rows.sources.tolist(), strict=True)) if len(concerned) else set()
        for at in concerned.tolist():
            kept[at] = (int(self.numbers[at]), int(self.sources[at])) not in pairs
        return kept


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of the file, in its order."""

    numbers: NDArray[np.int64]
    sources: NDArray[np.int32]
    lines: NDArray[np.int32]
    ended: NDArray[np.bool_]

    def picked(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> _Rows:
        return _Rows(self.numbers[which], self.sources[which], self.lines[which], self.ended[which])


_NOBODY: Final = _InForce(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class SharedList:
    """Who is on the list that all runs of a workspace share.

    Attributes:
        file: the list.
        extent: how far it was read.
        members: the numbers that are blocked: an entry of any source is in force.
        stamp: of the list as it was read.
        unended: the line that has no end, and may be cut short; 0 if there is none.
    """

    file: DoNotCall
    extent: Extent
    members: Members
    stamp: Stamp
    _in_force: _InForce
    _sources: dict[str, int]
    """The place of each source's name; shared by all later readings, since it only grows."""
    unended: int = 0
    is_shared = True

    @classmethod
    def load(cls, file: DoNotCall, *, expected: Extent = NOTHING) -> SharedList:
        """Read the list.

        Args:
            file: the list.
            expected: what it has to begin with.

        Raises:
            DoNotCallError: it cannot be read, or does not begin so any more.
        """
        empty = cls(file, NOTHING, Members(_NOBODY.numbers, _NOBODY.lines), (0, 0, 0), _NOBODY, {})
        return empty._followed(expected)

    @property
    def path(self) -> Path:
        """What it is called, for people."""
        return self.file.path

    @property
    def entries(self) -> int:
        """How many entries are in force."""
        return len(self._in_force.numbers)

    def digest(self) -> str:
        """Return what changes with the numbers that are blocked."""
        return blake2b(self.members.numbers.tobytes(), digest_size=16).hexdigest()

    def stamp_now(self) -> Stamp:
        """Return what changes when a row is added."""
        return self.file.stamp()

    def has_same_bytes(self) -> bool:
        """Tell whether the list still begins with what was read, byte by byte."""
        return self.file.begins_with(self.extent)

    def again(self) -> SharedList:
        """Return the list as it is now; only what was added is read.

        Raises:
            DoNotCallError: as `load`.
        """
        return self._followed(self.extent)

    def has(self, number: int, source: str) -> bool:
        """Tell whether a number has an entry of a source that is in force."""
        first, last = np.searchsorted(self._in_force.numbers, [numbers.line(number), numbers.line(number) + 1])
        return self._sources.get(source, -1) in self._in_force.sources[first:last]

    def _followed(self, expected: Extent) -> SharedList:
        # Taken before it is read: what is written meanwhile makes another one.
        stamp = self.file.stamp()
        part = self.file.read(after=self.extent, expected=expected)
        rows = self._read(part.rows())
        in_force = self._in_force.followed_by(rows) if len(rows.numbers) else self._in_force
        unique, first = np.unique(in_force.numbers, return_index=True)
        members = Members(unique, in_force.lines[first])
        return replace(self, extent=part.extent, members=members, stamp=stamp, _in_force=in_force, unended=part.unended)

    def _read(self, rows: Iterator[Row]) -> _Rows:
        found: list[_Rows] = []
        while chunk := list(itertools.islice(rows, _AT_ONCE)):
            found.append(self._chunk(chunk))
        return _Rows(
            np.concatenate([_NOBODY.numbers, *(one.numbers for one in found)]),
            np.concatenate([_NOBODY.sources, *(one.sources for one in found)]),
            np.concatenate([_NOBODY.lines, *(one.lines for one in found)]),
            np.concatenate([np.zeros(0, np.bool_), *(one.ended for one in found)]),
        )

    def _chunk(self, rows: Sequence[Row]) -> _Rows:
        now = datetime.fromtimestamp(time.time(), UTC)
        sources = [self._sources.setdefault(row.source, len(self._sources)) for row in rows]
        return _Rows(
            numbers.lines(np.array(numbers_of(rows, self.path), dtype=np.int64)),
            np.array(sources, dtype=np.int32),
            np.array([row.line for row in rows], dtype=np.int32),
            np.array([row.ended != "" and is_over(row, self.path, now=now) for row in rows], dtype=np.bool_),
        )


def numbers_of(rows: Sequence[Row], path: Path) -> list[int]:
    """Return the number of each row, read as those of other lists are.

    Raises:
        DoNotCallError: one is not a whole number.
    """
    column = judge_column([row.number for row in rows], allow=numbers.SPECIAL)
    found: list[int] = column.numbers.tolist()
    for at in sorted(column.problems):
        # A number that is not in use may be one by tomorrow.
        read = numbers.possible(rows[at].number)
        if isinstance(read, Problem):
            reason = reason_of(read)
            raise DoNotCallError(say.not_a_number(path, rows[at].line, cell=rows[at].number, reason=reason))
        (found[at],) = read
    return found


def reason_of(problem: Problem) -> str:
    """Return why a text is not a number for the list, which knows no campaign's settings."""
    return say.NO_COUNTRY if problem.code in _WITHOUT_COUNTRY else problem.reason


def is_over(row: Row, path: Path, *, now: datetime) -> bool:
    """Tell whether an entry was ended: one that ends later is in force until then.

    Raises:
        DoNotCallError: when it ends cannot be read.
    """
    try:
        ended = datetime.fromisoformat(row.ended.upper())
    except ValueError:
        raise DoNotCallError(say.not_a_moment(path, row.line, cell=row.ended)) from None
    return (ended if ended.tzinfo else ended.replace(tzinfo=UTC)) <= now


def current(rows: Iterable[Row], path: Path) -> list[tuple[int, Row, bool]]:
    """Return of each number and source the last row, with the number and whether it is in force, in the list's order.

    Raises:
        DoNotCallError: a row cannot be read.
    """
    now, found = datetime.now(UTC), dict[tuple[int, str], tuple[int, Row, bool]]()
    left = iter(rows)
    while chunk := list(itertools.islice(left, _AT_ONCE)):
        for number, row in zip(numbers_of(chunk, path), chunk, strict=True):
            key = (numbers.line(number), row.source)
            found.pop(key, None)
            found[key] = (number, row, not (row.ended and is_over(row, path, now=now)))
    return list(found.values())
