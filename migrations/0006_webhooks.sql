-- Webhooks: what an endpoint can ask for, how it fares, order for each resource, jobs, and what others send here.

-- `filter` and `headers` are JSON (the values of headers are sealed); `failing_since`, `hold_until` and `circuit` are its
-- health: since when no attempt has succeeded, until when its lane rests, and how often in a row its circuit has opened.
ALTER TABLE webhook_endpoints ADD COLUMN filter TEXT NOT NULL DEFAULT '{}';
ALTER TABLE webhook_endpoints ADD COLUMN header_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE webhook_endpoints ADD COLUMN sealed_headers BLOB NOT NULL DEFAULT x'';
ALTER TABLE webhook_endpoints ADD COLUMN ordering TEXT NOT NULL DEFAULT 'none'
    CONSTRAINT webhook_endpoints_ordering CHECK (ordering = 'none' OR ordering = 'perResource');
ALTER TABLE webhook_endpoints ADD COLUMN max_per_second INTEGER
    CONSTRAINT webhook_endpoints_rate CHECK (max_per_second > 0);
ALTER TABLE webhook_endpoints ADD COLUMN timeout_ms INTEGER
    CONSTRAINT webhook_endpoints_timeout CHECK (timeout_ms > 0);
ALTER TABLE webhook_endpoints ADD COLUMN ed25519 INTEGER NOT NULL DEFAULT 0
    CONSTRAINT webhook_endpoints_ed25519 CHECK (ed25519 IN (0, 1));
ALTER TABLE webhook_endpoints ADD COLUMN public_key TEXT;
ALTER TABLE webhook_endpoints ADD COLUMN sealed_previous BLOB;
ALTER TABLE webhook_endpoints ADD COLUMN previous_until INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN paused INTEGER NOT NULL DEFAULT 0
    CONSTRAINT webhook_endpoints_paused CHECK (paused IN (0, 1));
ALTER TABLE webhook_endpoints ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_endpoints ADD COLUMN failing_since INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN hold_until INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN circuit INTEGER NOT NULL DEFAULT 0;

-- `order_key` is the resource whose deliveries follow one another, set for endpoints that ask for it; `schedule_from` is
-- the number of attempts after which the schedule began anew, when the delivery was sent again by hand.
ALTER TABLE deliveries ADD COLUMN order_key BLOB;
ALTER TABLE deliveries ADD COLUMN schedule_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN last_status_code INTEGER;

CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, order_key, event_seq)
    WHERE order_key IS NOT NULL AND status = 'PENDING';
CREATE INDEX deliveries_dead ON deliveries (endpoint_id, event_seq) WHERE status = 'DEAD_LETTER';
-- What succeeded and what died are kept for different times.
DROP INDEX deliveries_settled_first;
CREATE INDEX deliveries_succeeded_first ON deliveries (settled_at) WHERE status = 'SUCCEEDED';
CREATE INDEX deliveries_dead_first ON deliveries (settled_at) WHERE status = 'DEAD_LETTER';
CREATE INDEX deliveries_dead_event ON deliveries (event_seq) WHERE status = 'DEAD_LETTER';

-- A delivery that has an earlier one of its resource before it is parked at the end of time, so that a claim never has to
-- walk past those that wait for another.
CREATE TRIGGER deliveries_parked AFTER INSERT ON deliveries
WHEN NEW.order_key IS NOT NULL AND NEW.status = 'PENDING' AND EXISTS (SELECT 1 FROM deliveries
    WHERE endpoint_id = NEW.endpoint_id AND order_key = NEW.order_key AND status = 'PENDING'
    AND event_seq < NEW.event_seq) BEGIN
    UPDATE deliveries SET next_attempt_at = 253402300799000 WHERE id = NEW.id;
END;

CREATE TRIGGER deliveries_next_in_order AFTER UPDATE OF status ON deliveries
WHEN NEW.order_key IS NOT NULL AND OLD.status = 'PENDING' AND NEW.status <> 'PENDING' BEGIN
    UPDATE deliveries SET next_attempt_at = OLD.next_attempt_at WHERE next_attempt_at = 253402300799000
    AND id = (SELECT id FROM deliveries WHERE endpoint_id = NEW.endpoint_id AND order_key = NEW.order_key
        AND status = 'PENDING' ORDER BY event_seq LIMIT 1);
END;

-- An event below the floor stays for as long as a pending delivery or a dead letter needs it.
DROP TRIGGER deliveries_event_settled;
DROP TRIGGER deliveries_event_deleted;

CREATE TRIGGER deliveries_event_settled AFTER UPDATE OF status ON deliveries
WHEN OLD.status <> 'SUCCEEDED' AND NEW.status = 'SUCCEEDED' AND OLD.event_seq <= (SELECT floor FROM meta) BEGIN
    DELETE FROM events WHERE seq = OLD.event_seq
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_seq = OLD.event_seq AND status = 'PENDING')
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_seq = OLD.event_seq AND status = 'DEAD_LETTER');
END;

CREATE TRIGGER deliveries_event_deleted AFTER DELETE ON deliveries
WHEN OLD.status <> 'SUCCEEDED' AND OLD.event_seq <= (SELECT floor FROM meta) BEGIN
    DELETE FROM events WHERE seq = OLD.event_seq
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_seq = OLD.event_seq AND status = 'PENDING')
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_seq = OLD.event_seq AND status = 'DEAD_LETTER');
END;

-- What was sent and answered; headers as JSON objects, the owner's own values masked.
ALTER TABLE attempts ADD COLUMN request_headers TEXT;
ALTER TABLE attempts ADD COLUMN response_headers TEXT;
ALTER TABLE attempts ADD COLUMN address TEXT;

-- Sending again in bulk: how far each job has come is stored with the rows that it made due.
CREATE TABLE webhook_jobs (
    id          BLOB    NOT NULL,
    tenant      BLOB    NOT NULL,
    endpoint_id BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    -- Times of the events or failures that it is about, and the stretch of the log that it walks.
    since       INTEGER,
    first_seq   INTEGER NOT NULL,
    cursor      INTEGER NOT NULL,
    upto_seq    INTEGER NOT NULL,
    queued      INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    finished_at INTEGER,
    CONSTRAINT webhook_jobs_pk PRIMARY KEY (id),
    CONSTRAINT webhook_jobs_endpoint FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    CONSTRAINT webhook_jobs_kind CHECK (kind = 'RESEND_FAILED' OR kind = 'REPLAY'),
    CONSTRAINT webhook_jobs_cursor CHECK (first_seq <= cursor AND cursor <= upto_seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_jobs_newest ON webhook_jobs (endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_jobs_running ON webhook_jobs (id) WHERE finished_at IS NULL;

-- Raw deliveries of the systems that call here. `external_id` is what makes a repetition known; `steps` is JSON.
CREATE TABLE inbound_deliveries (
    id           BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    source       TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    external_id  TEXT    NOT NULL,
    run_id       BLOB    NOT NULL,
    order_id     BLOB,
    status       TEXT    NOT NULL,
    note         TEXT,
    steps        TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    received_at  INTEGER NOT NULL,
    processed_at INTEGER NOT NULL,
    CONSTRAINT inbound_deliveries_pk PRIMARY KEY (id),
    CONSTRAINT inbound_deliveries_status
        CHECK (status = 'PROCESSED' OR status = 'IGNORED' OR status = 'REVIEW')
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX inbound_deliveries_key ON inbound_deliveries (tenant, source, external_id);
CREATE INDEX inbound_deliveries_newest ON inbound_deliveries (tenant, received_at DESC, id DESC);
CREATE INDEX inbound_deliveries_oldest ON inbound_deliveries (received_at);

-- How far what a source says of one of its orders has come, so that what arrives late takes nothing back.
CREATE TABLE inbound_orders (
    tenant      BLOB    NOT NULL,
    source      TEXT    NOT NULL,
    external_id TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL,
    CONSTRAINT inbound_orders_pk PRIMARY KEY (tenant, source, external_id)
) STRICT, WITHOUT ROWID;
