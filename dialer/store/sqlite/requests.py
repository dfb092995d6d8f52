"""Asking whoever works on a ledger to stop: from another process, through the ledger itself.

Each piece of work on a ledger has an id of its own, which is noted when it begins (see `starts`); a request to stop
names the work it is meant for. So a request that nobody saw, since that process was killed, stops no later one, and
nothing has to be cleared.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from dialer.store.ledger.queries import changing
from dialer.store.sqlite.opening import check_current, ledger_errors

if TYPE_CHECKING:
    from pathlib import Path

_WORK, _STOP = "work", "stop_asked"


def ask_to_stop(path: Path) -> None:
    """Ask whoever works on a ledger at this moment to stop; whoever comes after them is not asked.

    Raises:
        LedgerError: it cannot be written (just now: a list may be on its way into it).
    """
    with ledger_errors(path):
        other = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=10.0)
        with contextlib.closing(other):
            check_current(path, other)
            # One statement, so that the work named is the one that is noted when the request is.
            other.execute(
                changing.ASK_TO_STOP,
                (_STOP, _WORK),
            )
