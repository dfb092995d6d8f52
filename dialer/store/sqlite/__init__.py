"""The store in SQLite: one file for each batch (the only place that knows SQLite)."""

from dialer.store.ledger.figures import CALL_PARTS
from dialer.store.ledger.queries.parts import STOPPED
from dialer.store.sqlite.backup import copy_ledger
from dialer.store.sqlite.lock import Lock, held_by, holder, lock_of, locked
from dialer.store.sqlite.mark import mark_of
from dialer.store.sqlite.neighbour import is_trial
from dialer.store.sqlite.recent_calls import Neighbours, is_ledger
from dialer.store.sqlite.registry import Listed, Registry
from dialer.store.sqlite.requests import ask_to_stop, put_note
from dialer.store.sqlite.store import Ledger
from dialer.store.sqlite.workspace_trace import read_trace

__all__ = [
    "CALL_PARTS",
    "STOPPED",
    "Ledger",
    "Listed",
    "Lock",
    "Neighbours",
    "Registry",
    "ask_to_stop",
    "copy_ledger",
    "held_by",
    "holder",
    "is_ledger",
    "is_trial",
    "lock_of",
    "locked",
    "mark_of",
    "put_note",
    "read_trace",
]
