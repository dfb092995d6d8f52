"""In which time zones each recipient may be: the row's own, else the campaign's, else those of the number."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dialer import numbers
from dialer.hours import Closed, no_rule
from dialer.messages import hours as say
from dialer.models import Problem, Whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.hours import CallingWindow

    Locate = Callable[[Sequence[str], int, str | None], Whereabouts | Problem]

ZONE_NAMES = ("timezone", "time_zone", "tz")
"""Header names under which a column of time zones is found by itself."""


def zone_column(header: Sequence[str], named: int | None) -> int | None:
    """Return the column that says in which time zone a recipient is, for the hours; None if there is none.

    Args:
        header: the column names.
        named: the one that the campaign file names, or the variable `timezone` comes from.
    """
    if named is not None:
        return named
    usual = [at for at, name in enumerate(header) if name.strip().casefold().replace(" ", "_") in ZONE_NAMES]
    return usual[0] if len(usual) == 1 else None


class Locator:
    """Says where a recipient may be, or why they can never be called.

    Args:
        window: the campaign's.
        column: index of the cell that names the recipient's zone; None if there is none.
        at: from when on an opening is looked for (aware).
    """

    def __init__(self, window: CallingWindow, *, column: int | None, at: datetime) -> None:
        self._window = window
        self._column = column
        self._at = at
        self._known: dict[Whereabouts, Whereabouts] = {}

    def __call__(self, cells: Sequence[str], number: int, scheduled_at: str | None) -> Whereabouts | Problem:
        """Return where a recipient may be.

        Args:
            cells: the row, in header order.
            number: E.164 digits.
            scheduled_at: when the provider is to dial, ISO 8601 with an offset; None: at once.
        """
        country = numbers.home(number)
        if not self._window.calls_uncovered and not self._window.covers(_regions(number)):
            return no_rule(country)
        choice = self._window.zones_for(
            row_zone=None if self._column is None else cells[self._column],
            number_zones=numbers.zones(number),
            country=country,
            at=self._at,
        )
        if isinstance(choice, Problem):
            return choice
        where = Whereabouts(choice.zones, choice.source, country or "")
        # One object for all who are at one place: a list of a million holds some hundreds.
        where = self._known.setdefault(where, where)
        return self._of_schedule(where, scheduled_at) or where

    def _of_schedule(self, where: Whereabouts, scheduled_at: str | None) -> Problem | None:
        if scheduled_at is None:
            return None
        at = datetime.fromisoformat(scheduled_at)
        verdict = self._window.verdict(zones=where.zones, country=where.country or None, at=at)
        if not isinstance(verdict, Closed):
            return None
        return Problem("schedule_outside_hours", say.schedule_outside(verdict.reason))


def _regions(number: int) -> tuple[str, ...]:
    assigned = numbers.origin(number)
    return () if assigned is None else assigned.regions
