-- Full-text search, listing by every order, and uploaded images.

-- The index of texts knows a pet by its row number, which VACUUM changes unless it is a column of its own.
CREATE TABLE pets_numbered (
    number         INTEGER NOT NULL,
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
    CONSTRAINT pets_pk PRIMARY KEY (number),
    CONSTRAINT pets_id_key UNIQUE (id),
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

INSERT INTO pets_numbered (id, tenant, name, species, breed, age_months, size, color, gender, good_with_kids, price,
    currency, description, status, photos, medical_info, category, tags, created_at, updated_at)
SELECT id, tenant, name, species, breed, age_months, size, color, gender, good_with_kids, price,
    currency, description, status, photos, medical_info, category, tags, created_at, updated_at
FROM pets ORDER BY created_at, id;

DROP TABLE pets;
ALTER TABLE pets_numbered RENAME TO pets;

-- One for each order of a list, and for the two filters that shops live by. What lists filter by follows the order, so
-- that rows which do not match are passed over within the index. A pet that is bought changes `status` alone, so that is
-- in one index only.
CREATE INDEX pets_newest ON pets (tenant, created_at, id, species, size, age_months, good_with_kids);
CREATE INDEX pets_status_newest ON pets (tenant, status, created_at, id, species, size, age_months, good_with_kids);
CREATE INDEX pets_species_newest ON pets (tenant, species, created_at, id, size, age_months, good_with_kids);
CREATE INDEX pets_age ON pets (tenant, age_months, id, species, size, good_with_kids);
CREATE INDEX pets_price ON pets (tenant, price, id, species, size, age_months, good_with_kids);

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

-- The words of each pet, and its tenant as one more word, so that a search never walks through another tenant's pets.
-- The texts themselves stay in `pets`.
CREATE VIRTUAL TABLE pet_words USING fts5 (
    tenant, name, breed, description, tags,
    content = '', tokenize = 'unicode61 remove_diacritics 2'
);

INSERT INTO pet_words (rowid, tenant, name, breed, description, tags)
SELECT number, hex(tenant), name, breed, description,
    (SELECT group_concat(json_extract(value, '$.name'), ' ') FROM json_each(pets.tags))
FROM pets;

CREATE TRIGGER pets_words_insert AFTER INSERT ON pets BEGIN
    INSERT INTO pet_words (rowid, tenant, name, breed, description, tags)
    VALUES (NEW.number, hex(NEW.tenant), NEW.name, NEW.breed, NEW.description,
        (SELECT group_concat(json_extract(value, '$.name'), ' ') FROM json_each(NEW.tags)));
END;

CREATE TRIGGER pets_words_update AFTER UPDATE OF name, breed, description, tags ON pets
WHEN OLD.name <> NEW.name OR OLD.breed IS NOT NEW.breed OR OLD.description IS NOT NEW.description
    OR OLD.tags <> NEW.tags BEGIN
    INSERT INTO pet_words (pet_words, rowid, tenant, name, breed, description, tags)
    VALUES ('delete', OLD.number, hex(OLD.tenant), OLD.name, OLD.breed, OLD.description,
        (SELECT group_concat(json_extract(value, '$.name'), ' ') FROM json_each(OLD.tags)));
    INSERT INTO pet_words (rowid, tenant, name, breed, description, tags)
    VALUES (NEW.number, hex(NEW.tenant), NEW.name, NEW.breed, NEW.description,
        (SELECT group_concat(json_extract(value, '$.name'), ' ') FROM json_each(NEW.tags)));
END;

CREATE TRIGGER pets_words_delete AFTER DELETE ON pets BEGIN
    INSERT INTO pet_words (pet_words, rowid, tenant, name, breed, description, tags)
    VALUES ('delete', OLD.number, hex(OLD.tenant), OLD.name, OLD.breed, OLD.description,
        (SELECT group_concat(json_extract(value, '$.name'), ' ') FROM json_each(OLD.tags)));
END;

-- Uploaded images; the bytes are in a file of the image's id. A file without a row is an upload that failed, or one
-- whose pet is gone, and is taken away.
CREATE TABLE pet_images (
    id         BLOB    NOT NULL,
    tenant     BLOB    NOT NULL,
    pet_id     BLOB    NOT NULL,
    media_type TEXT    NOT NULL,
    bytes      INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    metadata   TEXT,
    created_at INTEGER NOT NULL,
    CONSTRAINT pet_images_pk PRIMARY KEY (id),
    CONSTRAINT pet_images_pet FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE CASCADE,
    CONSTRAINT pet_images_media_type CHECK (media_type = 'image/jpeg' OR media_type = 'image/png'
        OR media_type = 'image/webp'),
    CONSTRAINT pet_images_bytes CHECK (bytes > 0 AND width > 0 AND height > 0)
) STRICT;

CREATE INDEX pet_images_of_pet ON pet_images (pet_id, created_at);
