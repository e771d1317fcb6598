-- Keys start with the tenant. Ids are text, times are microseconds since 1970 in UTC, amounts are
-- minor units. What a column means for the business is said where it is not plain.

CREATE TABLE installation (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    id         TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tenant (
    id         TEXT    PRIMARY KEY NOT NULL,
    version    INTEGER NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('CONNECTED', 'DISCONNECTED')),
    account    TEXT    NOT NULL,
    mode       TEXT    NOT NULL CHECK (mode IN ('test', 'live')),
    settings   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tenant_disconnected ON tenant (id) WHERE status = 'DISCONNECTED';

-- One row for each PSP account the tenant was ever configured to (rule R1).
CREATE TABLE credential (
    tenant     TEXT    NOT NULL REFERENCES tenant (id),
    account    TEXT    NOT NULL,
    mode       TEXT    NOT NULL CHECK (mode IN ('test', 'live')),
    key_id     TEXT    NOT NULL, -- which encryption key opens `sealed`
    sealed     BLOB    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, account, mode)
) STRICT;

CREATE TABLE payment_method (
    tenant  TEXT    NOT NULL REFERENCES tenant (id),
    name    TEXT    NOT NULL,
    told    TEXT    NOT NULL,
    told_at INTEGER NOT NULL,
    active  INTEGER NOT NULL CHECK (active IN (0, 1)),
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (
    tenant              TEXT    NOT NULL REFERENCES tenant (id),
    id                  TEXT    NOT NULL,
    version             INTEGER NOT NULL,
    account             TEXT    NOT NULL,
    mode                TEXT    NOT NULL CHECK (mode IN ('test', 'live')),
    order_reference     TEXT    NOT NULL,
    status              TEXT    NOT NULL,
    -- Whether it keeps its tenant from disconnecting; computed from status and amounts.
    open                INTEGER NOT NULL CHECK (open IN (0, 1)),
    total_minor         INTEGER NOT NULL CHECK (total_minor >= 0),
    total_currency      TEXT    NOT NULL,
    authorized_minor    INTEGER NOT NULL CHECK (authorized_minor >= 0),
    authorized_currency TEXT    NOT NULL,
    capturable_minor    INTEGER NOT NULL CHECK (capturable_minor >= 0),
    capturable_currency TEXT    NOT NULL,
    captured_minor      INTEGER NOT NULL CHECK (captured_minor >= 0),
    captured_currency   TEXT    NOT NULL,
    canceled_items      TEXT    NOT NULL,
    method              TEXT,
    -- Names and addresses of people: in this column and in psp_call.parameters only.
    checkout            TEXT    NOT NULL,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, account, mode, order_reference) -- rule R1
) STRICT;
CREATE INDEX payment_of_order ON payment (tenant, order_reference, created_at, id);
CREATE INDEX payment_open ON payment (tenant) WHERE open = 1;

CREATE TABLE attempt (
    tenant       TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    payment      TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    reference    TEXT,
    state        TEXT    NOT NULL CHECK (state IN ('open', 'refused', 'closed')),
    multicapture INTEGER CHECK (multicapture IN (0, 1)),
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, payment, position),
    -- The reference comes first because a webhook without a tenant is looked up by it alone.
    UNIQUE (reference, tenant),
    FOREIGN KEY (tenant, payment) REFERENCES payment (tenant, id)
) STRICT;

CREATE TABLE capture (
    tenant       TEXT    NOT NULL,
    attempt      TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    call         TEXT, -- none: captured at the PSP, not by a call of ours
    items        TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    PRIMARY KEY (tenant, attempt, position),
    FOREIGN KEY (tenant, attempt) REFERENCES attempt (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refund (
    tenant       TEXT    NOT NULL,
    attempt      TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    reference    TEXT,
    items        TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL,
    state        TEXT    NOT NULL
        CHECK (state IN ('requested', 'pending', 'succeeded', 'failed', 'canceled')),
    PRIMARY KEY (tenant, attempt, position),
    FOREIGN KEY (tenant, attempt) REFERENCES attempt (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment_history (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      TEXT    NOT NULL,
    payment     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,
    from_status TEXT    NOT NULL,
    to_status   TEXT    NOT NULL,
    note        TEXT,
    FOREIGN KEY (tenant, payment) REFERENCES payment (tenant, id)
) STRICT;
CREATE INDEX payment_history_of_payment ON payment_history (tenant, payment);

-- The journal of calls to the PSP: a row is here before the call is made.
CREATE TABLE psp_call (
    tenant          TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    payment         TEXT    NOT NULL,
    attempt         TEXT    NOT NULL,
    purpose         TEXT    NOT NULL
        CHECK (purpose IN ('create', 'update', 'capture', 'cancel', 'refund')),
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
-- Rule R10: one unsettled call for each payment.
CREATE UNIQUE INDEX psp_call_open ON psp_call (tenant, payment) WHERE settled_at IS NULL;
CREATE INDEX psp_call_free ON psp_call (free_at) WHERE settled_at IS NULL;

CREATE TABLE inbox (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of arrival
    tenant      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('event', 'command')),
    external_id TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    order_key   TEXT,
    body        BLOB, -- none: it was foreign, and dropped
    attributes  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'foreign', 'parked')),
    -- From then on a worker may take it. None: no worker may, because it is ended, or because an
    -- older command of its order is not (rule R10).
    due_at      INTEGER,
    lease_owner TEXT,
    fence       INTEGER NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 0,
    ended_at    INTEGER,
    note        TEXT,
    UNIQUE (tenant, kind, external_id), -- rules R3, R4
    UNIQUE (tenant, id),
    CHECK (due_at IS NULL OR state = 'waiting')
) STRICT;
CREATE INDEX inbox_due ON inbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_order ON inbox (tenant, order_key) WHERE kind = 'command' AND state = 'waiting';
CREATE INDEX inbox_of_tenant ON inbox (tenant) WHERE state = 'waiting';
CREATE INDEX inbox_open ON inbox (state) WHERE state IN ('waiting', 'parked');

CREATE TABLE outbox (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of telling
    tenant        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    order_key     TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    attributes    TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    blocks        INTEGER NOT NULL CHECK (blocks IN (0, 1)),
    after         TEXT, -- the id of a message that has to be delivered before
    -- Whether everything else of the tenant has to be through before, work included.
    last          INTEGER NOT NULL CHECK (last IN (0, 1)),
    created_at    INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'parked')),
    -- Whether later messages of its order wait for it: until it is delivered, or parked where it
    -- does not block.
    holds         INTEGER NOT NULL CHECK (holds IN (0, 1)),
    -- Pushed messages: from then on a worker may take it. None: it is ended or has to wait.
    due_at        INTEGER,
    lease_owner   TEXT,
    fence         INTEGER NOT NULL DEFAULT 0,
    tries         INTEGER NOT NULL DEFAULT 0,
    -- Polled messages: rule R21.
    hidden_until  INTEGER,
    first_read_at INTEGER,
    reads         INTEGER NOT NULL DEFAULT 0,
    ended_at      INTEGER,
    note          TEXT,
    UNIQUE (tenant, id),
    CHECK (due_at IS NULL OR state = 'waiting')
) STRICT;
CREATE INDEX outbox_due ON outbox (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_order ON outbox (tenant, order_key) WHERE holds = 1;
CREATE INDEX outbox_channel ON outbox (tenant, channel) WHERE holds = 1;
CREATE INDEX outbox_after ON outbox (tenant, after) WHERE after IS NOT NULL AND state = 'waiting';
CREATE INDEX outbox_waiting ON outbox (channel, created_at) WHERE state = 'waiting';
CREATE INDEX outbox_parked ON outbox (tenant) WHERE state = 'parked';
