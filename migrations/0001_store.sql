-- The store. Ids are UUIDs in 16 bytes, times are Unix milliseconds, money is in minor units, the public pool's tenant
-- is the nil UUID. Enums are kept by name and checked where the list is closed; event types, audit actions and channels
-- grow with the code, and a new one must not need a migration. The checks are chains of OR because SQLite fills a
-- temporary table for an IN of more than two values each time that a row is written.

-- Where the log begins (events at or below `floor` are no longer served), how far webhooks were dispatched, and the
-- name of this database's life, without which a cursor of another database would be taken for one of this.
CREATE TABLE meta (
    id         INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    floor      INTEGER NOT NULL,
    dispatched INTEGER NOT NULL,
    CONSTRAINT meta_pk PRIMARY KEY (id),
    CONSTRAINT meta_single_row CHECK (id = 1),
    CONSTRAINT meta_epoch_positive CHECK (epoch > 0),
    -- An event that was not dispatched yet must not be purged.
    CONSTRAINT meta_floor_dispatched CHECK (0 <= floor AND floor <= dispatched)
) STRICT;

INSERT INTO meta (id, epoch, floor, dispatched) VALUES (1, max(1, random() & 0x7fffffffffffffff), 0, 0);

CREATE TABLE pets (
    id             BLOB    NOT NULL,
    tenant         BLOB    NOT NULL,
    name           TEXT    NOT NULL,
    species        TEXT    NOT NULL,
    breed          TEXT,
    age_months     INTEGER NOT NULL,
    size           TEXT,
    color          TEXT,
    gender         TEXT    NOT NULL,
    good_with_kids INTEGER,
    price          INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    description    TEXT,
    status         TEXT    NOT NULL,
    photos         TEXT    NOT NULL,
    medical_info   TEXT,
    category       TEXT,
    tags           TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    CONSTRAINT pets_pk PRIMARY KEY (id),
    CONSTRAINT pets_species CHECK (species = 'DOG' OR species = 'CAT' OR species = 'RABBIT' OR species = 'BIRD'
        OR species = 'REPTILE' OR species = 'OTHER'),
    CONSTRAINT pets_size CHECK (size = 'SMALL' OR size = 'MEDIUM' OR size = 'LARGE'),
    CONSTRAINT pets_gender CHECK (gender = 'MALE' OR gender = 'FEMALE' OR gender = 'UNKNOWN'),
    CONSTRAINT pets_good_with_kids CHECK (good_with_kids IN (0, 1)),
    CONSTRAINT pets_status CHECK (status = 'AVAILABLE' OR status = 'PENDING' OR status = 'ADOPTED'
        OR status = 'NOT_AVAILABLE'),
    CONSTRAINT pets_currency CHECK (currency = 'USD' OR currency = 'EUR' OR currency = 'GBP' OR currency = 'CAD'
        OR currency = 'AUD'),
    CONSTRAINT pets_price CHECK (price >= 0),
    CONSTRAINT pets_age CHECK (age_months >= 0)
) STRICT;

CREATE INDEX pets_newest ON pets (tenant, created_at DESC, id DESC);
CREATE INDEX pets_status_newest ON pets (tenant, status, created_at DESC, id DESC);
CREATE INDEX pets_species_newest ON pets (tenant, species, created_at DESC, id DESC);

CREATE TABLE inventory (
    tenant     BLOB    NOT NULL,
    species    TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT inventory_pk PRIMARY KEY (tenant, species, status),
    CONSTRAINT inventory_count CHECK (count >= 0)
) STRICT, WITHOUT ROWID;

-- The stock is kept by triggers, so that no statement can change a pet and forget it, and the writer needs neither the
-- old row nor a statement of its own for it.
CREATE TRIGGER pets_stock_insert AFTER INSERT ON pets BEGIN
    INSERT INTO inventory (tenant, species, status, count, updated_at)
    VALUES (NEW.tenant, NEW.species, NEW.status, 1, NEW.updated_at)
    ON CONFLICT (tenant, species, status) DO UPDATE
    SET count = count + 1, updated_at = max(updated_at, excluded.updated_at);
END;

CREATE TRIGGER pets_stock_update AFTER UPDATE OF species, status ON pets
WHEN OLD.species <> NEW.species OR OLD.status <> NEW.status BEGIN
    UPDATE inventory SET count = count - 1, updated_at = max(updated_at, NEW.updated_at)
    WHERE tenant = OLD.tenant AND species = OLD.species AND status = OLD.status;
    INSERT INTO inventory (tenant, species, status, count, updated_at)
    VALUES (NEW.tenant, NEW.species, NEW.status, 1, NEW.updated_at)
    ON CONFLICT (tenant, species, status) DO UPDATE
    SET count = count + 1, updated_at = max(updated_at, excluded.updated_at);
END;

CREATE TRIGGER pets_stock_delete AFTER DELETE ON pets BEGIN
    UPDATE inventory SET count = count - 1
    WHERE tenant = OLD.tenant AND species = OLD.species AND status = OLD.status;
END;

CREATE TABLE users (
    id            BLOB    NOT NULL,
    tenant        BLOB    NOT NULL,
    username      TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    first_name    TEXT,
    last_name     TEXT,
    phone         TEXT,
    newsletter    INTEGER NOT NULL,
    notifications INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_newsletter CHECK (newsletter IN (0, 1)),
    CONSTRAINT users_notifications CHECK (notifications IN (0, 1)),
    CONSTRAINT users_status CHECK (status IN ('ACTIVE', 'SUSPENDED')),
    CONSTRAINT users_role CHECK (role = 'USER' OR role = 'STAFF' OR role = 'ADMIN')
) STRICT;

CREATE UNIQUE INDEX users_username_key ON users (tenant, lower(username));
CREATE UNIQUE INDEX users_email_key ON users (tenant, lower(email));

CREATE TABLE refresh_tokens (
    hash       BLOB    NOT NULL,
    session    BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    tenant     BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    revoked_at INTEGER,
    CONSTRAINT refresh_tokens_pk PRIMARY KEY (hash),
    CONSTRAINT refresh_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_tokens_session ON refresh_tokens (session);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (user_id);

-- Neither the pet nor the user is a foreign key: an order outlives both.
CREATE TABLE orders (
    id           BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    pet_id       BLOB    NOT NULL,
    user_id      BLOB,
    status       TEXT    NOT NULL,
    total_amount INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    CONSTRAINT orders_pk PRIMARY KEY (id),
    CONSTRAINT orders_status CHECK (status = 'PLACED' OR status = 'APPROVED' OR status = 'SHIPPED'
        OR status = 'DELIVERED' OR status = 'CANCELLED'),
    CONSTRAINT orders_currency CHECK (currency = 'USD' OR currency = 'EUR' OR currency = 'GBP'
        OR currency = 'CAD' OR currency = 'AUD'),
    CONSTRAINT orders_total_amount CHECK (total_amount >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_newest ON orders (tenant, created_at DESC, id DESC);
CREATE INDEX orders_status_newest ON orders (tenant, status, created_at DESC, id DESC);
CREATE INDEX orders_user_newest ON orders (tenant, user_id, created_at DESC, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX orders_pet_newest ON orders (tenant, pet_id, created_at DESC, id DESC);
-- Two buyers of one pet: the last line of defence behind the use case.
CREATE UNIQUE INDEX orders_open_pet_key ON orders (pet_id) WHERE status <> 'DELIVERED' AND status <> 'CANCELLED';

CREATE TABLE payments (
    id           BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    order_id     BLOB    NOT NULL,
    amount       INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    -- What was reduced to be kept: never a full number, never a cvc.
    source       TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    failure_code TEXT,
    created_at   INTEGER NOT NULL,
    CONSTRAINT payments_pk PRIMARY KEY (id),
    CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT payments_status
        CHECK (status = 'PENDING' OR status = 'PROCESSING' OR status = 'SUCCEEDED' OR status = 'FAILED'
            OR status = 'CANCELLED' OR status = 'REFUNDED'),
    CONSTRAINT payments_currency CHECK (currency = 'USD' OR currency = 'EUR' OR currency = 'GBP'
        OR currency = 'CAD' OR currency = 'AUD'),
    CONSTRAINT payments_amount CHECK (amount >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_of_order ON payments (order_id, created_at DESC);
-- An order is paid once: the last line of defence behind the use case.
CREATE UNIQUE INDEX payments_captured_key ON payments (order_id) WHERE status = 'SUCCEEDED';

CREATE TABLE receipts (
    id           BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    payment_id   BLOB    NOT NULL,
    url          TEXT    NOT NULL,
    generated_at INTEGER NOT NULL,
    CONSTRAINT receipts_pk PRIMARY KEY (id),
    CONSTRAINT receipts_payment FOREIGN KEY (payment_id) REFERENCES payments (id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX receipts_payment_key ON receipts (payment_id);

-- The log. `seq` is given by the one writer, without gaps; `owner` and `resource` are what subscribers ask by.
CREATE TABLE events (
    seq         INTEGER NOT NULL,
    id          BLOB    NOT NULL,
    tenant      BLOB    NOT NULL,
    occurred_at INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    collection  TEXT    NOT NULL,
    owner       BLOB,
    resource    BLOB,
    data        TEXT    NOT NULL,
    CONSTRAINT events_pk PRIMARY KEY (seq),
    CONSTRAINT events_id_key UNIQUE (id),
    CONSTRAINT events_seq_positive CHECK (seq > 0)
) STRICT;

CREATE INDEX events_of_collection ON events (tenant, collection, seq);
CREATE INDEX events_of_owner ON events (tenant, collection, owner, seq) WHERE owner IS NOT NULL;
CREATE INDEX events_of_resource ON events (tenant, collection, resource, seq) WHERE resource IS NOT NULL;

CREATE TABLE audit (
    id          BLOB    NOT NULL,
    tenant      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    user_id     BLOB,
    entity_type TEXT,
    entity_id   TEXT,
    before      TEXT,
    after       TEXT,
    channel     TEXT    NOT NULL,
    ip_address  TEXT,
    user_agent  TEXT,
    request_id  TEXT,
    -- Ids rise with time: this one index finds a row and lists the newest.
    CONSTRAINT audit_pk PRIMARY KEY (tenant, id)
) STRICT;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit rows cannot be changed');
END;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit rows cannot be deleted');
END;

CREATE TABLE webhook_endpoints (
    id              BLOB    NOT NULL,
    tenant          BLOB    NOT NULL,
    owner           BLOB,
    url             TEXT    NOT NULL,
    description     TEXT,
    event_types     TEXT    NOT NULL,
    sealed_secret   BLOB    NOT NULL,
    enabled         INTEGER NOT NULL,
    disabled_reason TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- Where the log stood when it was made.
    since           INTEGER NOT NULL,
    -- For everyone else it is gone; the row stays until the last of its deliveries is taken away.
    deleted         INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT webhook_endpoints_pk PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_enabled CHECK (enabled IN (0, 1)),
    CONSTRAINT webhook_endpoints_deleted CHECK (deleted = 0 OR enabled = 0)
) STRICT;

CREATE INDEX webhook_endpoints_newest ON webhook_endpoints (tenant, created_at DESC, id DESC) WHERE deleted = 0;
CREATE INDEX webhook_endpoints_gone ON webhook_endpoints (id) WHERE deleted = 1;

-- `event_seq` is no foreign key: a settled delivery outlives its event in the log.
CREATE TABLE deliveries (
    id              BLOB    NOT NULL,
    tenant          BLOB    NOT NULL,
    endpoint_id     BLOB    NOT NULL,
    event_id        BLOB    NOT NULL,
    event_seq       INTEGER NOT NULL,
    event_type      TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER,
    lease_until     INTEGER,
    -- Counts the claims; a result is recorded only by the newest.
    claim           INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    settled_at      INTEGER,
    CONSTRAINT deliveries_pk PRIMARY KEY (id),
    CONSTRAINT deliveries_endpoint FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id),
    CONSTRAINT deliveries_status CHECK (status = 'PENDING' OR status = 'SUCCEEDED' OR status = 'DEAD_LETTER'),
    -- A pending delivery is always due at some time, so that none can be forgotten.
    CONSTRAINT deliveries_due CHECK ((status = 'PENDING') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT deliveries_lease CHECK (lease_until IS NULL OR status = 'PENDING')
) STRICT, WITHOUT ROWID;

-- One delivery for an event and an endpoint; also the list of an endpoint, newest first.
CREATE UNIQUE INDEX deliveries_event_key ON deliveries (endpoint_id, event_seq);
CREATE INDEX deliveries_due_first ON deliveries (endpoint_id, next_attempt_at) WHERE status = 'PENDING';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_settled_first ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX deliveries_pending_event ON deliveries (event_seq) WHERE status = 'PENDING';

-- An event below the floor stays only for as long as a pending delivery needs it. Whatever ends the last one deletes
-- it, so that a purge never has to look for it again.
CREATE TRIGGER deliveries_event_settled AFTER UPDATE OF status ON deliveries
WHEN OLD.status = 'PENDING' AND NEW.status <> 'PENDING' AND OLD.event_seq <= (SELECT floor FROM meta) BEGIN
    DELETE FROM events WHERE seq = OLD.event_seq
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_seq = OLD.event_seq AND status = 'PENDING');
END;

CREATE TRIGGER deliveries_event_deleted AFTER DELETE ON deliveries
WHEN OLD.status = 'PENDING' AND OLD.event_seq <= (SELECT floor FROM meta) BEGIN
    DELETE FROM events WHERE seq = OLD.event_seq
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_seq = OLD.event_seq AND status = 'PENDING');
END;

CREATE TABLE attempts (
    id            BLOB    NOT NULL,
    delivery_id   BLOB    NOT NULL,
    number        INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    status_code   INTEGER,
    error         TEXT,
    response_body TEXT,
    CONSTRAINT attempts_pk PRIMARY KEY (delivery_id, number),
    CONSTRAINT attempts_delivery FOREIGN KEY (delivery_id) REFERENCES deliveries (id) ON DELETE CASCADE
) STRICT;
