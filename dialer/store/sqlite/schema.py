"""The ledger's tables and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.store.sqlite.older import let_read_bodies

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x6469616C  # "dial", so that another program's SQLite file is recognised

COUNT_TABLES = "SELECT count(*) FROM sqlite_master"

MIGRATIONS = (
    # 1: the first one.
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE layout (id INTEGER PRIMARY KEY, header TEXT NOT NULL UNIQUE);
    CREATE TABLE input_row (
        position INTEGER PRIMARY KEY,
        line INTEGER NOT NULL,
        key TEXT,
        owner INTEGER NOT NULL,      -- 1: this row stands for the recipient with this key
        status TEXT NOT NULL,        -- pending (callable), invalid, duplicate, suppressed
        code TEXT NOT NULL,
        reason TEXT NOT NULL,
        number INTEGER,
        cells TEXT                   -- JSON array; NULL where the recipient holds them
    );
    CREATE TABLE recipient (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,         -- pending, sending, queued, error, unknown, withdrawn
        former TEXT,                 -- error, unknown or queued: what they were before a person released them
        payload TEXT NOT NULL,
        cells TEXT NOT NULL,         -- JSON array, as they are or were sent
        layout INTEGER NOT NULL,     -- the header they belong to
        execution_id TEXT NOT NULL DEFAULT '',
        http_status INTEGER,
        reason TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        updated_at REAL              -- Unix seconds
    );
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        recipient INTEGER NOT NULL,
        reference TEXT NOT NULL,
        at REAL NOT NULL,            -- when the intent was written, Unix seconds
        outcome TEXT,                -- NULL: nothing is known yet
        http_status INTEGER,
        words TEXT NOT NULL DEFAULT '',
        execution_id TEXT NOT NULL DEFAULT '',
        answered_at REAL,
        skew REAL                    -- seconds the server's clock is ahead
    );
    CREATE INDEX attempt_open ON attempt (recipient) WHERE outcome IS NULL OR outcome = 'unknown';
    CREATE TABLE decision (          -- a person asked for people to be called again
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        what TEXT NOT NULL,
        recipient INTEGER NOT NULL,
        attempt INTEGER              -- the last one before it
    );
    """,
    # 2: where recipients are, what became of accepted calls, and when all sending was held.
    """
    ALTER TABLE recipient ADD COLUMN zones TEXT NOT NULL DEFAULT '';        -- parted by commas; '' without a window
    ALTER TABLE recipient ADD COLUMN zone_source TEXT NOT NULL DEFAULT '';  -- what names them
    ALTER TABLE recipient ADD COLUMN country TEXT NOT NULL DEFAULT '';      -- region of the number, for its rule packs
    ALTER TABLE recipient ADD COLUMN as_called TEXT;    -- of somebody released: JSON of payload, cells and layout of
                                                        -- their last call, where the input has others by now
    CREATE INDEX attempt_recipient ON attempt (recipient);
    -- Other runs ask it whether they may call a number; whoever was never called is no answer.
    CREATE INDEX recipient_called ON recipient (number) WHERE updated_at IS NOT NULL;
    CREATE INDEX recipient_released ON recipient (former) WHERE former IS NOT NULL;
    CREATE TABLE call (              -- an accepted attempt, as Bolna last told it; no row: never asked
        attempt INTEGER PRIMARY KEY,
        recipient INTEGER NOT NULL,
        status TEXT NOT NULL,        -- as Bolna spells it; '' while it knows no such call (yet)
        final INTEGER NOT NULL,      -- 1: nothing will change any more; 2: given up, it never ended
        asked_at REAL NOT NULL,      -- when Bolna was last asked
        since REAL NOT NULL,         -- when this status was first seen
        duration REAL,               -- seconds of conversation
        cost REAL,                   -- as Bolna gives it
        voicemail INTEGER,
        hangup_by TEXT NOT NULL DEFAULT '',
        hangup_reason TEXT NOT NULL DEFAULT '',
        error_message TEXT NOT NULL DEFAULT '',
        termination_reason TEXT NOT NULL DEFAULT '',
        recording_url TEXT NOT NULL DEFAULT '',
        extracted TEXT NOT NULL DEFAULT '',    -- JSON object
        transcript TEXT NOT NULL DEFAULT '',
        scheduled_at REAL,           -- when Bolna is to dial (again)
        retry_count INTEGER NOT NULL DEFAULT 0,
        created_at REAL,             -- by Bolna's clock
        updated_at REAL,             -- by Bolna's clock
        stop TEXT NOT NULL DEFAULT ''          -- 'stopped', or why it could not be, once it was asked to be
    );
    CREATE INDEX call_open ON call (attempt) WHERE final = 0;
    CREATE INDEX call_recipient ON call (recipient);
    CREATE TABLE hold (              -- all sending was to stand still; those of one burst overlap
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,            -- Unix seconds
        seconds REAL NOT NULL,
        words TEXT NOT NULL
    );
    """,
    # 3: that a key is there once is an index of its own, so that a first load can build it after the rows: keys come
    # in no order, and each would be put into a page of its own.
    """
    CREATE TABLE moved (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,
        former TEXT,
        payload TEXT NOT NULL,
        cells TEXT NOT NULL,
        layout INTEGER NOT NULL,
        execution_id TEXT NOT NULL DEFAULT '',
        http_status INTEGER,
        reason TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        updated_at REAL,
        zones TEXT NOT NULL DEFAULT '',
        zone_source TEXT NOT NULL DEFAULT '',
        country TEXT NOT NULL DEFAULT '',
        as_called TEXT
    );
    INSERT INTO moved SELECT * FROM recipient;
    DROP TABLE recipient;
    ALTER TABLE moved RENAME TO recipient;
    CREATE UNIQUE INDEX recipient_key ON recipient (key);
    CREATE INDEX recipient_called ON recipient (number) WHERE updated_at IS NOT NULL;
    CREATE INDEX recipient_released ON recipient (former) WHERE former IS NOT NULL;
    """,
    # 4: a recipient's state is derived from their attempts, and a permission to call them again is a row of its own. So
    # a refused redial does not affect the accepted call before it.
    """
    ALTER TABLE attempt ADD COLUMN turn INTEGER NOT NULL DEFAULT 1;   -- the how-manyeth at this recipient
    ALTER TABLE attempt ADD COLUMN source TEXT NOT NULL DEFAULT '';   -- who knew of it, where it was not the run
    UPDATE attempt SET turn = max(1, (SELECT attempts FROM recipient r WHERE r.id = attempt.recipient) -
    (SELECT count(*) FROM attempt later WHERE later.recipient = attempt.recipient AND later.id > attempt.id));
    UPDATE attempt SET source = 'taken over from the results CSV', words = ltrim(substr(words, 32), ': ')
    WHERE words LIKE 'taken over from the results CSV%';
    UPDATE attempt SET source = words, words = '' WHERE words LIKE 'found at Bolna by its reference%';
    CREATE TABLE sent (              -- what an attempt was sent with, where its recipient may have other cells by now
        attempt INTEGER PRIMARY KEY,
        payload TEXT NOT NULL,
        cells TEXT NOT NULL,
        layout INTEGER NOT NULL
    );
    CREATE TABLE permission (        -- a person asked for somebody to be called again
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        what TEXT NOT NULL,          -- the words of the command
        recipient INTEGER NOT NULL,
        before INTEGER,              -- their last attempt by then
        run TEXT NOT NULL,           -- the one piece of work that may use it
        attempt INTEGER,             -- the one that uses it, or has
        void INTEGER NOT NULL DEFAULT 0   -- 1: it can no longer be used
    );
    INSERT INTO permission (id, at, what, recipient, before, run, void)
    SELECT id, at, what, recipient, attempt, '', 1 FROM decision;
    DROP TABLE decision;
    CREATE INDEX permission_recipient ON permission (recipient);
    CREATE INDEX permission_usable ON permission (run, recipient) WHERE attempt IS NULL AND void = 0;
    CREATE INDEX permission_attempt ON permission (attempt) WHERE attempt IS NOT NULL;
    -- Who was released for a run that is over is what they were.
    UPDATE recipient SET state = former, payload = coalesce(json_extract(as_called, '$[0]'), payload),
    cells = coalesce(json_extract(as_called, '$[1]'), cells), layout = coalesce(json_extract(as_called, '$[2]'), layout)
    WHERE former IS NOT NULL AND state IN ('pending', 'withdrawn');
    UPDATE recipient SET state = 'pending' WHERE state = 'withdrawn';
    DROP INDEX recipient_released;
    ALTER TABLE recipient DROP COLUMN former;
    ALTER TABLE recipient DROP COLUMN as_called;
    ALTER TABLE recipient ADD COLUMN decided INTEGER;   -- the attempt that their state follows from
    -- Who was called, and refused when called again, stands as `error` in a ledger of version 3.
    UPDATE recipient SET decided = (SELECT max(id) FROM attempt a WHERE a.recipient = recipient.id
    AND a.outcome IN ('queued', 'unknown')) WHERE state = 'error';
    UPDATE recipient SET state = a.outcome, execution_id = a.execution_id, reason =
    ltrim(a.words || '; the redial was refused: ' || recipient.reason, '; ')
    FROM attempt a WHERE a.id = recipient.decided;
    UPDATE recipient SET decided = (SELECT max(id) FROM attempt a WHERE a.recipient = recipient.id
    AND coalesce(a.outcome, 'sending') = recipient.state) WHERE state <> 'pending';
    """,
    # 5: one table of rows, each cell once; the body of a request is kept with its attempt, as it left.
    """
    CREATE TABLE moved (             -- a row of the input, or somebody who was in it and may have been called
        id INTEGER PRIMARY KEY,
        position INTEGER,            -- data row of the input, from 1; NULL: it is no longer in it
        key TEXT,
        number INTEGER,
        status TEXT,                 -- invalid, duplicate, suppressed; NULL: it can be called
        code TEXT NOT NULL DEFAULT '',
        state TEXT,                  -- pending, sending, queued, error, unknown; NULL: it stands for nobody
        reason TEXT NOT NULL DEFAULT '',
        cells TEXT NOT NULL,         -- JSON array
        layout INTEGER NOT NULL,     -- the header they belong to
        zones TEXT NOT NULL DEFAULT '',        -- parted by commas; '' without a window
        zone_source TEXT NOT NULL DEFAULT '',  -- what names them
        country TEXT NOT NULL DEFAULT '',      -- region of the number, for its rule packs
        caller TEXT,                 -- what the call has of its own: see `models.Own`
        scheduled_at TEXT,
        voice TEXT,
        agent TEXT,
        agent_version TEXT,
        execution_id TEXT NOT NULL DEFAULT '',
        http_status INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        updated_at REAL,             -- Unix seconds
        decided INTEGER              -- the attempt that their state follows from
    );
    INSERT INTO moved (id, position, key, number, status, code, state, reason, cells, layout, zones, zone_source,
    country, execution_id, http_status, attempts, updated_at, decided)
    SELECT r.id, min(i.position), r.key, r.number,
    CASE WHEN i.status <> 'pending' THEN i.status WHEN i.number <> r.number THEN 'invalid' END, coalesce(i.code, ''),
    r.state, r.reason, r.cells, r.layout, r.zones, r.zone_source, r.country, r.execution_id, r.http_status, r.attempts,
    r.updated_at, r.decided
    FROM recipient r LEFT JOIN input_row i ON i.key = r.key AND i.owner GROUP BY r.id;
    INSERT INTO moved (position, key, number, status, code, reason, cells, layout)
    SELECT position, key, number, status, code, reason, coalesce(cells, '[]'),
    coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'layout'), 0)
    FROM input_row WHERE NOT owner ORDER BY position;
    ALTER TABLE attempt ADD COLUMN scheduled_at REAL;    -- when its body asks to dial, Unix seconds; NULL: at once
    ALTER TABLE attempt ADD COLUMN retry_seconds REAL;   -- over how long it is tried again by itself; NULL: it is not
    ALTER TABLE sent RENAME TO former_sent;
    CREATE TABLE sent (attempt INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO sent SELECT a.id, coalesce(s.payload, r.payload) AS body
    FROM attempt a JOIN recipient r ON r.id = a.recipient LEFT JOIN former_sent s ON s.attempt = a.id
    WHERE coalesce(s.payload, r.payload) <> '' ORDER BY a.id;
    UPDATE attempt SET scheduled_at = scheduled_in(s.body), retry_seconds = retry_seconds_in(s.body)
    FROM sent s WHERE s.attempt = attempt.id;
    CREATE TABLE former_cells (      -- what an attempt was made with, where its row has other cells by now
        attempt INTEGER PRIMARY KEY,
        cells TEXT NOT NULL,
        layout INTEGER NOT NULL
    );
    INSERT INTO former_cells SELECT attempt, cells, layout FROM former_sent;
    DROP TABLE former_sent;
    DROP TABLE input_row;
    DROP TABLE recipient;
    ALTER TABLE moved RENAME TO recipient;
    CREATE UNIQUE INDEX recipient_key ON recipient (key) WHERE state IS NOT NULL;
    CREATE INDEX recipient_of_nobody ON recipient (key) WHERE state IS NULL;
    CREATE INDEX recipient_position ON recipient (position) WHERE position IS NOT NULL;
    CREATE INDEX recipient_called ON recipient (number) WHERE updated_at IS NOT NULL;
    -- What calls have of their own was only in the bodies: the next run judges the input anew.
    DELETE FROM meta WHERE name = 'input_judged';
    """,
    # 6: who is still to be called is found, and the others and the calls are counted, without a look at the rows; it is
    # known from which row on the results file has to be written anew; a key that is the number is not kept once more.
    """
    CREATE TABLE moved (             -- a row of the input, or somebody who was in it and may have been called
        id INTEGER PRIMARY KEY,
        position INTEGER,            -- data row of the input, from 1; NULL: it is no longer in it
        number INTEGER,
        other_key TEXT,              -- the key where it is not the number; '': none in spite of a number
        key TEXT AS (nullif(coalesce(other_key, '+' || number), '')) VIRTUAL,
        status TEXT,                 -- invalid, duplicate, suppressed; NULL: it can be called
        code TEXT NOT NULL DEFAULT '',
        state TEXT,                  -- pending, sending, queued, error, unknown; NULL: it stands for nobody
        reason TEXT NOT NULL DEFAULT '',
        cells TEXT NOT NULL,         -- see `cells`
        layout INTEGER NOT NULL,     -- the header they belong to
        zones TEXT NOT NULL DEFAULT '',        -- parted by commas; '' without a window
        zone_source TEXT NOT NULL DEFAULT '',  -- what names them
        country TEXT NOT NULL DEFAULT '',      -- region of the number, for its rule packs
        caller TEXT,                 -- what the call has of its own: see `models.Own`
        scheduled_at TEXT,
        voice TEXT,
        agent TEXT,
        agent_version TEXT,
        execution_id TEXT NOT NULL DEFAULT '',
        http_status INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        updated_at REAL,             -- Unix seconds
        decided INTEGER              -- the attempt that their state follows from
    );
    INSERT INTO moved (id, position, number, other_key, status, code, state, reason, cells, layout, zones, zone_source,
    country, caller, scheduled_at, voice, agent, agent_version, execution_id, http_status, attempts, updated_at,
    decided) SELECT id, position, number, iif(key IS NULL AND number IS NOT NULL, '', nullif(key, '+' || number)),
    status, code, state, reason, cells, layout, zones, zone_source, country, caller, scheduled_at, voice, agent,
    agent_version, execution_id, http_status, attempts, updated_at, decided FROM recipient;
    DROP TABLE recipient;
    ALTER TABLE moved RENAME TO recipient;
    CREATE UNIQUE INDEX recipient_key ON recipient (key) WHERE state IS NOT NULL;
    CREATE INDEX recipient_of_nobody ON recipient (key) WHERE state IS NULL;
    CREATE INDEX recipient_called ON recipient (number) WHERE updated_at IS NOT NULL;
    CREATE INDEX recipient_pending ON recipient (position) WHERE state = 'pending';
    CREATE INDEX recipient_done ON recipient (position, state, status) WHERE state IS NOT 'pending';
    CREATE INDEX call_figures ON call (status, voicemail, final, duration, cost);
    CREATE TABLE unchanged (         -- one row: up to this position all results are as they were last written
        position INTEGER NOT NULL
    );
    INSERT INTO unchanged VALUES (0);
    CREATE TRIGGER result_changed AFTER UPDATE ON recipient
    WHEN min(coalesce(old.position, new.position), coalesce(new.position, old.position))
    <= (SELECT position FROM unchanged)
    BEGIN
        UPDATE unchanged SET position =
        min(coalesce(old.position, new.position), coalesce(new.position, old.position)) - 1;
    END;
    CREATE TRIGGER first_call_told AFTER INSERT ON call
    WHEN (SELECT position FROM recipient WHERE id = new.recipient) <= (SELECT position FROM unchanged)
    BEGIN
        UPDATE unchanged SET position = (SELECT position FROM recipient WHERE id = new.recipient) - 1;
    END;
    CREATE TRIGGER call_told AFTER UPDATE ON call
    WHEN (SELECT position FROM recipient WHERE id = new.recipient) <= (SELECT position FROM unchanged)
    AND (new.status, new.voicemail, new.duration, new.cost, new.hangup_reason, new.error_message,
    new.termination_reason, new.recording_url, new.transcript, new.extracted) IS NOT
    (old.status, old.voicemail, old.duration, old.cost, old.hangup_reason, old.error_message,
    old.termination_reason, old.recording_url, old.transcript, old.extracted)
    BEGIN
        UPDATE unchanged SET position = (SELECT position FROM recipient WHERE id = new.recipient) - 1;
    END;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger up to this version's tables, each step whole or not at all; an empty file gets all at once."""
    let_read_bodies(connection)
    done = version_of(connection)
    # A new ledger that a kill or a full disk cuts short must not look like one of an older version.
    steps = [(len(MIGRATIONS), "".join(MIGRATIONS))] if not done else [*enumerate(MIGRATIONS, 1)][done:]
    for number, statements in steps:
        connection.executescript(
            f"BEGIN IMMEDIATE; {statements} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; "
            "COMMIT;"
        )


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many of the migrations a ledger has behind it."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
