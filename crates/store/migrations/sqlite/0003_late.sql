-- When a refund succeeded: one that fails long afterwards needs a person. Of those that succeeded
-- before this column was there it is not known.
ALTER TABLE refund ADD COLUMN succeeded_at INTEGER;

-- Why an attempt ended, in the provider's words.
ALTER TABLE attempt ADD COLUMN ended_because TEXT;

-- What came in by bank transfer. Payments from before this column was there have no currency of it.
ALTER TABLE payment ADD COLUMN received_minor INTEGER NOT NULL DEFAULT 0
    CHECK (received_minor >= 0);
ALTER TABLE payment ADD COLUMN received_currency TEXT;
