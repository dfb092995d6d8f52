# ruff: noqa: S608 - constants only
"""SQL statements for another batch's ledger, which may have any version."""

from __future__ import annotations

_CALL, _SENT, _COLUMNS = 2, 4, 5
"""Versions from which on there are these tables: see `schema`."""

AMONG = "AND r.number IN (SELECT value FROM json_each(:numbers))"
KNOWN = f"""
    SELECT r.number FROM recipient r WHERE r.updated_at IS NOT NULL {AMONG} AND EXISTS (SELECT 1
    FROM attempt a WHERE a.recipient = r.id AND (a.outcome IS NULL OR a.outcome IN ('queued', 'unknown')))
"""
BELONGS_TO = "SELECT name, value FROM meta WHERE name IN ('server', 'batch', 'agent', 'trial', 'later')"
FIGURES = "SELECT name, value FROM meta WHERE name IN ('start', 'work', 'intents', 'calls_missing')"
LAST_MOMENT = "SELECT max(coalesce(answered_at, at)) FROM attempt"
LAST_SETTLED = "SELECT id FROM attempt WHERE outcome IS NOT NULL ORDER BY id DESC LIMIT 1"
_PLACED = "coalesce(a.answered_at, a.at)"


def called(version: int, *, later: bool, extra: str) -> str:
    """Return the query, for a ledger version, of attempts that placed a call, or may have.

    It reads attempts, not the recipients' states: these may hide that an earlier call was accepted.

    Args:
        version: the ledger's version.
        later: phones may ring later than their calls were placed.
        extra: a condition on the recipient `r`.
    """
    joins, rings = _later(version) if later else ("", _PLACED)
    # All of them are found quickest in the order in which they were placed.
    first, second = ("recipient r", "attempt a") if extra else ("attempt a", "recipient r")
    tables = f"{first} CROSS JOIN {second} ON a.recipient = r.id"
    return f"""
        SELECT r.number, {rings}, a.outcome IS NULL
        FROM {tables} {joins}
        WHERE r.updated_at IS NOT NULL AND (a.outcome IS NULL OR a.outcome IN ('queued', 'unknown'))
        AND (a.outcome IS NULL OR {_PLACED} >= :since OR {rings} >= :since) {extra}
    """


def _later(version: int) -> tuple[str, str]:
    """Return what has to be joined, and when a phone rings last: at its `scheduled_at`, or after all retries."""
    scheduled, retried, joins = "a.scheduled_at", "a.retry_seconds", ""
    if version < _COLUMNS:
        body = "coalesce(s.payload, r.payload)" if version >= _SENT else "r.payload"
        joins = "LEFT JOIN sent s ON s.attempt = a.id" if version >= _SENT else ""
        scheduled, retried = f"scheduled_in({body})", f"retry_seconds_in({body})"
    known, again, ended = ("0", "0", "0")
    if version >= _CALL:
        joins += " LEFT JOIN call c ON c.attempt = a.id"
        known, again, ended = "c.final = 1", "c.scheduled_at", "min(c.updated_at, c.asked_at)"
    rings = f"""
        CASE WHEN {known} THEN max({_PLACED}, coalesce({ended}, 0))
        ELSE max(coalesce({again}, 0), max({_PLACED}, coalesce({scheduled}, 0)) + coalesce({retried}, 0)) END
    """
    return joins, rings


def may_be_live(version: int) -> str:
    """Return what asks a ledger of some version for attempts of which a call may be live, in the order of attempts."""
    joins, final, status = ("LEFT JOIN call c ON c.attempt = a.id", "coalesce(c.final, 0)", "coalesce(c.status, '')")
    if version < _CALL:
        joins, final, status = ("", "0", "''")
    return f"""
        SELECT a.id, a.execution_id, a.outcome, a.at, {_PLACED}, {status} FROM attempt a {joins}
        WHERE a.id > :after AND (a.outcome IS NULL OR {_PLACED} >= :since) AND (a.outcome IS NULL
        OR a.outcome = 'unknown' OR (a.outcome = 'queued' AND a.execution_id <> '' AND {final} = 0)) ORDER BY a.id
    """
