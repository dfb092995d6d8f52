"""How figures are written in a report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialer.messages.values import duration

if TYPE_CHECKING:
    from datetime import datetime

_SPACE = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"


def share(part: float, whole: float) -> str:
    """Return a part in per cent; a dash if the whole is 0."""
    return f"{part / whole:.1%}" if whole else DASH


def time(seconds: float) -> str:
    """Return a time as everywhere, of which no part is put on another line."""
    return duration(seconds).replace(" ", _SPACE)


def units(seconds: float) -> str:
    """Return a time that is parted between its units at most, where there is little room."""
    return re.sub(r"(?<=\d) ", _SPACE, duration(seconds))


def moment(at: datetime) -> str:
    """Return a moment to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def counted(count: float, whole: float) -> str:
    """Return a count and its share of a whole."""
    return f"{count:,.0f} · {share(count, whole)}"
