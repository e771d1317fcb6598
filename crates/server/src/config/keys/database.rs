//! Keys of the database.

use super::{Fallback, Key, Kind};

/// Where the data are.
pub const DATABASE_URL: Key = Key {
    name: "database_url",
    variable: "PAYBRIDGE_DATABASE_URL",
    kind: Kind::Database,
    fallback: Fallback::Value("sqlite:./paybridge-data/paybridge.db"),
    secret: false,
    doc: "Where the data are: `sqlite:` and the path of a file, whose folder is made if need be; or a \
          PostgreSQL server, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, which any number of \
          processes may use. A server elsewhere is asked for TLS and for a certificate that this \
          machine trusts, unless `?sslmode=disable` stands at the end.",
};

/// How many connections a process has to PostgreSQL.
pub const DATABASE_CONNECTIONS: Key = Key {
    name: "database_connections",
    variable: "PAYBRIDGE_DATABASE_CONNECTIONS",
    kind: Kind::Number { of: "connections", min: 2, max: 200 },
    fallback: Fallback::Value("8"),
    secret: false,
    doc: "How many connections this process has to PostgreSQL at most; one that works has one more, to \
          hear of what others took in. All processes together must stay below the server's \
          `max_connections`.",
};

/// How long PostgreSQL may take.
pub const DATABASE_TIMEOUT_SECONDS: Key = Key {
    name: "database_timeout_seconds",
    variable: "PAYBRIDGE_DATABASE_TIMEOUT_SECONDS",
    kind: Kind::Number { of: "seconds", min: 1, max: 60 },
    fallback: Fallback::Value("10"),
    secret: false,
    doc: "After so long PostgreSQL gives a statement up, and what was asked for fails as when the \
          database is gone: senders try again. Migrations may take longer.",
};

/// In the order of the reference.
pub(super) static ALL: [Key; 3] = [DATABASE_URL, DATABASE_CONNECTIONS, DATABASE_TIMEOUT_SECONDS];
