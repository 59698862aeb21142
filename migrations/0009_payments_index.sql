-- The payments of a tenant are listed newest first, which is the order of their ids: without this, a list walked those of
-- every other tenant.
CREATE INDEX payments_of_tenant ON payments (tenant, id);
