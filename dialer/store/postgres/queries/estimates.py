"""What PostgreSQL has to know to plan the statements of a call where it has no statistics yet.

The functions' plans are kept by each connection. In a new database they were made for empty tables: each call read all
calls of its batch once for each line that was taken, until the first autovacuum.
"""
# ruff: noqa: S608 - constants only

from __future__ import annotations

BY_KEY = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off"
"""How a function is planned that looks at a few people, each by a key: however small the tables seem to be.

What is switched off counts as expensive, which alone would have it compiled.
"""

_MANY = "generate_series(1, 1000) n"
_ROWS = {
    "recipient": f"""
        (batch_id, id, position, number, key, state, cells, layout)
        SELECT 1, n, n, n, n::text, 'pending', '[]', 0 FROM {_MANY}
    """,
    "attempt": f"(batch_id, id, recipient, reference, at, outcome) SELECT 1, n, n, n::text, n, 'queued' FROM {_MANY}",
    "sent": f"(batch_id, attempt, body) SELECT 1, n, '' FROM {_MANY}",
    "permission": f"(batch_id, id, at, what, recipient, run) SELECT 1, n, n, '', n, '' FROM {_MANY}",
    "call": f"(batch_id, attempt, recipient, status, final, asked_at, since) SELECT 1, n, n, '', 0, n, n FROM {_MANY}",
    "called": f"(server, number, batch_id, at, is_open) SELECT '', n, 1, n, 0 FROM {_MANY}",
    "live_call": f"(server, batch_id, attempt) SELECT '', 1, n FROM {_MANY}",
}
_TABLES = ", ".join(f"dialer.{name}" for name in _ROWS)
_FILL = "\n".join(f"INSERT INTO dialer.{name} {rows};" for name, rows in _ROWS.items())
FIRST = f"""
-- The statistics of one batch with many people: they stay when its rows are taken out.
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM dialer.batch) THEN
        {_FILL}
        ANALYZE {_TABLES};
        BEGIN
            TRUNCATE {_TABLES};
        EXCEPTION WHEN query_canceled THEN RAISE;
        END;
    END IF;
END $$;
"""
"""A step for a database that nobody has used; the others have statistics of their own.

The rows are taken out in a transaction within the one that made the tables. Else the size of each table would be noted
as known, and small, in place of unknown.
"""
