//! The keys about stopping without anybody noticing, and about what is kept for how long.

use super::{Fallback, Key, Kind};

/// How long the app still answers after it was asked to stop.
pub const DRAIN_SECONDS: Key = Key {
    name: "drain_seconds",
    variable: "PAYBRIDGE_DRAIN_SECONDS",
    kind: Kind::Number { of: "seconds", min: 0, max: 300 },
    fallback: Fallback::Value("5"),
    secret: false,
    doc: "After SIGTERM `/health/ready` says 503 for so long while the app still answers, so that a \
          load balancer has looked and sends requests elsewhere. Then it stops. Ctrl-C stops \
          without it. 0 where nothing stands before the app.",
};

const fn days(
    name: &'static str,
    variable: &'static str,
    min: u64,
    default: &'static str,
    doc: &'static str,
) -> Key {
    let kind = Kind::Number { of: "days", min, max: 36_500 };
    Key { name, variable, kind, fallback: Fallback::Value(default), secret: false, doc }
}

/// How long webhooks and commands are kept that were done with. The least is rule R24's.
pub const INBOX_DAYS: Key = days(
    "retention.inbox_days",
    "PAYBRIDGE_RETENTION_INBOX_DAYS",
    35,
    "35",
    "How long webhooks and commands are kept after they were done with. As long as they are there, \
     the same one is recognized when it comes again; so never shorter than 35 days.",
);

/// How long messages are kept that the shop has.
pub const OUTBOX_DAYS: Key = days(
    "retention.outbox_days",
    "PAYBRIDGE_RETENTION_OUTBOX_DAYS",
    1,
    "35",
    "How long messages are kept after the shop has taken them. What it has not taken is kept for \
     ever.",
);

/// How long settled calls are kept.
pub const CALLS_DAYS: Key = days(
    "retention.calls_days",
    "PAYBRIDGE_RETENTION_CALLS_DAYS",
    35,
    "400",
    "How long calls to Stripe are kept after their outcome was noted: for `paybridge payment show`.",
);

/// How long histories are kept.
pub const HISTORY_DAYS: Key = days(
    "retention.history_days",
    "PAYBRIDGE_RETENTION_HISTORY_DAYS",
    35,
    "400",
    "How long it is kept what happened to a payment when: for `paybridge payment show`. Amounts, \
     items and statuses are kept for ever.",
);

/// All of them, in the order of the reference.
pub(super) static ALL: [Key; 5] =
    [DRAIN_SECONDS, INBOX_DAYS, OUTBOX_DAYS, CALLS_DAYS, HISTORY_DAYS];
