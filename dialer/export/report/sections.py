"""What a report says of its figures, in the order it is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dialer.export.report import conversations, daytime, troubles
from dialer.export.report.comparison import comparison
from dialer.export.report.parts import Bar, Bars, Columns, Section, Table, Tone, isolated, parted
from dialer.export.report.unfinished import is_final
from dialer.messages.export import report as say
from dialer.messages.export.figures import DASH, counted, share, time
from dialer.messages.values import amount, money
from dialer.provider import VENDOR
from dialer.provider.states import WENT_WRONG, CallState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.export.report.figures import Country, Ended, Report, Span, Talk

_COUNTRIES: Final = 8
_TONES: Final[dict[str, Tone]] = {
    CallState.COMPLETED: Tone.ACCENT,
    **dict.fromkeys(WENT_WRONG, Tone.BAD),
}
_LETTERS: Final = 50
"""So many fit below columns."""
_FEW: Final = 10
"""Calls below which nothing is said of half of them."""


def sections(report: Report) -> tuple[Section, ...]:
    """Return what there is to say; nothing about what did not happen, or is not known."""
    return tuple(_sections(report))


def _sections(report: Report) -> Iterator[Section]:
    yield _funnel(report)
    if report.calls and report.before is not None:
        yield comparison(report, report.before)
    if report.tracked:
        yield from _tracked(report)
    if len(report.tries) > 1:
        yield troubles.tries(report)
    yield from conversations.people(report)
    yield from troubles.troubles(report)


def _tracked(report: Report) -> Iterator[Section]:
    """Yield what is known once the provider was asked how the calls went."""
    yield _outcomes(report)
    yield from conversations.answers(report)
    yield daytime.hours(report)
    if len(report.days) > 1:
        yield daytime.days(report)
    if report.talk is not None:
        yield _talk(report.talk)
    if len(report.countries) > 1:
        yield _countries(report)
    if report.cost:
        yield _cost(report)


# -- each of them --------------------------------------------------------------------------------------------------


def _funnel(report: Report) -> Section:
    funnel = report.funnel
    steps = [(say.IN_LIST, funnel.in_file), (say.CALLABLE, funnel.callable)]
    if report.requests:
        steps += [(say.SENT, funnel.sent), (say.ACCEPTED, funnel.queued)]
    if report.tracked:
        steps += [(say.REACHED_, funnel.reached)]
        steps += [] if funnel.wanted is None else [(say.WANTED, funnel.wanted)]
    bars = [
        Bar(
            label,
            count,
            counted(count, funnel.in_file) if funnel.in_file else f"{count:,}",
            Tone.ACCENT if label in {say.REACHED_, say.WANTED} else Tone.QUIET,
        )
        for label, count in steps
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
        table=Table((say.STEP, say.ROWS, say.OF_LIST, say.STEP_BEFORE), rows, numbers=frozenset({1, 2, 3})),
        note=say.lost(report.statuses, VENDOR.names),
    )


def _way(report: Report) -> str:
    funnel = report.funnel
    way = say.way(funnel.in_file, funnel.callable)
    way += f" {say.accepted(funnel.queued, VENDOR.names)}" if report.requests else ""
    reached = say.were_reached(funnel.reached, is_final=is_final(report)) if report.tracked else ""
    left = f" {say.no_longer_in_file(funnel.left)}" if funnel.left else ""
    return f"{way.removesuffix('.')}{reached}.{left}"


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
        say.outcomes(called),
        _endings(report),
        chart=Bars(bars) if bars else None,
        table=Table(
            (say.OUTCOME, say.PEOPLE, say.SHARE, say.PEOPLE_CALLS, say.TALKED), rows, numbers=frozenset({1, 2, 3, 4})
        ),
        legend=((Tone.WARN, say.STILL),) if any(not one.final for one in people) else (),
        note=_silent(report),
    )


def _endings(report: Report) -> str:
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


def _talk(talk: Talk) -> Section:
    return Section(
        "durations",
        say.LENGTHS,
        _lengths(talk),
        chart=Columns(
            [_span(one) for one in talk.spans],
            [one.calls for one in talk.spans],
            every=math.ceil(sum(len(_span(one)) + 2 for one in talk.spans) / _LETTERS),
        ),
        table=Table(
            (say.LENGTH, say.PEOPLE_CALLS, say.SHARE),
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
    shown = [(one.name, one.people, one.reached, one.in_doubt) for one in report.countries[:_COUNTRIES]]
    others: Sequence[Country] = report.countries[_COUNTRIES:]
    if others:
        people, reached, in_doubt = (
            sum(getattr(one, what) for one in others) for what in ("people", "reached", "in_doubt")
        )
        shown.append((say.OTHERS, people, reached, in_doubt))
    return Section(
        "countries",
        say.COUNTRIES,
        lead,
        chart=Bars(
            [
                Bar(name, people, f"{people:,} · {share(reached, people)}", Tone.QUIET, reached, doubt=in_doubt)
                for name, people, reached, in_doubt in shown
            ]
        ),
        table=Table(
            (say.COUNTRY, say.PEOPLE, say.REACHED_, say.SHARE),
            [
                (one.name, f"{one.people:,}", f"{one.reached:,}", share(one.reached, one.people))
                for one in report.countries
            ],
            numbers=frozenset({1, 2, 3}),
        ),
        legend=parted(in_doubt=any(one.in_doubt for one in report.countries)),
        note=say.BY_COUNTRY_CODE,
    )


def _cost(report: Report) -> Section:
    paid = sorted((one for one in report.ended if one.cost > 0), key=lambda one: -one.cost)
    machines = sum(one.cost for one in paid if one.outcome == CallState.VOICEMAIL)
    currency = report.currency
    whole = say.cost(money(report.cost, currency), each=amount(report.cost / report.calls, currency))
    return Section(
        "cost",
        say.COST,
        f"{whole}{say.for_machines(machines, report.cost) if machines else ''}.",
        chart=Bars(
            [
                Bar(_label(one), one.cost, f"{amount(one.cost, currency)} · {share(one.cost, report.cost)}", _tone(one))
                for one in paid
            ]
        ),
        table=Table(
            (say.OUTCOME, say.COST, say.SHARE, say.EACH_CALL, say.EACH_MINUTE),
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
    return say.outcome(ended.outcome)


def _named(ended: Ended) -> str:
    return isolated(say.named(ended.outcome, final=ended.final, given_up=ended.given_up))


def _tone(ended: Ended) -> Tone:
    return _TONES.get(ended.outcome, Tone.QUIET) if ended.final else Tone.WARN
