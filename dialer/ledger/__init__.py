"""The durable record of every recipient and attempt of a batch (the only place that knows SQLite)."""

from dialer.ledger.backup import copy_ledger
from dialer.ledger.elsewhere import Neighbours, is_ledger
from dialer.ledger.figures import CALL_PARTS
from dialer.ledger.lock import Holder, Lock, held_by, holder, lock_of, locked
from dialer.ledger.mark import mark_of
from dialer.ledger.neighbour import Elsewhere, is_trial
from dialer.ledger.opening import none_yet
from dialer.ledger.queries.parts import STOPPED
from dialer.ledger.registry import Listed, Registry
from dialer.ledger.requests import ask_to_stop
from dialer.ledger.store import Ledger

__all__ = [
    "CALL_PARTS",
    "STOPPED",
    "Elsewhere",
    "Holder",
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
    "none_yet",
]
