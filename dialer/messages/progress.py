"""How far a run is, in parts that a line, or several, can be made of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dialer.messages.words import without_stop
from dialer.moments import zone_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = {1.0: "s", 60.0: "minute", 3600.0: "hour"}
_SLOW = 10
"""Below so many calls in a unit of time a tenth of one matters."""


def done(count: int, *, among: int) -> str:
    return f"{count:,} of {among:,} done"


def requests(*, accepted: int, refused: int, unknown: int, reason: str) -> list[str]:
    """Return what the requests have come to; why most of the refused ones were where any was."""
    why = f" (most: {without_stop(reason)})" if refused and reason else ""
    parts = [f"{accepted:,} accepted", f"{refused:,} refused{why}" if refused else "", f"{unknown:,} unknown"]
    return [part for part in parts if part and part != "0 unknown"]


def calls(*, ended: int | None, reached: int) -> list[str]:
    """Return how the accepted calls go; nothing before the first look."""
    return [] if ended is None else [f"{ended:,} ended", f"{reached:,} reached"]


def lines(live: int, *, most: int | None) -> str:
    """Return how many lines are in use; what exceeds them waits at the provider."""
    if most is None:
        return f"{live:,} live" if live else ""
    waiting = f" ({live - most:,} wait)" if live > most else ""
    return f"lines {min(live, most):,}/{most:,}{waiting}"


def looks_again(every: float | None) -> str:
    """Return how often the calls are looked up."""
    return "" if every is None else f"looking again every {every:g} s"


def rate(count: float, *, per: float) -> str:
    """Return a rate in the unit of the campaign's."""
    shown = f"{count:,.1f}" if count < _SLOW else f"{count:,.0f}"
    return f"{shown}/{_UNITS.get(per, f'{per:g} s')}"


def ends(moment: datetime | None) -> str:
    """Return when the last call will have ended; empty where that cannot be said."""
    if moment is None:
        return ""
    day = "" if moment.date() == datetime.now(moment.tzinfo).date() else f"{moment:%Y-%m-%d} "
    return f"ends about {day}{moment:%H:%M} {zone_name(moment)}"


def packed(parts: Sequence[str], *, width: int) -> list[str]:
    """Return parts on as few lines as they need: none is broken, unless it is too long for a line of its own."""
    rows: list[str] = []
    for part in filter(None, parts):
        if rows and len(rows[-1]) + 2 + len(part) <= width:
            rows[-1] += f", {part}"
        else:
            rows.append(shortened(part, width))
    return rows


def shortened(text: str, width: int) -> str:
    """Return a text that fits, cut after a word where it has to be."""
    if len(text) <= width:
        return text
    kept = text[: max(width - 1, 0)]
    return f"{kept[: kept.rfind(' ')].rstrip(' ,(:') if ' ' in kept else kept}…"
