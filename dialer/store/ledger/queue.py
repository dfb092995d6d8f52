"""Who is to be called next, and who was."""

from __future__ import annotations

import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dialer.models import Own, Recipient, Status
from dialer.store.ledger.cells import parse_cells
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import changing, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_WAIT = "longest_wait"
"""Note: for how long somebody may hold an intent before the request leaves."""
_position_of = itemgetter(5)
"""Of a row of `PAGE`."""


class Queue(Connected):
    """The part of the ledger that says who is next."""

    def page(self, *, after: int, size: int) -> list[Recipient]:
        """Return the next callable recipients in input order, from beyond a position."""
        return self.peek(after=after, size=size)

    def peek(self, *, after: int, size: int) -> list[Recipient]:
        """Return what `page` would, and leave it to other runs to call them."""
        with self._errors():
            rows = self._db.execute(reading.PAGE, (after, size)).fetchall()
            if self._db.execute(reading.ANY_PERMITTED).fetchone() is not None:
                rows += self._db.execute(reading.PAGE_OF_PERMITTED, (after, size)).fetchall()
        return recipients_in(rows)[:size]

    def attempted_numbers(
        self, *, of: Callable[[int], bool] = lambda _: True, refused: bool = True
    ) -> dict[int, tuple[str, ...]]:
        """Return number → keys under which it was attempted.

        Args:
            of: tells which numbers are asked for.
            refused: also where the provider refused each request, so that surely no call was placed.
        """
        found: dict[int, tuple[str, ...]] = {}
        query = reading.ATTEMPTED_NUMBERS
        with self._errors():
            for number, key, state in self._db.execute(query):
                if not of(number) or (state == Status.ERROR and not refused):
                    continue
                found[number] = (*found.get(number, ()), key)
        return found

    def expect_waits(self, seconds: float) -> None:
        """Note for how long somebody may hold an intent before the request leaves."""
        self.set_note(LONGEST_WAIT, str(seconds))

    def note_hold(self, seconds: float, words: str, *, now: float | None = None) -> None:
        """Record that all sending is held for a number of seconds from now, and why."""
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.execute(changing.NOTE_HOLD, (at, seconds, words))


def recipients_in(rows: Sequence[Any]) -> list[Recipient]:
    """Return the recipients of some rows, in input order."""
    return [
        Recipient(id_, key, number, parse_cells(cells), attempts, position, _parted(zones), country, Own(*own))
        for id_, key, number, cells, attempts, position, zones, country, *own in sorted(rows, key=_position_of)
    ]


def _parted(zones: str) -> tuple[str, ...]:
    return tuple(zones.split(",")) if zones else ()
