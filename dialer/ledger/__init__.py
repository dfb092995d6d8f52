"""The durable record of every recipient and attempt of a batch (the only place that knows SQLite)."""

from dialer.ledger.calls import Call
from dialer.ledger.doubts import Doubt
from dialer.ledger.elsewhere import Elsewhere, Neighbours, is_ledger
from dialer.ledger.figures import CALL_PARTS
from dialer.ledger.lock import Lock, holder, locked
from dialer.ledger.merging import Written
from dialer.ledger.opening import none_yet
from dialer.ledger.permissions import Redial, RedialRules
from dialer.ledger.requests import ask_to_stop
from dialer.ledger.schema import Binding
from dialer.ledger.stops import STOPPED, Stoppable
from dialer.ledger.store import Ledger
from dialer.ledger.traces import Person, Trace

__all__ = [
    "CALL_PARTS",
    "STOPPED",
    "Binding",
    "Call",
    "Doubt",
    "Elsewhere",
    "Ledger",
    "Lock",
    "Neighbours",
    "Person",
    "Redial",
    "RedialRules",
    "Stoppable",
    "Trace",
    "Written",
    "ask_to_stop",
    "holder",
    "is_ledger",
    "locked",
    "none_yet",
]
