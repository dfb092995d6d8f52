# ruff: noqa: S608 - constants only
"""The statements that change something; each is named for what it does."""

from __future__ import annotations

from dialer.store.sqlite.queries.parts import CALLED, JUDGED, RUN, permitted

REFUSED_AGAIN = "the redial was refused: "
"""Before the words of a refusal that came after a call."""


# -- notes -------------------------------------------------------------------------------------------------------------

SET_NOTE = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
ADD_TO_NOTE = """
    INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2 RETURNING value
"""
NAME_BATCH = "INSERT OR IGNORE INTO meta VALUES ('batch', ?)"
ASK_TO_STOP = """
    INSERT INTO meta SELECT ?, value FROM meta WHERE name = ?
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

# -- a load ------------------------------------------------------------------------------------------------------------

CLEAR_INPUT = "DELETE FROM input_row"
DROP_ROW_KEY = "DROP INDEX IF EXISTS input_row_key"
CREATE_ROW_KEY = "CREATE INDEX input_row_key ON input_row (key)"
DROP_RECIPIENT_KEY = "DROP INDEX recipient_key"
CREATE_RECIPIENT_KEY = "CREATE UNIQUE INDEX recipient_key ON recipient (key)"
ADD_LAYOUT = "INSERT OR IGNORE INTO layout (header) VALUES (?)"
ADD_RECIPIENT = """
    INSERT INTO recipient (key, number, state, payload, cells, layout, zones, zone_source, country)
    VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?)
"""
# Who may have been called under one number is not called again under another: it would be forgotten.
ADD_OR_RENEW_RECIPIENT = f"""
    {ADD_RECIPIENT}
    ON CONFLICT (key) DO UPDATE SET number = excluded.number, payload = excluded.payload, cells = excluded.cells,
    layout = excluded.layout, zones = excluded.zones, zone_source = excluded.zone_source, country = excluded.country
    WHERE state = 'pending' OR {permitted("recipient.id")}
    AND (state = 'error' OR number = excluded.number)
"""
ADD_ROW = """
    INSERT INTO input_row (position, line, key, owner, status, code, reason, number)
    VALUES (?, ?, ?, 1, 'pending', '', '', ?)
"""
ADD_REFUSED_ROW = "INSERT INTO input_row VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?)"
COMPLETE_TORN = "UPDATE recipient SET cells = ?, layout = ? WHERE key = ? AND cells = '[]'"
OWN_ROWS_OF_CALLED = f"""
    UPDATE input_row SET owner = 1 WHERE owner = 0 AND key IS NOT NULL
    AND EXISTS (SELECT 1 FROM recipient r WHERE r.key = input_row.key AND r.state IN {CALLED})
    AND NOT EXISTS (SELECT 1 FROM input_row o WHERE o.key = input_row.key
    AND (o.owner = 1 OR o.position < input_row.position))
"""
CLAIM_ROW = """
    UPDATE input_row SET owner = 1 WHERE position = (SELECT min(position) FROM input_row WHERE key = ?1)
    AND NOT EXISTS (SELECT 1 FROM input_row WHERE key = ?1 AND owner)
"""

# -- attempts ----------------------------------------------------------------------------------------------------------

BEGIN = """
    INSERT INTO attempt (id, recipient, reference, turn, at) SELECT json_extract(value, '$[0]'),
    json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), ?2 FROM json_each(?1)
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

PERMIT = f"""
    INSERT INTO permission (at, what, recipient, before, run)
    SELECT :now, :what, recipient, decided, {RUN} FROM ({JUDGED}) j WHERE verdict = 'ready'
    AND NOT {permitted("j.recipient")}
"""
KEEP_SENT = """
    INSERT OR IGNORE INTO sent SELECT r.decided, r.payload, r.cells, r.layout
    FROM permission p JOIN recipient r ON r.id = p.recipient WHERE p.id > ? AND r.decided IS NOT NULL
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
        SELECT 1 FROM recipient r JOIN input_row i ON i.key = r.key
        WHERE r.id = permission.recipient AND i.status = 'pending' AND i.number = r.number
    )
"""
END_PERMISSIONS = f"UPDATE permission SET void = 1 WHERE run = {RUN} AND attempt IS NULL"

# -- calls -------------------------------------------------------------------------------------------------------------

_NOTED = (
    *("attempt", "status", "final", "asked_at", "since", "duration", "cost", "hangup_by"),
    *("hangup_reason", "error_message", "termination_reason", "recording_url", "extracted", "transcript"),
    *("scheduled_at", "retry_count", "created_at", "updated_at"),
)
_TAKEN = ", ".join(f"{name} = excluded.{name}" for name in _NOTED if name not in {"attempt", "since"})
_WHOSE = "(SELECT recipient FROM attempt WHERE id = ?1)"
_SINCE = "since = iif(status = excluded.status, since, excluded.since)"
NOTE_CALL = f"""
    INSERT INTO call (recipient, {", ".join(_NOTED)})
    VALUES ({_WHOSE}, {", ".join(f"?{place}" for place in range(1, len(_NOTED) + 1))})
    ON CONFLICT (attempt) DO UPDATE SET {_TAKEN}, voicemail = NULL, {_SINCE} WHERE final <> 1
"""
NOTE_STATUS = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since) VALUES (?1, {_WHOSE}, ?2, 0, ?3, ?3)
    ON CONFLICT (attempt) DO UPDATE SET status = excluded.status, asked_at = excluded.asked_at, {_SINCE} WHERE final = 0
"""
NOTE_MISSING = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since) VALUES (?1, {_WHOSE}, '', 0, ?2, ?2)
    ON CONFLICT (attempt) DO UPDATE SET asked_at = excluded.asked_at
"""
GIVE_UP = "UPDATE call SET final = 2 WHERE attempt = ? AND final = 0"
NOTE_STOPPED = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since, stop)
    VALUES (?1, {_WHOSE}, ?2, 1, ?3, ?3, ?2)
    ON CONFLICT (attempt) DO UPDATE SET status = excluded.status, final = 1, asked_at = excluded.asked_at,
    since = excluded.since, stop = excluded.stop WHERE final <> 1
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
TAKE_OVER_RECIPIENT = """
    INSERT INTO recipient (key, number, state, payload, cells, layout) VALUES (?, ?, 'pending', '', ?, ?)
    ON CONFLICT (key) DO UPDATE SET number = excluded.number,
    cells = iif(excluded.cells = '[]', cells, excluded.cells),
    layout = iif(excluded.cells = '[]', layout, excluded.layout) RETURNING id
"""
TAKE_OVER_ATTEMPT = """
    INSERT INTO attempt (recipient, reference, turn, at, outcome, http_status, words, source, execution_id,
    answered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
KEEP_CALL = """
    INSERT INTO call (attempt, recipient, status, final, asked_at, since, duration, cost,
    hangup_reason, recording_url, transcript, extracted) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
"""
