"""The rate that all hosts of a database share: what a run does while the database is away."""

from __future__ import annotations

import anyio
import psycopg

from dialer.engine.pacing import Slot
from dialer.engine.shared_rate.database import DatabaseRate
from dialer.rate import Rate
from dialer.store.postgres import Slots
from tests.test_join import database

__all__ = ["database"]


def test_a_429_holds_all_hosts_although_the_connection_was_lost(database: str) -> None:
    rate = Rate.parse("600/minute")
    slots = Slots.open(database, organisation="o", count=rate.count, window=rate.per)
    with psycopg.connect(database, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        anyio.run(lambda: DatabaseRate(slots, rate).hold(30.0, after=Slot(0.0)))
        held = db.execute("SELECT held_until - dialer.seconds() FROM dialer.rate").fetchone()
    slots.close()
    assert held is not None
    assert 20 < held[0] <= 30
