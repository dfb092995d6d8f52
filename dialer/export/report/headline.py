"""The headline of a report: the figures that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.export.report.parts import Tile
from dialer.export.report.unfinished import WAITING, is_final
from dialer.messages.export import report as say
from dialer.messages.export.figures import units
from dialer.messages.values import amount
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.export.report.figures import Report


def tiles(report: Report) -> tuple[Tile, ...]:
    """Return the headline figures; nothing of what is not known yet."""
    return tuple(_tiles(report))


def _tiles(report: Report) -> Iterator[Tile]:
    funnel = report.funnel
    if not report.requests:
        yield Tile(say.IN_LIST, f"{funnel.in_file:,}", "rows")
        yield Tile(say.CALLABLE, f"{funnel.callable:,}", say.of_list(funnel.callable, funnel.in_file))
        return
    note = say.of_callable(funnel.callable, sent=funnel.sent, accepted=funnel.queued, names=VENDOR.names)
    yield Tile(say.SENT, f"{funnel.sent:,}", note)
    if report.tracked:
        yield from _known(report)
    if report.calls:
        waiting = sum(one.count for one in report.unfinished if one.what in WAITING)
        yield Tile(say.OPEN, f"{report.open:,}", say.waiting(waiting))


def _known(report: Report) -> Iterator[Tile]:
    funnel, talk = report.funnel, report.talk
    share = say.of_accepted(funnel.reached, funnel.queued, is_final=is_final(report))
    yield Tile(say.REACHED_, f"{funnel.reached:,}", share)
    if funnel.wanted is not None:
        yield Tile(say.WANTED, f"{funnel.wanted:,}", say.of_reached(funnel.wanted, funnel.reached))
    if report.talked:
        yield Tile(say.TALKED, units(report.talked), say.half_of_the_calls(talk.median) if talk else say.WITH_NOBODY)
    if report.cost:
        is_known = funnel.reached and not report.open
        each = amount(report.cost / funnel.reached, report.currency) if is_known else ""
        unit = say.unit(report.currency, VENDOR.names)
        yield Tile(say.COST, amount(report.cost, report.currency), say.each_reached(unit, each))
