"""The ids of many calls, in little memory: no two calls may be given the same one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARTS = 4096
"""Of a million ids each part holds 250, which are looked through in some microseconds."""


class CallIds:
    """Ids of calls, each kept as a hash of 8 bytes; in a set they would take ten times as much.

    Args:
        ids: those that are there already.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]
        for mark in map(hash, ids):
            self._parts[mark % _PARTS].append(mark)

    def add(self, id_: str) -> bool:
        """Add an id, and tell whether it is new."""
        mark = hash(id_)
        part = self._parts[mark % _PARTS]
        if mark in part:
            return False
        part.append(mark)
        return True
