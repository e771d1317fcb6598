//! What the matter is with a payment or a row, and the one thing to do next.
//!
//! Nothing here changes anything, and no advice can make a payment happen twice: a retried command
//! goes on under the idempotency key of its call.

use jiff::{SignedDuration, Timestamp};
use payment::{AttemptState, Call, Money, Payment, ShopStatus, Status, TenantId};

use super::{age, stuck_since};
use crate::limits::PRE_ORDER_LIFE;
use crate::ports::{InboxKind, InboxRow, InboxState, OutboxRow, OutboxState, PaymentCase};

/// A message that waits for longer than this makes one wonder whether the shop reads its channel.
pub const MESSAGE_UNREAD: SignedDuration = SignedDuration::from_mins(15);

/// What the matter is with a payment: of several things, the one to see to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation<'a> {
    /// A command of its order was set aside.
    CommandParked(&'a InboxRow),
    /// An event about its order was set aside.
    EventParked(&'a InboxRow),
    /// A message about its order was set aside.
    MessageParked(&'a OutboxRow),
    /// A call is open for so long that nobody waits for its answer any more.
    CallLeftOpen(&'a Call),
    /// A call is being made.
    CallUnderWay(&'a Call),
    /// The payment provider would not give back so much, which came in after a cancel (rule R9).
    NotGivenBack(Money),
    /// A command of its order waits.
    CommandWaits(&'a InboxRow),
    /// A message about its order waits for long.
    MessageUnread(&'a OutboxRow),
    /// Nothing is in its way: where it stands says the rest.
    Clear,
}

impl<'a> Situation<'a> {
    /// The situation of a payment.
    pub fn of(case: &'a PaymentCase, now: Timestamp) -> Self {
        Self::set_aside(case)
            .or_else(|| Self::open_call(&case.payment, now))
            .or_else(|| case.payment.not_given_back().map(Self::NotGivenBack))
            .or_else(|| case.inbox.first().map(Self::CommandWaits))
            .or_else(|| {
                let unread = |row: &&OutboxRow| now.duration_since(row.created_at) > MESSAGE_UNREAD;
                case.outbox.iter().find(unread).map(Self::MessageUnread)
            })
            .unwrap_or(Self::Clear)
    }

    fn set_aside(case: &'a PaymentCase) -> Option<Self> {
        let parked = |kind| {
            let is_parked = |row: &&InboxRow| {
                row.kind == kind && matches!(row.state, InboxState::Parked { .. })
            };
            case.inbox.iter().find(is_parked)
        };
        let message = || {
            let is_parked = |row: &&OutboxRow| matches!(row.state, OutboxState::Parked { .. });
            case.outbox.iter().find(is_parked)
        };
        parked(InboxKind::Command)
            .map(Self::CommandParked)
            .or_else(|| parked(InboxKind::Event).map(Self::EventParked))
            .or_else(|| message().map(Self::MessageParked))
    }

    fn open_call(payment: &'a Payment, now: Timestamp) -> Option<Self> {
        let call = payment.open_call.as_ref()?;
        let left = call.planned_at < stuck_since(now);
        Some(if left { Self::CallLeftOpen(call) } else { Self::CallUnderWay(call) })
    }

    /// A word for scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::CommandParked(_) => "command_parked",
            Self::EventParked(_) => "event_parked",
            Self::MessageParked(_) => "message_parked",
            Self::CallLeftOpen(_) => "call_left_open",
            Self::CallUnderWay(_) => "call_under_way",
            Self::NotGivenBack(_) => "not_given_back",
            Self::CommandWaits(_) => "command_waits",
            Self::MessageUnread(_) => "message_unread",
            Self::Clear => "clear",
        }
    }

    /// Whether it is stuck: it does not go on, or has not for longer than it should take.
    pub fn is_stuck(self) -> bool {
        match self {
            Self::CommandParked(_)
            | Self::EventParked(_)
            | Self::MessageParked(_)
            | Self::CallLeftOpen(_)
            | Self::NotGivenBack(_) => true,
            Self::CallUnderWay(_)
            | Self::CommandWaits(_)
            | Self::MessageUnread(_)
            | Self::Clear => false,
        }
    }

    /// A few words for a list; none where nothing is in the payment's way.
    pub fn summary(self, now: Timestamp) -> Option<String> {
        match self {
            Self::CommandParked(row) | Self::EventParked(row) => {
                Some(format!("{} parked: {}", row.name, reason(row.note.as_deref())))
            }
            Self::MessageParked(row) => {
                Some(format!("{} parked: {}", row.name, reason(row.note.as_deref())))
            }
            Self::CallLeftOpen(call) | Self::CallUnderWay(call) => {
                let (purpose, age) = (call.purpose.name(), age(call.planned_at, now));
                Some(format!("{purpose} call open for {age}"))
            }
            Self::NotGivenBack(kept) => Some(format!("{kept} not given back after a cancel")),
            Self::CommandWaits(row) => {
                Some(format!("{} waits for {}", row.name, age(row.received_at, now)))
            }
            Self::MessageUnread(row) => {
                Some(format!("{} unread for {}", row.name, age(row.created_at, now)))
            }
            Self::Clear => None,
        }
    }
}

/// The one thing to do next about a payment.
pub fn of_payment(case: &PaymentCase, now: Timestamp) -> String {
    let payment = &case.payment;
    match Situation::of(case, now) {
        Situation::CommandParked(row) | Situation::EventParked(row) => of_inbox(row, now),
        Situation::MessageParked(row) => of_outbox(row, now),
        Situation::CallLeftOpen(call) => format!(
            "Leave it: the worker repeats the {} call under its key, so nothing happens twice. If \
             it stays open while the payment provider can be reached, the server's log says why in \
             the lines that name payment {}.",
            call.purpose.name(),
            payment.id
        ),
        Situation::CallUnderWay(call) => format!(
            "Nothing to do: the {} call was begun at {} and its answer is awaited.",
            call.purpose.name(),
            time(call.planned_at)
        ),
        Situation::NotGivenBack(kept) => format!(
            "The payment provider would not give back {kept}, which came in after the cancel; the \
             history says why. Nothing repeats it by itself: refund it in the provider's dashboard, \
             then the shop is told that its order is canceled."
        ),
        Situation::CommandWaits(row) => of_inbox(row, now),
        Situation::MessageUnread(row) => of_outbox(row, now),
        Situation::Clear => by_status(payment),
    }
}

/// Nothing is in the payment's way: where it stands says what is awaited of whom.
fn by_status(payment: &Payment) -> String {
    let over = matches!(payment.status, Status::CancelRequested | Status::Canceled);
    if payment.is_pre_order() && !over {
        let hours = PRE_ORDER_LIFE.as_hours();
        return format!(
            "Nothing to do: its order is not placed yet. If nothing happens to it for {hours} hours, \
             it is called off, and what came in goes back."
        );
    }
    let excess = payment.paid_out_in_excess();
    if !excess.is_zero() {
        return format!(
            "Merchants have {excess} more of this order than is left of its money: it was refunded \
             or disputed after the payout. Nothing takes it back by itself: have the shop reverse \
             payouts."
        );
    }
    let text = match payment.status {
        Status::New => match (payment.attempt().state, payment.reference()) {
            (AttemptState::Refused, _) => {
                "The payment provider refused to make the payment; the history says why. The shop \
                 may start again with the same order, or cancel it."
            }
            (AttemptState::Open | AttemptState::Closed, None) => {
                "Nothing to do: the payment provider was not asked yet. The shop's next initialize \
                 call goes on with it."
            }
            (AttemptState::Open | AttemptState::Closed, Some(_)) => {
                "Nothing to do: nobody has paid yet."
            }
        },
        Status::AuthorizationFailed => {
            "Nothing to do: paying failed. The shopper may try again, or the shop cancels."
        }
        Status::Authorized => "Nothing to do: the money is held. The shop captures or cancels it.",
        Status::PartiallyCaptured => {
            "Nothing to do: a part is captured. The shop captures or cancels the rest."
        }
        Status::CaptureRequested => {
            "Nothing to do: the payment provider works on the capture, and its webhook ends it."
        }
        Status::Captured => captured(payment),
        Status::CaptureFailed if payment.capturable.is_zero() => {
            "The capture failed and nothing is held any more; the history says why. Cancel the \
             order in the shop, or have it paid anew."
        }
        Status::CaptureFailed => {
            "The payment provider refused the capture; the history says why. Nothing repeats it by \
             itself: have the shop capture again, or cancel."
        }
        Status::CancelRequested => {
            "Nothing to do: the payment provider cannot cancel yet. What comes in is given back by \
             itself."
        }
        Status::Canceled => "Nothing to do: nothing is held and nothing was captured.",
        Status::CancellationFailed => {
            "The payment provider refused the cancel; the history says why. Nothing repeats it by \
             itself: have the shop cancel again, or capture and refund."
        }
    };
    text.to_owned()
}

fn captured(payment: &Payment) -> &'static str {
    if payment.refunds.iter().any(|refund| refund.state.in_flight()) {
        return "Nothing to do: a refund is under way, and the payment provider's webhook ends it.";
    }
    match payment.shop_status() {
        ShopStatus::Underpaid => {
            "Somebody captured less than the order at the payment provider by hand. Agree with the \
             customer on the rest: it cannot be captured any more."
        }
        ShopStatus::Overpaid => {
            "More came in than the order asks for. Give the difference back in the payment \
             provider's dashboard."
        }
        ShopStatus::Plain(_) | ShopStatus::PartiallyRefunded | ShopStatus::Refunded => {
            "Nothing to do: the money is captured."
        }
    }
}

/// The one thing to do next about an inbox row.
pub fn of_inbox(row: &InboxRow, now: Timestamp) -> String {
    let retry = inbox_command("retry", &row.tenant, &row.id.to_string());
    match row.state {
        InboxState::Parked { .. } => {
            format!("Mend what the reason names, then have it tried again: `{retry}`")
        }
        InboxState::Held { by } => {
            let show = inbox_command("show", &row.tenant, &by.to_string());
            format!("An older command of its order comes first: `{show}`")
        }
        InboxState::Due { at } if at > now => {
            format!("Nothing to do: it is tried again at {}. At once: `{retry}`", time(at))
        }
        InboxState::Due { .. } => {
            "Nothing to do: a worker takes it within a second while the server runs.".to_owned()
        }
        InboxState::Leased { .. } => "Nothing to do: a worker has it.".to_owned(),
        InboxState::Done { .. } | InboxState::Foreign { .. } | InboxState::Discarded { .. } => {
            "Nothing to do: it has ended.".to_owned()
        }
    }
}

/// The one thing to do next about an outbox row.
pub fn of_outbox(row: &OutboxRow, now: Timestamp) -> String {
    let retry = outbox_command("retry", &row.tenant, &row.id.0.to_string());
    match row.state {
        OutboxState::Parked { .. } => format!(
            "Find out in the shop's log why it does not take the message, mend that, then have it \
             delivered again: `{retry}`"
        ),
        OutboxState::Held { by } => {
            let show = outbox_command("show", &row.tenant, &by.0.to_string());
            format!("Another message comes first: `{show}`")
        }
        OutboxState::Due { at } if at > now => {
            format!("Nothing to do: it is sent again at {}. At once: `{retry}`", time(at))
        }
        OutboxState::Due { .. } if now.duration_since(row.created_at) > MESSAGE_UNREAD => format!(
            "Check that the shop reads the channel {}: it has not taken this message for {}.",
            row.channel,
            age(row.created_at, now)
        ),
        OutboxState::Due { .. } => {
            "Nothing to do: the shop gets it when it reads the channel, or at the next push."
                .to_owned()
        }
        OutboxState::Leased { .. } => "Nothing to do: it is being pushed.".to_owned(),
        OutboxState::Hidden { until } => format!(
            "Nothing to do: the shop has read it. Where it does not delete it, it may read it \
             again from {} on.",
            time(until)
        ),
        OutboxState::Delivered { .. } | OutboxState::Discarded { .. } => {
            "Nothing to do: it has ended.".to_owned()
        }
    }
}

/// What an operator types about a row of the inbox.
pub fn inbox_command(verb: &str, tenant: &TenantId, id: &str) -> String {
    format!("paybridge inbox {verb} --tenant {} {id}", word(tenant.as_str()))
}

/// What an operator types about a message.
pub fn outbox_command(verb: &str, tenant: &TenantId, id: &str) -> String {
    format!("paybridge outbox {verb} --tenant {} {id}", word(tenant.as_str()))
}

/// What an operator types to see a payment.
pub fn payment_command(payment: &Payment) -> String {
    format!("paybridge payment show --tenant {} {}", word(payment.tenant.as_str()), payment.id)
}

fn reason(note: Option<&str>) -> &str {
    note.unwrap_or("no reason was noted")
}

/// A time for people: to the second, in UTC.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A word as a shell takes it: quoted where it has to be.
pub fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+=,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_with_odd_characters_is_quoted_for_the_shell() {
        assert_eq!(word("tenant-1"), "tenant-1");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn an_age_is_one_rough_figure() {
        let since = Timestamp::UNIX_EPOCH;
        let told = |seconds| age(since, since + SignedDuration::from_secs(seconds));
        assert_eq!(told(5), "5 s");
        assert_eq!(told(119), "1 min");
        assert_eq!(told(7_200), "2 h");
        assert_eq!(told(3 * 86_400), "3 days");
        assert_eq!(age(since + SignedDuration::from_secs(9), since), "0 s", "clocks differ");
    }
}
