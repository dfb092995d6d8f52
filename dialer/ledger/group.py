"""Many attempts in a few statements, whose number does not depend on how many attempts they are.

At each step of each statement sqlite3 lets go of the interpreter, and the event loop gives it back late: a statement
for each call costs both threads more than what it writes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dialer.ledger.permissions import CALLABLE, give_back, use
from dialer.ledger.states import derive
from dialer.models import Outcome
from dialer.reference import turn_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dialer.models import Answer, Attempt, Recipient


def attempts_of_callable(db: sqlite3.Connection, recipients: Sequence[Recipient]) -> dict[int, int]:
    """Return recipient → attempts so far, of those who may be called."""
    (found,) = db.execute(
        f"""
        SELECT json_group_array(json_array(r.id, r.attempts)) FROM recipient r
        WHERE r.id IN (SELECT value FROM json_each(?)) AND {CALLABLE}
        """,  # noqa: S608 - constants only
        (json.dumps([recipient.id for recipient in recipients]),),
    ).fetchone()
    return dict(json.loads(found))


def begin(db: sqlite3.Connection, attempts: Sequence[Attempt], *, at: float) -> None:
    """Keep attempts that are about to be made (Unix seconds)."""
    begun = json.dumps(
        [(attempt.id, attempt.recipient.id, attempt.reference, turn_of(attempt.reference)) for attempt in attempts]
    )
    db.execute(
        """
        INSERT INTO attempt (id, recipient, reference, turn, at) SELECT json_extract(value, '$[0]'),
        json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), ?2 FROM json_each(?1)
        """,
        (begun, at),
    )
    use(db, begun)
    derive(db, (attempt.recipient.id for attempt in attempts))


def end(db: sqlite3.Connection, outcomes: Sequence[tuple[Attempt, Answer]], *, at: float) -> None:
    """Keep how attempts ended (Unix seconds), and where that leaves their recipients."""
    ended = json.dumps([_outcome(attempt, answer) for attempt, answer in outcomes])
    db.execute(
        f"""
        UPDATE attempt SET outcome = o.outcome, http_status = o.http_status, words = o.words,
        execution_id = o.execution_id, answered_at = ?2, skew = o.skew FROM {_OUTCOMES} WHERE attempt.id = o.attempt
        """,  # noqa: S608 - constants only
        (ended, at),
    )
    give_back(db, (attempt.id for attempt, answer in outcomes if answer.outcome is Outcome.RETRY))
    derive(db, (attempt.recipient.id for attempt, _ in outcomes))


def withdraw(db: sqlite3.Connection, attempts: Sequence[Attempt], *, reason: str) -> None:
    """Forget attempts that were surely not made, and keep why."""
    give_back(db, (attempt.id for attempt in attempts))
    db.executemany("DELETE FROM attempt WHERE id = ?", ((attempt.id,) for attempt in attempts))
    derive(db, (attempt.recipient.id for attempt in attempts), reason=reason)


_OUTCOMES = """
    (SELECT json_extract(value, '$[0]') AS attempt, json_extract(value, '$[1]') AS outcome,
    json_extract(value, '$[2]') AS http_status, json_extract(value, '$[3]') AS words,
    json_extract(value, '$[4]') AS execution_id, json_extract(value, '$[5]') AS skew FROM json_each(?1)) o
"""


def _outcome(attempt: Attempt, answer: Answer) -> tuple[object, ...]:
    return (
        attempt.id,
        answer.outcome,
        answer.http_status,
        answer.words,
        answer.execution_id or "",
        answer.skew,
    )
