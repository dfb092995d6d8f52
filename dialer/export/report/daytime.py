"""What a report says of the days and the time of day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dialer.export.report.parts import Columns, Section, Table, Tone, parted
from dialer.messages.export import report as say
from dialer.messages.export.figures import share
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.export.report.figures import Day, Hour, Report

_HOURS: Final = 8
"""At least so many are shown."""
_LABELS: Final = 14
"""So many fit below the columns."""
_DATES: Final = 7
"""So many dates fit there."""
_ENOUGH: Final = 20
"""Calls from which on a share says something."""


def days(report: Report) -> Section:
    """Return the days with calls, and how many people were reached on each."""
    each = [(f"{one.day:%d %b}", f"{one.day:%a %d %b %Y}", one) for one in report.days]
    return _section(
        "days",
        say.DAYS,
        each,
        heading=say.DAY,
        when=say.on_day,
        every=math.ceil(len(each) / _DATES),
        note=say.days_in(report.zone, earlier=report.earlier),
    )


def hours(report: Report) -> Section:
    """Return the hours with calls, and how many people were reached in each."""
    each = [(f"{one.hour}", say.in_hour(one.hour), one) for one in _busy_hours(report.hours)]
    return _section(
        "hours",
        say.HOURS,
        each,
        heading=say.HOUR,
        when=say.at_hour,
        every=1 if len(each) <= _LABELS else 3,
        note=say.hours_in(report.zone, VENDOR.names),
    )


def _section(
    name: str,
    title: str,
    each: Sequence[tuple[str, str, Day | Hour]],
    *,
    heading: str,
    when: Callable[[str], str],
    every: int,
    note: str,
) -> Section:
    counts = [one for *_, one in each]
    in_doubt = any(one.in_doubt for one in counts)
    return Section(
        name,
        title,
        _lead([(when(words), one) for _, words, one in each]),
        chart=Columns(
            [label for label, *_ in each],
            [one.calls for one in counts],
            [one.reached for one in counts],
            [one.in_doubt for one in counts] if in_doubt else (),
            tone=Tone.QUIET,
            every=every,
        ),
        table=Table(
            (heading, say.PEOPLE_CALLS, say.REACHED_, say.SHARE),
            [(words, f"{one.calls:,}", f"{one.reached:,}", share(one.reached, one.calls)) for _, words, one in each],
            numbers=frozenset({1, 2, 3}),
        ),
        legend=parted(in_doubt=in_doubt),
        note=note,
    )


def _busy_hours(hours: Sequence[Hour]) -> Sequence[Hour]:
    """Return the hours from the first one with a call to the last, and some around them where they are few."""
    busy = [one.hour for one in hours if one.calls]
    around = max(1, math.ceil((_HOURS - (busy[-1] + 1 - busy[0])) / 2))
    return hours[max(0, busy[0] - around) : busy[-1] + 1 + around]


def _lead(each: Sequence[tuple[str, Day | Hour]]) -> str:
    words, busiest = max(each, key=lambda one: one[1].calls)
    lead = say.busiest(words, busiest.calls)
    # Calls that are not known to be over say nothing about their hour.
    telling = [(words, one) for words, one in each if one.calls >= _ENOUGH and not one.in_doubt]
    if len(telling) > 1:
        words, best = max(telling, key=lambda one: one[1].reached / one[1].calls)
        lead += say.best(words, reached=best.reached, calls=best.calls)
    return lead
