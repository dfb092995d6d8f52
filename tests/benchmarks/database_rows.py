"""Judged rows for a store, and a database that has many batches which are half called.

Run by the benchmarks: python -m tests.benchmarks.database_rows PLACE ROWS loads so many rows into a new batch there;
where the place is empty it only makes them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from dialer.input_rows import InputRows
from dialer.store.sqlite import Ledger
from tests.ledgers import BINDING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.store import Store

BATCHES = 200
SERVER = "loopback"
_HEADER = ("contact_number", "first_name", "last_name", "city", "appointment", "amount", "note")
_CHUNK = 1000
_TEN_DIGITS = 3_000_000_000


def judged(rows: int) -> Iterator[InputRows]:
    """Yield rows of Indian numbers in no order, as those of a list."""
    for first in range(1, rows + 1, _CHUNK):
        places = range(first, min(first + _CHUNK, rows + 1))
        numbers = [917_000_000_000 + place * 2_654_435_761 % _TEN_DIGITS for place in places]
        keys = [f"+{number}" for number in numbers]
        cells = [
            [key, f"Aanya{place % 977}", f"Kumar{place % 3331}", "Mumbai", "2026-10-10 10:30",
             f"{place * 7 % 100_000}.67", f"room {place}, floor 2"]
            for key, place in zip(keys, places, strict=True)
        ]  # fmt: skip
        yield InputRows(first=first, lines=[place + 1 for place in places], cells=cells, keys=keys, numbers=numbers)


def _load(place: str, rows: int) -> None:
    if not place:
        for _ in judged(rows):
            pass
        return
    store = _opened(place)
    store.load(_HEADER, phones=_HEADER[:1], id_column=None, chunks=judged(rows))
    store.close()


def _opened(place: str) -> Store:
    if not place.startswith("postgresql:"):
        return Ledger.open(Path(place), binding=BINDING, batch="b")
    from dialer.store.postgres import Batch  # noqa: PLC0415 - only where it is asked for

    return Batch.open(place, name="b", binding=BINDING, batch="b")


# Numbers are in no order here too, and the same of several batches only by chance.
_NUMBER: Final = f"917000000000 + mod((b * 1000003::bigint + n) * 2654435761, {_TEN_DIGITS})"
_FILL: Final = f"""
    ALTER TABLE dialer.attempt DISABLE TRIGGER USER;
    INSERT INTO dialer.batch (name, campaign) SELECT 'other ' || b, '' FROM generate_series(2, %(batches)s) b;
    INSERT INTO dialer.layout (batch_id, header) SELECT i.id, l.header FROM dialer.batch i, dialer.layout l
    WHERE l.batch_id = (SELECT min(id) FROM dialer.batch) AND i.id <> l.batch_id;
    INSERT INTO dialer.meta SELECT i.id, m.name, m.value FROM dialer.batch i, dialer.meta m
    WHERE m.batch_id = (SELECT min(id) FROM dialer.batch) AND i.id <> m.batch_id;
    UPDATE dialer.meta m SET value = l.id::text FROM dialer.layout l WHERE l.batch_id = m.batch_id
    AND m.name = 'layout';
    -- Every second one of each batch was called and is done with, and the last ones wait.
    CREATE TEMPORARY TABLE people AS SELECT b, n, {_NUMBER} AS number, n <= %(each)s / 2 AS is_called,
    nextval('dialer.recipient_id_seq') AS id,
    CASE WHEN n <= %(each)s / 2 THEN nextval('dialer.attempt_id_seq') END AS a,
    extract(epoch FROM now()) - 200000 + (b * 1000 + n) / 100.0 AS at
    FROM (SELECT i.id AS b, generate_series(2, %(each)s) AS n FROM dialer.batch i ORDER BY 1, 2) p;
    INSERT INTO dialer.recipient (batch_id, id, position, number, key, state, cells, layout, execution_id, attempts,
    updated_at, decided, http_status)
    SELECT b, p.id, n, number, '+' || number, CASE WHEN is_called THEN 'queued' ELSE 'pending' END,
    chr(31) || concat_ws(chr(31), '+' || number, 'Aanya' || n %% 977, 'Kumar' || n %% 3331, 'Mumbai',
    '2026-10-10 10:30', n * 7 %% 100000 || '.67', 'room ' || n || ', floor 2'), l.id,
    CASE WHEN is_called THEN md5(number::text) ELSE '' END, is_called::integer,
    CASE WHEN is_called THEN at + 1 END, a, CASE WHEN is_called THEN 200 END
    FROM people p JOIN dialer.layout l ON l.batch_id = b ORDER BY b, n;
    INSERT INTO dialer.attempt (batch_id, id, recipient, reference, at, outcome, http_status, execution_id, answered_at,
    skew, run) SELECT b, a, id, md5(id::text), at, 'queued', 200, md5(number::text), at + 1, 0, md5(b::text)
    FROM people WHERE is_called ORDER BY b, n;
    INSERT INTO dialer.sent (batch_id, attempt, body)
    SELECT b, a, '{{"agent_id": "' || md5(b::text) || '", "recipient_phone_number": "+' || number || '"}}'
    FROM people WHERE is_called ORDER BY b, n;
    INSERT INTO dialer.call (batch_id, attempt, recipient, status, final, asked_at, since, duration, cost, hangup_by)
    SELECT b, a, id, CASE n %% 3 WHEN 0 THEN 'completed' WHEN 1 THEN 'no-answer' ELSE 'busy' END, 1, at + 60, at + 60,
    n %% 90, n %% 7, 'Caller' FROM people WHERE is_called ORDER BY b, n;
    INSERT INTO dialer.called (server, number, batch_id, at, is_open)
    SELECT '{SERVER}', number, max(b), max(at), 0 FROM people WHERE is_called GROUP BY number ORDER BY number;
    ALTER TABLE dialer.attempt ENABLE TRIGGER USER
"""
_INDEXES: Final = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY ('{dialer.recipient, dialer.attempt, dialer.call}'::regclass[]) AND NOT indisprimary
"""


def fill(url: str, *, batches: int, each: int) -> None:
    """Fill the one batch of a database up to so many rows, and as many other batches as it takes, half of them called.

    By the server itself, and its indexes are built afterwards: the rows are those that loads and runs leave.
    """
    with psycopg.connect(url, autocommit=True) as db:
        indexes = db.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}".encode())
        cursor = psycopg.ClientCursor(db)
        cursor.execute(_FILL.encode(), {"batches": batches, "each": each})
        for _, definition in indexes:
            db.execute(definition.encode())
        db.execute("VACUUM ANALYZE")
        db.execute("CHECKPOINT")


if __name__ == "__main__":
    _load(sys.argv[1], int(sys.argv[2]))
