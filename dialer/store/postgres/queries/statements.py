# ruff: noqa: S608 - constants only
"""The statements that PostgreSQL is asked in words of its own, in place of those that both engines have."""

from __future__ import annotations

from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.queries.parts import CALLABLE, permitted
from dialer.store.ledger.queries.reading import RECIPIENT
from dialer.store.postgres.queries.schema import HELPERS, LOCKS
from dialer.store.postgres.queries.triggers import TAKES_LINE

VERSION_TABLE = "SELECT to_regclass('dialer.version')"
VERSION_NOTED = "SELECT max(number) FROM dialer.version"
NOTE_VERSION = "INSERT INTO dialer.version VALUES (?)"
DROP_FUNCTIONS = f"""
    DO $$ DECLARE f regprocedure; BEGIN
        FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'dialer'::regnamespace
        AND p.proname <> ALL ('{{{",".join(HELPERS)}}}') LOOP
            EXECUTE 'DROP FUNCTION ' || f || ' CASCADE';
        END LOOP;
    END $$
"""
NOBODY_BEGINS = "LOCK TABLE dialer.run IN ACCESS EXCLUSIVE MODE"
UNFINISHED = """
    SELECT b.name, r.host, r.pid, r.began FROM dialer.run r JOIN dialer.batch b ON b.id = r.batch_id
    WHERE r.ended IS NULL AND (dialer.seconds() <= r.beat_at + r.lease OR r.server <> dialer.identity()
    OR dialer.seconds() - r.lease <= extract(epoch FROM pg_postmaster_start_time())) ORDER BY r.began LIMIT 1
"""
"""Runs of any batch that work, or may: as `END_SILENT_RUNS` judges it, and whose end leaves no gap to note."""
END_ALL_RUNS = "UPDATE dialer.run SET ended = dialer.seconds(), is_expired = 1 WHERE ended IS NULL"
GRANT_RUN = """
    GRANT USAGE ON SCHEMA dialer, dialer_batch TO {role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dialer, dialer_batch TO {role};
    REVOKE INSERT, UPDATE, DELETE ON dialer.version FROM {role};
    REVOKE UPDATE, DELETE ON dialer.do_not_call, dialer.do_not_call_accepted FROM {role};
    GRANT USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA dialer TO {role};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dialer TO {role};
    GRANT TEMPORARY ON DATABASE {database} TO {role};
"""
GRANT_READ = """
    GRANT USAGE ON SCHEMA dialer, dialer_batch TO {role};
    GRANT SELECT ON ALL TABLES IN SCHEMA dialer, dialer_batch TO {role};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dialer TO {role};
"""
DATABASE = "SELECT current_database()"
IS_OWNER = "SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'dialer'"
IS_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = ?"
ROLES = """
    SELECT r.rolname, bool_or(a.privilege_type = 'INSERT') FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
    JOIN pg_roles r ON r.oid = a.grantee WHERE c.oid = 'dialer.batch'::regclass AND a.grantee <> c.relowner
    GROUP BY r.rolname
"""
"""Which roles may do something in the tables, and whether they may run campaigns."""
IDENTITY = """
    SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid FROM pg_database
    WHERE datname = current_database()
"""
"""Unique id of a database, the same by every address and on every replica; a restored dump has another one."""
HAS_TABLES = "SELECT to_regclass('dialer.batch') IS NOT NULL, to_regclass('dialer.owner') IS NOT NULL"
HAS_BATCHES = "SELECT EXISTS (SELECT 1 FROM dialer.batch)"
OWNER = "SELECT workspace, folder, host FROM dialer.owner"
CLAIM_DATABASE = "INSERT INTO dialer.owner (workspace, folder, host) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
SETTINGS_OF_SERVER = """
    SELECT current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes'),
    pg_is_in_recovery(), (SELECT count(*) FROM pg_stat_replication), current_setting('synchronous_standby_names'),
    NOT EXISTS (SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), host(inet_server_addr())
"""
MAY = """
    SELECT current_user, has_table_privilege('dialer.recipient', 'UPDATE'),
    has_database_privilege(current_database(), 'TEMPORARY')
"""
CLOCK = "SELECT dialer.seconds()"
BATCH_NAMED = "SELECT id FROM dialer.batch WHERE name = ?"
NEIGHBOURS_CALLED = """
    SELECT c.at, b.name, c.is_open FROM dialer.called c JOIN dialer.batch b ON b.id = c.batch_id
    WHERE c.server = ? AND c.number = ANY (?) AND c.batch_id <> dialer.current_batch()
    AND (c.is_open = 1 OR c.at > ?) ORDER BY c.is_open DESC, c.at DESC LIMIT 1
"""
NEIGHBOURS_RECENT = """
    SELECT number, at FROM dialer.called
    WHERE server = ? AND batch_id <> dialer.current_batch() AND is_open = 0 AND at > ?
"""
NEIGHBOURS_KNOWN = """
    SELECT b.name, array_agg(DISTINCT c.number) FROM dialer.called c JOIN dialer.batch b ON b.id = c.batch_id
    WHERE c.server = ? AND c.number = ANY (?) AND c.batch_id <> dialer.current_batch() GROUP BY b.name
"""
NEIGHBOURS_CALLS_SINCE = f"""
    SELECT a.execution_id, CASE WHEN coalesce(n.value, '[]') = '[]' THEN {reading.PLACED} ELSE 0 END
    FROM dialer.attempt a
    JOIN dialer.meta s ON s.batch_id = a.batch_id AND s.name = 'server' AND s.value = ?
    JOIN dialer.meta g ON g.batch_id = a.batch_id AND g.name = 'agent'
    LEFT JOIN dialer.meta n ON n.batch_id = a.batch_id AND n.name = 'agents'
    WHERE a.batch_id <> dialer.current_batch() AND a.execution_id <> '' AND a.at >= ?
    AND (g.value = ? OR EXISTS (SELECT 1 FROM dialer.recipient r WHERE r.batch_id = a.batch_id
    AND r.id = a.recipient AND r.agent = ?))
"""
ALL_BATCHES = """
    SELECT b.name, b.campaign, count(r.id), max(r.beat_at), max(r.ended)
    FROM dialer.batch b LEFT JOIN dialer.run r ON r.batch_id = b.id GROUP BY b.id ORDER BY b.name
"""
ADD_BATCH = "INSERT INTO dialer.batch (name, campaign) VALUES (?, ?) ON CONFLICT DO NOTHING"
SETTINGS = """
    SELECT set_config('search_path', 'dialer_batch, dialer, pg_catalog', true),
    set_config('synchronous_commit', {commit}, true), set_config('dialer.batch', {batch}, true),
    set_config('dialer.run', {run}, true), set_config('plan_cache_mode', 'force_generic_plan', true)
"""
"""What each transaction begins with: a pooler may give it a connection that knows nothing of the one before."""
ONE_MOMENT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""The mode of a transaction that reads everything from one moment."""
_LIMITS = """
    set_config('idle_in_transaction_session_timeout', '5s', true),
    set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_interval', '5', true),
    set_config('tcp_keepalives_count', '4', true)
"""
ALONE = f"SELECT {_LIMITS}, pg_advisory_xact_lock({LOCKS}, current_setting('dialer.batch')::integer)"
"""What a transaction of several round trips begins with: a client that is frozen in it loses it by itself."""
_LOADS = "'dialer loads for ' ||"
LOADS = f"SELECT {_LIMITS}, set_config('application_name', {_LOADS} current_setting('dialer.run'), true)"
"""What the transaction of a load begins with; `ALONE` comes at its end. While a list is copied the server waits for its
client with no limit: TCP notices a host without power after half a minute; for a frozen process see the next one."""
END_LOADS_OF_THE_DEAD = f"""
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN run r ON a.application_name = {_LOADS} r.id
    WHERE r.ended IS NOT NULL AND a.datname = current_database() AND a.usename = current_user
"""
"""What a frozen process has copied is rolled back: the next load would wait for it, at the row of the header."""

# -- runs --------------------------------------------------------------------------------------------------------------

END_SILENT_RUNS = """
    UPDATE run SET ended = dialer.seconds(), is_expired = 1
    WHERE ended IS NULL AND dialer.seconds() > beat_at + lease
    AND dialer.seconds() - lease > extract(epoch FROM pg_postmaster_start_time())
    RETURNING beat_at, server = dialer.identity()
"""
"""As a statement of its own, before `RECOVER`: an intent that is on its way is waited for here, and seen there.

Not while the server has just started: others may not have come back yet."""
RECOVER = "SELECT dialer.recover()"
LIVE_RUN = """
    SELECT host, pid, began, does FROM run WHERE ended IS NULL AND NOT (?1 = 1 AND does = 'run') ORDER BY began LIMIT 1
"""
"""Who works, without the runs that a run may join."""
FORMER_SERVER = """
    SELECT max(beat_at) FROM run HAVING bool_and(server <> dialer.identity() AND ended IS NOT NULL)
"""
"""When somebody was heard of last where all who ever worked on the batch knew another server; else nothing."""
BEGIN_RUN = """
    INSERT INTO run (batch_id, id, host, pid, lease, does, joins, stage)
    VALUES (dialer.current_batch(), ?, ?, ?, ?, ?, ?, ?)
"""
LIVE_RUNS_OF_ALL = """
    SELECT b.name, b.campaign, r.pid, r.host, r.began FROM dialer.run r JOIN dialer.batch b ON b.id = r.batch_id
    WHERE r.ended IS NULL AND dialer.seconds() <= r.beat_at + r.lease AND r.does = 'run' ORDER BY r.began
"""
LIVE_RUNS = """
    SELECT id, pid, host, began, does, joins FROM run
    WHERE ended IS NULL AND dialer.seconds() <= beat_at + lease ORDER BY began
"""
BEAT = """
    UPDATE run SET beat_at = CASE WHEN ended IS NULL THEN dialer.seconds() ELSE beat_at END WHERE id = ?
    RETURNING ended IS NULL, server = dialer.identity(), beat_at
"""
IS_KNOWN = "SELECT (SELECT server = dialer.identity() FROM run WHERE id = ?)"
"""Whether a run knows this server; NULL where that does not know the run."""
NEXT_CONNECTION = "UPDATE run SET connection = connection + 1 WHERE id = ? RETURNING connection, ended IS NULL"
"""It waits for the statements that the previous connection has in progress; later ones of it are refused."""
WITHHOLD_ALL_BUT = """
    SELECT dialer.withhold(array_agg(id), array_agg(reference), '') FROM attempt WHERE run = ?1
    AND (outcome IS NULL OR outcome = 'unknown' AND words = ?3) AND reference <> ALL (?2) AND at > ?4
    HAVING count(*) > 0
"""
TURN = "SELECT dialer.turn(?)"
BRINGS_LIST = "SELECT pid, host, began, joins FROM run WHERE ended IS NULL AND does = 'run' AND stage = 'prepares'"
REACH = "SELECT dialer.reach(?, ?)"
OTHERS = """
    SELECT count(*) FILTER (WHERE ended IS NULL AND stage IN ('prepares', 'calls')),
    count(*) FILTER (WHERE ended IS NULL AND stage IN ('prepares', 'calls', 'waits')),
    count(*) FILTER (WHERE ended IS NOT NULL OR stage = 'ends') FROM run WHERE id <> ? AND does = 'run'
"""
ASK_ALL_TO_STOP = """
    INSERT INTO meta (name, value) SELECT 'stop_asked', string_agg(id, ' ') FROM run WHERE ended IS NULL
    HAVING count(*) > 0 ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
NOTE_PROGRESS = "UPDATE run SET progress = ?2 WHERE id = ?1"
PROGRESS = """
    SELECT progress FROM run WHERE ended IS NULL AND dialer.seconds() <= beat_at + lease AND progress <> ''
    ORDER BY began, id
"""
ENDED = "SELECT ended FROM run WHERE id = ? FOR SHARE"
"""When a run was over; nobody declares it over before the transaction ends."""
END_RUN = "UPDATE run SET ended = dialer.seconds() WHERE id = ? AND ended IS NULL"

# -- what batches share ------------------------------------------------------------------------------------------------

SLOT = "SELECT granted, seconds FROM dialer.slot(?, ?, ?, ?, ?)"
HOLD = """
    INSERT INTO dialer.rate AS r (organisation, next_at, held_until, held_for) VALUES (?1, 0, dialer.seconds() + ?2, ?3)
    ON CONFLICT ON CONSTRAINT rate_pkey DO UPDATE SET held_for = CASE WHEN r.held_until < excluded.held_until
    THEN excluded.held_for ELSE r.held_for END, held_until = greatest(r.held_until, excluded.held_until)
"""
LIVE_CALLS = f"""
    SELECT b.name, coalesce(g.value, ''), a.outcome, a.id, a.execution_id, a.at, coalesce(a.answered_at, a.at),
    coalesce(c.status, '') FROM dialer.live_call l JOIN dialer.batch b ON b.id = l.batch_id
    JOIN dialer.attempt a ON a.batch_id = l.batch_id AND a.id = l.attempt
    LEFT JOIN dialer.call c ON c.batch_id = a.batch_id AND c.attempt = a.id
    LEFT JOIN dialer.meta g ON g.batch_id = l.batch_id AND g.name = 'agent'
    WHERE l.server = ?1 AND a.run IS DISTINCT FROM ?2 AND {TAKES_LINE}
    ORDER BY b.id, a.id
"""
FORGET_OLD_CALLS = "DELETE FROM dialer.live_call WHERE at < dialer.seconds() - ?"
LAST_LISTED = "SELECT line, digest FROM dialer.do_not_call ORDER BY line DESC LIMIT 1"
LISTED_SINCE = """
    SELECT line, number, since, source, ended, reason, digest FROM dialer.do_not_call WHERE line > ? ORDER BY line
"""
DIGEST_AT = "SELECT digest FROM dialer.do_not_call WHERE line = ?"
ADD_LISTED = "INSERT INTO dialer.do_not_call VALUES (?, ?, ?, ?, ?, ?, ?)"
ACCEPTED = "SELECT id, length, digest, lines, at FROM dialer.do_not_call_accepted ORDER BY at DESC LIMIT 1"
ACCEPT = "INSERT INTO dialer.do_not_call_accepted VALUES (?, ?, ?, ?, ?)"
PAUSES = """
    SELECT p.of, p.name, p.by, p.since, p.until, p.why FROM dialer.pause p
    WHERE p.name = CASE p.of WHEN 'batch' THEN ?1 WHEN 'campaign' THEN ?2 ELSE '' END
    ORDER BY CASE p.of WHEN 'batch' THEN 1 WHEN 'campaign' THEN 2 ELSE 3 END
"""
ALL_PAUSES = """
    SELECT of, name, by, since, until, why FROM dialer.pause
    ORDER BY CASE of WHEN 'batch' THEN 1 WHEN 'campaign' THEN 2 ELSE 3 END, name
"""
PUT_PAUSE = """
    INSERT INTO dialer.pause (of, name, by, since, until, why) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT ON CONSTRAINT pause_pkey DO UPDATE SET by = excluded.by, since = excluded.since,
    until = excluded.until, why = excluded.why
"""
LIFT_PAUSE = "DELETE FROM dialer.pause WHERE of = ? AND name = ?"

# -- who is to be called -----------------------------------------------------------------------------------------------

CLAIM = f"SELECT {RECIPIENT} FROM dialer.claim(?, ?, ?) r"
ATTEMPTS_OF_CALLABLE = f"SELECT r.id, r.attempts FROM recipient r WHERE r.id = ANY (:people) AND {CALLABLE}"
INTEND = """
    SELECT whom, made FROM dialer.intend(:run, :line, :at, :within, :lines, :people, :turns, :marks, :bodies, :due,
    :retries) ORDER BY made
"""
SETTLE = "SELECT dialer.settle(:at, :ids, :marks, :outcomes, :statuses, :words, :calls, :skews)"
WITHHOLD = "SELECT dialer.withhold(?, ?, ?)"
TELL_AGAIN = """
    SELECT mark, made FROM dialer.tell_again(:run, :host, :pid, :lease, :people, :turns, :marks, :bodies, :due,
    :retries, :begun, :ended, :outcomes, :statuses, :words, :calls, :skews)
"""

# -- a load ------------------------------------------------------------------------------------------------------------

_LOADED = (
    *("position", "number", "key", "status", "code", "state", "reason", "cells", "layout"),
    *changing.LOCATED,
    *changing.OWN,
)
_COLUMNS = ", ".join(_LOADED)
STAGE = """
    CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT * FROM recipient WITH NO DATA
"""
COPY_INTO = f"""
    COPY {{table}} (key, position, number, cells, status, code, state, reason, {", ".join(changing.LOCATED)},
    {", ".join(changing.OWN)}, layout, batch_id) FROM STDIN
"""
"""The batch is given, since a default is asked for in each row: a tenth of the server's time."""
WHOLE_LISTS = "SELECT set_config('enable_nestloop', 'off', true)"
"""Before lists are compared, for the rest of the transaction: of a new batch the planner takes them for a few rows, and
would go through one of them for each row of the other."""
_SAME = "s.key = o.key AND s.state = 'pending'"
UNLIST = f"""
    UPDATE recipient o SET position = NULL, status = NULL, code = ''
    WHERE o.position IS NOT NULL AND NOT EXISTS (SELECT 1 FROM staged s WHERE {_SAME})
"""
_RENEWED = ("number", "position", "status", "code", "cells", "layout", *changing.LOCATED, *changing.OWN)
_RENEWS = f"(o.state = 'pending' OR {permitted('o.id')} AND (o.state = 'error' OR o.number = s.number))"
RENEW = f"""
    UPDATE recipient o SET {", ".join(f"{name} = s.{name}" for name in _RENEWED)} FROM staged s
    WHERE {_SAME} AND o.state IS NOT NULL AND {_RENEWS}
    AND ({", ".join(f"o.{name}" for name in _RENEWED)}) IS DISTINCT FROM ({", ".join(f"s.{name}" for name in _RENEWED)})
"""
"""Rows that are the same in both lists are not written; those are nearly all. See `add_or_renew_recipient` of SQLite's
statements, and `LIST_CALLED` for the next one."""
LIST_CALLED = f"""
    UPDATE recipient o SET position = s.position, status = CASE WHEN o.number <> s.number THEN 'invalid' END, code = '',
    cells = CASE WHEN o.cells = '[]' THEN s.cells ELSE o.cells END,
    layout = CASE WHEN o.cells = '[]' THEN s.layout ELSE o.layout END
    FROM staged s WHERE {_SAME} AND o.state <> 'pending' AND {_RENEWS} IS NOT TRUE
    AND (o.position IS DISTINCT FROM s.position OR o.status IS NOT NULL OR o.number <> s.number OR o.cells = '[]')
"""
ADD_NEW_ROWS = f"""
    INSERT INTO recipient ({_COLUMNS}, batch_id) SELECT {_COLUMNS}, batch_id FROM staged s WHERE NOT EXISTS (
        SELECT 1 FROM recipient o WHERE {_SAME} AND o.state IS NOT NULL
    )
"""
"""Also the rows that are not called."""

# -- a batch that comes from a file ------------------------------------------------------------------------------------

IMPORTING = f"SELECT pg_advisory_xact_lock({LOCKS}, -1)"
NOBODY_JOINS = f"SELECT pg_advisory_xact_lock({LOCKS}, ?)"
"""No run of a batch begins from here on: see `ALONE`."""
END_SILENT_RUNS_OF = """
    UPDATE dialer.run SET ended = dialer.seconds(), is_expired = 1
    WHERE batch_id = ? AND ended IS NULL AND dialer.seconds() > beat_at + lease
"""
WORKS_ON = "SELECT host, pid, began, does FROM dialer.run WHERE batch_id = ? AND ended IS NULL LIMIT 1"
IDENTITY_IS_THERE = "SELECT EXISTS (SELECT 1 FROM dialer.meta WHERE name = 'identity' AND value = ?)"
HAS_PEOPLE = "SELECT EXISTS (SELECT 1 FROM dialer.recipient WHERE batch_id = ?)"
FORGET_NOTES = "DELETE FROM dialer.meta WHERE batch_id = ?"
FORGET_LAYOUTS = "DELETE FROM dialer.layout WHERE batch_id = ?"
COPY_TABLE = "COPY dialer.{table} (batch_id, {columns}) FROM STDIN"
REPLACE_NOTE = """
    INSERT INTO dialer.meta (batch_id, name, value) VALUES (?, ?, ?)
    ON CONFLICT (batch_id, name) DO UPDATE SET value = excluded.value
"""
REST = """
    INSERT INTO dialer.rate AS r (organisation, next_at)
    SELECT m.value, least(max(a.at), dialer.seconds()) + ?2 FROM dialer.attempt a
    JOIN dialer.meta m ON m.batch_id = a.batch_id AND m.name = 'server' WHERE a.batch_id = ?1 GROUP BY m.value
    ON CONFLICT ON CONSTRAINT rate_pkey DO UPDATE SET next_at = greatest(r.next_at, excluded.next_at)
"""
"""Recent calls count for the rate: as with a lost rate file, no call is placed for one window."""
GO_ON_FROM = """
    SELECT setval(s.name, greatest(nextval(s.name), t.last) + 100000)
    FROM (SELECT max(id) AS last FROM dialer.{table} WHERE batch_id = ?) t,
    (SELECT pg_get_serial_sequence('dialer.{table}', 'id') AS name) s WHERE t.last IS NOT NULL
"""
"""What comes next is later than what was imported. The rest is for runs that take numbers at this very moment."""

DIFFERENT = {
    changing.INDEX_NUMBERS: "SELECT 1",
    changing.FORGET_PLANNED: """
        DELETE FROM permission p WHERE p.what = ? AND p.attempt IS NULL AND p.void = 0 AND NOT EXISTS (
            SELECT 1 FROM run r WHERE r.id = p.run AND r.ended IS NULL AND r.id <> current_setting('dialer.run')
        )
    """,
    changing.TAKE_OVER_NEW: """
        INSERT INTO recipient (key, number, state, cells, layout) VALUES (?1, ?2, 'pending', ?3, ?4) RETURNING id
    """,
    changing.TAKE_OVER_KNOWN: changing.take_over_known("number = ?2"),
    # One look through those who wait, for all of the keys.
    reading.KNOWN: reading.known("(r.key IN (SELECT value FROM json_each(?))) IS TRUE"),
    reading.KNOWS: """
        SELECT 1 FROM recipient WHERE key = ?1 AND state <> 'pending'
        UNION ALL SELECT 1 FROM recipient WHERE key = ?1 AND state = 'pending' LIMIT 1
    """,
    changing.DERIVE: "SELECT dialer.derive(ARRAY(SELECT CAST(value AS BIGINT) FROM json_each(:recipients)), :reason)",
}
"""Statement of both engines → what PostgreSQL is asked."""
