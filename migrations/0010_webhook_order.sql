-- Deliveries of one resource follow one another also when some of them are sent again: one that becomes pending waits for
-- the pending ones before it, and those after it wait for it, but for one that is being sent.

DROP TRIGGER deliveries_parked;

CREATE TRIGGER deliveries_parked AFTER INSERT ON deliveries
WHEN NEW.order_key IS NOT NULL AND NEW.status = 'PENDING' BEGIN
    UPDATE deliveries SET next_attempt_at = 253402300799000 WHERE id = NEW.id
    AND EXISTS (SELECT 1 FROM deliveries WHERE endpoint_id = NEW.endpoint_id AND order_key = NEW.order_key
        AND status = 'PENDING' AND event_seq < NEW.event_seq);
    UPDATE deliveries SET next_attempt_at = 253402300799000 WHERE endpoint_id = NEW.endpoint_id
    AND order_key = NEW.order_key AND status = 'PENDING' AND event_seq > NEW.event_seq AND lease_until IS NULL;
END;

CREATE TRIGGER deliveries_parked_again AFTER UPDATE OF status ON deliveries
WHEN NEW.order_key IS NOT NULL AND OLD.status <> 'PENDING' AND NEW.status = 'PENDING' BEGIN
    UPDATE deliveries SET next_attempt_at = 253402300799000 WHERE id = NEW.id
    AND EXISTS (SELECT 1 FROM deliveries WHERE endpoint_id = NEW.endpoint_id AND order_key = NEW.order_key
        AND status = 'PENDING' AND event_seq < NEW.event_seq);
    UPDATE deliveries SET next_attempt_at = 253402300799000 WHERE endpoint_id = NEW.endpoint_id
    AND order_key = NEW.order_key AND status = 'PENDING' AND event_seq > NEW.event_seq AND lease_until IS NULL;
END;

-- What a source has settled of our orders, and whether it has given money back: it gives back its own payments only, and
-- one that comes after its refund is no payment any more.
CREATE TABLE inbound_settlements (
    tenant     BLOB    NOT NULL,
    source     TEXT    NOT NULL,
    order_id   BLOB    NOT NULL,
    payment_id BLOB,
    refunded   INTEGER NOT NULL,
    CONSTRAINT inbound_settlements_pk PRIMARY KEY (tenant, source, order_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbound_orders_oldest ON inbound_orders (updated_at);
CREATE INDEX webhook_jobs_finished ON webhook_jobs (finished_at) WHERE finished_at IS NOT NULL;
