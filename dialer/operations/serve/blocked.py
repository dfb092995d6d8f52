"""The do-not-call list as the page shows it: how many numbers are on it, and the ones that were added last."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.errors import DialerError, DoNotCallError
from dialer.intake.do_not_call import SharedList
from dialer.intake.do_not_call.shared_list import current
from dialer.models import e164
from dialer.operations.dnc import list_of

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.store.do_not_call import DoNotCall

_SHOWN = 5
_TAIL = 100
"""Rows at the end of the list among which the last ones are looked for: a number may be added and removed in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A number on the list: E.164, since when and who asked for it, as written in the list."""

    number: str
    since: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The list.

    Attributes:
        numbers: how many are on it.
        last: the last ones, the latest first.
        trouble: why it cannot be read, in words; empty if it can.
        known: the list as it was read; None as above.
    """

    numbers: int = 0
    last: tuple[Listed, ...] = ()
    trouble: str = ""
    known: SharedList | None = None


def blocked(folder: Path, before: Blocked | None) -> Blocked:
    """Return the list of a workspace; what has not changed is not read again.

    Args:
        folder: of the workspace.
        before: what it was; None where it was not read yet.
    """
    try:
        known = None if before is None else before.known
        if before is not None and known is not None and known.stamp_now() == known.stamp:
            return before
        known = _read(folder, known)
        return Blocked(numbers=len(known.members.numbers), last=_last(known.file), known=known)
    except DialerError as error:
        return Blocked(trouble=str(error))


def _read(folder: Path, known: SharedList | None) -> SharedList:
    if known is not None:
        try:
            return known.again()
        except DoNotCallError:
            # An editor has saved it meanwhile.
            return SharedList.load(known.file)
    return SharedList.load(list_of(folder))


def _last(file: DoNotCall) -> tuple[Listed, ...]:
    # Of each number and source the last row decides, so nothing before the tail matters for what is in it.
    rows = deque(file.read().rows(), maxlen=_TAIL)
    found = [(number, row) for number, row, is_in_force in current(rows, file.path) if is_in_force]
    return tuple(
        Listed(number=e164(number), since=row.since, source=row.source) for number, row in reversed(found[-_SHOWN:])
    )
