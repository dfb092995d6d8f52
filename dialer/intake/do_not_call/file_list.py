"""A do-not-call list of a campaign: a file that others maintain, read whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from dialer.errors import InputError
from dialer.intake.do_not_call.members import Members
from dialer.intake.do_not_call.reading import read
from dialer.intake.source import digest_of, refuse_other_than_file
from dialer.messages.intake import do_not_call as say

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.store.do_not_call import Stamp


@dataclass(frozen=True, slots=True)
class FileRules:
    """How the files of a campaign are read.

    Attributes:
        region: ISO code of the country of numbers without a plus; None when there may be none.
        plus_lost: whether numbers without a plus are international ones that lost it.
        max_age_days: how old a file may be by its modification time; None for any age.
    """

    region: str | None
    plus_lost: bool
    max_age_days: float | None


@dataclass(frozen=True, slots=True, eq=False)
class FileList:
    """The numbers of one file.

    Attributes:
        path: the file.
        rules: how it is read.
        entries: its rows.
        members: its numbers.
        digest: of the file's bytes.
        stamp: of the file as it was read.
    """

    path: Path
    rules: FileRules
    entries: int
    members: Members
    digest: str
    stamp: Stamp
    is_shared = False

    @classmethod
    def load(cls, path: Path, rules: FileRules, *, now: datetime) -> FileList:
        """Read a list.

        Raises:
            InputError: it is missing, too old, or has an entry that is not a whole number.
        """
        stamp = _stamp(path, rules.max_age_days, now)
        # Taken before it is read: what is written meanwhile makes another one.
        digest = digest_of(path)
        content = read(path, region=rules.region, plus_lost=rules.plus_lost)
        digits, lines = np.frombuffer(content.numbers, dtype=np.int64), np.frombuffer(content.lines, dtype=np.int32)
        return cls(path, rules, content.entries, Members.of(digits, lines), digest, stamp)

    def stamp_now(self) -> Stamp:
        """Return what changes when the file does.

        Raises:
            InputError: it is missing, or too old by now.
        """
        return _stamp(self.path, self.rules.max_age_days, datetime.now(UTC))

    def has_same_bytes(self) -> bool:
        """Tell whether the file still holds what was read, byte by byte.

        Raises:
            InputError: it cannot be read.
        """
        return digest_of(self.path) == self.digest

    def again(self) -> FileList:
        """Return the list as it is now.

        Raises:
            InputError: as `load`.
        """
        stamp = self.stamp_now()
        if self.has_same_bytes():
            return replace(self, stamp=stamp)
        return FileList.load(self.path, self.rules, now=datetime.now(UTC))


def _stamp(path: Path, limit: float | None, now: datetime) -> Stamp:
    refuse_other_than_file(path)
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(say.unreadable(path, error.strerror or str(error))) from error
    if limit is not None:
        age = (now - datetime.fromtimestamp(stat.st_mtime_ns / 1e9, UTC)) / timedelta(days=1)
        if age > limit:
            raise InputError(say.too_old(path, days=age, limit=limit))
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
