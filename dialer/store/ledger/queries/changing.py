# ruff: noqa: S608 - constants only
"""The statements that change something; each is named for what it does."""

from __future__ import annotations

import sys

from dialer.store.ledger.queries.parts import CALLED, JUDGED, LISTED, PLANNED, RUN, permitted

REFUSED_AGAIN = "the redial was refused: "
"""Before the words of a refusal that came after a call."""


# -- notes -------------------------------------------------------------------------------------------------------------

SET_NOTE = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
ADD_TO_NOTE = """
    INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2 RETURNING value
"""
CHANGE_ALL_RESULTS = "UPDATE unchanged SET position = 0"
WATCH_RESULTS = f"UPDATE unchanged SET position = {sys.maxsize}"
NAME_BATCH = "INSERT OR IGNORE INTO meta VALUES ('batch', ?)"
ASK_TO_STOP = """
    INSERT INTO meta SELECT ?, value FROM meta WHERE name = ?
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

# -- calls that the provider has and the ledger does not ---------------------------------------------------------------

INDEX_NUMBERS = "CREATE INDEX IF NOT EXISTS recipient_number ON recipient (number)"
"""Made when the first such call is found: a load does without it, and each further call is a look-up, not a search."""

# -- a load ------------------------------------------------------------------------------------------------------------

DROP_PENDING = "DROP INDEX recipient_pending"
CREATE_PENDING = "CREATE INDEX recipient_pending ON recipient (position) WHERE state = 'pending'"
DROP_DONE = "DROP INDEX recipient_done"
CREATE_DONE = "CREATE INDEX recipient_done ON recipient (position, state, status) WHERE state IS NOT 'pending'"
DROP_KEYS = "DROP INDEX recipient_key"
CREATE_KEYS = "CREATE UNIQUE INDEX recipient_key ON recipient (key) WHERE state IS NOT NULL"
DROP_ROWS_OF_NOBODY = "DELETE FROM recipient WHERE state IS NULL"
UNLIST = "UPDATE recipient SET position = NULL, status = NULL, code = '' WHERE position IS NOT NULL"
ADD_LAYOUT = "INSERT OR IGNORE INTO layout (header) VALUES (?)"
LOCATED = ("zones", "zone_source", "country")
"""Columns that only campaigns with a calling window fill."""
OWN = ("caller", "scheduled_at", "voice", "agent", "agent_version")
"""Columns that only campaigns fill whose calls differ in more than number and variables."""
_EACH = ("number", "position", "cells", "layout")
_JUDGED = (*_EACH, *LOCATED, *OWN)
# A key that is the number is not kept once more.
_OTHER_KEY = "iif(?1 IS NULL AND ?2 IS NOT NULL, '', nullif(?1, '+' || ?2))"
_NEW_NUMBER = "number = excluded.number, other_key = nullif(recipient.key, '+' || excluded.number)"


def add_recipient(*more: str) -> str:
    """Return the statement that adds a recipient: the key, `_EACH`, and these columns."""
    columns = (*_EACH, *more)
    return f"""
        INSERT INTO recipient (state, other_key, {", ".join(columns)})
        VALUES ('pending', {_OTHER_KEY}, ?2{", ?" * (len(columns) - 1)})
    """


def add_or_renew_recipient(*more: str) -> str:
    """Return the statement that adds a recipient, or updates one who is there."""
    # A recipient who may have been called keeps the number: with another one, that call would be forgotten.
    return f"""
        {add_recipient(*more)} ON CONFLICT (key) WHERE state IS NOT NULL
        DO UPDATE SET {_NEW_NUMBER}, {", ".join(f"{name} = excluded.{name}" for name in _JUDGED[1:])}
        WHERE state = 'pending' OR {permitted("recipient.id")}
        AND (state = 'error' OR number = excluded.number)
    """


# Only the position in the input changes for a recipient who was called. A recipient who was merged from a torn line of
# the results has no cells yet.
LIST_CALLED = """
    UPDATE recipient SET position = ?3, status = CASE WHEN number <> ?2 THEN 'invalid' END,
    cells = CASE WHEN cells = '[]' THEN ?4 ELSE cells END, layout = CASE WHEN cells = '[]' THEN ?5 ELSE layout END
    WHERE key = ?1 AND state IS NOT NULL AND position IS NULL
"""
ADD_ROW_OF_NOBODY = f"""
    INSERT INTO recipient (other_key, number, position, cells, layout, status, code, reason)
    VALUES ({_OTHER_KEY}, ?2, ?, ?, ?, ?, ?, ?)
"""


def _claim(which: str) -> tuple[str, str]:
    """Return statements that give each called recipient the first row with their key, and delete the unlinked copy."""
    claim = f"""
        UPDATE recipient SET position = o.position, status = o.status, code = o.code,
        cells = CASE WHEN recipient.cells = '[]' THEN o.cells ELSE recipient.cells END,
        layout = CASE WHEN recipient.cells = '[]' THEN o.layout ELSE recipient.layout END
        FROM (
            SELECT key, min(position) AS first FROM recipient WHERE state IS NULL AND {which} GROUP BY key
        ) f JOIN recipient o ON o.position = f.first AND o.state IS NULL AND o.state IS NOT 'pending'
        WHERE recipient.key = f.key AND recipient.state IN {CALLED} AND recipient.position IS NULL
    """
    drop = f"""
        DELETE FROM recipient WHERE state IS NULL AND {which}
        AND position IN (SELECT p.position FROM recipient p WHERE p.key = recipient.key AND p.state IN {CALLED})
    """
    return claim, drop


CLAIM_ROWS, DROP_CLAIMED_ROWS = _claim("key IS NOT NULL")
CLAIM_ROW, DROP_CLAIMED_ROW = _claim("key = ?1")

# -- attempts ----------------------------------------------------------------------------------------------------------

BEGIN = """
    INSERT INTO attempt (id, recipient, reference, turn, scheduled_at, retry_seconds, at)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'), ?2 FROM json_each(?1)
"""
KEEP_BODIES = """
    INSERT INTO sent (attempt, body) SELECT json_extract(value, '$[0]'), json_extract(value, '$[6]') FROM json_each(?)
"""
_OUTCOMES = """
    (SELECT json_extract(value, '$[0]') AS attempt, json_extract(value, '$[1]') AS outcome,
    json_extract(value, '$[2]') AS http_status, json_extract(value, '$[3]') AS words,
    json_extract(value, '$[4]') AS execution_id, json_extract(value, '$[5]') AS skew FROM json_each(?1)) o
"""
END = f"""
    UPDATE attempt SET outcome = o.outcome, http_status = o.http_status, words = o.words,
    execution_id = o.execution_id, answered_at = ?2, skew = o.skew FROM {_OUTCOMES} WHERE attempt.id = o.attempt
"""
WITHDRAW = "DELETE FROM attempt WHERE id = ?"
FORGET_BODY = "DELETE FROM sent WHERE attempt = ?"
RECOVER = """
    UPDATE attempt SET outcome = 'unknown', words = ?, answered_at = max(min(?, at + ?),
    (SELECT max(max(at), coalesce(max(answered_at), 0)) FROM attempt)) WHERE outcome IS NULL
    RETURNING recipient
"""
NOTE_HOLD = "INSERT INTO hold (at, seconds, words) VALUES (?, ?, ?)"
DERIVE = f"""
    UPDATE recipient SET
        state = CASE WHEN f.open THEN 'sending' WHEN f.placed THEN d.outcome WHEN f.refused THEN 'error'
        ELSE 'pending' END,
        decided = d.id,
        execution_id = iif(d.outcome = 'queued', d.execution_id, ''),
        http_status = (SELECT http_status FROM attempt
        WHERE id = iif(f.refused > f.placed, f.refused, coalesce(d.id, f.answered))),
        reason = CASE WHEN f.open THEN ''
            WHEN f.placed AND f.refused > f.placed THEN
            ltrim(d.words || '; {REFUSED_AGAIN}' || (SELECT words FROM attempt WHERE id = f.refused), '; ')
            WHEN d.id THEN d.words
            ELSE coalesce(:reason, (SELECT words FROM attempt WHERE id = f.answered), '') END,
        attempts = f.turns,
        updated_at = f.moved
    FROM (
        SELECT t.value AS recipient, max(iif(a.outcome IS NULL, a.id, NULL)) AS open,
        max(iif(a.outcome IN ('queued', 'unknown'), a.id, NULL)) AS placed,
        max(iif(a.outcome = 'error', a.id, NULL)) AS refused, max(iif(a.outcome IS NULL, NULL, a.id)) AS answered,
        coalesce(max(a.turn), 0) AS turns, max(coalesce(a.answered_at, a.at)) AS moved
        FROM json_each(:recipients) t LEFT JOIN attempt a ON a.recipient = t.value GROUP BY t.value
    ) f LEFT JOIN attempt d ON d.id = coalesce(f.open, f.placed, f.refused)
    WHERE recipient.id = f.recipient
"""

# -- permissions -------------------------------------------------------------------------------------------------------


def _permit(judged: str) -> str:
    return f"""
        INSERT INTO permission (at, what, recipient, before, run)
        SELECT :now, :what, recipient, decided, {RUN} FROM ({judged}) j WHERE verdict = 'ready'
        AND NOT {permitted("j.recipient")}
    """


PERMIT = _permit(JUDGED)
PERMIT_PLANNED = _permit(PLANNED)
# The input may have other cells by now; the results show those that the last call was made with.
KEEP_CELLS = """
    INSERT OR IGNORE INTO former_cells SELECT r.decided, r.cells, r.layout
    FROM permission p JOIN recipient r ON r.id = p.recipient WHERE p.id > ? AND r.decided IS NOT NULL
"""
# Nearly all are as they were.
DROP_SAME_CELLS = """
    DELETE FROM former_cells WHERE EXISTS (SELECT 1 FROM attempt a JOIN recipient r ON r.id = a.recipient
    WHERE a.id = former_cells.attempt AND r.cells = former_cells.cells AND r.layout = former_cells.layout)
"""
USE = f"""
    UPDATE permission SET attempt = b.attempt FROM (SELECT json_extract(value, '$[0]') AS attempt,
    json_extract(value, '$[1]') AS recipient FROM json_each(?)) b
    WHERE permission.recipient = b.recipient AND run = {RUN} AND permission.attempt IS NULL AND void = 0
"""
GIVE_BACK = "UPDATE permission SET attempt = NULL WHERE attempt IN (SELECT value FROM json_each(?))"
REVOKE = "UPDATE permission SET void = 1 WHERE recipient = ? AND attempt IS NULL"
REVOKE_UNLISTED = f"""
    UPDATE permission SET void = 1 WHERE run = {RUN} AND attempt IS NULL AND NOT EXISTS (
        SELECT 1 FROM recipient r WHERE r.id = permission.recipient AND {LISTED}
    )
"""
FORGET_PLANNED = "DELETE FROM permission WHERE what = ? AND attempt IS NULL AND void = 0"
END_PERMISSIONS = f"UPDATE permission SET void = 1 WHERE run = {RUN} AND attempt IS NULL"

# -- calls -------------------------------------------------------------------------------------------------------------

_NOTED = (
    *("attempt", "status", "final", "asked_at", "since", "duration", "cost", "hangup_by"),
    *("hangup_reason", "error_message", "termination_reason", "recording_url", "extracted", "transcript"),
    *("scheduled_at", "retry_count", "created_at", "updated_at"),
)
_TAKEN = ", ".join(f"{name} = excluded.{name}" for name in _NOTED if name not in {"attempt", "since"})
_OF_ATTEMPT = "FROM attempt WHERE id = ?1"
"""Nothing is kept if the attempt is missing: a server that has lost it numbers it anew (`tell_again`)."""
_SINCE = "since = CASE WHEN call.status = excluded.status THEN call.since ELSE excluded.since END"
NOTE_CALL = f"""
    INSERT INTO call (recipient, {", ".join(_NOTED)})
    SELECT recipient, {", ".join(f"?{place}" for place in range(1, len(_NOTED) + 1))} {_OF_ATTEMPT}
    ON CONFLICT (attempt) DO UPDATE SET {_TAKEN}, voicemail = NULL, {_SINCE} WHERE call.final <> 1
"""
NOTE_STATUS = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since)
    SELECT ?1, recipient, ?2, 0, ?3, ?3 {_OF_ATTEMPT}
    ON CONFLICT (attempt) DO UPDATE SET status = excluded.status, asked_at = excluded.asked_at, {_SINCE}
    WHERE call.final = 0
"""
NOTE_MISSING = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since)
    SELECT ?1, recipient, '', 0, ?2, ?2 {_OF_ATTEMPT}
    ON CONFLICT (attempt) DO UPDATE SET asked_at = excluded.asked_at
"""
GIVE_UP = "UPDATE call SET final = 2 WHERE attempt = ? AND final = 0"
NOTE_STOPPED = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since, stop)
    SELECT ?1, recipient, ?2, 1, ?3, ?3, ?2 {_OF_ATTEMPT}
    ON CONFLICT (attempt) DO UPDATE SET status = excluded.status, final = 1, asked_at = excluded.asked_at,
    since = excluded.since, stop = excluded.stop WHERE call.final <> 1
"""
NOTE_NOT_STOPPED = "UPDATE call SET stop = ? WHERE attempt = ? AND stop <> ?"

# -- what others know --------------------------------------------------------------------------------------------------

FOUND = """
    UPDATE attempt SET outcome = 'queued', execution_id = ?, words = '', source = ?
    WHERE outcome = 'unknown' AND reference = ? RETURNING id, recipient
"""
DOUBT = """
    INSERT INTO attempt (recipient, reference, turn, at, outcome, words, execution_id)
    VALUES (?, '', ?, ?, 'unknown', ?, ?)
"""
ADOPT = """
    INSERT INTO attempt (recipient, reference, turn, at, outcome, source, execution_id)
    VALUES (?, ?, ?, ?, 'queued', ?, ?)
"""
TAKE_OVER_NEW = f"""
    INSERT INTO recipient (other_key, number, state, cells, layout) VALUES ({_OTHER_KEY}, ?2, 'pending', ?, ?)
    RETURNING id
"""


def take_over_known(number: str) -> str:
    """Return the statement that gives a recipient who is there the number and the cells of a results CSV."""
    return f"""
        UPDATE recipient SET {number}, cells = CASE WHEN ?3 = '[]' THEN cells ELSE ?3 END,
        layout = CASE WHEN ?3 = '[]' THEN layout ELSE ?4 END WHERE id = ?1 RETURNING id
    """


TAKE_OVER_KNOWN = take_over_known("number = ?2, other_key = nullif(key, '+' || ?2)")
TAKE_OVER_ATTEMPT = """
    INSERT INTO attempt (recipient, reference, turn, at, outcome, http_status, words, source, execution_id,
    answered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
KEEP_CALL = """
    INSERT INTO call (attempt, recipient, status, final, asked_at, since, duration, cost,
    hangup_reason, recording_url, transcript, extracted) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
"""
