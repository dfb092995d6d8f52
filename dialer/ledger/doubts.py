"""Attempts of which nobody knows whether a call was placed, and calls of which the ledger did not know."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dialer.ledger.connection import Connected
from dialer.ledger.opening import told
from dialer.ledger.permissions import CALLABLE, revoke
from dialer.ledger.states import derive
from dialer.reference import turn_of

FOUND = "found at Bolna by its reference"
"""Who knew of a call that this is the source of."""


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
        """Note that the call with this reference exists at Bolna; return whether that settled somebody.

        Whom a person let be called again is not: they were asked without knowing of that call.
        """
        with self._transaction() as db:
            row = db.execute(
                """
                UPDATE attempt SET outcome = 'queued', execution_id = ?, words = '', source = ?
                WHERE outcome = 'unknown' AND reference = ? RETURNING id, recipient
                """,
                (execution_id, FOUND, mark),
            ).fetchone()
            if row is None:
                return False
            attempt, recipient = row
            revoke(db, recipient)
            derive(db, [recipient])
            (decided,) = db.execute("SELECT decided FROM recipient WHERE id = ?", (recipient,)).fetchone()
        return bool(decided == attempt)

    def callable_numbers(self) -> set[int]:
        """Return the numbers of everybody who may be called, or may be as soon as they are back in the input."""
        query = f"SELECT r.number FROM recipient r WHERE {CALLABLE}"  # noqa: S608 - constants only
        with told(self.path):
            return {number for (number,) in self._db.execute(query)}

    def callable_with(self, number: int) -> list[str]:
        """Return the keys of those of them who have a number."""
        query = f"SELECT r.key FROM recipient r WHERE r.number = ? AND {CALLABLE}"  # noqa: S608 - constants only
        with told(self.path):
            return [key for (key,) in self._db.execute(query, (number,))]

    def adopt(self, key: str, mark: str, *, execution_id: str) -> bool:
        """Note that a call to one of them was found at Bolna; return whether it was new.

        Of somebody who is to be called again the calls that are known already say nothing new.
        """
        now = time.time()
        with self._transaction() as db:
            row = db.execute(
                f"""
                SELECT r.id, r.attempts FROM recipient r WHERE r.key = ? AND {CALLABLE} AND NOT EXISTS (
                    SELECT 1 FROM attempt a WHERE a.recipient = r.id AND a.reference = ? AND a.outcome = 'queued'
                )
                """,  # noqa: S608 - constants only
                (key, mark),
            ).fetchone()
            if row is None:
                return False
            recipient, attempts = row
            db.execute(
                """
                INSERT INTO attempt (recipient, reference, turn, at, outcome, source, execution_id)
                VALUES (?, ?, ?, ?, 'queued', ?, ?)
                """,
                (
                    recipient, mark, max(attempts + 1, turn_of(mark)), now,
                    f"{FOUND}; the ledger did not know of it", execution_id,
                ),
            )  # fmt: skip
            revoke(db, recipient)
            derive(db, [recipient])
            self._claim_row(key)
        return True
