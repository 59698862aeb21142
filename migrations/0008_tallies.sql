-- The writer adds up what a shared transaction changes in the dashboard's numbers and writes each sum once at its end;
-- triggers wrote the same rows again for every order and every payment.

DROP TRIGGER orders_days_insert;
DROP TRIGGER orders_days_update;
DROP TRIGGER payments_totals_insert;
DROP TRIGGER payments_totals_capture;
DROP TRIGGER payments_totals_refund;

-- A change of status alone moves a pet by two statements, which need no journal of their own as a trigger's do.
DROP TRIGGER pets_stock_update;
CREATE TRIGGER pets_stock_update AFTER UPDATE OF species ON pets
WHEN OLD.species <> NEW.species OR OLD.status <> NEW.status BEGIN
    UPDATE inventory SET count = count - 1, updated_at = max(updated_at, NEW.updated_at)
    WHERE tenant = OLD.tenant AND species = OLD.species AND status = OLD.status;
    INSERT INTO inventory (tenant, species, status, count, updated_at)
    VALUES (NEW.tenant, NEW.species, NEW.status, 1, NEW.updated_at)
    ON CONFLICT (tenant, species, status) DO UPDATE
    SET count = count + 1, updated_at = max(updated_at, excluded.updated_at);
END;
