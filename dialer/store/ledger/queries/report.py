# ruff: noqa: S608 - constants only
"""The statements by which a report counts; each is named for what it returns."""

from __future__ import annotations

from dialer.provider.states import REDIALLED, WENT_WRONG
from dialer.store.ledger.queries.parts import (
    ACCEPTED_CALLS,
    CALLED,
    DONE,
    FINAL,
    IN_DOUBT,
    LAST,
    OUTCOME,
    REACHED,
    WHY,
    earlier,
    later,
    listed,
)

QUARTER = 900
"""Seconds of what calls are counted by: every time zone is a multiple of it away from UTC."""
_HORIZON = 31 * 86_400
# What was to be placed later counts then; the provider takes nothing that is more than 30 days ahead.
_RINGS = later("a.at", f"({earlier('coalesce(c.scheduled_at, 0.0)', f'a.at + {_HORIZON}')})")
SPAN = "SELECT count(*), min(at), max(at) FROM attempt"
PEOPLE = f"""
    WITH last AS ({LAST})
    SELECT count(*), r.state, r.attempts, l.attempt IS NOT NULL, coalesce(l.reached, 0),
    CASE WHEN r.state IN ('unknown', 'sending') AND coalesce(l.reached, 0) = 0 THEN 1
    ELSE CASE WHEN l.in_doubt > l.reached THEN 1 ELSE 0 END END, {OUTCOME}, {FINAL}
    FROM recipient r LEFT JOIN last l ON l.recipient = r.id LEFT JOIN call c ON c.attempt = l.attempt
    WHERE r.position IS NOT NULL AND r.state IS NOT NULL GROUP BY 2, 3, 4, 5, 6, 7, 8
"""
CALLED_NUMBERS = f"""
    WITH last AS ({LAST})
    SELECT r.number, l.reached, l.in_doubt > l.reached FROM recipient r JOIN last l ON l.recipient = r.id
    WHERE r.position IS NOT NULL
"""
CALLS = f"""
    SELECT count(*), {OUTCOME}, {FINAL}, {REACHED}, coalesce(sum(c.duration), 0.0), coalesce(sum(c.cost), 0.0)
    FROM {ACCEPTED_CALLS} GROUP BY 2, 3, 4
"""
CALLS_BY_TIME = f"""
    SELECT {QUARTER} * CAST(({_RINGS}) / {QUARTER} AS INTEGER), count(*), sum({REACHED}),
    sum({IN_DOUBT})
    FROM {ACCEPTED_CALLS} GROUP BY 1 ORDER BY 1
"""
_LONGEST = 1000
"""Of so many of the longest calls the recorded ones are found without a look at every call."""
_TALKED = f"c.final <> 0 AND {REACHED} = 1"
TALKS = f"SELECT CAST(c.duration / ? AS INTEGER), count(*) FROM call c WHERE {_TALKED} GROUP BY 1 ORDER BY 1"
TALK_AT = f"SELECT c.duration FROM call c WHERE {_TALKED} ORDER BY 1 LIMIT 1 OFFSET ?"
RETRIED = "SELECT http_status, count(*) FROM attempt WHERE outcome = 'retry' GROUP BY 1 ORDER BY 2 DESC, 1"
HOLDS = "SELECT at, seconds, words FROM hold ORDER BY at, id"
LEFT = f"""
    SELECT count(*) FROM {DONE} AND r.state IN {CALLED} AND r.position IS NULL
"""
CURRENT_HEADER = "SELECT coalesce((SELECT header FROM layout WHERE id = ?), '[]')"
REFUSALS = f"""
    SELECT alike(r.reason), count(*) FROM {DONE} AND r.position IS NOT NULL AND r.state = 'error'
    GROUP BY 1 ORDER BY 2 DESC, 1
"""
CALLERS = f"""
    SELECT r.agent, r.caller, count(*) FROM {DONE} AND r.state IN {CALLED} AND r.position IS NOT NULL
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
ANSWERS = f"""
    SELECT r.id, r.position, r.number, a.at, c.recording_url, c.extracted
    FROM call c JOIN recipient r ON r.id = c.recipient JOIN attempt a ON a.id = c.attempt
    WHERE c.extracted <> '' AND {REACHED} = 1 AND r.position IS NOT NULL ORDER BY c.recipient, c.attempt
"""
MISSED = f"""
    WITH last AS ({LAST})
    SELECT r.position, r.number, a.at, c.recording_url, {OUTCOME}, l.calls
    FROM recipient r JOIN last l ON l.recipient = r.id JOIN call c ON c.attempt = l.attempt
    JOIN attempt a ON a.id = l.attempt
    WHERE r.position IS NOT NULL AND r.state = 'queued' AND l.reached = 0 AND c.final = 1
    AND {OUTCOME} IN {listed(REDIALLED)} ORDER BY r.position LIMIT ?
"""
RECORDED = f"""
    SELECT r.position, r.number, a.at, c.recording_url, c.duration
    FROM (
        SELECT c.attempt FROM call c WHERE {_TALKED} ORDER BY c.duration DESC, c.attempt LIMIT {_LONGEST}
    ) l CROSS JOIN call c ON c.attempt = l.attempt JOIN recipient r ON r.id = c.recipient
    JOIN attempt a ON a.id = c.attempt
    WHERE c.recording_url <> '' AND r.position IS NOT NULL ORDER BY c.duration DESC, c.attempt LIMIT ?
"""
TROUBLES = f"""
    WITH last AS ({LAST}), trouble AS (
        SELECT r.status AS kind, r.code, NULL AS http_status, '' AS same, r.reason AS words, r.position,
        CASE WHEN r.number IS NULL THEN r.cells ELSE '+' || r.number END AS cell
        FROM recipient r WHERE r.state IS NULL
        UNION ALL
        SELECT r.state, '', r.http_status, alike(r.reason), r.reason, r.position, '+' || r.number
        FROM recipient r WHERE r.position IS NOT NULL
        AND (r.state IN ('error', 'unknown') OR r.state = 'queued' AND r.reason <> '')
        UNION ALL
        SELECT c.status, '', NULL, alike({WHY}), {WHY}, r.position, '+' || r.number
        FROM recipient r JOIN last l ON l.recipient = r.id JOIN call c ON c.attempt = l.attempt
        WHERE r.position IS NOT NULL AND r.state = 'queued' AND c.final = 1 AND c.status IN {listed(WENT_WRONG)}
    )
    SELECT kind, code, http_status, same, first, total, position, cell FROM (
        SELECT *, alike(first_value(words) OVER each) AS first, row_number() OVER each AS nth,
        count(*) OVER (PARTITION BY kind, code, http_status, same) AS total
        FROM trouble WINDOW each AS (PARTITION BY kind, code, http_status, same ORDER BY position)
    ) numbered WHERE nth <= ?
"""
