-- Messages that wait until everything else of their tenant is through: there are hardly any, and each
-- message that is delivered asks for them.
CREATE INDEX outbox_last ON outbox (tenant) WHERE last = 1 AND state = 'waiting';
