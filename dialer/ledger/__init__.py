"""The durable record of every recipient and attempt of a batch (the only place that knows SQLite)."""

from dialer.ledger.elsewhere import Elsewhere, Neighbours, is_ledger
from dialer.ledger.figures import CALL_PARTS
from dialer.ledger.lock import Lock, holder, locked
from dialer.ledger.mark import mark_of
from dialer.ledger.opening import none_yet
from dialer.ledger.requests import ask_to_stop
from dialer.ledger.stops import STOPPED
from dialer.ledger.store import Ledger

__all__ = [
    "CALL_PARTS",
    "STOPPED",
    "Elsewhere",
    "Ledger",
    "Lock",
    "Neighbours",
    "ask_to_stop",
    "holder",
    "is_ledger",
    "locked",
    "mark_of",
    "none_yet",
]
