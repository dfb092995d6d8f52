"""The durable record of every recipient and attempt of a batch (the only place that knows SQLite)."""

from dialer.ledger.lock import holder, locked
from dialer.ledger.schema import Binding
from dialer.ledger.store import Doubt, Ledger, Written

__all__ = ["Binding", "Doubt", "Ledger", "Written", "holder", "locked"]
