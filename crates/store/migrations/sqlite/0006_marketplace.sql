-- Merchants: a row is there before the account at the provider is, and is the journal of its making.
CREATE TABLE merchant (
    tenant      TEXT    NOT NULL REFERENCES tenant (id),
    id          TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    platform    TEXT    NOT NULL, -- the marketplace's account
    mode        TEXT    NOT NULL CHECK (mode IN ('test', 'live')),
    reference   TEXT    NOT NULL, -- the shop's name of it
    name        TEXT,
    account     TEXT, -- its own account at the provider
    key         TEXT    NOT NULL, -- the idempotency key under which that is made
    key_since   INTEGER NOT NULL,
    status      TEXT, -- what the shop was told last
    token       TEXT    NOT NULL, -- what the addresses for coming back carry
    visited_at  INTEGER NOT NULL,
    success_url TEXT    NOT NULL,
    refresh_url TEXT,
    cancel_url  TEXT,
    error_url   TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, platform, mode, reference), -- rule R20
    UNIQUE (tenant, token),
    -- The account comes first because a webhook without a tenant is looked up by it alone.
    UNIQUE (account, tenant)
) STRICT;
CREATE INDEX merchant_open ON merchant (tenant) WHERE account IS NOT NULL AND status <> 'rejected';

-- Money passed on to a merchant.
CREATE TABLE transfer (
    tenant       TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    payment      TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    reference    TEXT,
    merchant     TEXT    NOT NULL,
    destination  TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('requested', 'succeeded', 'failed')),
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, payment, position),
    UNIQUE (tenant, reference),
    FOREIGN KEY (tenant, payment) REFERENCES payment (tenant, id)
) STRICT;

-- What an item has in a transfer.
CREATE TABLE transfer_share (
    tenant       TEXT    NOT NULL,
    transfer     TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    payment      TEXT    NOT NULL,
    merchant     TEXT    NOT NULL,
    item         TEXT    NOT NULL,
    round        INTEGER NOT NULL CHECK (round >= 0), -- how often it was wholly taken back before
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    failed       INTEGER NOT NULL CHECK (failed IN (0, 1)), -- the transfer came to nothing
    PRIMARY KEY (tenant, transfer, position),
    FOREIGN KEY (tenant, transfer) REFERENCES transfer (tenant, id)
) STRICT, WITHOUT ROWID;
-- Rule R18: an item is paid out once, until all of it was taken back.
CREATE UNIQUE INDEX transfer_share_once ON transfer_share (tenant, payment, merchant, item, round)
    WHERE failed = 0;

-- Money taken back from a merchant.
CREATE TABLE reversal (
    tenant       TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    transfer     TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    reference    TEXT,
    shares       TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    state        TEXT    NOT NULL CHECK (state IN ('requested', 'succeeded', 'failed')),
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, transfer, position),
    FOREIGN KEY (tenant, transfer) REFERENCES transfer (tenant, id)
) STRICT;

-- Disputes of an attempt: where their money is.
CREATE TABLE dispute (
    tenant       TEXT    NOT NULL,
    attempt      TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    reference    TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('opened', 'withdrawn', 'reinstated')),
    PRIMARY KEY (tenant, attempt, position),
    FOREIGN KEY (tenant, attempt) REFERENCES attempt (tenant, id)
) STRICT, WITHOUT ROWID;

-- The charge that paid an attempt: payouts pass its money on.
ALTER TABLE attempt ADD COLUMN charge TEXT;

-- The journal takes transfers and reversals as well. Which purposes there are is said by the code
-- that reads them; the list in the table's definition could only be changed by making it anew.
CREATE TABLE psp_call_2 (
    tenant          TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    payment         TEXT    NOT NULL,
    attempt         TEXT    NOT NULL,
    purpose         TEXT    NOT NULL,
    parameters      TEXT    NOT NULL,
    parameters_hash TEXT    NOT NULL, -- SHA-256 of purpose and parameters, hexadecimal
    idempotency_key TEXT    NOT NULL,
    command         TEXT, -- the inbox row it is made for
    planned_at      INTEGER NOT NULL,
    free_at         INTEGER NOT NULL, -- from then on a worker may take it; the end of a lease
    lease_owner     TEXT,
    settled_at      INTEGER,
    succeeded       INTEGER CHECK (succeeded IN (0, 1)),
    reason          TEXT,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, payment) REFERENCES payment (tenant, id),
    FOREIGN KEY (tenant, attempt) REFERENCES attempt (tenant, id),
    CHECK ((settled_at IS NULL) = (succeeded IS NULL))
) STRICT;
INSERT INTO psp_call_2 (rowid, tenant, id, payment, attempt, purpose, parameters, parameters_hash,
        idempotency_key, command, planned_at, free_at, lease_owner, settled_at, succeeded, reason)
    SELECT rowid, tenant, id, payment, attempt, purpose, parameters, parameters_hash,
        idempotency_key, command, planned_at, free_at, lease_owner, settled_at, succeeded, reason
    FROM psp_call;
DROP TABLE psp_call;
ALTER TABLE psp_call_2 RENAME TO psp_call;
-- Rule R10: one unsettled call for each payment.
CREATE UNIQUE INDEX psp_call_open ON psp_call (tenant, payment) WHERE settled_at IS NULL;
CREATE INDEX psp_call_free ON psp_call (free_at) WHERE settled_at IS NULL;
CREATE INDEX psp_call_of_payment ON psp_call (tenant, payment);
