"""What ledgers before version 5 hold only in the bodies of requests, as SQL functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider

if TYPE_CHECKING:
    import sqlite3


def let_read_bodies(db: sqlite3.Connection) -> None:
    """Let SQL use `scheduled_in(body)` (Unix seconds) and `retry_seconds_in(body)`, NULL as in `models.Body`."""
    db.create_function("scheduled_in", 1, _scheduled_in, deterministic=True)
    db.create_function("retry_seconds_in", 1, _retry_seconds_in, deterministic=True)


def _scheduled_in(body: str) -> float | None:
    moment = provider.VENDOR.request_in(body).scheduled_at
    return None if moment is None else moment.timestamp()


def _retry_seconds_in(body: str) -> float | None:
    retries = provider.VENDOR.request_in(body).retries
    return retries.seconds if retries is not None and retries.most > 0 else None
