# ruff: noqa: S608 - constants only
"""What is kept with each attempt and each call, however it came to be known: who was called, and which calls go on."""

from __future__ import annotations

from dialer.provider.states import CallState
from dialer.store.ledger.queries.parts import listed
from dialer.store.postgres.queries.schema import OLD

_NOT_LIVE = listed(state for state in CallState if not state.is_live)

_DOUBT, _UNSEEN = 600, 3600
"""Seconds for which a call counts that may have been placed, and one that the provider has never shown."""
TAKES_LINE = f"""
    l.at > dialer.seconds() - CASE WHEN a.outcome = 'unknown' THEN {_DOUBT}
    WHEN a.outcome = 'queued' AND coalesce(c.status, '') = '' THEN {_UNSEEN} ELSE {OLD} END
    AND coalesce(a.scheduled_at, 0) <= dialer.seconds()
"""
"""Whether a live call `l` takes a line, of the attempt `a` with the call `c`. One for later takes none until then."""

TRIGGERS = f"""
-- Whoever is called by one batch is not called by another: kept with each attempt, however it came to be known.
CREATE FUNCTION dialer.note_called() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE old_or_new dialer.attempt := coalesce(NEW, OLD); line bigint; host text;
BEGIN
    SELECT number INTO line FROM dialer.recipient WHERE batch_id = old_or_new.batch_id AND id = old_or_new.recipient;
    SELECT value INTO host FROM dialer.meta WHERE batch_id = old_or_new.batch_id AND name = 'server';
    IF TG_OP <> 'DELETE' AND NEW.outcome IN ('queued', 'unknown') THEN
        INSERT INTO dialer.called AS c (server, number, batch_id, at, is_open) SELECT host, line, NEW.batch_id,
        greatest(coalesce(NEW.answered_at, NEW.at), coalesce(NEW.scheduled_at, 0)) + coalesce(NEW.retry_seconds, 0), 0
        WHERE line IS NOT NULL AND host IS NOT NULL
        ON CONFLICT (server, number) DO UPDATE SET
        batch_id = CASE WHEN c.batch_id = NEW.batch_id OR c.at < excluded.at THEN NEW.batch_id ELSE c.batch_id END,
        -- The intent has noted this server's moment: a host's clock may be behind it by hours.
        at = greatest(c.at, excluded.at),
        is_open = CASE WHEN c.batch_id = NEW.batch_id THEN 0 ELSE c.is_open END,
        -- Until it is known that it was placed, it may still turn out that it was not.
        former_batch = CASE WHEN NEW.outcome = 'unknown' THEN c.former_batch END,
        former_at = CASE WHEN NEW.outcome = 'unknown' THEN c.former_at END;
    ELSIF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND NEW.outcome IN ('retry', 'error') THEN
        -- It was not placed: what was known of the number before counts again.
        UPDATE dialer.called SET batch_id = former_batch, at = former_at, is_open = 0, former_batch = NULL,
        former_at = NULL WHERE server = host AND number = line AND batch_id = old_or_new.batch_id
        AND former_batch IS NOT NULL;
        IF NOT FOUND THEN
            DELETE FROM dialer.called WHERE server = host AND number = line AND batch_id = old_or_new.batch_id
            AND is_open = 1;
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_called_first AFTER INSERT ON dialer.attempt FOR EACH ROW WHEN (NEW.outcome IS NOT NULL)
EXECUTE FUNCTION dialer.note_called();
CREATE TRIGGER note_called_then AFTER UPDATE OF outcome ON dialer.attempt FOR EACH ROW
WHEN (NEW.outcome IS DISTINCT FROM OLD.outcome) EXECUTE FUNCTION dialer.note_called();
CREATE TRIGGER note_called_no_more AFTER DELETE ON dialer.attempt FOR EACH ROW
EXECUTE FUNCTION dialer.note_called();

-- Which calls may take a line: open attempts, those in doubt, and calls that are not known to be over.
CREATE FUNCTION dialer.note_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' AND (NEW.outcome IS NULL OR NEW.outcome IN ('queued', 'unknown')) THEN
        INSERT INTO dialer.live_call (server, batch_id, attempt) SELECT m.value, NEW.batch_id, NEW.id
        FROM dialer.meta m WHERE m.batch_id = NEW.batch_id AND m.name = 'server' ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM dialer.live_call WHERE batch_id = OLD.batch_id AND attempt = OLD.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_live_first AFTER INSERT ON dialer.attempt FOR EACH ROW WHEN (NEW.outcome IS NULL
OR NEW.outcome IN ('queued', 'unknown') AND NEW.at > dialer.seconds() - {OLD}) EXECUTE FUNCTION dialer.note_live();
CREATE TRIGGER note_live_then AFTER UPDATE OF outcome ON dialer.attempt FOR EACH ROW
WHEN (NEW.outcome IN ('retry', 'error') OR OLD.outcome IS NOT NULL) EXECUTE FUNCTION dialer.note_live();
CREATE TRIGGER note_live_no_more AFTER DELETE ON dialer.attempt FOR EACH ROW EXECUTE FUNCTION dialer.note_live();
CREATE FUNCTION dialer.note_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.final <> 0 OR NEW.status IN {_NOT_LIVE} THEN
        DELETE FROM dialer.live_call WHERE batch_id = NEW.batch_id AND attempt = NEW.attempt;
    ELSE
        INSERT INTO dialer.live_call (server, batch_id, attempt) SELECT m.value, NEW.batch_id, NEW.attempt
        FROM dialer.meta m WHERE m.batch_id = NEW.batch_id AND m.name = 'server' ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_over_first AFTER INSERT ON dialer.call FOR EACH ROW
WHEN (NEW.final <> 0 OR NEW.status IN {_NOT_LIVE}) EXECUTE FUNCTION dialer.note_over();
CREATE TRIGGER note_over_then AFTER UPDATE OF status, final ON dialer.call FOR EACH ROW
WHEN (NEW.final <> OLD.final OR (NEW.status IN {_NOT_LIVE}) <> (OLD.status IN {_NOT_LIVE}))
EXECUTE FUNCTION dialer.note_over();

"""
