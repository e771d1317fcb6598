//! The keys about how much a client may ask, send and take its time.

use super::{Fallback, Key, Kind};

/// The words of `channels.private_targets`: only public addresses are pushed to.
pub const PRIVATE_TARGETS_REFUSED: &str = "refused";
/// The words of `channels.private_targets`: every address is pushed to.
pub const PRIVATE_TARGETS_ALLOWED: &str = "allowed";

/// Whose word about a client's address is taken.
pub const TRUSTED_PROXIES: Key = Key {
    name: "trusted_proxies",
    variable: "PAYBRIDGE_TRUSTED_PROXIES",
    kind: Kind::Networks,
    fallback: Fallback::Nothing,
    secret: false,
    doc: "Proxies before the app, as addresses or networks with commas between them. From these \
          alone `X-Forwarded-For` is taken, read from the right. Without it all clients behind a \
          proxy count as one address.",
};

/// Whether messages are pushed to private addresses.
pub const PRIVATE_TARGETS: Key = Key {
    name: "channels.private_targets",
    variable: "PAYBRIDGE_CHANNELS_PRIVATE_TARGETS",
    kind: Kind::OneOf(&[PRIVATE_TARGETS_REFUSED, PRIVATE_TARGETS_ALLOWED]),
    fallback: Fallback::Value(PRIVATE_TARGETS_REFUSED),
    secret: false,
    doc: "Whether messages may be pushed to loopback and private addresses. The address is checked \
          when the connection is made, so that a name cannot lead there later.",
};

/// How long what names customers is kept.
pub const CUSTOMER_DATA_DAYS: Key = number(
    "customer_data_days",
    "PAYBRIDGE_CUSTOMER_DATA_DAYS",
    Kind::Number { of: "days", min: 1, max: 3_650 },
    "180",
    "How long names, addresses and e-mail addresses of customers are kept after the last thing that \
     happened to their payment. Then the worker erases them; amounts, orders and Stripe's ids stay. \
     A payment that is not settled keeps them.",
);

const fn number(
    name: &'static str,
    variable: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, variable, kind, fallback: Fallback::Value(default), secret: false, doc }
}

const fn rate(
    name: &'static str,
    variable: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    number(name, variable, Kind::Number { of: "requests", min: 1, max: 100_000 }, default, doc)
}

const fn seconds(
    name: &'static str,
    variable: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    number(name, variable, Kind::Number { of: "seconds", min: 1, max: 600 }, default, doc)
}

/// Requests a second of one tenant.
pub const TENANT_RATE: Key = rate(
    "limits.tenant_requests_per_second",
    "PAYBRIDGE_LIMITS_TENANT_REQUESTS_PER_SECOND",
    "500",
    "How many requests a second one tenant may make, after a burst of ten seconds' worth. More are \
     answered 429 with `Retry-After`.",
);

/// Requests a second of one address.
pub const ADDRESS_RATE: Key = rate(
    "limits.address_requests_per_second",
    "PAYBRIDGE_LIMITS_ADDRESS_REQUESTS_PER_SECOND",
    "500",
    "The same for one address, whoever it is; of IPv6 for one /64 network.",
);

/// Requests a second of one browser.
pub const BROWSER_RATE: Key = rate(
    "limits.browser_requests_per_second",
    "PAYBRIDGE_LIMITS_BROWSER_REQUESTS_PER_SECOND",
    "5",
    "The same for one address that shows a customer's token.",
);

/// How long a request may take.
pub const REQUEST_SECONDS: Key = seconds(
    "limits.request_seconds",
    "PAYBRIDGE_LIMITS_REQUEST_SECONDS",
    "120",
    "How long the app takes to answer before it says 503. What it had begun is not done twice.",
);

/// How large a body may be.
pub const BODY_BYTES: Key = number(
    "limits.body_bytes",
    "PAYBRIDGE_LIMITS_BODY_BYTES",
    Kind::Number { of: "bytes", min: 65_536, max: 67_108_864 },
    "1048576",
    "The largest body of a request. A larger one is answered 413.",
);

/// How long a body may take.
pub const BODY_SECONDS: Key = seconds(
    "limits.body_seconds",
    "PAYBRIDGE_LIMITS_BODY_SECONDS",
    "30",
    "How long a client may take to send a body. A slower one is answered 408.",
);

/// How large the head of a request may be.
pub const HEADER_BYTES: Key = number(
    "limits.header_bytes",
    "PAYBRIDGE_LIMITS_HEADER_BYTES",
    Kind::Number { of: "bytes", min: 8_192, max: 1_048_576 },
    "32768",
    "The largest head of a request: its first line and its headers. A larger one is answered 431.",
);

/// How long the head of a request may take.
pub const HEADER_SECONDS: Key = seconds(
    "limits.header_seconds",
    "PAYBRIDGE_LIMITS_HEADER_SECONDS",
    "15",
    "How long a client may take to send the head of a request, and how long an idle connection is \
     kept. Then it is closed.",
);

/// How many connections there may be.
pub const CONNECTIONS: Key = number(
    "limits.connections",
    "PAYBRIDGE_LIMITS_CONNECTIONS",
    Kind::Number { of: "connections", min: 16, max: 100_000 },
    "4096",
    "How many connections are open at once. More wait to be let in.",
);

/// How many calls to Stripe there may be for one account.
pub const STRIPE_CALLS: Key = number(
    "limits.stripe_calls_per_account",
    "PAYBRIDGE_LIMITS_STRIPE_CALLS_PER_ACCOUNT",
    Kind::Number { of: "calls", min: 1, max: 1_000 },
    "20",
    "How many calls to Stripe are under way at once for one account. More wait their turn. Stripe \
     itself takes 100 a second of a live account, and 25 of a sandbox.",
);

/// All of them but that of the channels, in the order of the reference.
pub(super) static ALL: [Key; 12] = [
    TRUSTED_PROXIES,
    CUSTOMER_DATA_DAYS,
    TENANT_RATE,
    ADDRESS_RATE,
    BROWSER_RATE,
    REQUEST_SECONDS,
    BODY_BYTES,
    BODY_SECONDS,
    HEADER_BYTES,
    HEADER_SECONDS,
    CONNECTIONS,
    STRIPE_CALLS,
];
