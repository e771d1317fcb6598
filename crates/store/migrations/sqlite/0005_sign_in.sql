-- Fixed tokens of tenants. A tenant may have one before it is configured, so nothing refers to it.
CREATE TABLE access_token (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE, -- SHA-256; the token itself is stored nowhere
    label      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT;

-- What a tenant's credentials are sealed with, itself wrapped by a master key: changing the master
-- key wraps these anew and touches no credential. `credential.key_id` names the id here, or the
-- master key itself in rows from before this table.
CREATE TABLE data_key (
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    master     TEXT    NOT NULL, -- the id of the master key that opens `wrapped`
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
-- What rotating has left to do, and which master keys the database needs.
CREATE INDEX data_key_master ON data_key (master);
CREATE INDEX credential_key ON credential (key_id);
