"""The store in PostgreSQL: many batches in one database, for many hosts (the only place that knows PostgreSQL).

Nothing imports it but where a database is asked for: psycopg comes with the extra `postgres`.
"""

from dialer.errors import UsageError
from dialer.messages import database as say

try:
    import psycopg  # noqa: F401 - so that a missing driver gets a clear message, wherever it is noticed first
except ImportError as error:
    raise UsageError(say.NOT_INSTALLED) from error

from dialer.store.postgres.batches import DatabaseBatches, Named
from dialer.store.postgres.database import Found, create, look, upgrade
from dialer.store.postgres.do_not_call import DatabaseDoNotCall
from dialer.store.postgres.importing import put_pauses, take_over
from dialer.store.postgres.live_calls import DatabaseCalls
from dialer.store.postgres.neighbours import DatabaseNeighbours
from dialer.store.postgres.pauses import DatabasePauses
from dialer.store.postgres.slots import Slot, Slots
from dialer.store.postgres.store import Batch

__all__ = [
    "Batch",
    "DatabaseBatches",
    "DatabaseCalls",
    "DatabaseDoNotCall",
    "DatabaseNeighbours",
    "DatabasePauses",
    "Found",
    "Named",
    "Slot",
    "Slots",
    "create",
    "look",
    "put_pauses",
    "take_over",
    "upgrade",
]
