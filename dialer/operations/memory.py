"""What was found out about a file, kept for as long as the file stays as it is: a page looks again every second."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

_Value = TypeVar("_Value")
_SHARE = 10
"""A look is repeated after so many times the time that it took: a ledger of a million rows takes seconds."""


@dataclass(frozen=True, slots=True)
class _Kept:
    signature: Hashable
    since: float
    took: float
    value: Any


class Memory:
    """Values by key; each counts while its files are as they were, and not for longer than it says."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}
        self._turns: defaultdict[Hashable, Lock] = defaultdict(Lock)
        self._changed = float("-inf")

    def recall(
        self,
        key: Hashable,
        make: Callable[[], _Value],
        *,
        lasts: Callable[[_Value], float],
        signature: Hashable = None,
    ) -> _Value:
        """Return a value, made again where its files have changed or it is too old; of many who ask one makes it.

        Args:
            key: whose.
            make: makes it.
            lasts: so many seconds it counts while its files stay as they are.
            signature: of its files.
        """
        with self._turns[key]:
            begun, kept = time.monotonic(), self._kept.get(key)
            if kept is not None and self._counts(kept, signature, lasts(kept.value), now=begun):
                value: _Value = kept.value
                return value
            value = make()
            self._kept[key] = _Kept(signature, begun, time.monotonic() - begun, value)
            return value

    def forget(self, *keys: Hashable) -> None:
        """Something was changed here: have these values made again, and those whose files are not as they were."""
        self._changed = time.monotonic()
        for key in keys:
            with self._turns[key]:
                self._kept.pop(key, None)

    def _counts(self, kept: _Kept, signature: Hashable, seconds: float, *, now: float) -> bool:
        age = now - kept.since
        is_recent = kept.since > self._changed and age < _SHARE * kept.took
        return is_recent or (kept.signature == signature and age < seconds)


def signature(*paths: Path) -> Hashable:
    """Return what changes when files do."""
    return tuple(map(_stat, paths))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
