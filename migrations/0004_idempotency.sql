-- Answers that are kept under an idempotency key, written in the transaction of the change that they answer. `id` is
-- the SHA-256 of tenant, principal and key, `fingerprint` that of the request; the answer is sealed.
CREATE TABLE kept_answers (
    tenant      BLOB    NOT NULL,
    id          BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL,
    sealed      BLOB    NOT NULL,
    expires_at  INTEGER NOT NULL,
    CONSTRAINT kept_answers_pk PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_answers_expiry ON kept_answers (expires_at);
