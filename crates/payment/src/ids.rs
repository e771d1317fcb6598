//! Identifiers. Each is a type of its own, so that one cannot stand in for another.

use std::collections::BTreeSet;
use std::fmt;

use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is; the border that reads it checks its form.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text of the identifier.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID (version 7, so that ids sort by the time they were made).
            pub fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// Reads the textual form.
            ///
            /// # Errors
            /// The text is not a UUID.
            pub fn parse(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }

            /// The UUID itself.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

text_id! {
    /// A shop. Everything stored belongs to exactly one.
    TenantId
}
text_id! {
    /// The shop's name of an order, for instance `DE--1`. Unique within a tenant's PSP account and mode.
    OrderReference
}
text_id! {
    /// The PSP's name of a payment attempt. The shop calls it transaction id.
    PspReference
}
text_id! {
    /// The PSP's name of the merchant account that the money goes to.
    PspAccountId
}
text_id! {
    /// The PSP's name of a refund.
    PspRefundId
}
text_id! {
    /// The PSP's name of the charge that a paid attempt made: what a payout passes on.
    PspChargeId
}
text_id! {
    /// The PSP's name of a transfer to a merchant. The shop calls it transfer id.
    PspTransferId
}
text_id! {
    /// The PSP's name of the reversal of a transfer.
    PspReversalId
}
text_id! {
    /// The PSP's name of a dispute.
    PspDisputeId
}
text_id! {
    /// The shop's name of a merchant.
    MerchantReference
}
text_id! {
    /// The shop's name of an item, or of an expense, that a merchant is paid for.
    ItemReference
}
text_id! {
    /// Under one key the PSP carries out a request at most once.
    IdempotencyKey
}

uuid_id! {
    /// A payment: one order at one PSP account in one mode (rule R1).
    PaymentId
}
uuid_id! {
    /// One try to get a payment paid; a payment may need several (rule R2).
    AttemptId
}
uuid_id! {
    /// One journaled call to the PSP.
    CallId
}
uuid_id! {
    /// A refund in our books; travels to the PSP as metadata, so that it can be found there again.
    RefundId
}
uuid_id! {
    /// A transfer in our books; travels to the PSP as metadata, so that it can be found there again.
    TransferId
}
uuid_id! {
    /// A reversal in our books; travels to the PSP as metadata.
    ReversalId
}
uuid_id! {
    /// A merchant of a tenant at one PSP account (rule R20); travels to the PSP as metadata.
    MerchantId
}
uuid_id! {
    /// A received command of the shop (its inbox row): what a call was made for.
    CommandId
}

/// The shop's number of one order item (`idSalesOrderItem`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderItemId(pub i64);

/// A set of order items, in ascending order.
pub type Items = BTreeSet<OrderItemId>;

impl RefundId {
    /// The id under which a refund that was made at the PSP enters our books: the same each time
    /// its message comes.
    pub fn of_foreign(reference: &PspRefundId) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, reference.as_str().as_bytes()))
    }
}
