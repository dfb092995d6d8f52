"""What the body of a request asked for, as SQL functions: only the provider can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider

if TYPE_CHECKING:
    import sqlite3


def let_read_bodies(db: sqlite3.Connection) -> None:
    """Let SQL read bodies.

    The functions are `agent_in(body)`, `scheduled_in(body)`, `is_retried(body)` and `rings_until(body, placed)`; times
    are Unix seconds.
    """
    db.create_function("agent_in", 1, _agent_in, deterministic=True)
    db.create_function("scheduled_in", 1, _scheduled_in, deterministic=True)
    db.create_function("is_retried", 1, _is_retried, deterministic=True)
    db.create_function("rings_until", 2, _rings_until, deterministic=True)


def _agent_in(body: str) -> str:
    return provider.VENDOR.request_in(body).agent


def _scheduled_in(body: str) -> float | None:
    moment = provider.VENDOR.scheduled_in(body)
    return None if moment is None else moment.timestamp()


def _is_retried(body: str) -> bool:
    retries = provider.VENDOR.request_in(body).retries
    return retries is not None and retries.most > 0


def _rings_until(body: str, placed: float) -> float:
    return provider.VENDOR.rings_until(body, placed=placed)
