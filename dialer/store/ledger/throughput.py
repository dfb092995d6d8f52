"""How a batch goes on at this moment."""

from __future__ import annotations

import time
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from dialer.models import Outcome, Status
from dialer.store.ledger.calls import Calls, counted
from dialer.store.ledger.figures import Figures
from dialer.store.ledger.queries import reading
from dialer.store.records import Pulse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.store.ledger.calls import KnownCalls

_WINDOW = 60.0
_SHORTEST = 1.0
_MOST = 100_000


class Pulses(Calls, Figures):
    """The part of the ledger that says how a batch goes on."""

    def pulse(self, *, now: float | None = None) -> Pulse:
        """Return how it goes on.

        Args:
            now: Unix seconds.
        """
        now = time.time() if now is None else now
        with self._errors():
            held, words = self._db.execute(reading.HELD, (now,)).fetchone() or (0.0, "")
            (last,) = self._db.execute(reading.LAST_SIGN).fetchone()
            counts = self._db.execute(reading.ATTEMPT_COUNTS).fetchone()
            attempts = {outcome: count for outcome, count in zip(("", *Outcome), counts, strict=True) if count}
            known, states = self.known_calls(), self._states()
            outcomes, reached = self._people(attempts, known, states)
            per_minute = self._per_minute(now)
            rows = self._released(states)
        return Pulse(
            counts=rows,
            per_minute=per_minute,
            last=last,
            held=held,
            held_for=words,
            attempts=attempts,
            calls=tuple(counted(known, accepted=attempts.get(Outcome.QUEUED, 0))),
            outcomes=outcomes,
            reached=reached if known else None,
        )

    def recent_requests(self, *, most: int) -> list[float]:
        """Return when the last requests were made (Unix seconds), the latest first, without those made again.

        Args:
            most: so many are looked at.
        """
        with self._errors():
            rows = self._db.execute(reading.RECENT_ATTEMPTS, (most,)).fetchall()
        return [at for at, outcome in rows if outcome != Outcome.RETRY]

    def _people(
        self, attempts: Mapping[str, int], known: Sequence[KnownCalls], states: Mapping[Status, int]
    ) -> tuple[Mapping[str, int], int]:
        """Return what has become of the call that each person's result shows, and how many people were reached.

        Those who are no longer in the input do not count.
        """
        accepted = states[Status.QUEUED]
        people = accepted + states[Status.UNKNOWN] + states[Status.SENDING]
        if sum(attempts.get(outcome, 0) for outcome in ("", Outcome.QUEUED, Outcome.UNKNOWN)) > people:
            (reached,) = self._db.execute(reading.REACHED_PEOPLE).fetchone()
            return _of_all(dict(self._db.execute(reading.OUTCOMES)), accepted), reached
        # All of them are in the input, and nobody was called twice: there is one call per person.
        outcomes = Counter[str]()
        for one in known:
            outcomes[one.outcome] += one.calls
        return _of_all(outcomes, accepted), sum(one.reached for one in known)

    def _per_minute(self, now: float) -> float:
        rows = self._db.execute(reading.RECENT_ATTEMPTS, (_MOST,))
        recent = list(takewhile(lambda row: row[0] > now - _WINDOW, rows))
        done = sum(outcome not in {None, "retry"} for _, outcome in recent)
        return 60.0 * done / max(now - recent[-1][0], _SHORTEST) if recent else 0.0


def _of_all(outcomes: Mapping[str, int], accepted: int) -> Mapping[str, int]:
    """Return outcomes of all people with an accepted call: nothing is known of those whose call was not looked up."""
    rest = accepted - sum(outcomes.values())
    return {**outcomes, "": outcomes.get("", 0) + rest} if rest > 0 else outcomes
