# ruff: noqa: S608 - constants only
"""The statements by which a run, tracking, status and the results read; each is named for what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.store import FROM_RESULTS
from dialer.models import Outcome, Status
from dialer.provider.states import RANG
from dialer.store.ledger.queries.parts import (
    ACCEPTED,
    CALL,
    CALL_OF,
    CALLABLE,
    CALLED,
    DONE,
    JUDGED,
    LISTED,
    MAY_RING,
    OPEN,
    OUTCOME,
    PENDING,
    PERMITTED,
    PLANNED,
    PLANNED_AMONG,
    REACHED,
    RUN,
    WHY,
    later,
    listed,
    permitted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# -- notes -------------------------------------------------------------------------------------------------------------

NOTE = "SELECT value FROM meta WHERE name = ?"
LAYOUT = "SELECT id FROM layout WHERE header = ?"
LAYOUTS = "SELECT id, header FROM layout"
FIRST_MOMENT = "SELECT at FROM attempt ORDER BY id LIMIT 1"
LAST_AT = "SELECT max(at) FROM attempt"
WITH_REFERENCE = "SELECT 1 FROM attempt WHERE reference = ? LIMIT 1"
# What was found later, or taken over from results, was placed at no time that is known here.
PLACED = f"CASE WHEN answered_at IS NULL OR source = '{FROM_RESULTS}' THEN 0 ELSE answered_at END"
CALLS_SINCE = f"""
    SELECT execution_id, {PLACED} FROM attempt
    WHERE execution_id <> '' AND coalesce(answered_at, at) >= :since
"""
_NAMES_AGENTS = "coalesce((SELECT value FROM meta WHERE name = 'agents'), '[]') <> '[]'"
# Where a column names agents, it is not known whose a call is: such a call was placed at no time that could be counted.
CALLS_OF_AGENT_SINCE = f"""
    SELECT execution_id, iif({_NAMES_AGENTS}, 0, placed) FROM (
        SELECT execution_id, coalesce(answered_at, at) AS moment, {PLACED} AS placed FROM attempt
    ) a WHERE execution_id <> '' AND moment >= :since
    AND (:agent = (SELECT value FROM meta WHERE name = 'agent') OR {_NAMES_AGENTS})
"""
LAST_MOMENTS = "SELECT max(at), max(answered_at), (SELECT max(asked_at) FROM call) FROM attempt"

# -- who is to be called -----------------------------------------------------------------------------------------------

ANY_ATTEMPT = "SELECT 1 FROM attempt LIMIT 1"
SPREAD = f"""
    SELECT number FROM (
        SELECT number, row_number() OVER (ORDER BY position) - 1 AS rank, count(*) OVER () AS rows
        FROM recipient r WHERE {LISTED}
    ) listed WHERE rows <= ?1 OR rank = 0 OR rank * ?1 / rows > (rank - 1) * ?1 / rows
"""
ANY_ROW = "SELECT 1 FROM recipient LIMIT 1"
ANYBODY = "SELECT 1 FROM recipient WHERE state IS NOT NULL LIMIT 1"
RECIPIENT = """
    r.id, r.key, r.number, r.cells, r.attempts, r.position, r.zones, r.country, r.caller, r.scheduled_at, r.voice,
    r.agent, r.agent_version
"""
PAGE = f"""
    SELECT {RECIPIENT} FROM {PENDING} AND r.position > ? AND r.status IS NULL ORDER BY r.position LIMIT ?
"""
PAGE_OF_PERMITTED = f"""
    SELECT {RECIPIENT} FROM {DONE} AND r.position > ? AND {LISTED} AND {permitted("r.id")} ORDER BY r.position LIMIT ?
"""
ANY_PERMITTED = f"SELECT 1 FROM {PERMITTED} LIMIT 1"
ATTEMPTS_OF_CALLABLE = f"""
    SELECT json_group_array(json_array(r.id, r.attempts)) FROM recipient r
    WHERE r.id IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND {CALLABLE}
"""
LAST_ATTEMPT = "SELECT coalesce(max(id), 0) FROM attempt"
ATTEMPTED_NUMBERS = f"SELECT number, key, state FROM recipient WHERE state IN {CALLED}"
ATTEMPTED = f"SELECT key, state FROM recipient WHERE key IN (SELECT value FROM json_each(?)) AND state IN {CALLED}"
_WHERE = "r.id, r.number, r.position, r.scheduled_at, r.zones, r.zone_source, r.country"
_CALLABLE_LISTED = f"""
    SELECT {_WHERE} FROM {PENDING} AND {LISTED} UNION ALL SELECT {_WHERE} FROM {PERMITTED} AND {LISTED}
"""
WHEREABOUTS = f"""
    SELECT position / ? AS block, count(*), min(position), max(position), scheduled_at, zones, zone_source, country
    FROM ({_CALLABLE_LISTED}) listed GROUP BY block, zones, zone_source, country, scheduled_at
"""
PLACES = f"SELECT DISTINCT scheduled_at IS NOT NULL, zones, zone_source, country FROM ({_CALLABLE_LISTED}) listed"
PENDING_AMONG = (
    f"SELECT * FROM ({_CALLABLE_LISTED}) listed WHERE number IN (SELECT CAST(value AS INTEGER) FROM json_each(?))"
)
NUMBERS_WITH = f"SELECT r.number FROM {DONE} AND r.status = 'invalid' AND r.code = ? AND r.number IS NOT NULL"
CALLABLE_NUMBERS = f"SELECT r.number FROM {PENDING} UNION ALL SELECT r.number FROM {PERMITTED}"
CALLABLE_WITH = f"""
    SELECT r.id, r.key, r.attempts FROM recipient r
    WHERE r.number IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND {CALLABLE}
"""
ADOPTABLE = f"""
    {CALLABLE_WITH} AND NOT EXISTS (
        SELECT 1 FROM attempt a WHERE a.recipient = r.id AND a.reference = ? AND a.outcome = 'queued'
    )
"""

# -- permissions -------------------------------------------------------------------------------------------------------

JUDGED_COUNTS = f"SELECT verdict, count(*), sum(untracked), min(ripe), max(ripe) FROM ({JUDGED}) j GROUP BY verdict"
PLANNED_COUNTS = f"SELECT verdict, count(*), sum(asked), min(ripe), max(ripe) FROM ({PLANNED}) j GROUP BY verdict"
NOT_DUE = f"""
    SELECT j.recipient FROM ({PLANNED_AMONG}) j JOIN permission p ON p.recipient = j.recipient
    WHERE verdict <> 'ready' AND p.what = :what AND p.run = {RUN} AND p.attempt IS NULL AND p.void = 0
"""
MAY_BE_PERMITTED = f"""
    SELECT r.number FROM ({JUDGED}) j JOIN recipient r ON r.id = j.recipient
    WHERE verdict = 'ready' ORDER BY r.id
"""
LAST_PERMISSION = "SELECT coalesce(max(id), 0) FROM permission"
RELEASED = f"SELECT r.state, count(*) FROM {PERMITTED} AND {LISTED} GROUP BY 1"
REDIALLED = f"""
    SELECT {OUTCOME}, count(*) FROM (SELECT r.decided FROM {PERMITTED} AND {LISTED} AND r.state = 'queued') r {CALL_OF}
    GROUP BY 1 ORDER BY 2 DESC
"""
REFUSED_AGAIN = f"""
    SELECT count(*) FROM permission p JOIN attempt a ON a.id = p.attempt
    JOIN recipient r ON r.id = p.recipient
    WHERE p.run = {RUN} AND a.outcome = 'error' AND r.decided <> a.id
"""

# -- calls and doubts --------------------------------------------------------------------------------------------------

OPEN_CALLS = f"SELECT {CALL} {OPEN} AND a.id > :after ORDER BY a.id LIMIT :size"
OPEN_CALLS_BEFORE_ANOTHER = f"""
    SELECT {CALL} {OPEN} AND a.id > :after AND {LISTED} AND (
        SELECT count(*) FROM attempt b WHERE b.recipient = r.id AND coalesce(b.outcome, '') NOT IN ('retry', 'error')
    ) < :most ORDER BY a.id LIMIT :size
"""
STATUSES = """
    SELECT attempt, status FROM call
    WHERE attempt IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND status <> ''
"""
EXECUTION_IDS = "SELECT execution_id FROM attempt WHERE execution_id <> ''"
KNOWN_CALL = """
    SELECT a.execution_id FROM call c JOIN attempt a ON a.id = c.attempt
    WHERE c.final = 1 AND c.created_at IS NOT NULL ORDER BY c.attempt DESC LIMIT 1
"""
COUNT_OPEN = f"SELECT count(*) {MAY_RING}"
STOPPABLE = f"""
    SELECT * FROM (
        SELECT {later("a.at", "coalesce(c.scheduled_at, a.scheduled_at, 0.0)")} AS rings_at, {CALL} {MAY_RING}
    ) ringing WHERE (rings_at, id) < (?, ?) ORDER BY rings_at DESC, id DESC LIMIT ?
"""
DOUBTS = """
    SELECT r.id, r.key, r.number, a.reference, a.at, coalesce(a.answered_at, a.at), a.skew
    FROM attempt a CROSS JOIN recipient r ON r.id = a.recipient
    WHERE a.outcome = 'unknown' AND r.state = 'unknown' ORDER BY a.at
"""
SKEW = "SELECT skew FROM attempt WHERE skew IS NOT NULL ORDER BY id DESC LIMIT 1"
DECIDED = "SELECT decided FROM recipient WHERE id = ?"

# -- how far it is -----------------------------------------------------------------------------------------------------

# Each counted in one pass: to group a million takes twice as long.
_COUNT_STATUSES = ", ".join(
    f"count(*) FILTER (WHERE coalesce(r.state, r.status) = '{status}')"
    for status in Status
    if status is not Status.PENDING
)
COUNTS = f"""
    SELECT (SELECT count(*) FROM {PENDING} AND r.position IS NOT NULL), {_COUNT_STATUSES}
    FROM {DONE} AND r.position IS NOT NULL
"""
"""Those to be called, and then those of each other status, in order. Those who may be called again count as what they
are: see `RELEASED`."""
REACHED_PEOPLE = f"""
    SELECT count(DISTINCT CASE WHEN {REACHED} = 1 THEN a.recipient END)
    FROM attempt a JOIN recipient r ON r.id = a.recipient LEFT JOIN call c ON c.attempt = a.id
    WHERE a.outcome = 'queued' AND r.position IS NOT NULL
"""
"""People of the input that were reached."""
# By an index, and from the calls alone: a look at each row, or at its attempt, takes several times as long.
KNOWN_CALLS = """
    SELECT status, voicemail, final, count(*), coalesce(sum(duration), 0.0), coalesce(sum(cost), 0.0),
    coalesce(sum(CASE WHEN duration > 0 THEN 1 ELSE 0 END), 0) FROM call
    GROUP BY status, voicemail, final
"""
COUNT_ACCEPTED = "SELECT count(*) FROM attempt WHERE outcome = 'queued'"
OUTCOMES = f"""
    SELECT {OUTCOME}, count(*) FROM recipient r {CALL_OF} WHERE c.attempt IS NOT NULL AND r.position IS NOT NULL
    GROUP BY 1
"""
# As above.
_COUNT_OUTCOMES = ", ".join(f"count(*) FILTER (WHERE outcome = '{outcome}')" for outcome in Outcome)
ATTEMPT_COUNTS = f"SELECT count(*) FILTER (WHERE outcome IS NULL), {_COUNT_OUTCOMES} FROM attempt"
"""Those that are open, and then those of each outcome, in order."""
# The last to be called are nearly always the last to be recorded: clocks may be set, and answers come late.
LAST_CALLED = f"""
    SELECT max(updated_at) FROM (
        SELECT r.updated_at FROM attempt a CROSS JOIN recipient r ON r.id = a.recipient
        WHERE r.position IS NOT NULL AND r.state = 'queued' AND r.decided = a.id AND NOT {permitted("r.id")}
        ORDER BY a.id DESC LIMIT 100
    ) latest
"""
# By the calls' own order, where the last thousand that fit are found at once; an index gives all, to be sorted.
TALK = f"""
    SELECT count(*), coalesce(avg(coalesce(duration, 0.0)), 0.0), coalesce(sum(reached), 0)
    FROM (SELECT c.duration, {REACHED} AS reached FROM call c NOT INDEXED
    WHERE c.final = 1 AND c.status IN {listed(RANG)} ORDER BY c.attempt DESC LIMIT ?) latest
"""
RECENT_ATTEMPTS = "SELECT at, outcome FROM attempt ORDER BY id DESC LIMIT ?"
LAST_SIGN = f"""
    SELECT max({later("at", "coalesce(answered_at, at)")})
    FROM (SELECT at, answered_at FROM attempt ORDER BY id DESC LIMIT 100) latest
"""
HELD = "SELECT at + seconds - ?1, words FROM hold WHERE at + seconds > ?1 ORDER BY 1 DESC LIMIT 1"

# -- somebody ----------------------------------------------------------------------------------------------------------

PEOPLE_WITH = "SELECT id, key, state, reason FROM recipient WHERE number = ? AND state IS NOT NULL"
ROWS_WITH = "SELECT coalesce(key, ''), status, reason FROM recipient WHERE number = ? AND state IS NULL"
ATTEMPTS = f"""
    SELECT a.at, coalesce(a.outcome, ''), a.http_status, a.words, a.source, a.execution_id, {OUTCOME},
    coalesce(c.final, 0) > 0, c.asked_at, c.duration, c.cost, coalesce(c.hangup_by, ''), coalesce(c.hangup_reason, ''),
    coalesce(c.error_message, ''), coalesce(c.termination_reason, ''), coalesce(c.recording_url, ''),
    coalesce(c.transcript, ''), coalesce(s.body, '')
    FROM {ACCEPTED} WHERE a.recipient = ? ORDER BY a.id
"""
DECISIONS = "SELECT at, what FROM permission WHERE recipient = ? ORDER BY id"

# -- results -----------------------------------------------------------------------------------------------------------

KNOWS = "SELECT 1 FROM recipient WHERE key = ? AND state IS NOT NULL"


def known(which: str) -> str:
    """Return the statement for what a merge has to know of some people."""
    return f"""
        SELECT r.key, r.id, r.number, r.state, r.attempts, count(a.id) > 0, json_group_array(a.execution_id)
        FROM recipient r LEFT JOIN attempt a ON a.recipient = r.id AND a.outcome = 'queued'
        WHERE {which} AND r.state IS NOT NULL GROUP BY r.key, r.id, r.number, r.state, r.attempts
    """


KNOWN = known("r.key IN (SELECT value FROM json_each(?))")
ANY_CALL = "SELECT 1 FROM call LIMIT 1"
_CALL_RESULT = f"""
    c.attempt IS NOT NULL, {OUTCOME}, c.duration, c.cost, {WHY}, c.recording_url
"""
# A recipient who will be called again keeps their state here: a merge of this file must not treat them as new.
_RESULT = """
    r.position, CASE WHEN r.state IS NOT NULL THEN r.key END, r.number, coalesce(r.state, r.status), r.execution_id,
    r.reason, CASE WHEN r.state IS NULL THEN r.code ELSE '' END, r.http_status, r.attempts, r.updated_at,
    coalesce(f.cells, r.cells), coalesce(f.layout, r.layout), {call}
"""
_CELLS = "LEFT JOIN former_cells f ON f.attempt = r.decided {of}"


def _rows(which: str, *, where: str, result: str = _RESULT) -> str:
    table, _, condition = which.partition(" WHERE ")
    return f"SELECT {result} FROM {table} {_CELLS} WHERE {condition} AND {where}"


RESULTS_BUT_PENDING = f"{_rows(DONE, where='r.position > ?1')} ORDER BY 1"
# Each is in order by its index, so that nothing is sorted.
RESULTS = f"{_rows(PENDING, where='r.position > ?1')} UNION ALL {RESULTS_BUT_PENDING}"
_BETWEEN = "r.position > ?1 AND r.position <= ?2"
RESULTS_BETWEEN_BUT_PENDING = f"{_rows(DONE, where=_BETWEEN)} ORDER BY 1"
RESULTS_BETWEEN = f"{_rows(PENDING, where=_BETWEEN)} UNION ALL {RESULTS_BETWEEN_BUT_PENDING}"
LAST_POSITION = f"""
    SELECT max(last) FROM (
        SELECT max(r.position) AS last FROM {PENDING} UNION ALL SELECT max(r.position) FROM {DONE}
    ) each_of
"""
_AMONG = "r.position IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))"
RESULTS_AMONG = f"{_rows(PENDING, where=_AMONG)} UNION ALL {_rows(DONE, where=_AMONG)} ORDER BY 1"
# All of them in one row, since calls are waiting to leave: see `group`.
RESULTS_OF = f"""
    SELECT json_group_array(json(result)) FROM (
        {_rows(PENDING, where=_AMONG, result=f"json_array({_RESULT}) AS result")} UNION ALL
        {_rows(DONE, where=_AMONG, result=f"json_array({_RESULT})")}
    )
"""
RESULTS_OF_UNLISTED = f"{_rows(DONE, where=f'r.position IS NULL AND r.state IN {CALLED}')} ORDER BY r.id"
UNCHANGED_RESULTS = "SELECT position FROM unchanged"


def with_calls(query: str, parts: Sequence[str] | None) -> str:
    """Return a query for results with the calls they show.

    Args:
        query: one of the above.
        parts: the long columns of a call, or '' in place of one that is not shown: it may be most of the file; None
            if no call was tracked yet.
    """
    if parts is None:
        return query.format(call="0", of="")
    return query.format(call=", ".join((_CALL_RESULT, *parts)), of=CALL_OF)
