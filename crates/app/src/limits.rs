//! Every limit has a name. Those that an operator may want to change are in the configuration;
//! these follow from the contract and are the same everywhere.

use jiff::SignedDuration;

/// How long a message that was read from a channel stays hidden from other readers (rule R21).
pub const CHANNEL_HIDE: SignedDuration = SignedDuration::from_secs(10);
/// A message returned so often without being deleted, over at least [`CHANNEL_PARK_AGE`], is
/// parked: the shop cannot read it (rule R21).
pub const CHANNEL_PARK_READS: u32 = 10;
/// See [`CHANNEL_PARK_READS`].
pub const CHANNEL_PARK_AGE: SignedDuration = SignedDuration::from_mins(10);
/// At most so many messages come back from one read of a channel, whatever is asked for.
pub const CHANNEL_READ_MAX: u32 = 100;
/// A worker that took work gives it up after this time: others may take it then.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// At most so many rows are claimed at once.
pub const CLAIM_MAX: u32 = 32;
/// A command for an order that is not known waits so long for it (rule R11).
pub const UNKNOWN_ORDER_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// An event that names a payment of ours which is not there waits so long for it (rule R4).
pub const UNKNOWN_PAYMENT_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// A shop's order process waits for what becomes of a refund so long; a refund that fails later
/// needs a person (rule R13).
pub const REFUND_WATCH: SignedDuration = SignedDuration::from_hours(24 * 7);
/// The PSP keeps an idempotency key for a day; after this much time a call is never repeated
/// under its key, but asked for (rule R15).
pub const KEY_LIFE: SignedDuration = SignedDuration::from_hours(23);
/// A call that is open for longer than this was left behind by a crash or a missing answer.
pub const CALL_STALE: SignedDuration = SignedDuration::from_secs(90);
/// Whoever needs a payment whose call somebody else has open waits this long for it, then goes on
/// with the call under the same key.
pub const CALL_PATIENCE: SignedDuration = SignedDuration::from_secs(3);
/// The longest name that a shop gives a merchant, in characters.
pub const MERCHANT_REFERENCE_MAX: usize = 255;
/// A transfers call is answered within this time, well within the time limit of a request: what was
/// not begun then is told as such, and what was is in the journal.
pub const TRANSFERS_PATIENCE: SignedDuration = SignedDuration::from_secs(90);
/// An inbox row that failed so often is parked for the operator.
pub const INBOX_TRIES_MAX: u32 = 30;
/// The first delay of a row that is tried again; it doubles up to [`RETRY_DELAY_MAX`].
pub const RETRY_DELAY: SignedDuration = SignedDuration::from_secs(1);
/// The longest delay between two tries.
pub const RETRY_DELAY_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Nothing is put off for longer: what is due later was written while the clock was ahead, and is due
/// now. Twice the longest delay between two tries, so that clocks may differ.
pub const DUE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// The same of accounts that are looked after.
pub const WATCH_DUE_MAX: SignedDuration = SignedDuration::from_mins(30);
/// How often a use case reads again after somebody else was faster.
pub const CONFLICTS_MAX: u32 = 20;
/// A pre-order that nothing has happened to for so long is a cart that was left: it is called off,
/// and what came in for it goes back.
pub const PRE_ORDER_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// A confirmation waits at most so long until the PSP knows the order of what is paid already. No
/// money depends on it.
pub const DESCRIBE_PATIENCE: SignedDuration = SignedDuration::from_secs(3);
/// A shopper who opens the payment page waits for the PSP at most so long, then reads that it does
/// not answer.
pub const SHOPPER_PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// A worker that has not come round for so long is stuck: the longest piece of work is some calls to
/// the PSP, each of which ends within [`LEASE`].
pub const WORKER_SILENCE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// By the ids of their senders webhooks and commands are recognized when they come again, for at
/// least so long: Stripe lists its events for 30 days (rule R24).
pub const SENDER_IDS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 35);
/// At most so many rows of each kind are given up in one transaction.
pub const PRUNE_ROWS: u32 = 200;
/// At most so many transactions of [`PRUNE_ROWS`] one after the other, before the worker goes on
/// with its work.
pub const PRUNE_STEPS: u32 = 50;
/// So long the PSP lists events (docs.stripe.com/api/events). After a longer downtime the books are
/// compared with it instead.
pub const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// A walk through the PSP's list of events begins so long before the cursor: events may be listed
/// late.
pub const EVENTS_OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// At most so many pages of events are walked before the time is cut in half.
pub const EVENT_PAGES_MAX: u32 = 50;
/// How often an account's list of events is walked. Webhooks that failed are sent again for days;
/// only those that are lost for good wait so long.
pub const WATCH_INTERVAL: SignedDuration = SignedDuration::from_mins(15);
/// Whoever looks after an account has it for so long, and again with each step done.
pub const WATCH_LEASE: SignedDuration = SignedDuration::from_mins(10);
/// At most so many accounts are taken at once, and looked after one after the other.
pub const WATCHES_MAX: u32 = 4;
/// Payments that have changed within this time are compared with the PSP.
pub const COMPARE_RECENT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Open ones for so long: longer than any authorization lasts. A cart that was left then is not
/// asked for every night.
pub const COMPARE_OPEN: SignedDuration = SignedDuration::from_hours(24 * 90);
/// So many payments are compared before what was reached is noted.
pub const COMPARE_PAGE: u32 = 50;
/// So many payments are compared side by side: shoppers come first.
pub const COMPARE_AT_ONCE: usize = 4;
/// What differs is looked at again after this time: its webhook may be on the way.
pub const SECOND_LOOK: SignedDuration = SignedDuration::from_secs(5);
/// At most so many differences are told of one night.
pub const DIFFERENCES_TOLD_MAX: usize = 100;
/// What names customers is kept for so long after the last thing that happened to their payment,
/// unless the configuration says otherwise.
pub const CUSTOMER_DATA_LIFE: SignedDuration = SignedDuration::from_hours(24 * 180);
/// The worker takes the customer out of at most so many payments at once.
pub const ERASE_MAX: u32 = 100;
/// Tenants are gone through so many at a time.
pub const TENANTS_PAGE: u32 = 100;
/// How often an initialize call looks whether another one of the same order is done.
pub const INITIALIZE_POLL: SignedDuration = SignedDuration::from_millis(100);

/// The delay before try number `tries + 1`.
pub fn retry_delay(tries: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(tries.min(16)).unwrap_or(i32::MAX);
    (RETRY_DELAY * factor).min(RETRY_DELAY_MAX)
}
