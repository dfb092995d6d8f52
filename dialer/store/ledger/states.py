"""Where somebody stands: it follows from their attempts, by one statement, and nothing else writes it.

An open attempt makes them `sending`; else the newest attempt that placed a call, or may have, makes them `queued` or
`unknown`; else the last refusal makes them `error`; else they are `pending`. So a refused redial takes nothing away
from the call before it: not its id, not how it went, and not its protection. That a person lets them be called again
is not a state of theirs: see `permissions`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dialer.store.ledger.queries import changing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.store.ledger.connection import Database


def derive(db: Database, recipients: Iterable[int], *, reason: str | None = None) -> None:
    """Bring up to date where some people stand; to be done in each transaction that changes their attempts.

    Args:
        db: within a transaction.
        recipients: their integer keys.
        reason: why those were not called who are still pending; None: as their last attempt says.
    """
    db.execute(changing.DERIVE, {"recipients": json.dumps(list(recipients)), "reason": reason})
