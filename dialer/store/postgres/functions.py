# ruff: noqa: S608 - constants only
"""What a run does with people and calls, each in one statement: no lock is held while a client is waited for.

Each statement within such a function sees what is committed when it begins
(https://www.postgresql.org/docs/current/xfunc-volatility.html). So whoever declares a run over first waits for its
intents that are on their way, by the row of the run, which they hold shared; and finds them by the statements after.
"""

from __future__ import annotations

from dialer.messages.store import RUN_ENDED
from dialer.store.ledger.queries.changing import REFUSED_AGAIN
from dialer.store.postgres.schema import LOCKS

IS_OVER = "DL001"
"""The error that tells a run that it was declared over, or that the server is another one: see `runs`."""
_ENDED = RUN_ENDED.replace("'", "''")

FUNCTIONS = f"""
-- Where somebody stands; see `ledger.states`.
CREATE FUNCTION dialer.derive(people bigint[], why text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
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
    me text, moment double precision, people bigint[], turns integer[], marks text[], bodies text[],
    scheduled double precision[], retries double precision[]
) RETURNS TABLE (whom bigint, made bigint) LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch(); begun_people bigint[]; begun_ids bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCKS}, b::integer);
    PERFORM 1 FROM dialer.run r WHERE r.batch_id = b AND r.id = me AND r.ended IS NULL
    AND r.server = dialer.identity() FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the run is over' USING ERRCODE = '{IS_OVER}';
    END IF;
    -- In one order, so that two runs that want the same people do not wait for each other.
    PERFORM 1 FROM dialer.recipient r WHERE r.batch_id = b AND r.id = ANY (people) ORDER BY r.id FOR UPDATE;
    WITH asked AS (
        SELECT * FROM unnest(people, turns, marks, bodies, scheduled, retries)
        AS u (person, turn, mark, body, scheduled_at, retry_seconds)
    ), begun AS (
        INSERT INTO dialer.attempt AS a (recipient, reference, turn, scheduled_at, retry_seconds, at, run)
        SELECT u.person, u.mark, u.turn, u.scheduled_at, u.retry_seconds, moment, me
        FROM asked u JOIN dialer.recipient r ON r.batch_id = b AND r.id = u.person
        WHERE r.attempts = u.turn - 1 AND (r.state = 'pending' OR EXISTS (SELECT 1 FROM dialer.permission p
        WHERE p.batch_id = b AND p.run = me AND p.recipient = r.id AND p.attempt IS NULL AND p.void = 0))
        RETURNING a.id, a.recipient
    ), kept AS (
        INSERT INTO dialer.sent (attempt, body)
        SELECT g.id, u.body FROM begun g JOIN asked u ON u.person = g.recipient
    ), used AS (
        UPDATE dialer.permission p SET attempt = g.id FROM begun g WHERE p.batch_id = b
        AND p.recipient = g.recipient AND p.run = me AND p.attempt IS NULL AND p.void = 0
    )
    SELECT array_agg(g.recipient), array_agg(g.id) INTO begun_people, begun_ids FROM begun g;
    PERFORM dialer.derive(begun_people);
    RETURN QUERY SELECT * FROM unnest(begun_people, begun_ids);
END $$;

-- Keeps how attempts ended, whoever is declared over meanwhile; asked twice, it does the same once.
CREATE FUNCTION dialer.settle(
    moment double precision, ids bigint[], outcomes text[], statuses integer[], said text[], calls text[],
    skews double precision[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch(); people bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCKS}, b::integer);
    WITH ended AS (
        UPDATE dialer.attempt a SET outcome = o.outcome, http_status = o.http_status, words = o.words,
        execution_id = o.execution_id, answered_at = moment, skew = o.skew
        FROM unnest(ids, outcomes, statuses, said, calls, skews)
        AS o (id, outcome, http_status, words, execution_id, skew)
        -- That a call was found at the provider is more than what its own run knows of it.
        WHERE a.batch_id = b AND a.id = o.id AND NOT (a.outcome IS NOT DISTINCT FROM 'queued' AND o.outcome = 'unknown')
        RETURNING a.recipient
    ) SELECT array_agg(recipient) INTO people FROM ended;
    UPDATE dialer.permission p SET attempt = NULL FROM unnest(ids, outcomes) AS o (id, outcome)
    WHERE p.batch_id = b AND p.attempt = o.id AND o.outcome = 'retry';
    PERFORM dialer.derive(people);
END $$;

-- Forgets attempts that were surely not sent; asked twice, it does the same once.
CREATE FUNCTION dialer.withhold(ids bigint[], why text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE b bigint := dialer.current_batch(); people bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCKS}, b::integer);
    UPDATE dialer.permission SET attempt = NULL WHERE batch_id = b AND attempt = ANY (ids);
    WITH gone AS (
        DELETE FROM dialer.attempt WHERE batch_id = b AND id = ANY (ids) AND (outcome IS NULL OR
        outcome = 'unknown' AND run IS NOT NULL) RETURNING recipient
    ) SELECT array_agg(recipient) INTO people FROM gone;
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

-- Gives the next people from beyond a position to a run, and passes by whom another one that works has claimed.
CREATE FUNCTION dialer.claim(me text, beyond integer, size integer) RETURNS SETOF dialer.recipient
LANGUAGE sql AS $$
    WITH next AS (
        SELECT r.id FROM dialer.recipient r
        WHERE r.batch_id = dialer.current_batch() AND r.state = 'pending' AND r.status IS NULL AND r.position > beyond
        AND (r.claimed_by IS NULL OR r.claimed_by = me) ORDER BY r.position LIMIT size FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE dialer.recipient r SET claimed_by = me FROM next n
        WHERE r.batch_id = dialer.current_batch() AND r.id = n.id RETURNING r.*
    ) SELECT * FROM claimed ORDER BY position
$$;
"""
