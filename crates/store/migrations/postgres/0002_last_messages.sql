-- Messages that wait until everything else of their tenant is through: there are hardly any, and each
-- message that is delivered asks for them.
CREATE INDEX outbox_last ON outbox (tenant) WHERE last = 1 AND state = 'waiting';

-- These two are for the worker, who asks for all tenants. A question of one tenant must never walk
-- through them, however few rows the planner believes to be there; it does not name the last condition,
-- which always holds.
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (channel, created_at)
    WHERE state = 'waiting' AND created_at IS NOT NULL;
DROP INDEX psp_call_free;
CREATE INDEX psp_call_free ON psp_call (free_at, rowid)
    WHERE settled_at IS NULL AND free_at IS NOT NULL;
