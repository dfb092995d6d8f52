"""What a report says of its figures, in the order it is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dialer.export.report import daytime, troubles
from dialer.export.report.parts import REACHED_OR_NOT, Bar, Bars, Columns, Section, Table, Tone
from dialer.export.report.unfinished import is_final
from dialer.messages.export import report as say
from dialer.messages.export.figures import DASH, counted, share, time
from dialer.messages.values import amount, money
from dialer.models import Status
from dialer.provider import VENDOR
from dialer.provider.states import WENT_WRONG, CallState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dialer.export.report.figures import Country, Ended, Report, Span, Talk

_COUNTRIES: Final = 8
_TONES: Final[dict[str, Tone]] = {
    CallState.COMPLETED: Tone.ACCENT,
    **dict.fromkeys(WENT_WRONG, Tone.BAD),
}
_LOST: Final = (
    *(Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED, Status.ERROR, Status.UNKNOWN, Status.SENDING),
    Status.PENDING,
)
_FEW: Final = 10
"""Calls below which nothing is said of half of them."""


def sections(report: Report) -> tuple[Section, ...]:
    """Return what there is to tell; nothing about calls where there were none."""
    return tuple(_sections(report))


def _sections(report: Report) -> Iterator[Section]:
    yield _funnel(report)
    if report.calls:
        yield _outcomes(report)
    if report.tracked:
        yield daytime.hours(report)
        yield _talk(report)
        if report.countries:
            yield _countries(report)
        yield _cost(report)
    if report.tries:
        yield troubles.tries(report)
    if report.requests:
        yield troubles.slow_moments(report)
    yield troubles.reasons(report)
    yield troubles.left_to_do(report)


# -- each of them --------------------------------------------------------------------------------------------------


def _funnel(report: Report) -> Section:
    funnel = report.funnel
    steps = [("In the file", funnel.in_file), ("Callable", funnel.callable), ("Called", funnel.queued)]
    steps += [("Reached", funnel.reached)] if report.tracked else []
    bars = [
        Bar(label, count, f"{count:,}", Tone.ACCENT if label == "Reached" else Tone.QUIET) for label, count in steps
    ]
    rows = [
        (label, f"{count:,}", share(count, funnel.in_file), share(count, before))
        for (label, count), (_, before) in zip(steps, (steps[0], *steps), strict=False)
    ]
    return Section(
        "funnel",
        say.FUNNEL,
        _way(report),
        chart=Bars(bars),
        table=Table(("Step", "Rows", "Of the file", say.STEP_BEFORE), rows, numbers=frozenset({1, 2, 3})),
        note=_lost(report.statuses),
    )


def _way(report: Report) -> str:
    funnel = report.funnel
    way = say.way(funnel.in_file, funnel.callable, funnel.queued, VENDOR.names)
    reached = say.were_reached(funnel.reached, is_final=is_final(report)) if report.tracked else ""
    left = f" {say.no_longer_in_file(funnel.left)}" if funnel.left else ""
    return f"{way}{reached}.{left}"


def _lost(statuses: Mapping[Status, int]) -> str:
    lost = [f"{statuses[status]:,} {status}" for status in _LOST if statuses.get(status)]
    return f"Not called: {', '.join(lost)}." if lost else ""


def _outcomes(report: Report) -> Section:
    called = report.funnel.queued
    people = [one for one in report.ended if one.people]
    bars = [Bar(_label(one), one.people, counted(one.people, called), _tone(one)) for one in people]
    rows = [
        (_named(one), f"{one.people:,}", share(one.people, called), f"{one.calls:,}", time(one.talked))
        for one in report.ended
    ]
    return Section(
        "outcomes",
        say.OUTCOMES,
        _endings(report),
        chart=Bars(bars) if bars else None,
        table=Table(("Outcome", "People", "Share", "Calls", "Talked"), rows, numbers=frozenset({1, 2, 3, 4})),
        legend=((Tone.WARN, "not final"),) if any(not one.final for one in people) else (),
        note=_silent(report),
    )


def _endings(report: Report) -> str:
    if not report.tracked:
        return say.endings_not_asked(VENDOR.names)
    called, reached = report.funnel.queued, report.funnel.reached
    if not called:
        return say.NONE_IN_FILE
    machines = sum(one.people for one in report.ended if one.outcome == CallState.VOICEMAIL)
    return say.endings(called, reached=reached, machines=machines)


def _silent(report: Report) -> str:
    """Return why not everybody whose call was completed was reached, where that is so."""
    completed = sum(one.people for one in report.ended if one.outcome == CallState.COMPLETED)
    if completed <= report.funnel.reached:
        return ""
    return say.silent(completed - report.funnel.reached)


def _talk(report: Report) -> Section:
    talk = report.talk
    if talk is None:
        return Section("durations", say.LENGTHS, say.NOBODY_REACHED)
    return Section(
        "durations",
        say.LENGTHS,
        _lengths(talk),
        chart=Columns(
            [_span(one) for one in talk.spans], [one.calls for one in talk.spans], every=math.ceil(len(talk.spans) / 7)
        ),
        table=Table(
            ("Length", "Calls", "Share"),
            [(f"{_span(one)} s", f"{one.calls:,}", share(one.calls, talk.calls)) for one in talk.spans],
            numbers=frozenset({1, 2}),
        ),
        note=say.seconds_of_talk(VENDOR.names),
    )


def _lengths(talk: Talk) -> str:
    if talk.calls < _FEW:
        return say.few_lengths(talk.calls, longest=talk.longest)
    return say.lengths(talk.calls, median=talk.median, ninth=talk.ninth, longest=talk.longest)


def _span(span: Span) -> str:
    return f"{span.since}+" if span.until is None else f"{span.since}{DASH}{span.until}"


def _countries(report: Report) -> Section:
    first = report.countries[0]
    lead = say.country(first.name, people=first.people, reached=first.reached, called=report.funnel.queued)
    shown = [(one.name, one.people, one.reached) for one in report.countries[:_COUNTRIES]]
    others: Sequence[Country] = report.countries[_COUNTRIES:]
    if others:
        shown.append(("others", sum(one.people for one in others), sum(one.reached for one in others)))
    return Section(
        "countries",
        "Countries",
        lead,
        chart=Bars(
            [
                Bar(name, people, f"{people:,} · {share(reached, people)}", Tone.QUIET, reached)
                for name, people, reached in shown
            ]
        ),
        table=Table(
            ("Country", "Code", "People", "Reached", "Share"),
            [
                (one.name, one.code, f"{one.people:,}", f"{one.reached:,}", share(one.reached, one.people))
                for one in report.countries
            ],
            numbers=frozenset({2, 3, 4}),
        ),
        legend=REACHED_OR_NOT,
        note=say.BY_COUNTRY_CODE,
    )


def _cost(report: Report) -> Section:
    paid = sorted((one for one in report.ended if one.cost > 0), key=lambda one: -one.cost)
    if not paid:
        return Section("cost", "Cost", say.no_cost(VENDOR.names))
    machines = sum(one.cost for one in paid if one.outcome == CallState.VOICEMAIL)
    currency = report.currency
    whole = say.cost(money(report.cost, currency), each=amount(report.cost / report.calls, currency))
    return Section(
        "cost",
        "Cost",
        f"{whole}{say.for_machines(machines, report.cost) if machines else ''}.",
        chart=Bars(
            [
                Bar(_label(one), one.cost, f"{amount(one.cost, currency)} · {share(one.cost, report.cost)}", _tone(one))
                for one in paid
            ]
        ),
        table=Table(
            ("Outcome", "Cost", "Share", "For each call", "For each minute"),
            [
                (
                    *(_named(one), amount(one.cost, currency), share(one.cost, report.cost)),
                    amount(one.cost / one.calls, currency),
                    amount(one.cost / one.talked * 60, currency) if one.talked else DASH,
                )
                for one in paid
            ],
            numbers=frozenset({1, 2, 3, 4}),
        ),
        note=say.cost_unit(report.currency, VENDOR.names),
    )


def _label(ended: Ended) -> str:
    return ended.outcome or "not asked yet"


def _named(ended: Ended) -> str:
    if ended.final or not ended.outcome:
        return _label(ended)
    return f"{ended.outcome} ({'given up' if ended.given_up else 'not final'})"


def _tone(ended: Ended) -> Tone:
    return _TONES.get(ended.outcome, Tone.QUIET) if ended.final else Tone.WARN
