"""What a report says of the time of day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dialer.export.report.parts import REACHED_OR_NOT, Columns, Section, Table, Tone
from dialer.messages.export import report as say
from dialer.messages.export.figures import DASH, share
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.export.report.figures import Hour, Report

_HOURS: Final = 8
"""At least so many are shown."""
_LABELS: Final = 14
"""So many fit below the columns."""
_ENOUGH: Final = 20
"""Calls in an hour from which on its share says something."""


def hours(report: Report) -> Section:
    """Return in which hours calls were placed, and in which somebody was reached."""
    shown = _busy_hours(report.hours)
    return Section(
        "hours",
        "Time of day",
        _best_hour(report.hours),
        chart=Columns(
            [f"{one.hour}" for one in shown],
            [one.calls for one in shown],
            [one.reached for one in shown],
            tone=Tone.QUIET,
            every=1 if len(shown) <= _LABELS else 3,
        ),
        table=Table(
            ("Hour", "Calls", "Reached", "Share"),
            [
                (
                    _hour(one),
                    f"{one.calls:,}",
                    f"{one.reached:,}",
                    share(one.reached, one.calls),
                )
                for one in shown
            ],
            numbers=frozenset({1, 2, 3}),
        ),
        legend=REACHED_OR_NOT,
        note=say.hours_in(report.zone, VENDOR.names),
    )


def _busy_hours(hours: Sequence[Hour]) -> Sequence[Hour]:
    """Return the hours from the first one with a call to the last, and some around them where they are few."""
    busy = [one.hour for one in hours if one.calls]
    around = max(1, math.ceil((_HOURS - (busy[-1] + 1 - busy[0])) / 2))
    return hours[max(0, busy[0] - around) : busy[-1] + 1 + around]


def _best_hour(hours: Sequence[Hour]) -> str:
    busiest = max(hours, key=lambda one: one.calls)
    lead = say.busiest_hour(_hour(busiest), busiest.calls)
    telling = [one for one in hours if one.calls >= _ENOUGH]
    if len(telling) > 1:
        best = max(telling, key=lambda one: one.reached / one.calls)
        lead += say.best_hour(_hour(best), reached=best.reached, calls=best.calls)
    return lead


def _hour(one: Hour) -> str:
    return f"{one.hour:02}:00{DASH}{one.hour:02}:59"
