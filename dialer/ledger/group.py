"""Many attempts in a few statements, whose number does not depend on how many attempts they are.

At each step of each statement sqlite3 lets go of the interpreter, and the event loop gives it back late: a statement
for each call costs both threads more than what it writes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dialer.models import Answer, Attempt, Recipient


def attempts_of_pending(db: sqlite3.Connection, recipients: Sequence[Recipient]) -> dict[int, int]:
    """Return recipient → attempts so far, of those who are pending."""
    (found,) = db.execute(
        """
        SELECT json_group_array(json_array(id, attempts)) FROM recipient
        WHERE id IN (SELECT value FROM json_each(?)) AND state = 'pending'
        """,
        (json.dumps([recipient.id for recipient in recipients]),),
    ).fetchone()
    return dict(json.loads(found))


def begin(db: sqlite3.Connection, attempts: Sequence[Attempt], *, at: float) -> None:
    """Keep attempts that are about to be made (Unix seconds)."""
    begun = json.dumps([(attempt.id, attempt.recipient.id, attempt.reference) for attempt in attempts])
    db.execute(
        """
        INSERT INTO attempt (id, recipient, reference, at)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), ?2
        FROM json_each(?1)
        """,
        (begun, at),
    )
    db.execute(
        """
        UPDATE recipient SET state = 'sending', attempts = attempts + 1, updated_at = ?2
        WHERE id IN (SELECT json_extract(value, '$[1]') FROM json_each(?1))
        """,
        (begun, at),
    )


def end(db: sqlite3.Connection, outcomes: Sequence[tuple[Attempt, Answer]], *, at: float) -> None:
    """Keep how attempts ended (Unix seconds), and where that leaves their recipients but those to be tried again."""
    ended = json.dumps([_outcome(attempt, answer) for attempt, answer in outcomes])
    db.execute(
        f"""
        UPDATE attempt SET outcome = o.outcome, http_status = o.http_status, words = o.words,
        execution_id = o.execution_id, answered_at = ?2, skew = o.skew FROM {_OUTCOMES} WHERE attempt.id = o.attempt
        """,  # noqa: S608 - constants only
        (ended, at),
    )
    db.execute(
        f"""
        UPDATE recipient SET state = o.outcome, former = NULL, as_called = NULL, execution_id = o.execution_id,
        http_status = o.http_status, reason = o.words, updated_at = ?2 FROM {_OUTCOMES}
        WHERE recipient.id = o.recipient AND o.outcome <> 'retry'
        """,  # noqa: S608 - constants only
        (ended, at),
    )


_OUTCOMES = """
    (SELECT json_extract(value, '$[0]') AS attempt, json_extract(value, '$[1]') AS recipient,
    json_extract(value, '$[2]') AS outcome, json_extract(value, '$[3]') AS http_status,
    json_extract(value, '$[4]') AS words, json_extract(value, '$[5]') AS execution_id,
    json_extract(value, '$[6]') AS skew FROM json_each(?1)) o
"""


def _outcome(attempt: Attempt, answer: Answer) -> tuple[object, ...]:
    return (
        attempt.id,
        attempt.recipient.id,
        answer.outcome,
        answer.http_status,
        answer.words,
        answer.execution_id or "",
        answer.skew,
    )
