"""Attempts of which nobody knows whether a call was placed, and who is called again because a person asked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.ledger.connection import Connected
from dialer.ledger.opening import told
from dialer.reference import turn_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.models import Status


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt of which nobody knows whether a call was placed.

    Attributes:
        recipient: the recipient's integer key.
        number: E.164 digits.
        reference: what its `user_data` carried.
        at: when its intent was written (Unix seconds).
        until: when its answer came; of a run that died, when it last recorded anything.
        skew: seconds the server's clock was ahead, where its answer said so.
    """

    recipient: int
    number: int
    reference: str
    at: float
    until: float
    skew: float | None


class Doubts(Connected):
    """The part of the ledger that settles doubt."""

    def doubts(self) -> list[Doubt]:
        """Return the unknown attempts of recipients that are `unknown`, oldest first."""
        with told(self.path):
            rows = self._db.execute(
                """
                SELECT r.id, r.number, a.reference, a.at, coalesce(a.answered_at, a.at), a.skew
                FROM attempt a CROSS JOIN recipient r ON r.id = a.recipient
                WHERE a.outcome = 'unknown' AND r.state = 'unknown' ORDER BY a.at
                """
            ).fetchall()
        return [Doubt(*row) for row in rows]

    def unknown(self) -> list[tuple[str, int, float]]:
        """Return key, number and the Unix time until which the last attempt may have left, of everybody `unknown`."""
        with told(self.path):
            return self._db.execute(
                """
                SELECT r.key, r.number, coalesce(max(coalesce(a.answered_at, a.at)), r.updated_at, 0)
                FROM recipient r LEFT JOIN attempt a ON a.recipient = r.id AND a.outcome = 'unknown'
                WHERE r.state = 'unknown' GROUP BY r.id ORDER BY r.id
                """
            ).fetchall()

    def skew(self) -> float:
        """Return how far the server's clock was last seen ahead of ours, in seconds; 0 when never seen."""
        with told(self.path):
            row = self._db.execute(
                "SELECT skew FROM attempt WHERE skew IS NOT NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
        return 0.0 if row is None else float(row[0])

    def found(self, mark: str, *, execution_id: str) -> bool:
        """Note that the call with this reference exists at Bolna; return whether that settled somebody."""
        with self._transaction() as db:
            row = db.execute(
                """
                UPDATE attempt SET outcome = 'queued', execution_id = ?, words = 'found at Bolna by its reference'
                WHERE outcome = 'unknown' AND reference = ? RETURNING recipient
                """,
                (execution_id, mark),
            ).fetchone()
            if row is None:
                return False
            settled = db.execute(
                """
                UPDATE recipient SET state = 'queued', former = NULL, as_called = NULL, execution_id = ?, reason = '',
                updated_at = ?
                WHERE id = ? AND (state = 'unknown' OR state = 'pending' AND former IN ('unknown', 'queued'))
                """,
                (execution_id, time.time(), row[0]),
            )
            return settled.rowcount == 1

    def pending_numbers(self) -> set[int]:
        """Return the numbers of everybody who is pending, or is again as soon as they are back in the input."""
        query = "SELECT number FROM recipient WHERE state IN ('pending', 'withdrawn')"
        with told(self.path):
            return {number for (number,) in self._db.execute(query)}

    def pending_with(self, number: int) -> list[str]:
        """Return the keys of those of them who have a number."""
        query = "SELECT key FROM recipient WHERE number = ? AND state IN ('pending', 'withdrawn')"
        with told(self.path):
            return [key for (key,) in self._db.execute(query, (number,))]

    def adopt(self, key: str, mark: str, *, execution_id: str) -> bool:
        """Note that a call to one of them was found at Bolna; return whether they were pending, or withdrawn.

        Of somebody released to be called again the calls that are known already say nothing new.
        """
        now = time.time()
        with self._transaction() as db:
            row = db.execute(
                """
                UPDATE recipient SET state = 'queued', former = NULL, as_called = NULL, execution_id = ?,
                attempts = max(attempts + 1, ?), reason = '', updated_at = ?
                WHERE key = ? AND state IN ('pending', 'withdrawn') AND NOT EXISTS (SELECT 1 FROM attempt a
                WHERE a.recipient = recipient.id AND a.reference = ? AND a.outcome = 'queued') RETURNING id
                """,
                (execution_id, turn_of(mark), now, key, mark),
            ).fetchone()
            if row is not None:
                words = "found at Bolna by its reference; the ledger did not know of it"
                db.execute(
                    """
                    INSERT INTO attempt (recipient, reference, at, outcome, words, execution_id)
                    VALUES (?, ?, ?, 'queued', ?, ?)
                    """,
                    (row[0], mark, now, words, execution_id),
                )
                self._claim_row(key)
        return row is not None

    def release(self, state: Status, *, what: str, keys: Sequence[str] | None = None) -> int:
        """Make everybody in a state callable again because a person asked; the decision is kept.

        It holds for the run it was made in: whoever was not called by then is at the next start what they were.

        Args:
            state: ERROR or UNKNOWN.
            what: the words of the command.
            keys: only these; None: all.

        Returns:
            How many.
        """
        wanted = None if keys is None else frozenset(keys)
        with self._transaction() as db:
            rows = db.execute(
                """
                SELECT r.id, r.key, last.attempt FROM recipient r
                LEFT JOIN (SELECT recipient, max(id) AS attempt FROM attempt GROUP BY recipient) last
                ON last.recipient = r.id WHERE r.state = ?
                """,
                (state,),
            ).fetchall()
            chosen = [(id_, last) for id_, key, last in rows if wanted is None or key in wanted]
            db.executemany(
                "INSERT INTO decision (at, what, recipient, attempt) VALUES (?, ?, ?, ?)",
                ((time.time(), what, id_, last) for id_, last in chosen),
            )
            db.executemany(
                "UPDATE recipient SET former = state, state = 'pending' WHERE id = ?", ((id_,) for id_, _ in chosen)
            )
        return len(chosen)
