"""How a batch goes on at this moment."""

from __future__ import annotations

import time
from itertools import takewhile

from dialer.store.records import Pulse
from dialer.store.sqlite.connection import Connected
from dialer.store.sqlite.opening import ledger_errors
from dialer.store.sqlite.queries import reading

_WINDOW = 60.0
_SHORTEST = 1.0
_MOST = 100_000


class Pulses(Connected):
    """The part of the ledger that says how a batch goes on."""

    def pulse(self, *, now: float | None = None) -> Pulse:
        """Return how it goes on.

        Args:
            now: Unix seconds.
        """
        now = time.time() if now is None else now
        with ledger_errors(self.path):
            held, words = self._db.execute(reading.HELD, (now,)).fetchone() or (0.0, "")
            (last,) = self._db.execute(reading.LAST_SIGN).fetchone()
            attempts, outcomes = (dict(self._db.execute(query)) for query in (reading.ATTEMPT_COUNTS, reading.OUTCOMES))
            reached, asked = self._db.execute(reading.REACHED_PEOPLE).fetchone()
            per_minute = self._per_minute(now)
        return Pulse(per_minute, last, held, words, attempts, outcomes, reached if asked else None)

    def _per_minute(self, now: float) -> float:
        rows = self._db.execute(reading.RECENT_ATTEMPTS, (_MOST,))
        recent = list(takewhile(lambda row: row[0] > now - _WINDOW, rows))
        done = sum(outcome not in {None, "retry"} for _, outcome in recent)
        return 60.0 * done / max(now - recent[-1][0], _SHORTEST) if recent else 0.0
