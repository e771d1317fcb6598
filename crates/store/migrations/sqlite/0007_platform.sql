-- Which tenant has which account under the operator's platform (rule R5). A tenant may have one
-- before it is configured, so nothing refers to it.
CREATE TABLE bound_account (
    tenant   TEXT    NOT NULL,
    mode     TEXT    NOT NULL CHECK (mode IN ('test', 'live')),
    account  TEXT    NOT NULL,
    bound_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, mode),
    UNIQUE (account, mode)
) STRICT, WITHOUT ROWID;

-- Whether the operator's keys lead to the account: `sealed` says so, too, to who can open it.
ALTER TABLE credential ADD COLUMN platform INTEGER NOT NULL DEFAULT 0 CHECK (platform IN (0, 1));
-- Whom an event of the platform may be about.
CREATE INDEX credential_account ON credential (account, mode, tenant);
