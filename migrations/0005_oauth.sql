-- Who got in, and how it ends: the OAuth2 server, and access tokens that were taken back before their time.

-- Empty for a user's own login; an OAuth2 client's refresh tokens are for that client alone.
ALTER TABLE refresh_tokens ADD COLUMN client_id TEXT;
ALTER TABLE refresh_tokens ADD COLUMN scope TEXT NOT NULL DEFAULT '';

-- `id` and the ids of tokens are one rising sequence: a row concerns the tokens up to it, of one login or of all logins
-- of the user. The user is no foreign key: a deleted one's tokens are revoked too.
CREATE TABLE revocations (
    id      BLOB    NOT NULL,
    user_id BLOB    NOT NULL,
    session BLOB,
    until   INTEGER NOT NULL,
    CONSTRAINT revocations_pk PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX revocations_until ON revocations (until);

CREATE TABLE oauth_clients (
    id            TEXT    NOT NULL,
    tenant        BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    -- SHA-256 of 256 random bits; none for a client that cannot keep a secret.
    secret_hash   BLOB,
    redirect_uris TEXT    NOT NULL,
    grant_types   TEXT    NOT NULL,
    scope         TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CONSTRAINT oauth_clients_pk PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_clients_newest ON oauth_clients (tenant, created_at DESC, id DESC);

-- A code stays after its use until it would have expired, so that a second use is seen for what it is.
CREATE TABLE oauth_codes (
    hash         BLOB    NOT NULL,
    client_id    TEXT    NOT NULL,
    user_id      BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    redirect_uri TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    challenge    TEXT    NOT NULL,
    session      BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER,
    CONSTRAINT oauth_codes_pk PRIMARY KEY (hash),
    CONSTRAINT oauth_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_of_user ON oauth_codes (user_id);

CREATE TABLE oauth_devices (
    hash       BLOB    NOT NULL,
    user_code  TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    tenant     BLOB    NOT NULL,
    scope      TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    user_id    BLOB,
    -- How long the client has to wait between two questions; longer each time that it did not.
    interval_s INTEGER NOT NULL,
    polled_at  INTEGER,
    expires_at INTEGER NOT NULL,
    CONSTRAINT oauth_devices_pk PRIMARY KEY (hash),
    CONSTRAINT oauth_devices_user_code_key UNIQUE (user_code),
    CONSTRAINT oauth_devices_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT oauth_devices_status
        CHECK (status = 'PENDING' OR status = 'APPROVED' OR status = 'DENIED' OR status = 'USED'),
    CONSTRAINT oauth_devices_approved CHECK (status <> 'APPROVED' OR user_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_devices_expiry ON oauth_devices (expires_at);
CREATE INDEX oauth_devices_of_user ON oauth_devices (user_id);
