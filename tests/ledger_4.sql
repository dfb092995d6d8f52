PRAGMA application_id = 1684627820;
PRAGMA user_version = 4;
BEGIN TRANSACTION;
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
    , turn INTEGER NOT NULL DEFAULT 1, source TEXT NOT NULL DEFAULT '');
INSERT INTO "attempt" VALUES(1,1,'2dfbd85794826926319b-1',1796000012.0,'queued',200,'','exec-1',1796000014.0,3.0,1,'');
INSERT INTO "attempt" VALUES(2,2,'271c4feaccf01fb8d537-1',1796000026.0,'error',400,'bad number','',1796000028.0,NULL,1,'');
INSERT INTO "attempt" VALUES(3,3,'fc39652e3377c5ae14c4-1',1796000040.0,'unknown',NULL,'no answer in time','',1796000042.0,NULL,1,'');
INSERT INTO "attempt" VALUES(4,4,'0ba25923bdf8514a80f1-1',1796000054.0,'retry',429,'too many requests','',1796000056.0,NULL,1,'');
INSERT INTO "attempt" VALUES(5,5,'a007ebb7de463919e3d3-1',1796000068.0,'queued',200,'','exec-5',1796000070.0,3.0,1,'');
INSERT INTO "attempt" VALUES(6,6,'0a85f060b9a86b62e641-1',1796000082.0,'queued',200,'','exec-6',1796000084.0,3.0,1,'');
INSERT INTO "attempt" VALUES(7,7,'15e3f7cc2da4e66db143-1',1796000096.0,'queued',200,'','exec-7',1796000098.0,3.0,1,'');
INSERT INTO "attempt" VALUES(8,8,'c534f11f8d105eca543d-1',1796000110.0,'queued',200,'','exec-8',1796000112.0,3.0,1,'');
INSERT INTO "attempt" VALUES(9,9,'5656ede99101bbde8f7a-1',1796000124.0,'queued',200,'','exec-9',1796000126.0,3.0,1,'');
INSERT INTO "attempt" VALUES(10,12,'11322a6e01f20f938487-1',1796000138.0,'queued',200,'','exec-12',1796000140.0,3.0,1,'');
INSERT INTO "attempt" VALUES(11,7,'15e3f7cc2da4e66db143-2',1796100212.0,'queued',200,'','exec-7b',1796100214.0,3.0,2,'');
INSERT INTO "attempt" VALUES(12,8,'c534f11f8d105eca543d-2',1796100226.0,'error',400,'bad number','',1796100228.0,NULL,2,'');
INSERT INTO "attempt" VALUES(13,15,'244394c560a92100070a-3',1795999500.0,'queued',200,'','exec-20',1795999500.0,NULL,3,'taken over from the results CSV');
INSERT INTO "attempt" VALUES(14,16,'540a5c973d9f92e48681-1',1795999600.0,'unknown',NULL,'no answer in time','',1795999600.0,NULL,1,'taken over from the results CSV');
INSERT INTO "attempt" VALUES(15,10,'9f939f2522816b53cbf9-1',1796100238.0,NULL,NULL,'','',NULL,NULL,1,'');
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
INSERT INTO "call" VALUES(1,1,'completed',1,1796000200.0,1796000200.0,12.5,3.0,NULL,'callee','','','','','','',NULL,0,1796000200.0,NULL,'');
INSERT INTO "call" VALUES(5,5,'scheduled',0,1796000200.0,1796000200.0,NULL,NULL,NULL,'','','','','','','',NULL,0,NULL,NULL,'');
INSERT INTO "call" VALUES(7,7,'no-answer',1,1796000200.0,1796000200.0,NULL,NULL,NULL,'','','','','','','',NULL,0,NULL,NULL,'');
INSERT INTO "call" VALUES(8,8,'no-answer',1,1796000200.0,1796000200.0,NULL,NULL,NULL,'','','','','','','',NULL,0,NULL,NULL,'');
INSERT INTO "call" VALUES(9,9,'no-answer',1,1796000200.0,1796000200.0,NULL,NULL,NULL,'','','','','','','',NULL,0,NULL,NULL,'');
CREATE TABLE hold (              -- all sending was to stand still; those of one burst overlap
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,            -- Unix seconds
        seconds REAL NOT NULL,
        words TEXT NOT NULL
    );
INSERT INTO "hold" VALUES(1,1796100200.0,3.0,'too many requests');
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
INSERT INTO "input_row" VALUES(1,2,'+919800000014',1,'pending','','',919800000014,NULL);
INSERT INTO "input_row" VALUES(2,3,'+919800000001',1,'suppressed','suppressed','it is suppressed',919800000001,'["name 1","+919800000001","Köln"]');
INSERT INTO "input_row" VALUES(3,4,'+919800000002',1,'pending','','',919800000002,NULL);
INSERT INTO "input_row" VALUES(4,5,'+919800000003',1,'pending','','',919800000003,NULL);
INSERT INTO "input_row" VALUES(5,6,'+919800000004',1,'pending','','',919800000004,NULL);
INSERT INTO "input_row" VALUES(6,7,'+919800000005',1,'pending','','',919800000005,NULL);
INSERT INTO "input_row" VALUES(7,8,'+919800000006',1,'pending','','',919800000006,NULL);
INSERT INTO "input_row" VALUES(8,9,'+919800000007',1,'pending','','',919800000007,NULL);
INSERT INTO "input_row" VALUES(9,10,'+919800000008',1,'pending','','',919800000008,NULL);
INSERT INTO "input_row" VALUES(10,11,'+919800000009',1,'pending','','',919800000009,NULL);
INSERT INTO "input_row" VALUES(11,12,'+919800000010',1,'pending','','',919800000010,NULL);
INSERT INTO "input_row" VALUES(12,13,'+919800000011',0,'invalid','invalid','it is invalid',919800000011,'["name 11","+919800000011","Köln"]');
INSERT INTO "input_row" VALUES(13,14,'+919800000004',0,'duplicate','duplicate','it is duplicate',919800000004,'["name 4","+919800000004","Köln"]');
INSERT INTO "input_row" VALUES(14,15,NULL,0,'invalid','invalid','it is invalid',NULL,'["Nobody","no number",""]');
CREATE TABLE layout (id INTEGER PRIMARY KEY, header TEXT NOT NULL UNIQUE);
INSERT INTO "layout" VALUES(1,'["phone","name"]');
INSERT INTO "layout" VALUES(2,'["name","phone","city"]');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('agent','agent-1');
INSERT INTO "meta" VALUES('batch','monday');
INSERT INTO "meta" VALUES('id','');
INSERT INTO "meta" VALUES('input_judged','mark of version 4');
INSERT INTO "meta" VALUES('intents','14');
INSERT INTO "meta" VALUES('key_definition','the number');
INSERT INTO "meta" VALUES('layout','2');
INSERT INTO "meta" VALUES('made','1796000000.0');
INSERT INTO "meta" VALUES('phone','phone');
INSERT INTO "meta" VALUES('searched','1796000000.0');
INSERT INTO "meta" VALUES('server','https://api.bolna.ai');
INSERT INTO "meta" VALUES('start','2');
INSERT INTO "meta" VALUES('work','a49452f043b848c387f90930ce3c99c4');
INSERT INTO "meta" VALUES('work_begun','1796100200.0');
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
INSERT INTO "permission" VALUES(1,1796100200.0,'--redial no-answer',7,7,'a49452f043b848c387f90930ce3c99c4',11,0);
INSERT INTO "permission" VALUES(2,1796100200.0,'--redial no-answer',8,8,'a49452f043b848c387f90930ce3c99c4',12,0);
INSERT INTO "permission" VALUES(3,1796100200.0,'--redial no-answer',9,9,'a49452f043b848c387f90930ce3c99c4',NULL,0);
CREATE TABLE "recipient" (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,
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
        country TEXT NOT NULL DEFAULT '', decided INTEGER);
INSERT INTO "recipient" VALUES(1,'+919800000001',919800000001,'queued','{"agent_id":"agent-1","recipient_phone_number":"+919800000001","user_data":{"name":"name 1"}}','["+919800000001","name 1"]',1,'exec-1',200,'',1,1796000014.0,'Asia/Kolkata','the number','IN',1);
INSERT INTO "recipient" VALUES(2,'+919800000002',919800000002,'error','{"agent_id":"agent-1","recipient_phone_number":"+919800000002","user_data":{"name":"name 2"}}','["+919800000002","name 2"]',1,'',400,'bad number',1,1796000028.0,'America/New_York,America/Chicago','the number','US',2);
INSERT INTO "recipient" VALUES(3,'+919800000003',919800000003,'unknown','{"agent_id":"agent-1","recipient_phone_number":"+919800000003","user_data":{"name":"name 3"}}','["+919800000003","name 3"]',1,'',NULL,'no answer in time',1,1796000042.0,'','','',3);
INSERT INTO "recipient" VALUES(4,'+919800000004',919800000004,'pending','{"agent_id":"agent-1","recipient_phone_number":"+919800000004","user_data":{"name":"name 4"}}','["name 4","+919800000004","Köln"]',2,'',429,'too many requests',1,1796000056.0,'','','',NULL);
INSERT INTO "recipient" VALUES(5,'+919800000005',919800000005,'queued','{"agent_id":"agent-1","scheduled_at":"2026-12-05T10:00:00+05:30","recipient_phone_number":"+919800000005","user_data":{"name":"name 5"}}','["+919800000005","name 5"]',1,'exec-5',200,'',1,1796000070.0,'','','',5);
INSERT INTO "recipient" VALUES(6,'+919800000006',919800000006,'queued','{"agent_id":"agent-1","retry_config":{"enabled":true,"max_retries":2,"retry_intervals_minutes":[30,60]},"recipient_phone_number":"+919800000006","user_data":{"name":"name 6"}}','["+919800000006","name 6"]',1,'exec-6',200,'',1,1796000084.0,'','','',6);
INSERT INTO "recipient" VALUES(7,'+919800000007',919800000007,'queued','{"agent_id":"agent-1","recipient_phone_number":"+919800000007","user_data":{"name":"other 7"}}','["other 7","+919800000007","Köln"]',2,'exec-7b',200,'',2,1796100214.0,'','','',11);
INSERT INTO "recipient" VALUES(8,'+919800000008',919800000008,'queued','{"agent_id":"agent-1","recipient_phone_number":"+919800000008","user_data":{"name":"other 8"}}','["other 8","+919800000008","Köln"]',2,'exec-8',400,'the redial was refused: bad number',2,1796100228.0,'','','',8);
INSERT INTO "recipient" VALUES(9,'+919800000009',919800000009,'queued','{"agent_id":"agent-1","recipient_phone_number":"+919800000009","user_data":{"name":"other 9"}}','["other 9","+919800000009","Köln"]',2,'exec-9',200,'',1,1796000126.0,'','','',9);
INSERT INTO "recipient" VALUES(10,'+919800000010',919800000010,'sending','{"agent_id":"agent-1","recipient_phone_number":"+919800000010","user_data":{"name":"name 10"}}','["name 10","+919800000010","Köln"]',2,'',NULL,'',1,1796100238.0,'','','',15);
INSERT INTO "recipient" VALUES(11,'+919800000011',919800000011,'pending','{"agent_id":"agent-1","recipient_phone_number":"+919800000011","user_data":{"name":"name 11"}}','["+919800000011","name 11"]',1,'',NULL,'',0,NULL,'','','',NULL);
INSERT INTO "recipient" VALUES(12,'+919800000012',919800000012,'queued','{"agent_id":"agent-1","recipient_phone_number":"+919800000012","user_data":{"name":"name 12"}}','["+919800000012","name 12"]',1,'exec-12',200,'',1,1796000140.0,'','','',10);
INSERT INTO "recipient" VALUES(13,'+919800000013',919800000013,'pending','{"agent_id":"agent-1","recipient_phone_number":"+919800000013","user_data":{"name":"name 13"}}','["+919800000013","name 13"]',1,'',NULL,'',0,NULL,'','','',NULL);
INSERT INTO "recipient" VALUES(14,'+919800000014',919800000014,'pending','{"agent_id":"agent-1","recipient_phone_number":"+919800000014","user_data":{"name":"name 14"}}','["name 14","+919800000014","Köln"]',2,'',NULL,'outside the calling hours',0,NULL,'Asia/Kolkata','the number','IN',NULL);
INSERT INTO "recipient" VALUES(15,'+919800000020',919800000020,'queued','','["from the file","+919800000020","Bonn"]',2,'exec-20',200,'',3,1795999500.0,'','','',13);
INSERT INTO "recipient" VALUES(16,'+919800000021',919800000021,'unknown','','[]',2,'',NULL,'no answer in time',1,1795999600.0,'','','',14);
CREATE TABLE sent (              -- what an attempt was sent with, where its recipient may have other cells by now
        attempt INTEGER PRIMARY KEY,
        payload TEXT NOT NULL,
        cells TEXT NOT NULL,
        layout INTEGER NOT NULL
    );
INSERT INTO "sent" VALUES(7,'{"agent_id":"agent-1","recipient_phone_number":"+919800000007","user_data":{"name":"name 7"}}','["+919800000007","name 7"]',1);
INSERT INTO "sent" VALUES(8,'{"agent_id":"agent-1","recipient_phone_number":"+919800000008","user_data":{"name":"name 8"}}','["+919800000008","name 8"]',1);
INSERT INTO "sent" VALUES(9,'{"agent_id":"agent-1","recipient_phone_number":"+919800000009","user_data":{"name":"name 9"}}','["+919800000009","name 9"]',1);
CREATE INDEX attempt_open ON attempt (recipient) WHERE outcome IS NULL OR outcome = 'unknown';
CREATE INDEX attempt_recipient ON attempt (recipient);
CREATE INDEX call_open ON call (attempt) WHERE final = 0;
CREATE INDEX call_recipient ON call (recipient);
CREATE INDEX recipient_called ON recipient (number) WHERE updated_at IS NOT NULL;
CREATE INDEX permission_recipient ON permission (recipient);
CREATE INDEX permission_usable ON permission (run, recipient) WHERE attempt IS NULL AND void = 0;
CREATE INDEX permission_attempt ON permission (attempt) WHERE attempt IS NOT NULL;
CREATE UNIQUE INDEX recipient_key ON recipient (key);
CREATE INDEX input_row_key ON input_row (key);
COMMIT;
