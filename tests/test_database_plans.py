"""What a call costs in a database that nobody has used yet: the server plans it without having looked at its tables."""

from __future__ import annotations

import psycopg

from tests.engines import skip_where_missing
from tests.ledgers import BINDING, QUEUED, people, render

LIST, CALLS = 1000, 100
READ = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname IN ({tables})"
NEVER = "ALTER TABLE dialer.{table} SET (autovacuum_enabled = off)"


def test_a_call_in_a_new_database_reads_its_own_rows_and_the_live_calls_only() -> None:
    """Each call reads whom it is about, and each call that takes a line once: neither the list nor all calls."""
    skip_where_missing("postgres")
    from dialer.store.postgres import Batch  # noqa: PLC0415 - where it is installed
    from tests.postgres_server import shared  # noqa: PLC0415 - as above

    url = shared().database()
    with psycopg.connect(url, autocommit=True) as db:
        for table in ("recipient", "attempt", "live_call", "call", "called", "permission", "sent"):
            db.execute(NEVER.format(table=table).encode())
        batch = Batch.open(url, name="one", binding=BINDING, batch="one")
        people(batch, LIST)
        batch.close()
        before = db.execute(READ.format(tables="'recipient', 'attempt'").encode()).fetchone()
        batch = Batch.read(url, name="one")
        batch.begin_work()
        batch.lines = LIST
        for one in batch.page(after=0, size=CALLS):
            (attempt,) = batch.intend([one], render)
            batch.settle([(attempt, QUEUED)])
        batch.close()
        after = db.execute(READ.format(tables="'recipient', 'attempt'").encode()).fetchone()
    assert before is not None
    assert after is not None
    live = CALLS * CALLS / 2
    assert after[0] - before[0] < live + 60 * CALLS
