"""Many attempts in a few statements, whose number does not depend on how many attempts they are.

At each step of each statement sqlite3 lets go of the interpreter, and the event loop gives it back late: a statement
for each call costs both threads more than what it writes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dialer.models import Outcome
from dialer.reference import turn_of
from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.states import derive

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from dialer.models import Answer, Attempt, Recipient


def attempts_of_callable(db: sqlite3.Connection, recipients: Sequence[Recipient]) -> dict[int, int]:
    """Return recipient → attempts so far, of those who may be called."""
    (found,) = db.execute(
        reading.ATTEMPTS_OF_CALLABLE,
        (json.dumps([recipient.id for recipient in recipients]),),
    ).fetchone()
    return dict(json.loads(found))


def begin(db: sqlite3.Connection, attempts: Sequence[Attempt], *, at: float) -> None:
    """Keep attempts that are about to be made (Unix seconds)."""
    begun = json.dumps([_intent(attempt) for attempt in attempts])
    db.execute(
        changing.BEGIN,
        (begun, at),
    )
    db.execute(changing.KEEP_BODIES, (begun,))
    _use(db, begun)
    derive(db, (attempt.recipient.id for attempt in attempts))


def end(db: sqlite3.Connection, outcomes: Sequence[tuple[Attempt, Answer]], *, at: float) -> None:
    """Keep how attempts ended (Unix seconds), and where that leaves their recipients."""
    ended = json.dumps([_outcome(attempt, answer) for attempt, answer in outcomes])
    db.execute(
        changing.END,
        (ended, at),
    )
    _give_back(db, (attempt.id for attempt, answer in outcomes if answer.outcome is Outcome.RETRY))
    derive(db, (attempt.recipient.id for attempt, _ in outcomes))


def withdraw(db: sqlite3.Connection, attempts: Sequence[Attempt], *, reason: str) -> None:
    """Forget attempts that were surely not made, and keep why."""
    _give_back(db, (attempt.id for attempt in attempts))
    for forget in (changing.WITHDRAW, changing.FORGET_BODY):
        db.executemany(forget, [(attempt.id,) for attempt in attempts])
    derive(db, (attempt.recipient.id for attempt in attempts), reason=reason)


def _use(db: sqlite3.Connection, begun: str) -> None:
    """Let attempts that are begun use up their recipients' permissions.

    Args:
        db: within a transaction.
        begun: JSON: attempt and recipient of each.
    """
    db.execute(
        changing.USE,
        (begun,),
    )


def _give_back(db: sqlite3.Connection, attempts: Iterable[int]) -> None:
    """Let the permissions be used again that these attempts have used: they surely placed no call."""
    chosen = json.dumps(list(attempts))
    db.execute(changing.GIVE_BACK, (chosen,))


def _intent(attempt: Attempt) -> tuple[object, ...]:
    return (
        attempt.id,
        attempt.recipient.id,
        attempt.reference,
        turn_of(attempt.reference),
        attempt.body.scheduled_at,
        attempt.body.retry_seconds,
        attempt.body.text,
    )


def _outcome(attempt: Attempt, answer: Answer) -> tuple[object, ...]:
    return (
        attempt.id,
        answer.outcome,
        answer.http_status,
        answer.words,
        answer.execution_id or "",
        answer.skew,
    )
