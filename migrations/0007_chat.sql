-- Conversations. A room is one user's; its messages are by the user, the advisor or the staff.

CREATE TABLE chat_rooms (
    id              BLOB    NOT NULL,
    tenant          BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    title           TEXT,
    -- The member of the staff that has taken over; the advisor is silent meanwhile.
    agent_id        BLOB,
    -- Since when the user waits for a member of the staff.
    waiting_since   INTEGER,
    -- The newest question that the advisor has not answered yet: what is left to do after a crash.
    unanswered      BLOB,
    -- The newest message that the advisor has nothing to say to any more: it has answered, or the staff has taken over.
    answered        BLOB,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CONSTRAINT chat_rooms_pk PRIMARY KEY (id)
) STRICT;

CREATE INDEX chat_rooms_newest ON chat_rooms (tenant, updated_at DESC, id DESC);
CREATE INDEX chat_rooms_of_user ON chat_rooms (tenant, user_id, updated_at DESC, id DESC);
CREATE INDEX chat_rooms_waiting_first ON chat_rooms (tenant, waiting_since, id) WHERE waiting_since IS NOT NULL;
CREATE INDEX chat_rooms_of_agent ON chat_rooms (tenant, agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX chat_rooms_unanswered ON chat_rooms (id) WHERE unanswered IS NOT NULL;

-- `place` is the order in which they were written, which ids and times are not when a clock is set back.
CREATE TABLE chat_messages (
    place       INTEGER NOT NULL,
    id          BLOB    NOT NULL,
    tenant      BLOB    NOT NULL,
    room_id     BLOB    NOT NULL,
    author      TEXT    NOT NULL,
    author_id   BLOB,
    text        TEXT    NOT NULL,
    -- What the advisor's words rest on, and pictures, as JSON.
    citations   TEXT    NOT NULL,
    attachments TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    edited_at   INTEGER,
    deleted_at  INTEGER,
    CONSTRAINT chat_messages_pk PRIMARY KEY (place),
    CONSTRAINT chat_messages_id_key UNIQUE (id),
    CONSTRAINT chat_messages_room FOREIGN KEY (room_id) REFERENCES chat_rooms (id),
    CONSTRAINT chat_messages_author
        CHECK (author = 'USER' OR author = 'ADVISOR' OR author = 'STAFF' OR author = 'SYSTEM'),
    -- What was deleted is gone from here; the audit log has it.
    CONSTRAINT chat_messages_deleted CHECK (deleted_at IS NULL OR text = '')
) STRICT;

CREATE INDEX chat_messages_of_room ON chat_messages (room_id, place);

-- How far each reader of a room has got.
CREATE TABLE chat_receipts (
    room_id      BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    delivered    BLOB,
    read         BLOB,
    updated_at   INTEGER NOT NULL,
    CONSTRAINT chat_receipts_pk PRIMARY KEY (room_id, user_id),
    CONSTRAINT chat_receipts_room FOREIGN KEY (room_id) REFERENCES chat_rooms (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_attachments (
    id           BLOB    NOT NULL,
    tenant       BLOB    NOT NULL,
    room_id      BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    content_type TEXT    NOT NULL,
    bytes        BLOB    NOT NULL,
    -- The message that names it; each belongs to one.
    message_id   BLOB,
    created_at   INTEGER NOT NULL,
    CONSTRAINT chat_attachments_pk PRIMARY KEY (id),
    CONSTRAINT chat_attachments_room FOREIGN KEY (room_id) REFERENCES chat_rooms (id)
) STRICT;

CREATE INDEX chat_attachments_of_room ON chat_attachments (room_id);
CREATE INDEX chat_attachments_unused ON chat_attachments (created_at) WHERE message_id IS NULL;
