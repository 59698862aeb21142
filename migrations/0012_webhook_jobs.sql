-- Whether a job was ended before its end.
ALTER TABLE webhook_jobs ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled = 0 OR cancelled = 1);
