# ruff: noqa: S608 - constants only
"""The changes that a run makes to people and calls, each in one statement: no lock is held between round trips.

Each statement within such a function sees what is committed when it begins
(https://www.postgresql.org/docs/current/xfunc-volatility.html). So the statement that declares a run over first waits
for the run's intents in progress, which hold the row of the run shared; the statements after it see these intents.
"""

from __future__ import annotations

from dialer.messages.store import RUN_ENDED
from dialer.store.joining import HALTED
from dialer.store.ledger.queries.changing import REFUSED_AGAIN
from dialer.store.postgres.queries.estimates import BY_KEY
from dialer.store.postgres.queries.schema import LINES, LOCKS
from dialer.store.postgres.queries.triggers import TAKES_LINE, TRIGGERS

IS_OVER, IS_ANOTHER, IS_UNTOLD = "DL001", "DL002", "DL003"
"""The errors that tell a run that it was declared over, that the server may lack what this run has recorded, or another
one: see `runs`."""
_ENDED = RUN_ENDED.replace("'", "''")

FUNCTIONS = f"""{TRIGGERS}-- Where somebody stands; see `ledger.states`.
CREATE FUNCTION dialer.derive(people bigint[], why text DEFAULT NULL) RETURNS void LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE b bigint := dialer.current_batch();
BEGIN
    UPDATE dialer.recipient SET
        state = CASE WHEN f.open IS NOT NULL THEN 'sending' WHEN f.placed IS NOT NULL THEN d.outcome
        WHEN f.refused IS NOT NULL THEN 'error' ELSE 'pending' END,
        decided = d.id,
        execution_id = CASE WHEN d.outcome = 'queued' THEN d.execution_id ELSE '' END,
        http_status = (SELECT http_status FROM dialer.attempt x WHERE x.batch_id = b AND x.id =
        CASE WHEN f.refused > f.placed THEN f.refused ELSE coalesce(d.id, f.answered) END),
        reason = CASE WHEN f.open IS NOT NULL THEN ''
            WHEN f.placed IS NOT NULL AND f.refused > f.placed THEN ltrim(d.words || '; {REFUSED_AGAIN}' ||
            (SELECT words FROM dialer.attempt x WHERE x.batch_id = b AND x.id = f.refused), '; ')
            WHEN d.id IS NOT NULL THEN d.words
            ELSE coalesce(why, (SELECT words FROM dialer.attempt x WHERE x.batch_id = b AND x.id = f.answered), '')
            END,
        attempts = f.turns,
        updated_at = f.moved
    FROM (
        SELECT t.person,
        max(CASE WHEN a.outcome IS NULL THEN a.id END) AS open,
        max(CASE WHEN a.outcome IN ('queued', 'unknown') THEN a.id END) AS placed,
        max(CASE WHEN a.outcome = 'error' THEN a.id END) AS refused,
        max(CASE WHEN a.outcome IS NOT NULL THEN a.id END) AS answered,
        coalesce(max(a.turn), 0) AS turns, max(coalesce(a.answered_at, a.at)) AS moved
        FROM (SELECT DISTINCT unnest(people) AS person) t
        LEFT JOIN dialer.attempt a ON a.batch_id = b AND a.recipient = t.person GROUP BY t.person
    ) f LEFT JOIN dialer.attempt d ON d.batch_id = b AND d.id = coalesce(f.open, f.placed, f.refused)
    WHERE recipient.batch_id = b AND recipient.id = f.person;
END $$;

-- Begins attempts at those who may be called at this moment; returns them with the attempts' numbers.
-- A run that is declared over begins none, nor does one that knows the server as another one.
CREATE FUNCTION dialer.intend(
    me text, line integer, moment double precision, within double precision, lines integer, people bigint[],
    turns integer[], marks text[], bodies text[], scheduled double precision[], retries double precision[]
) RETURNS TABLE (whom bigint, made bigint) LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE b bigint := dialer.current_batch(); begun_people bigint[]; begun_ids bigint[];
    mine dialer.run; here text := dialer.identity(); room integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCKS}, b::integer);
    SELECT * INTO mine FROM dialer.run r WHERE r.batch_id = b AND r.id = me FOR SHARE;
    IF NOT FOUND OR mine.ended IS NOT NULL OR mine.connection <> line THEN
        RAISE EXCEPTION 'the run is over' USING ERRCODE = '{IS_OVER}';
    ELSIF mine.server <> here OR EXISTS (
        -- Noted since this run began: a run has died with the server, and nobody tells again what it has sent.
        SELECT 1 FROM dialer.meta m, json_array_elements(m.value::json) g WHERE m.batch_id = b
        AND m.name = 'calls_missing' AND (g ->> 1)::double precision > mine.began
    ) THEN
        RAISE EXCEPTION 'the server is another one' USING ERRCODE = '{IS_ANOTHER}';
    ELSIF EXISTS (SELECT 1 FROM dialer.run r WHERE r.batch_id = b AND r.ended IS NULL AND r.server <> here) THEN
        RAISE EXCEPTION 'the server may lack calls of another run' USING ERRCODE = '{IS_UNTOLD}';
    END IF;
    IF EXISTS (SELECT 1 FROM dialer.pause p JOIN dialer.batch i ON i.id = b WHERE p.name =
    CASE p.of WHEN 'batch' THEN i.name WHEN 'campaign' THEN i.campaign ELSE '' END
    AND (p.until IS NULL OR p.until > dialer.seconds()))
    OR EXISTS (SELECT 1 FROM dialer.meta m WHERE m.batch_id = b AND m.name = '{HALTED}' AND m.value <> '') THEN
        RETURN;
    END IF;
    IF lines IS NOT NULL THEN
        -- Of those that want the last line, one after the other counts what all that are through have taken.
        PERFORM pg_advisory_xact_lock({LOCKS}, {LINES});
        SELECT greatest(0, lines - count(*)) INTO room FROM dialer.live_call l
        JOIN dialer.meta m ON m.batch_id = b AND m.name = 'server' AND m.value = l.server
        JOIN dialer.attempt a ON a.batch_id = l.batch_id AND a.id = l.attempt
        LEFT JOIN dialer.call c ON c.batch_id = l.batch_id AND c.attempt = l.attempt WHERE {TAKES_LINE};
        RETURN QUERY SELECT w.one, NULL::bigint FROM unnest(people) WITH ORDINALITY AS w (one, place)
        WHERE w.place > room;
        people := people[1:room];
    END IF;
    -- In one order, so that two runs that want the same people do not wait for each other.
    PERFORM 1 FROM dialer.recipient r WHERE r.batch_id = b AND r.id = ANY (people) ORDER BY r.id FOR UPDATE;
    WITH asked AS (
        SELECT DISTINCT ON (r.key) u.*, r.number FROM unnest(people, turns, marks, bodies, scheduled, retries)
        AS u (person, turn, mark, body, scheduled_at, retry_seconds)
        JOIN dialer.recipient r ON r.batch_id = b AND r.id = u.person
        WHERE r.attempts = u.turn - 1 AND (r.state = 'pending' OR EXISTS (SELECT 1 FROM dialer.permission p
        WHERE p.batch_id = b AND p.run = me AND p.recipient = r.id AND p.attempt IS NULL AND p.void = 0))
        AND NOT EXISTS (SELECT 1 FROM dialer.do_not_call d WHERE d.number = '+' || r.number AND d.ended = ''
        AND NOT EXISTS (SELECT 1 FROM dialer.do_not_call e WHERE e.number = d.number AND e.source = d.source
        AND e.line > d.line))
        -- Who has another row, however it came there, is called once: see `recipient_key`.
        AND (SELECT t.id FROM dialer.recipient t WHERE t.batch_id = b AND t.key = r.key AND t.id <> r.id
        AND t.state <> 'pending' LIMIT 1) IS NULL
    ), free AS (
        INSERT INTO dialer.called AS c (server, number, batch_id, at, is_open)
        SELECT DISTINCT ON (u.number) m.value, u.number, b, dialer.seconds(), 1
        FROM asked u JOIN dialer.meta m ON m.batch_id = b AND m.name = 'server' ORDER BY u.number
        ON CONFLICT (server, number) DO UPDATE SET batch_id = b, at = excluded.at, is_open = 1,
        former_batch = c.batch_id, former_at = c.at
        WHERE c.batch_id = b OR (c.is_open = 0 AND c.at < excluded.at - within)
        RETURNING c.number
    ), begun AS (
        INSERT INTO dialer.attempt AS a (recipient, reference, turn, scheduled_at, retry_seconds, at, run)
        SELECT u.person, u.mark, u.turn, u.scheduled_at, u.retry_seconds, moment, me
        FROM asked u JOIN free f ON f.number = u.number
        RETURNING a.id, a.recipient
    ), kept AS (
        INSERT INTO dialer.sent (attempt, body)
        SELECT g.id, u.body FROM begun g JOIN asked u ON u.person = g.recipient
    ), used AS (
        UPDATE dialer.permission p SET attempt = g.id FROM begun g WHERE p.batch_id = b
        AND p.recipient = g.recipient AND p.run = me AND p.attempt IS NULL AND p.void = 0
    )
    SELECT array_agg(g.recipient), array_agg(g.id) INTO begun_people, begun_ids FROM begun g;
    -- What another run may do is judged by what was known before this call.
    UPDATE dialer.permission p SET void = 1 WHERE p.batch_id = b AND p.recipient = ANY (begun_people)
    AND p.run <> me AND p.attempt IS NULL AND p.void = 0;
    PERFORM dialer.derive(begun_people);
    RETURN QUERY SELECT * FROM unnest(begun_people, begun_ids);
END $$;

-- Keeps how attempts ended, whoever is declared over meanwhile; asked twice, it does the same once.
-- Returns how many of them it knows: a server that has lost commits may give their numbers to others.
CREATE FUNCTION dialer.settle(
    moment double precision, ids bigint[], marks text[], outcomes text[], statuses integer[], said text[],
    calls text[], skews double precision[]
) RETURNS bigint LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE b bigint := dialer.current_batch(); people bigint[]; known bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCKS}, b::integer);
    SELECT count(*) INTO known FROM unnest(ids, marks) AS o (id, mark)
    JOIN dialer.attempt a ON a.batch_id = b AND a.id = o.id AND a.reference = o.mark;
    WITH ended AS (
        UPDATE dialer.attempt a SET outcome = o.outcome, http_status = o.http_status, words = o.words,
        execution_id = o.execution_id, answered_at = moment, skew = o.skew
        FROM unnest(ids, marks, outcomes, statuses, said, calls, skews)
        AS o (id, mark, outcome, http_status, words, execution_id, skew)
        -- That a call was found at the provider is more than what its own run knows of it.
        WHERE a.batch_id = b AND a.id = o.id AND a.reference = o.mark
        AND NOT (a.outcome IS NOT DISTINCT FROM 'queued' AND o.outcome = 'unknown')
        RETURNING a.recipient
    ) SELECT array_agg(recipient) INTO people FROM ended;
    UPDATE dialer.permission p SET attempt = NULL FROM unnest(ids, outcomes) AS o (id, outcome)
    WHERE p.batch_id = b AND p.attempt = o.id AND o.outcome = 'retry';
    PERFORM dialer.derive(people);
    RETURN known;
END $$;

-- Forgets attempts that were surely not sent; asked twice, it does the same once.
CREATE FUNCTION dialer.withhold(ids bigint[], marks text[], why text) RETURNS void LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE b bigint := dialer.current_batch(); people bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCKS}, b::integer);
    WITH gone AS (
        DELETE FROM dialer.attempt a USING unnest(ids, marks) AS o (id, mark)
        WHERE a.batch_id = b AND a.id = o.id AND a.reference = o.mark
        AND (a.outcome IS NULL OR a.outcome = 'unknown' AND a.run IS NOT NULL) RETURNING a.id, a.recipient
    ) SELECT array_agg(id), array_agg(recipient) INTO ids, people FROM gone;
    UPDATE dialer.permission SET attempt = NULL WHERE batch_id = b AND attempt = ANY (ids);
    DELETE FROM dialer.sent WHERE batch_id = b AND attempt = ANY (ids);
    PERFORM dialer.derive(people, why);
END $$;

-- Makes `unknown` what runs that are over have left open, and gives back whom they had claimed; returns how many are.
CREATE FUNCTION dialer.recover() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch(); people bigint[];
BEGIN
    -- After the statement that has ended them: an intent that was on its way then is seen only by a later one.
    WITH over AS (
        UPDATE dialer.attempt a SET outcome = 'unknown', words = '{_ENDED}',
        answered_at = greatest(a.at, least(dialer.seconds(), r.beat_at + r.lease))
        FROM dialer.run r WHERE a.batch_id = b AND a.outcome IS NULL AND r.batch_id = b AND r.id = a.run
        AND r.ended IS NOT NULL RETURNING a.recipient
    ) SELECT array_agg(recipient) INTO people FROM over;
    PERFORM dialer.derive(people);
    UPDATE dialer.recipient p SET claimed_by = NULL FROM dialer.run r WHERE p.batch_id = b
    AND p.claimed_by IS NOT NULL AND r.batch_id = b AND r.id = p.claimed_by AND r.ended IS NOT NULL;
    RETURN coalesce(cardinality(people), 0);
END $$;

-- Keeps once more what a run has sent lately, where the server may have lost it: it has come back with another
-- timeline. Returns the numbers that the attempts have now.
CREATE FUNCTION dialer.tell_again(
    me text, machine text, process integer, silence double precision, people bigint[], turns integer[],
    marks text[], bodies text[], scheduled double precision[], retries double precision[], begun double precision[],
    ended double precision[], outcomes text[], statuses integer[], said text[], calls text[], skews double precision[]
) RETURNS TABLE (mark text, made bigint) LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch();
BEGIN
    PERFORM pg_advisory_xact_lock({LOCKS}, b::integer);
    -- Where even the run is lost, it is as old as can be: a gap that was noted meanwhile stops it.
    INSERT INTO dialer.run AS r (batch_id, id, host, pid, lease, began) VALUES (b, me, machine, process, silence, 0)
    ON CONFLICT (batch_id, id) DO UPDATE SET server = dialer.identity(), beat_at = dialer.seconds();
    CREATE TEMPORARY TABLE told ON COMMIT DROP AS SELECT u.*, r.number
    FROM unnest(people, turns, marks, bodies, scheduled, retries, begun, ended, outcomes, statuses, said, calls, skews)
    AS u (person, turn, reference, body, scheduled_at, retry_seconds, at, answered_at, outcome, http_status, words,
    execution_id, skew) JOIN dialer.recipient r ON r.batch_id = b AND r.id = u.person;
    INSERT INTO dialer.called AS c (server, number, batch_id, at, is_open)
    SELECT DISTINCT ON (t.number) m.value, t.number, b, dialer.seconds(), 1 FROM told t
    JOIN dialer.meta m ON m.batch_id = b AND m.name = 'server'
    WHERE t.outcome IS NULL ORDER BY t.number
    ON CONFLICT (server, number) DO UPDATE SET batch_id = b, at = excluded.at, is_open = 1,
    former_batch = c.batch_id, former_at = c.at;
    UPDATE dialer.attempt a SET outcome = t.outcome, http_status = t.http_status, words = t.words,
    execution_id = t.execution_id, answered_at = t.answered_at, skew = t.skew, run = me
    FROM told t WHERE a.batch_id = b AND a.reference = t.reference AND a.recipient = t.person
    AND (a.outcome IS NULL OR a.outcome = 'unknown');
    WITH missing AS (
        INSERT INTO dialer.attempt AS a (recipient, reference, turn, scheduled_at, retry_seconds, at, run, outcome,
        http_status, words, execution_id, answered_at, skew)
        SELECT t.person, t.reference, t.turn, t.scheduled_at, t.retry_seconds, t.at, me, t.outcome, t.http_status,
        t.words, t.execution_id, t.answered_at, t.skew FROM told t WHERE NOT EXISTS (
            SELECT 1 FROM dialer.attempt a WHERE a.batch_id = b AND a.reference = t.reference
            AND a.recipient = t.person
        ) ORDER BY t.at RETURNING a.id, a.reference
    ) INSERT INTO dialer.sent (attempt, body)
    SELECT m.id, t.body FROM missing m JOIN told t ON t.reference = m.reference;
    PERFORM dialer.derive(people);
    RETURN QUERY SELECT a.reference, a.id FROM told t
    JOIN dialer.attempt a ON a.batch_id = b AND a.reference = t.reference AND a.recipient = t.person;
    DROP TABLE told;
END $$;

-- Gives the next moment at which a request may leave, in seconds from now, if that is near; else how long to wait.
-- Each slot is one interval after the last (GCRA, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm), never
-- two at once, by this server's clock alone.
CREATE FUNCTION dialer.slot(
    whose text, every double precision, ahead double precision, pause double precision, wait double precision
) RETURNS TABLE (granted boolean, seconds double precision) LANGUAGE plpgsql AS $$
DECLARE r dialer.rate; now double precision; next double precision;
BEGIN
    INSERT INTO dialer.rate (organisation, next_at) VALUES (whose, 0) ON CONFLICT DO NOTHING;
    SELECT * INTO r FROM dialer.rate WHERE organisation = whose FOR UPDATE;
    now := dialer.seconds();
    IF r.server <> dialer.identity() THEN
        -- Another history of this server: slots that it gave may be missing in it.
        UPDATE dialer.rate SET next_at = greatest(next_at, now + pause), server = dialer.identity()
        WHERE organisation = whose RETURNING * INTO r;
    END IF;
    next := greatest(r.next_at, r.held_until, now + wait);
    IF next > now + ahead THEN
        RETURN QUERY SELECT false, next - now - ahead;
        RETURN;
    END IF;
    UPDATE dialer.rate SET next_at = next + every WHERE organisation = whose;
    RETURN QUERY SELECT true, next - now;
END $$;

-- Gives the next people from beyond a position to a run, and passes by whom another one that works has claimed.
CREATE FUNCTION dialer.claim(me text, beyond integer, size integer) RETURNS SETOF dialer.recipient
LANGUAGE sql AS $$
    WITH next AS (
        SELECT r.id FROM dialer.recipient r
        WHERE r.batch_id = dialer.current_batch() AND r.state = 'pending' AND r.status IS NULL AND r.position > beyond
        AND (r.claimed_by IS NULL OR r.claimed_by = me) ORDER BY r.position LIMIT size FOR UPDATE SKIP LOCKED
    ), claimed AS (
        -- As an array: how many they are the planner does not know, and would go through the whole batch for a join.
        UPDATE dialer.recipient r SET claimed_by = me
        WHERE r.batch_id = dialer.current_batch() AND r.id = ANY (ARRAY(SELECT n.id FROM next n)) RETURNING r.*
    ), goes_on AS (
        UPDATE dialer.run SET stage = 'calls' WHERE batch_id = dialer.current_batch() AND id = me AND stage = 'waits'
    ) SELECT * FROM claimed ORDER BY position
$$;

-- Tells a run that has begun what it does next: of those that come together, the first one brings the list.
CREATE FUNCTION dialer.turn(me text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch(); mine dialer.run; reached text;
BEGIN
    PERFORM 1 FROM dialer.batch WHERE id = b FOR UPDATE;
    SELECT * INTO mine FROM dialer.run WHERE batch_id = b AND id = me;
    IF NOT FOUND OR mine.ended IS NOT NULL THEN
        RAISE EXCEPTION 'the run is over' USING ERRCODE = '{IS_OVER}';
    ELSIF mine.stage <> 'joins' THEN
        RETURN mine.stage;
    END IF;
    SELECT CASE WHEN bool_or(stage = 'prepares') THEN 'joins' WHEN bool_or(stage <> 'joins') THEN 'calls'
    ELSE 'prepares' END INTO reached FROM dialer.run
    WHERE batch_id = b AND id <> me AND ended IS NULL AND does = 'run';
    UPDATE dialer.run SET stage = reached WHERE batch_id = b AND id = me;
    RETURN reached;
END $$;

-- Notes which stage a run has reached. Who calls nobody for now claims nobody.
CREATE FUNCTION dialer.reach(me text, reached text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch();
BEGIN
    IF reached = 'calls' THEN
        UPDATE dialer.meta SET value = '' WHERE batch_id = b AND name = '{HALTED}' AND EXISTS (
            SELECT 1 FROM dialer.run WHERE batch_id = b AND id = me AND stage = 'prepares');
    ELSE
        UPDATE dialer.recipient SET claimed_by = NULL WHERE batch_id = b AND claimed_by = me;
    END IF;
    UPDATE dialer.run SET stage = reached WHERE batch_id = b AND id = me;
END $$;

"""
