"""Requests to the work on a ledger, made by another process through the ledger itself.

Each piece of work on a ledger has an id of its own, which is noted when it begins (see `starts`); a request names the
work it is meant for. So a request that was not read, because that process was killed, has no effect on a later one, and
nothing has to be cleared.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from dialer.store.ledger.queries import changing
from dialer.store.sqlite.opening import check_current, ledger_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORK, _STOP = "work", "stop_asked"


def ask_to_stop(path: Path) -> None:
    """Ask the process that works on a ledger now to stop; processes that start later are not affected.

    Raises:
        LedgerError: it cannot be written (now: a list may be loading).
    """
    with _beside(path) as other:
        # One statement, so that the work named is the one that is noted when the request is.
        other.execute(changing.ASK_TO_STOP, (_STOP, _WORK))


def put_note(path: Path, name: str, value: str) -> None:
    """Keep a named note in a ledger on which another process works.

    Raises:
        LedgerError: as above.
    """
    with _beside(path) as other:
        other.execute(changing.SET_NOTE, (name, value))


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[sqlite3.Connection]:
    with ledger_errors(path):
        other = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=10.0)
        with contextlib.closing(other):
            check_current(path, other)
            yield other
