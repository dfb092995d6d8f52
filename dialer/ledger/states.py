"""Where somebody stands: it follows from their attempts, by one statement, and nothing else writes it.

An open attempt makes them `sending`; else the newest attempt that placed a call, or may have, makes them `queued` or
`unknown`; else the last refusal makes them `error`; else they are `pending`. So a refused redial takes nothing away
from the call before it: not its id, not how it went, and not its protection. That a person lets them be called again
is not a state of theirs: see `permissions`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

REFUSED_AGAIN = "the redial was refused: "
"""Before the words of a refusal that came after a call."""

_DERIVE = f"""
    UPDATE recipient SET
        state = CASE WHEN f.open THEN 'sending' WHEN f.placed THEN d.outcome WHEN f.refused THEN 'error'
        ELSE 'pending' END,
        decided = d.id,
        execution_id = iif(d.outcome = 'queued', d.execution_id, ''),
        http_status = (SELECT http_status FROM attempt
        WHERE id = iif(f.refused > f.placed, f.refused, coalesce(d.id, f.answered))),
        reason = CASE WHEN f.open THEN ''
            WHEN f.placed AND f.refused > f.placed THEN
            ltrim(d.words || '; {REFUSED_AGAIN}' || (SELECT words FROM attempt WHERE id = f.refused), '; ')
            WHEN d.id THEN d.words
            ELSE coalesce(:reason, (SELECT words FROM attempt WHERE id = f.answered), '') END,
        attempts = f.turns,
        updated_at = f.moved
    FROM (
        SELECT t.value AS recipient, max(iif(a.outcome IS NULL, a.id, NULL)) AS open,
        max(iif(a.outcome IN ('queued', 'unknown'), a.id, NULL)) AS placed,
        max(iif(a.outcome = 'error', a.id, NULL)) AS refused, max(iif(a.outcome IS NULL, NULL, a.id)) AS answered,
        coalesce(max(a.turn), 0) AS turns, max(coalesce(a.answered_at, a.at)) AS moved
        FROM json_each(:recipients) t LEFT JOIN attempt a ON a.recipient = t.value GROUP BY t.value
    ) f LEFT JOIN attempt d ON d.id = coalesce(f.open, f.placed, f.refused)
    WHERE recipient.id = f.recipient
"""  # noqa: S608 - constants only


def derive(db: sqlite3.Connection, recipients: Iterable[int], *, reason: str | None = None) -> None:
    """Bring up to date where some people stand; to be done in each transaction that changes their attempts.

    Args:
        db: within a transaction.
        recipients: their integer keys.
        reason: why those were not called who are still pending; None: as their last attempt says.
    """
    db.execute(_DERIVE, {"recipients": json.dumps(list(recipients)), "reason": reason})
