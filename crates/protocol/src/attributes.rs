//! What travels beside a message's payload: on a queue as attributes, over HTTP as headers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::names::MessageName;

/// The short name of the message.
pub const NAME: &str = "name";
/// The name of the shop's transfer class, which is the short name.
pub const TRANSFER_NAME: &str = "transferName";
/// The name of the event, which is the short name.
pub const EVENT: &str = "event";
/// When the message was made.
pub const TIMESTAMP: &str = "timestamp";
/// The sender's id of the message: the same at every delivery.
pub const CORRELATION_ID: &str = "correlationId";
/// The shop's bearer token, as `Bearer …`. A secret.
pub const AUTHORIZATION: &str = "authorization";
/// A random id of the shop. Not the payment's transaction id.
pub const TRANSACTION_ID: &str = "transactionId";
/// A random id of the shop's session.
pub const SESSION_TRACKING_ID: &str = "sessionTrackingId";
/// The shop that sends or receives.
pub const TENANT_IDENTIFIER: &str = "tenantIdentifier";
/// The same in old shops.
pub const STORE_REFERENCE: &str = "storeReference";
/// Who caused the message: the tenant, or the app.
pub const ACTOR_ID: &str = "actorId";
/// The app that sends.
pub const PUBLISHER: &str = "publisher";
/// The app that sends, under its newer name.
pub const EMITTER: &str = "emitter";

/// How the attributes are named as headers: by the http-channel, and by the plain http push.
const HEADERS: [(&str, &str, &str); 13] = [
    (NAME, "Name", "X-Name"),
    (TRANSFER_NAME, "Transfer-Name", "X-Transfer-Name"),
    (EVENT, "Event", "X-Event"),
    (TIMESTAMP, "Timestamp", "X-Timestamp"),
    (CORRELATION_ID, "Correlation-Id", "X-Correlation-Id"),
    // The one that has no prefix in either.
    (AUTHORIZATION, "Authorization", "Authorization"),
    (TRANSACTION_ID, "Transaction-Id", "X-Transaction-Id"),
    (SESSION_TRACKING_ID, "Session-Tracking-Id", "X-Session-Tracking-Id"),
    (TENANT_IDENTIFIER, "Tenant-Identifier", "X-Tenant-Identifier"),
    (STORE_REFERENCE, "Store-Reference", "X-Store-Reference"),
    (ACTOR_ID, "Actor-Id", "X-Actor-Id"),
    (PUBLISHER, "Publisher", "X-Publisher"),
    (EMITTER, "Emitter", "X-Emitter"),
];

/// The two ways to write attributes as HTTP headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `Transfer-Name`: the http-channel.
    HttpChannel,
    /// `X-Transfer-Name`: the plain http push.
    PlainHttp,
}

impl Dialect {
    /// The header of an attribute; `None` for one that this protocol does not have.
    pub fn header(self, attribute: &str) -> Option<&'static str> {
        HEADERS.iter().find(|row| row.0 == attribute).map(|row| self.column(row))
    }

    /// The attribute of a header, in whatever case it comes; `None` for any other header.
    pub fn attribute(self, header: &str) -> Option<&'static str> {
        HEADERS.iter().find(|row| self.column(row).eq_ignore_ascii_case(header)).map(|row| row.0)
    }

    fn column(self, row: &(&'static str, &'static str, &'static str)) -> &'static str {
        match self {
            Self::HttpChannel => row.1,
            Self::PlainHttp => row.2,
        }
    }
}

/// The attributes of a message that came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(BTreeMap<&'static str, String>);

impl Attributes {
    /// Takes from an HTTP request's headers those that are attributes. The bearer token is left
    /// out: it was checked before, and what is not here cannot be stored or logged.
    pub fn from_headers<'a>(
        dialect: Dialect,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let named = headers.into_iter().filter_map(|(header, value)| {
            let attribute = dialect.attribute(header)?;
            (attribute != AUTHORIZATION && !value.is_empty()).then(|| (attribute, value.to_owned()))
        });
        Self(named.collect())
    }

    /// Takes from a queue's message, where they go by their own names, those that are attributes.
    /// The bearer token is left out here as well.
    pub fn from_named<'a>(named: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let known = named.into_iter().filter_map(|(name, value)| {
            let (attribute, ..) = HEADERS.iter().find(|row| row.0 == name)?;
            (*attribute != AUTHORIZATION && !value.is_empty())
                .then(|| (*attribute, value.to_owned()))
        });
        Self(known.collect())
    }

    /// The value of an attribute.
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.0.get(attribute).map(String::as_str)
    }

    /// The name of the message as the sender wrote it: `transferName`, or `name` where that is
    /// missing. Either is enough for the shop, so either is enough here.
    pub fn message_name(&self) -> Option<&str> {
        self.get(TRANSFER_NAME).or_else(|| self.get(NAME))
    }

    /// The shop: `tenantIdentifier`, or in old shops `storeReference`.
    pub fn tenant(&self) -> Option<&str> {
        self.get(TENANT_IDENTIFIER).or_else(|| self.get(STORE_REFERENCE))
    }

    /// The sender's id of the message.
    pub fn correlation_id(&self) -> Option<&str> {
        self.get(CORRELATION_ID)
    }

    /// When the sender made it, as it wrote it.
    pub fn timestamp(&self) -> Option<&str> {
        self.get(TIMESTAMP)
    }

    /// All of them by name, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// What the attributes of a message of ours are made of.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingAttributes<'a> {
    /// The message.
    pub name: MessageName,
    /// When it was made. The shop ignores a method message that is not later than the one before.
    pub timestamp: Timestamp,
    /// The message's own id.
    pub correlation_id: &'a str,
    /// The shop it is for.
    pub tenant: &'a str,
    /// This app, as the shop knows it.
    pub app_identifier: &'a str,
}

impl OutgoingAttributes<'_> {
    /// The attributes in the order they are sent: names first, because they are what the shop
    /// needs to decode the payload.
    pub fn to_pairs(self) -> Vec<(&'static str, String)> {
        let name = self.name.name();
        vec![
            (NAME, name.to_owned()),
            (TRANSFER_NAME, name.to_owned()),
            (EVENT, name.to_owned()),
            (TIMESTAMP, wire_timestamp(self.timestamp)),
            (CORRELATION_ID, self.correlation_id.to_owned()),
            (TENANT_IDENTIFIER, self.tenant.to_owned()),
            (STORE_REFERENCE, self.tenant.to_owned()),
            (ACTOR_ID, self.app_identifier.to_owned()),
            (PUBLISHER, self.app_identifier.to_owned()),
            (EMITTER, self.app_identifier.to_owned()),
        ]
    }
}

/// A time as the shop writes it: `2026-11-22T15:16:24.087734`, in UTC, without an offset, always
/// with six digits after the point (the shop compares them as text).
pub fn wire_timestamp(at: Timestamp) -> String {
    let civil = Offset::UTC.to_datetime(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
        civil.subsec_nanosecond() / 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_complete_and_in_order() {
        let pairs = OutgoingAttributes {
            name: MessageName::PaymentCaptured,
            timestamp: "2026-11-22T15:16:24.08773Z".parse().unwrap(),
            correlation_id: "019ab0c2-0000-7000-8000-000000000001",
            tenant: "tenant-test-0001",
            app_identifier: "paybridge",
        }
        .to_pairs();
        let text: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        insta::assert_snapshot!(text.join("\n"), @"
        name: PaymentCaptured
        transferName: PaymentCaptured
        event: PaymentCaptured
        timestamp: 2026-11-22T15:16:24.087730
        correlationId: 019ab0c2-0000-7000-8000-000000000001
        tenantIdentifier: tenant-test-0001
        storeReference: tenant-test-0001
        actorId: paybridge
        publisher: paybridge
        emitter: paybridge
        ");
    }

    #[test]
    fn a_time_always_has_six_digits_and_no_offset() {
        let cases = [
            ("2026-11-22T15:16:24Z", "2026-11-22T15:16:24.000000"),
            ("2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05.000001"),
            ("2026-01-02T03:04:05.1234569Z", "2026-01-02T03:04:05.123456"),
            ("2026-01-02T01:30:00+02:00", "2026-01-01T23:30:00.000000"),
        ];
        for (at, wire) in cases {
            assert_eq!(wire_timestamp(at.parse().unwrap()), wire, "{at}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case_and_only_in_their_dialect() {
        assert_eq!(Dialect::HttpChannel.attribute("transfer-name"), Some(TRANSFER_NAME));
        assert_eq!(Dialect::PlainHttp.attribute("X-TRANSFER-NAME"), Some(TRANSFER_NAME));
        assert_eq!(Dialect::PlainHttp.attribute("transfer-name"), None);
        assert_eq!(Dialect::HttpChannel.attribute("x-transfer-name"), None);
        assert_eq!(Dialect::PlainHttp.attribute("authorization"), Some(AUTHORIZATION));
        assert_eq!(Dialect::PlainHttp.header(CORRELATION_ID), Some("X-Correlation-Id"));
        assert_eq!(Dialect::HttpChannel.header("host"), None);
    }

    #[test]
    fn an_old_shop_names_itself_by_its_store_alone() {
        let headers = [("Store-Reference", "DE"), ("Transfer-Name", "CapturePayment")];
        let attributes = Attributes::from_headers(Dialect::HttpChannel, headers);
        assert_eq!(attributes.tenant(), Some("DE"));
        assert_eq!(attributes.message_name(), Some("CapturePayment"));

        let both = [("Store-Reference", "DE"), ("Tenant-Identifier", "t1"), ("Name", "X")];
        let attributes = Attributes::from_headers(Dialect::HttpChannel, both);
        assert_eq!(attributes.tenant(), Some("t1"));
        assert_eq!(attributes.message_name(), Some("X"));
    }

    #[test]
    fn the_bearer_token_never_becomes_an_attribute() {
        let headers = [("authorization", "Bearer secret"), ("name", "X"), ("host", "shop")];
        let attributes = Attributes::from_headers(Dialect::HttpChannel, headers);
        assert_eq!(attributes.iter().collect::<Vec<_>>(), [(NAME, "X")]);
    }

    #[test]
    fn every_attribute_of_ours_has_a_header_in_both_dialects() {
        for (attribute, ..) in HEADERS {
            for dialect in [Dialect::HttpChannel, Dialect::PlainHttp] {
                let header = dialect.header(attribute).unwrap();
                assert_eq!(dialect.attribute(header), Some(attribute));
            }
        }
    }
}
