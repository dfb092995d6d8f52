"""What the other packages may do with a batch's ledger; the same for every engine."""

from dialer.store.access import AsyncStore
from dialer.store.interface import AGENT_NAME, Report, Store
from dialer.store.records import (
    Binding,
    Call,
    Calls,
    Doubt,
    Hold,
    People,
    Person,
    Pulse,
    Stoppable,
    Talked,
    Trace,
    Trouble,
    Written,
    until_of,
)
from dialer.store.redial import NO_REDIALS, Redial, RedialRules, Redials

__all__ = [
    "AGENT_NAME",
    "NO_REDIALS",
    "AsyncStore",
    "Binding",
    "Call",
    "Calls",
    "Doubt",
    "Hold",
    "People",
    "Person",
    "Pulse",
    "Redial",
    "RedialRules",
    "Redials",
    "Report",
    "Stoppable",
    "Store",
    "Talked",
    "Trace",
    "Trouble",
    "Written",
    "until_of",
]
