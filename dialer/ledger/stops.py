"""Calls that are taken back before they ring."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dialer.ledger.calls import ACCEPTED, CALL, PAYLOAD, Calls, listed
from dialer.ledger.opening import told
from dialer.provider.states import FINAL, CallState
from dialer.store.records import Call, Stoppable

if TYPE_CHECKING:
    from dialer.provider.interface import Execution

STOPPED = CallState.STOPPED
"""No other answer to the wish to stop a call is kept under this word."""


class Stops(Calls):
    """The part of the ledger that takes calls back."""

    def count_open(self) -> int:
        """Return how many accepted calls may still ring, as far as the ledger knows."""
        with told(self.path):
            return int(self._db.execute(f"SELECT count(*) {_OPEN}").fetchone()[0])

    def stoppable(self, *, before: Stoppable | None = None, size: int = 500) -> list[Stoppable]:
        """Return calls that may still ring, the last to ring first, from beyond one of them.

        Bolna dials what is queued in the order in which it came, so the last placed has the longest to wait. Asked
        again is also who could not be stopped before: a call that rang then may wait for its retry now.
        """
        bound = (float("inf"), 0) if before is None else (before.rings_at, before.call.attempt)
        with told(self.path):
            rows = self._db.execute(
                f"""
                SELECT * FROM (
                    SELECT max(a.at, coalesce(c.scheduled_at, strftime('%s', json_extract(nullif({PAYLOAD}, ''),
                    '$.scheduled_at')), 0) + 0.0) AS rings_at, {CALL} {_OPEN}
                ) WHERE (rings_at, id) < (?, ?) ORDER BY rings_at DESC, id DESC LIMIT ?
                """,  # noqa: S608 - constants only
                (*bound, size),
            ).fetchall()
        return [Stoppable(rings_at, Call(*columns)) for rings_at, *columns in rows]

    def note_stopped(self, attempt: int, *, now: float | None = None) -> None:
        """Keep that Bolna has stopped a call: it will not ring."""
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.execute(
                """
                INSERT INTO call (attempt, recipient, status, final, asked_at, since, stop)
                VALUES (?1, (SELECT recipient FROM attempt WHERE id = ?1), ?2, 1, ?3, ?3, ?2)
                ON CONFLICT (attempt) DO UPDATE SET status = excluded.status, final = 1, asked_at = excluded.asked_at,
                since = excluded.since, stop = excluded.stop WHERE final <> 1
                """,
                (attempt, STOPPED, at),
            )

    def note_not_stopped(self, attempt: int, *, words: str, found: Execution | None) -> None:
        """Keep that Bolna did not stop a call, with its words, and how the call stands (None: it knows none)."""
        with self.transaction() as db:
            if found is None:
                self.note_missing([attempt])
            else:
                self.note_calls([(attempt, found)])
            db.execute("UPDATE call SET stop = ? WHERE attempt = ? AND stop <> ?", (words, attempt, STOPPED))


_OPEN = f"""
    FROM {ACCEPTED}
    WHERE a.outcome = 'queued' AND a.execution_id <> '' AND coalesce(c.final, 0) <> 1
    AND coalesce(c.stop, '') <> '{STOPPED}' AND NOT (coalesce(c.status, '') IN {listed(FINAL)}
    AND NOT coalesce(json_extract(nullif({PAYLOAD}, ''), '$.retry_config.enabled'), 0))
"""
"""Also those that were given up because they never ended: they may still be in the queue. Not those that a list has
shown to be over, unless Bolna may try them again."""
