"""Which of the names that exist may be meant by one that does not."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = 0.75
"""By difflib's ratio: `voice` may be `voice_id` (0.77), `limit` is not `delimiter` (0.71)."""
_SHORT = 3
"""Fewer letters begin too many names."""


def nearest(typed: str, names: Iterable[str]) -> str | None:
    """Return the name that is spelled nearly like what was typed, or begins so; None: list what there is instead."""
    folded, wanted = {name.casefold(): name for name in names}, typed.casefold()
    near = get_close_matches(wanted, folded, n=1, cutoff=_ALIKE)
    near = near or [name for name in folded if sorted(name) == sorted(wanted)]
    near = near or [name for name in folded if len(wanted) >= _SHORT and name.startswith(wanted)]
    return folded[near[0]] if near else None
