"""How figures are written in a report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_SPACE = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"
_MINUTE, _HOUR = 60, 3600


def share(part: float, whole: float) -> str:
    """Return a part in per cent; a dash where there is no whole."""
    return f"{part / whole:.1%}" if whole else DASH


def money(cents: float, currency: str | None, *, digits: int) -> str:
    """Return a cost, without its unit: in cents with so many digits, or in the currency where that is known."""
    return f"{cents:,.{digits}f}" if currency is None else f"{cents / 100:,.{max(2, digits + 2)}f}"


def time(seconds: float) -> str:
    """Return a time in its two largest units, rounded up as everywhere in this program."""
    whole = math.ceil(seconds)
    if whole < _MINUTE:
        return f"{whole}{_SPACE}s"
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _HOUR:
        return f"{minutes}{_SPACE}min{_SPACE}{rest:02}{_SPACE}s"
    hours, minutes = divmod(math.ceil(whole / _MINUTE), _MINUTE)
    return f"{hours:,}{_SPACE}h{_SPACE}{minutes:02}{_SPACE}min"


def moment(at: datetime) -> str:
    """Return a moment to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def counted(count: float, whole: float) -> str:
    """Return a count and its share of a whole."""
    return f"{count:,.0f} · {share(count, whole)}"
