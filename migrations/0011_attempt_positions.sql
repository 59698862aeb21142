-- Attempts of webhooks in the order in which they were recorded, so that whoever follows those of an endpoint can go on
-- after the last one seen.

-- How many were recorded in this database's life; never goes back, whatever is purged.
ALTER TABLE meta ADD COLUMN attempted INTEGER NOT NULL DEFAULT 0;

-- Nothing for those that are older than positions: nobody has a cursor before them.
ALTER TABLE attempts ADD COLUMN position INTEGER;
ALTER TABLE attempts ADD COLUMN endpoint BLOB;

CREATE UNIQUE INDEX attempts_in_order ON attempts (endpoint, position) WHERE position IS NOT NULL;

-- The newest attempt of the endpoint that is not kept any more: who has seen less has a gap.
ALTER TABLE webhook_endpoints ADD COLUMN attempts_purged INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER attempts_purged AFTER DELETE ON attempts WHEN OLD.position IS NOT NULL BEGIN
    UPDATE webhook_endpoints SET attempts_purged = max(attempts_purged, OLD.position) WHERE id = OLD.endpoint;
END;
