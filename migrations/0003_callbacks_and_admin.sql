-- Callbacks of orders, and what the Admin API asks for.

-- A callback is a delivery to an address of its own. It needs a lane, so that a slow receiver delays nobody else: an
-- endpoint that nobody sees and that wants no event, one for each user and origin (`callback_lane`).
ALTER TABLE webhook_endpoints ADD COLUMN callback_lane TEXT;
CREATE UNIQUE INDEX webhook_endpoints_lane_key ON webhook_endpoints (tenant, owner, callback_lane)
    WHERE callback_lane IS NOT NULL AND deleted = 0;
ALTER TABLE deliveries ADD COLUMN callback_url TEXT;
ALTER TABLE deliveries ADD COLUMN callback_order BLOB;
-- Counts those that wait, for the limits.
CREATE INDEX deliveries_callbacks_pending ON deliveries (tenant, callback_order)
    WHERE callback_order IS NOT NULL AND status = 'PENDING';

-- The numbers of the dashboard are kept by triggers, as the stock is: a call must not walk a million orders.
-- One row for a day and a currency: an order that moves along changes one row once.
CREATE TABLE order_days (
    tenant           BLOB    NOT NULL,
    -- Days since 1970, UTC, of the order's creation.
    day              INTEGER NOT NULL,
    currency         TEXT    NOT NULL,
    placed_count     INTEGER NOT NULL,
    placed_amount    INTEGER NOT NULL,
    approved_count   INTEGER NOT NULL,
    approved_amount  INTEGER NOT NULL,
    shipped_count    INTEGER NOT NULL,
    shipped_amount   INTEGER NOT NULL,
    delivered_count  INTEGER NOT NULL,
    delivered_amount INTEGER NOT NULL,
    cancelled_count  INTEGER NOT NULL,
    cancelled_amount INTEGER NOT NULL,
    CONSTRAINT order_days_pk PRIMARY KEY (tenant, day, currency)
) STRICT, WITHOUT ROWID;

INSERT INTO order_days
SELECT tenant, created_at / 86400000, currency,
    sum(status = 'PLACED'), sum((status = 'PLACED') * total_amount),
    sum(status = 'APPROVED'), sum((status = 'APPROVED') * total_amount),
    sum(status = 'SHIPPED'), sum((status = 'SHIPPED') * total_amount),
    sum(status = 'DELIVERED'), sum((status = 'DELIVERED') * total_amount),
    sum(status = 'CANCELLED'), sum((status = 'CANCELLED') * total_amount)
FROM orders GROUP BY 1, 2, 3;

CREATE TRIGGER orders_days_insert AFTER INSERT ON orders BEGIN
    INSERT INTO order_days
    VALUES (NEW.tenant, NEW.created_at / 86400000, NEW.currency,
        (NEW.status = 'PLACED'), (NEW.status = 'PLACED') * NEW.total_amount,
        (NEW.status = 'APPROVED'), (NEW.status = 'APPROVED') * NEW.total_amount,
        (NEW.status = 'SHIPPED'), (NEW.status = 'SHIPPED') * NEW.total_amount,
        (NEW.status = 'DELIVERED'), (NEW.status = 'DELIVERED') * NEW.total_amount,
        (NEW.status = 'CANCELLED'), (NEW.status = 'CANCELLED') * NEW.total_amount)
    ON CONFLICT (tenant, day, currency) DO UPDATE SET
        placed_count = placed_count + excluded.placed_count, placed_amount = placed_amount + excluded.placed_amount,
        approved_count = approved_count + excluded.approved_count, approved_amount = approved_amount + excluded.approved_amount,
        shipped_count = shipped_count + excluded.shipped_count, shipped_amount = shipped_amount + excluded.shipped_amount,
        delivered_count = delivered_count + excluded.delivered_count, delivered_amount = delivered_amount + excluded.delivered_amount,
        cancelled_count = cancelled_count + excluded.cancelled_count, cancelled_amount = cancelled_amount + excluded.cancelled_amount;
END;

CREATE TRIGGER orders_days_update AFTER UPDATE OF status ON orders WHEN OLD.status <> NEW.status BEGIN
    UPDATE order_days SET
        placed_count = placed_count + (NEW.status = 'PLACED') - (OLD.status = 'PLACED'),
        placed_amount = placed_amount + ((NEW.status = 'PLACED') - (OLD.status = 'PLACED')) * NEW.total_amount,
        approved_count = approved_count + (NEW.status = 'APPROVED') - (OLD.status = 'APPROVED'),
        approved_amount = approved_amount + ((NEW.status = 'APPROVED') - (OLD.status = 'APPROVED')) * NEW.total_amount,
        shipped_count = shipped_count + (NEW.status = 'SHIPPED') - (OLD.status = 'SHIPPED'),
        shipped_amount = shipped_amount + ((NEW.status = 'SHIPPED') - (OLD.status = 'SHIPPED')) * NEW.total_amount,
        delivered_count = delivered_count + (NEW.status = 'DELIVERED') - (OLD.status = 'DELIVERED'),
        delivered_amount = delivered_amount + ((NEW.status = 'DELIVERED') - (OLD.status = 'DELIVERED')) * NEW.total_amount,
        cancelled_count = cancelled_count + (NEW.status = 'CANCELLED') - (OLD.status = 'CANCELLED'),
        cancelled_amount = cancelled_amount + ((NEW.status = 'CANCELLED') - (OLD.status = 'CANCELLED')) * NEW.total_amount
    WHERE tenant = NEW.tenant AND day = NEW.created_at / 86400000 AND currency = NEW.currency;
END;

CREATE TABLE payment_totals (
    tenant   BLOB    NOT NULL,
    currency TEXT    NOT NULL,
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    CONSTRAINT payment_totals_pk PRIMARY KEY (tenant, currency)
) STRICT, WITHOUT ROWID;

INSERT INTO payment_totals (tenant, currency, captured, refunded)
SELECT tenant, currency, sum(amount), sum(CASE status WHEN 'REFUNDED' THEN amount ELSE 0 END)
FROM payments WHERE status = 'SUCCEEDED' OR status = 'REFUNDED' GROUP BY 1, 2;

CREATE TRIGGER payments_totals_insert AFTER INSERT ON payments
WHEN NEW.status = 'SUCCEEDED' OR NEW.status = 'REFUNDED' BEGIN
    INSERT INTO payment_totals (tenant, currency, captured, refunded)
    VALUES (NEW.tenant, NEW.currency, NEW.amount, CASE NEW.status WHEN 'REFUNDED' THEN NEW.amount ELSE 0 END)
    ON CONFLICT (tenant, currency) DO UPDATE
    SET captured = captured + excluded.captured, refunded = refunded + excluded.refunded;
END;

CREATE TRIGGER payments_totals_capture AFTER UPDATE OF status ON payments
WHEN NEW.status = 'SUCCEEDED' AND OLD.status <> 'SUCCEEDED' AND OLD.status <> 'REFUNDED' BEGIN
    INSERT INTO payment_totals (tenant, currency, captured, refunded) VALUES (NEW.tenant, NEW.currency, NEW.amount, 0)
    ON CONFLICT (tenant, currency) DO UPDATE SET captured = captured + excluded.captured;
END;

CREATE TRIGGER payments_totals_refund AFTER UPDATE OF status ON payments
WHEN NEW.status = 'REFUNDED' AND OLD.status = 'SUCCEEDED' BEGIN
    UPDATE payment_totals SET refunded = refunded + NEW.amount WHERE tenant = NEW.tenant AND currency = NEW.currency;
END;

CREATE TABLE user_totals (
    tenant BLOB    NOT NULL,
    status TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    CONSTRAINT user_totals_pk PRIMARY KEY (tenant, status)
) STRICT, WITHOUT ROWID;

INSERT INTO user_totals (tenant, status, count) SELECT tenant, status, count(*) FROM users GROUP BY 1, 2;

CREATE TRIGGER users_totals_insert AFTER INSERT ON users BEGIN
    INSERT INTO user_totals (tenant, status, count) VALUES (NEW.tenant, NEW.status, 1)
    ON CONFLICT (tenant, status) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER users_totals_update AFTER UPDATE OF status ON users WHEN OLD.status <> NEW.status BEGIN
    UPDATE user_totals SET count = count - 1 WHERE tenant = OLD.tenant AND status = OLD.status;
    INSERT INTO user_totals (tenant, status, count) VALUES (NEW.tenant, NEW.status, 1)
    ON CONFLICT (tenant, status) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER users_totals_delete AFTER DELETE ON users BEGIN
    UPDATE user_totals SET count = count - 1 WHERE tenant = OLD.tenant AND status = OLD.status;
END;

CREATE INDEX users_newest ON users (tenant, created_at DESC, id DESC);

-- How many deliveries came to their end in each hour.
CREATE TABLE delivery_hours (
    tenant BLOB    NOT NULL,
    -- Hours since 1970.
    hour   INTEGER NOT NULL,
    status TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    CONSTRAINT delivery_hours_pk PRIMARY KEY (tenant, hour, status)
) STRICT, WITHOUT ROWID;

INSERT INTO delivery_hours (tenant, hour, status, count)
SELECT tenant, settled_at / 3600000, status, count(*) FROM deliveries WHERE settled_at IS NOT NULL GROUP BY 1, 2, 3;

CREATE TRIGGER deliveries_hours AFTER UPDATE OF status ON deliveries
WHEN OLD.status = 'PENDING' AND NEW.settled_at IS NOT NULL BEGIN
    INSERT INTO delivery_hours (tenant, hour, status, count)
    VALUES (NEW.tenant, NEW.settled_at / 3600000, NEW.status, 1)
    ON CONFLICT (tenant, hour, status) DO UPDATE SET count = count + 1;
END;

CREATE INDEX deliveries_pending_oldest ON deliveries (tenant, created_at) WHERE status = 'PENDING';

-- Why an administrator did it.
ALTER TABLE audit ADD COLUMN reason TEXT;
CREATE INDEX audit_of_user ON audit (tenant, user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_of_entity ON audit (tenant, entity_id, id) WHERE entity_id IS NOT NULL;
