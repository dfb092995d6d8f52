"""When calls may have been placed of which a ledger does not know, until the provider was searched for them."""

from __future__ import annotations

import json
import time

from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import reading

START, MADE, _GAPS, SEARCHED = "start", "made", "calls_missing", "searched"
"""Notes: how many times work was begun, when the ledger was made, and until when the provider was searched."""
LATE = 1800.0
"""Seconds for which a call that was placed may not be listed."""
_AHEAD = 30 * 86_400.0
"""Seconds before now that are looked through where the last thing is recorded as later than now."""


class Gaps(Connected):
    """The part of the ledger that knows when calls may be missing in it."""

    def note_gap(self, since: float, until: float) -> None:
        """Note that in a span of time (Unix seconds) calls may have been placed of which the ledger does not know."""
        # The time is unknown if the clock was ahead.
        begun = since if since <= until else until - _AHEAD
        spans = sorted([*self.gaps(), (begun, until)])
        merged = [spans[0]]
        for start, end in spans[1:]:
            if start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        self.set_note(_GAPS, json.dumps(merged))

    def gaps(self) -> list[tuple[float, float]]:
        """Return when calls may have been placed of which the ledger does not know (Unix seconds), in order."""
        return [(start, end) for start, end in json.loads(self.note(_GAPS) or "[]")]

    def search_from(self) -> float | None:
        """Return from when on the provider's calls have to be looked through (Unix seconds); None: not at all.

        That is the last search, also where attempts are later, since a copy of this ledger may have placed calls as
        well; less what may be listed late. Only a ledger that never was searched for begins at its last attempt.
        """
        gaps, searched, last = self.gaps(), self.note(SEARCHED), self.note(MADE)
        if int(self.note(START) or 0) <= 1 and self._first_moment() is None and not gaps:
            return None
        # The time is unknown if the clock was ahead.
        if searched is None or float(searched) > time.time():
            with self._errors():
                searched = self._db.execute(reading.LAST_AT).fetchone()[0] or last
        since, now = float(searched or 0.0) - LATE, time.time()
        return min([since if since <= now else now - _AHEAD, *(start for start, _ in gaps)])

    def note_searched(self, until: float) -> None:
        """Note that the provider was searched until then; a gap is closed once nothing of it can be listed any more."""
        with self.transaction():
            gaps = self.gaps()
            left = [(min(max(start, until - LATE), end), end) for start, end in gaps if until < end + LATE]
            if left != gaps:
                self.set_note(_GAPS, json.dumps(left))
            self.set_note(SEARCHED, str(until))

    def wait_until(self) -> float | None:
        """Return until when no call may be placed, since missing calls may not be listed yet; None: no wait."""
        return max((end + LATE for _, end in self.gaps()), default=None)

    def _first_moment(self) -> float | None:
        with self._errors():
            row = self._db.execute(reading.FIRST_MOMENT).fetchone()
        return None if row is None else float(row[0])
