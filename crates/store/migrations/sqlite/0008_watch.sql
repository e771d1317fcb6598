-- Accounts at the provider that are looked after: how far their events are known, and when the books
-- were last compared with them. A row is made with the credentials of an account, or with a
-- merchant's account.
CREATE TABLE watch (
    tenant       TEXT    NOT NULL REFERENCES tenant (id),
    account      TEXT    NOT NULL,
    mode         TEXT    NOT NULL CHECK (mode IN ('test', 'live')),
    platform     TEXT, -- the marketplace's account, where this is a merchant's
    events_until INTEGER NOT NULL, -- what happened before is in the inbox; never goes back
    compared_at  INTEGER NOT NULL,
    due_at       INTEGER NOT NULL, -- from then on a worker may take it; the end of a lease
    PRIMARY KEY (tenant, account, mode)
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_due ON watch (due_at);

INSERT INTO watch (tenant, account, mode, platform, events_until, compared_at, due_at)
    SELECT credential.tenant, credential.account, credential.mode, NULL, tenant.created_at,
        tenant.created_at, 0
    FROM credential JOIN tenant ON tenant.id = credential.tenant;
INSERT INTO watch (tenant, account, mode, platform, events_until, compared_at, due_at)
    SELECT tenant, account, mode, platform, created_at, created_at, 0
    FROM merchant WHERE account IS NOT NULL
    ON CONFLICT (tenant, account, mode) DO NOTHING;
