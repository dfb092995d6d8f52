"""The headline of a report: five figures."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dialer.export.report.parts import Tile
from dialer.export.report.unfinished import WAITING, so_far
from dialer.export.report.wording import DASH, money, share, time

if TYPE_CHECKING:
    from dialer.export.report.figures import Report


def tiles(report: Report) -> tuple[Tile, ...]:
    """Return the headline figures; a dash where nothing is known yet."""
    funnel = report.funnel
    called = Tile("Called", f"{funnel.queued:,}", f"of {funnel.callable:,} who can be called")
    return (called, *(_known(report) if report.tracked else _unknown(report)), _open(report))


def _known(report: Report) -> tuple[Tile, ...]:
    funnel, talk = report.funnel, report.talk
    amount = functools.partial(money, currency=report.currency)
    each = f"; {amount(report.cost / funnel.reached, digits=1)} for each person reached" if funnel.reached else ""
    return (
        Tile(
            "Reached", f"{funnel.reached:,}", f"{share(funnel.reached, funnel.queued)} of those called{so_far(report)}"
        ),
        Tile("Talked", time(report.talked), f"half of the calls up to {time(talk.median)}" if talk else "with nobody"),
        Tile("Cost", amount(report.cost, digits=0), f"{report.currency or 'cents'}{each}"),
    )


def _unknown(report: Report) -> tuple[Tile, ...]:
    why = "Bolna was not asked yet" if report.calls else "nobody was called yet"
    return tuple(Tile(label, DASH, why) for label in ("Reached", "Talked", "Cost"))


def _open(report: Report) -> Tile:
    waiting = sum(one.count for one in report.open if one.what in WAITING)
    return Tile("Still open", f"{waiting:,}", "people; see at the end" if waiting else "nobody is waiting")
