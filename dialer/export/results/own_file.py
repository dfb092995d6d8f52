"""A results or rejects file that comes back as the next list is known again by its header."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from dialer.escaping import unguarded
from dialer.export.results.cells import original
from dialer.export.results.columns import OWN, TABLE, When
from dialer.export.results.xlsx import sheets_of
from dialer.intake.header import OwnFile
from dialer.messages.export import results as say
from dialer.messages.export.workbook import FIGURES, PEOPLE, REASONS_SHEET

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from dialer.intake.header import Known

REJECTS: Final = ("line", "row", "status", "code", "reason")
"""The columns of a rejects file in order; the list's stand behind them."""
_BLOCKS: Final = {REJECTS, *(block for block in combinations(REJECTS, len(REJECTS) - 1) if "status" in block)}
"""How they are known again: side by side, in their order; somebody may have deleted one of them."""
_ALWAYS: Final = frozenset(column.name for column in TABLE if column.when is When.ALWAYS)
_LACKING: Final = 3
"""So many of our columns may be missing: somebody has deleted them, or an older version did not write them."""


def own_file_in(path: Path) -> Known:
    """Return what knows a list again that is a file of ours. In a workbook no cell has a mark: none is ever run."""
    # A workbook that a user sorted or filtered is saved with all its sheets.
    guarded = not sheets_of(path) >= {PEOPLE, FIGURES, REASONS_SHEET}

    def known(header: Sequence[str]) -> OwnFile | None:
        found = own_file(header)
        return None if found is None else replace(found, guarded=guarded)

    return known


def own_file(header: Sequence[str]) -> OwnFile | None:
    """Return which columns of a list we have added; None where it is not a file of ours.

    Args:
        header: the names of its columns, without blanks around them.
    """
    found = _known(header)
    # Where nothing but ours is left, the numbers are in a column of ours.
    return found if found is not None and found.places else None


def _known(header: Sequence[str]) -> OwnFile | None:
    names = [unguarded(name) for name in header]
    # Files of older versions have our names twice where the list has them as well: ours stand in front.
    if (block := _block(names)) is not None:
        return _with(say.REJECTS_FILE, names, block, own=REJECTS, code="code")
    if "status" in names and len(_ALWAYS.intersection(names)) >= len(_ALWAYS) - _LACKING:
        return _with(
            say.RESULTS_FILE, names, {at for at, name in enumerate(names) if name in OWN}, own=OWN, code="reason"
        )
    return None


def _block(names: Sequence[str]) -> range | None:
    """Return where our columns of a rejects file stand, also where somebody has put a column in front of them."""
    for begin in range(len(names)):
        for size in (len(REJECTS), len(REJECTS) - 1):
            if tuple(names[begin : begin + size]) in _BLOCKS:
                return range(begin, begin + size)
    return None


def _with(kind: str, names: Sequence[str], added: Collection[int], *, own: Collection[str], code: str) -> OwnFile:
    places = tuple(at for at in range(len(names)) if at not in added)
    return OwnFile(
        kind,
        added=tuple(names[at] for at in sorted(added)),
        names=tuple(original(names[at], own=own) for at in places),
        places=places,
        status=next(at for at in sorted(added) if names[at] == "status"),
        code=next((at for at in sorted(added) if names[at] == code), None),
    )
