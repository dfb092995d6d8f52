"""A recipient's state: one statement derives it from their attempts, and nothing else writes it.

An open attempt makes them `sending`; else the newest attempt that placed a call, or may have, makes them `queued` or
`unknown`; else the last refusal makes them `error`; else they are `pending`. So a refused redial does not affect the
call before it: its id, its result and its protection stay. A person's permission to call them again is not a state:
see `permissions`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dialer.store.ledger.queries import changing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.store.ledger.connection import Database


def derive(db: Database, recipients: Iterable[int], *, reason: str | None = None) -> None:
    """Update the state of some recipients; call it in each transaction that changes their attempts.

    Args:
        db: within a transaction.
        recipients: their integer keys.
        reason: why the recipients who are still pending were not called; None: the reason of their last attempt.
    """
    db.execute(changing.DERIVE, {"recipients": json.dumps(list(recipients)), "reason": reason})
