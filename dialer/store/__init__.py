"""What the others may do with a batch's ledger, whatever engine keeps it."""

from dialer.store.access import AsyncStore
from dialer.store.interface import Report, Store
from dialer.store.records import (
    Binding,
    Call,
    Calls,
    Doubt,
    Hold,
    People,
    Person,
    Pulse,
    Redial,
    RedialRules,
    Stoppable,
    Trace,
    Trouble,
    Written,
    until_of,
)

__all__ = [
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
    "Report",
    "Stoppable",
    "Store",
    "Trace",
    "Trouble",
    "Written",
    "until_of",
]
