"""What a report says of the campaign's batch before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer.export.report.masking import cut
from dialer.export.report.overall import Overall
from dialer.export.report.parts import Section, Table, isolated
from dialer.messages.export import report as say
from dialer.messages.export.figures import DASH, counted, moment, time
from dialer.messages.values import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.export.report.figures import Report

_LETTERS: Final = 40


def comparison(report: Report, before: Overall) -> Section:
    """Return the figures of two batches side by side."""
    now = Overall(
        batch=report.batch,
        first=report.first,
        last=report.last,
        funnel=report.funnel,
        tracked=report.tracked,
        calls=report.calls,
        talked=report.talked,
        cost=report.cost,
    )
    name = isolated(cut(before.batch, _LETTERS))
    figures = dict(_figures(before, report.currency))
    rows = [(label, figure, figures.get(label, DASH)) for label, figure in _figures(now, report.currency)]
    return Section(
        "before",
        say.AGAINST,
        say.against(name, _reached(now), _reached(before)),
        table=Table((say.FIGURE, say.THIS, say.BEFORE), rows, numbers=frozenset({1, 2})),
    )


def _reached(one: Overall) -> float | None:
    return one.funnel.reached / one.funnel.queued if one.tracked and one.funnel.queued else None


def _figures(one: Overall, currency: str | None) -> Iterator[tuple[str, str]]:
    funnel = one.funnel
    if one.first is not None and one.last is not None:
        yield say.FIRST_CALL, moment(one.first)
        yield say.LAST_CALL, moment(one.last)
    yield say.IN_LIST, f"{funnel.in_file:,}"
    yield say.CALLABLE, counted(funnel.callable, funnel.in_file)
    yield say.SENT, counted(funnel.sent, funnel.callable)
    yield say.ACCEPTED, counted(funnel.queued, funnel.sent)
    if not one.tracked:
        return
    yield say.REACHED_, counted(funnel.reached, funnel.queued)
    if funnel.wanted is not None:
        yield say.WANTED, counted(funnel.wanted, funnel.reached)
    yield say.TALKED, time(one.talked)
    if one.cost:
        yield say.COST, amount(one.cost, currency)
        if funnel.reached:
            yield say.PER_REACHED, amount(one.cost / funnel.reached, currency)
