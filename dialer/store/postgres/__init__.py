"""The store in PostgreSQL: many batches in one database, for many hosts (the only place that knows PostgreSQL).

Nothing imports it but where a database is asked for: psycopg comes with the extra `postgres`.
"""

from dialer.store.postgres.database import create, lacks
from dialer.store.postgres.do_not_call import DatabaseDoNotCall
from dialer.store.postgres.pauses import DatabasePauses
from dialer.store.postgres.slots import Slot, Slots
from dialer.store.postgres.store import Batch

__all__ = ["Batch", "DatabaseDoNotCall", "DatabasePauses", "Slot", "Slots", "create", "lacks"]
