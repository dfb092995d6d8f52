"""Who is on which of the lists: those of the campaign, and the one that the workspace's runs share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from dialer import numbers
from dialer.intake.do_not_call.file_list import FileList, FileRules
from dialer.messages.intake import do_not_call as say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from dialer.intake.do_not_call.members import Members
    from dialer.intake.do_not_call.shared_list import SharedList
    from dialer.store.do_not_call import Stamp


class _List(Protocol):
    """A list that may change."""

    @property
    def path(self) -> Path: ...
    @property
    def entries(self) -> int: ...
    @property
    def members(self) -> Members: ...
    @property
    def stamp(self) -> Stamp: ...
    @property
    def is_shared(self) -> bool: ...
    def stamp_now(self) -> Stamp: ...
    def has_same_bytes(self) -> bool: ...
    def again(self) -> Self: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list holds, for people.

    Attributes:
        path: the file.
        entries: its rows.
        numbers: different whole numbers in them.
        recipients: rows of the input that are not called since they are on it.
        is_shared: it is the workspace's, and `entries` are those in force.
        unended: its line that has no end, and may be cut short; 0 if there is none.
    """

    path: str
    entries: int
    numbers: int
    recipients: int
    is_shared: bool = False
    unended: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Suppression:
    """The numbers of several lists; every spelling of a line is on a list where one is.

    Attributes:
        lists: as they were read last.
        shared: the workspace's among them; None if there is none.
    """

    lists: tuple[_List, ...]
    shared: SharedList | None = None
    _members: tuple[Members, ...] = field(default=())

    @classmethod
    def load(
        cls,
        paths: Sequence[Path],
        *,
        region: str | None,
        max_age_days: float | None,
        now: datetime,
        plus_lost: bool = False,
        shared: SharedList | None = None,
    ) -> Suppression:
        """Read the lists: one number a line, or tables.

        Args:
            paths: text, CSV or .xlsx files.
            region: ISO code of the country of numbers without a plus; None when there may be none.
            max_age_days: how old a file may be by its modification time; None for any age.
            now: the time to count the age from.
            plus_lost: whether numbers without a plus are international ones that lost it.
            shared: the workspace's list, read already.

        Raises:
            InputError: a list is missing, too old, or has an entry that is not a whole number.
        """
        rules = FileRules(region, plus_lost, max_age_days)
        return cls._of([FileList.load(path, rules, now=now) for path in paths], shared)

    @classmethod
    def _of(cls, files: Sequence[_List], shared: SharedList | None) -> Suppression:
        lists = (*files, *([] if shared is None else [shared]))
        return cls(lists, shared, tuple(one.members for one in lists))

    def again(self) -> Suppression:
        """Return the lists as they are now; what has not changed is not read again.

        Raises:
            InputError: as `load`.
            DoNotCallError: the workspace's list cannot be read, or lacks what it had.
        """
        files = [one.again() for one in self.lists if not one.is_shared]
        return self._of(files, None if self.shared is None else self.shared.again())

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
        for one, members in zip(self.lists, self._members, strict=True):
            at = members.line_of(line)
            if at is not None:
                return say.shared(one.path.name) if one.is_shared else one.path.name, at
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
        lines = numbers.lines(called) if self.lists else called
        return [members.hits(lines) for members in self._members]

    def facts(self, recipients: Mapping[int, int]) -> tuple[Listed, ...]:
        """Return what each list holds; the workspace's only where somebody is on it.

        Args:
            recipients: by the place of a list, how many of them are on it.
        """
        return tuple(
            Listed(
                path=str(one.path),
                entries=one.entries,
                numbers=len(one.members.numbers),
                recipients=recipients.get(place, 0),
                is_shared=one.is_shared,
                unended=0 if self.shared is None or not one.is_shared else self.shared.unended,
            )
            for place, one in enumerate(self.lists)
            if one.entries or not one.is_shared
        )

    def is_as_read(self) -> bool:
        """Tell whether no file seems to have changed.

        Raises:
            InputError: a list is missing, or too old by now.
        """
        return self.stamps_now() == tuple(one.stamp for one in self.lists)

    def stamps_now(self) -> tuple[Stamp, ...]:
        """Return size, time and inode of every file.

        Raises:
            InputError: a list is missing, or too old by now.
        """
        return tuple(one.stamp_now() for one in self.lists)

    def has_same_bytes(self) -> bool:
        """Tell whether every file still holds what was read, byte by byte.

        Raises:
            InputError: a list cannot be read.
        """
        return all(one.has_same_bytes() for one in self.lists)

    def joined(self, before: Suppression) -> Suppression:
        """Return these lists, with the numbers of earlier ones that are no longer on them."""
        pairs = zip(self._members, before._members, strict=True)
        return replace(self, _members=tuple(now.joined(old) for now, old in pairs))
