"""The headline of a report: five figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.export.report.parts import Tile
from dialer.export.report.unfinished import WAITING, is_final
from dialer.messages.export import report as say
from dialer.messages.export.figures import DASH, time
from dialer.messages.values import CURRENCY_NOT_SET, amount
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from dialer.export.report.figures import Report


def tiles(report: Report) -> tuple[Tile, ...]:
    """Return the headline figures; a dash where nothing is known yet."""
    funnel = report.funnel
    called = Tile("Called", f"{funnel.queued:,}", say.of_callable(funnel.callable))
    return (called, *(_known(report) if report.tracked else _unknown(report)), _open(report))


def _known(report: Report) -> tuple[Tile, ...]:
    funnel, talk = report.funnel, report.talk
    unit = report.currency or CURRENCY_NOT_SET
    each = ""
    if funnel.reached and not report.open:
        each = say.for_each_reached(amount(report.cost / funnel.reached, report.currency))
    return (
        Tile(
            "Reached",
            f"{funnel.reached:,}",
            say.of_called(funnel.reached, funnel.queued, is_final=is_final(report)),
        ),
        Tile("Talked", time(report.talked), say.half_of_the_calls(talk.median) if talk else "with nobody"),
        Tile("Cost", amount(report.cost, report.currency), f"{unit}{each}"),
    )


def _unknown(report: Report) -> tuple[Tile, ...]:
    why = say.not_asked(VENDOR.names) if report.calls else say.NOBODY_CALLED
    return tuple(Tile(label, DASH, why) for label in ("Reached", "Talked", "Cost"))


def _open(report: Report) -> Tile:
    waiting = sum(one.count for one in report.unfinished if one.what in WAITING)
    return Tile("Still open", f"{report.open:,}", say.waiting(waiting))
