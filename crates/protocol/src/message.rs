//! The payloads of the messages (contract, shop, section 2).
//!
//! What leaves never holds a null inside a list, and always holds the whole of what the shop
//! needs: it loses a message that it cannot handle.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::{php, schema};

/// The longest `entityReference` the shop stores, in characters.
pub const ENTITY_REFERENCE_MAX: usize = 45;
/// The longest `paymentReference` the shop stores, in characters.
pub const PAYMENT_REFERENCE_MAX: usize = 128;
/// The longest `appIdentifier` the shop stores, in characters.
pub const APP_IDENTIFIER_MAX: usize = 36;

/// The endpoints of a payment method: the shop's name of each, and its path.
pub const ENDPOINTS: [(&str, &str); 6] = [
    ("authorization", "/private/initialize-payment"),
    ("pre-order-payment", "/private/pre-order-payment"),
    ("pre-order-confirmation", "/private/confirm-pre-order-payment"),
    ("pre-order-cancellation", "/private/cancel-pre-order-payment"),
    ("transfer", "/private/payments/transfers"),
    ("customer", "/private/customer"),
];

/// The body of a message as it is sent.
///
/// # Errors
/// None in practice: every payload here is a tree of strings and numbers.
pub fn body(payload: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(payload)
}

/// A text is longer than the shop's database column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The field.
    pub field: &'static str,
    /// How many characters it may have.
    pub limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is longer than the {} characters the shop stores", self.field, self.limit)
    }
}

impl std::error::Error for TooLong {}

pub(crate) fn within(field: &'static str, text: &str, limit: usize) -> Result<(), TooLong> {
    if text.chars().count() > limit { Err(TooLong { field, limit }) } else { Ok(()) }
}

/// AddPaymentMethod and UpdatePaymentMethod. The configuration is always whole: what is left out
/// overwrites the shop's with null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethod {
    /// The method's name, by which the shop knows it.
    pub name: String,
    /// The provider's name.
    pub provider_name: String,
    /// Where old shops initialize a payment: the whole address.
    pub payment_authorization_endpoint: String,
    /// Everything newer shops need.
    pub payment_method_app_configuration: PaymentMethodAppConfiguration,
}

impl PaymentMethod {
    /// A method whose endpoints are all at `base_url`, given without a slash at its end.
    pub fn new(name: &str, provider: &str, base_url: &str, strategy: CheckoutStrategy) -> Self {
        let endpoint = |(name, path)| Endpoint { name, path };
        Self {
            name: name.to_owned(),
            provider_name: provider.to_owned(),
            payment_authorization_endpoint: format!("{base_url}{}", ENDPOINTS[0].1),
            payment_method_app_configuration: PaymentMethodAppConfiguration {
                base_url: base_url.to_owned(),
                endpoints: ENDPOINTS.into_iter().map(endpoint).collect(),
                checkout_configuration: CheckoutConfiguration {
                    strategy,
                    scripts: Vec::new(),
                    payment_service_provider_data: EmptyObject {},
                },
            },
        }
    }
}

/// How the shop reaches the app for one payment method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethodAppConfiguration {
    /// What every endpoint's path is put behind, character by character.
    pub base_url: String,
    /// Every endpoint: the shop's name of each, and its path.
    pub endpoints: Vec<Endpoint>,
    /// How the shopper pays.
    pub checkout_configuration: CheckoutConfiguration,
}

/// One endpoint of a payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Endpoint {
    /// The shop's name of it.
    pub name: &'static str,
    /// Its path.
    pub path: &'static str,
}

/// How the shopper pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutConfiguration {
    /// Where the payment form is.
    pub strategy: CheckoutStrategy,
    /// Scripts the shop loads for an embedded form.
    pub scripts: Vec<String>,
    /// What those scripts need.
    pub payment_service_provider_data: EmptyObject,
}

/// Where the payment form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckoutStrategy {
    /// On a page of the app, to which the shop sends the shopper.
    HostedPaymentPage,
    /// On the shop's own page.
    Embedded,
    /// Before the checkout, with the address from the wallet.
    ExpressCheckout,
}

impl CheckoutStrategy {
    /// Every strategy.
    pub const ALL: [Self; 3] = [Self::HostedPaymentPage, Self::Embedded, Self::ExpressCheckout];

    /// The protocol's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HostedPaymentPage => "hosted-payment-page",
            Self::Embedded => "embedded",
            Self::ExpressCheckout => "express-checkout",
        }
    }

    /// The strategy of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// An object without anything in it: `{}`, never `[]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EmptyObject {}

/// DeletePaymentMethod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletePaymentMethod {
    /// The method's name.
    pub name: String,
    /// The provider's name.
    pub provider_name: String,
}

/// What became of a payment: the ten result messages share this payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentResult {
    /// The shop's name of the order.
    pub order_reference: String,
    /// The items it happened to. The shop loses the event without them.
    pub order_item_ids: Vec<i64>,
    /// The money it happened to, in minor units, never negative.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency_iso_code: String,
}

/// What an operator of the shop sees of a payment: names and texts in the order they were added, as
/// the text of a JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String", extend("contentMediaType" = "application/json"))]
pub struct Details(Vec<(String, String)>);

impl Details {
    /// Adds a pair, or replaces the value of a name that is there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(pair) => pair.1 = value,
            None => self.0.push((name, value)),
        }
    }
}

/// A JSON object inside a JSON string, as the shop's database column wants it.
impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Pairs<'a>(&'a [(String, String)]);

        impl Serialize for Pairs<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
            }
        }

        let text = serde_json::to_string(&Pairs(&self.0)).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

/// PaymentCreated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCreated {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 45))]
    entity_reference: Option<String>,
    #[schemars(length(max = 128))]
    payment_reference: String,
    details: Details,
}

impl PaymentCreated {
    /// A payment that exists now. `order` is the order's reference, which a pre-order has not yet;
    /// `payment` is the provider's name of the payment.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn new(order: Option<&str>, payment: &str, details: Details) -> Result<Self, TooLong> {
        within("entityReference", order.unwrap_or_default(), ENTITY_REFERENCE_MAX)?;
        within("paymentReference", payment, PAYMENT_REFERENCE_MAX)?;
        let entity_reference = order.map(str::to_owned);
        Ok(Self { entity_reference, payment_reference: payment.to_owned(), details })
    }
}

/// PaymentUpdated: the same, but the shop needs to know the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct PaymentUpdated(PaymentCreated);

impl PaymentUpdated {
    /// A payment that changed.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn new(order: &str, payment: &str, details: Details) -> Result<Self, TooLong> {
        PaymentCreated::new(Some(order), payment, details).map(Self)
    }
}

/// AppConfigUpdated. Its `config` is always empty: whatever the shop needs to know is elsewhere,
/// and the reference's whole configuration would carry secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppConfigUpdated {
    #[schemars(length(max = 36))]
    app_identifier: String,
    status: &'static str,
    is_active: bool,
    config: EmptyObject,
    message_channels: Vec<&'static str>,
}

impl AppConfigUpdated {
    /// The app as the shop should see it. `status` is the tenant's (`CONNECTED`, `DISCONNECTED`).
    /// The shop polls, and sends on, only what `channels` lists.
    ///
    /// # Errors
    /// [`TooLong`] for an app identifier of more than [`APP_IDENTIFIER_MAX`] characters.
    pub fn new(
        app_identifier: &str,
        status: &'static str,
        is_active: bool,
        channels: &[crate::Channel],
    ) -> Result<Self, TooLong> {
        within("appIdentifier", app_identifier, APP_IDENTIFIER_MAX)?;
        Ok(Self {
            app_identifier: app_identifier.to_owned(),
            status,
            is_active,
            config: EmptyObject {},
            message_channels: channels.iter().map(|channel| channel.name()).collect(),
        })
    }
}

/// CapturePayment, CancelPayment and RefundPayment: the shop writes them all alike. Any part may
/// be missing or null; unknown keys are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct PaymentCommand {
    /// The shop's name of the order.
    #[serde(deserialize_with = "php::text")]
    pub order_reference: Option<String>,
    /// The items meant. Empty where the shop named none.
    #[serde(deserialize_with = "php::integers")]
    pub order_item_ids: Vec<i64>,
    /// ISO 4217 code.
    #[serde(deserialize_with = "php::text")]
    pub currency_iso_code: Option<String>,
    /// In minor units, as it was written: negative in a refund, zero in a cancel. What is meant
    /// is [`PaymentCommand::amount_minor`].
    #[serde(deserialize_with = "php::integer", rename = "amount")]
    #[schemars(
        description = "In minor units. The sign says nothing: a refund is negative, a cancel zero."
    )]
    pub signed_amount: Option<i64>,
}

impl PaymentCommand {
    /// The amount in minor units without its sign, which says nothing (contract, shop,
    /// section 0); `None` where there is none, or none that fits.
    pub fn amount_minor(&self) -> Option<i64> {
        self.signed_amount.and_then(i64::checked_abs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channel;

    fn pretty(payload: &impl Serialize) -> String {
        serde_json::to_string_pretty(payload).unwrap()
    }

    #[test]
    fn a_payment_method_is_told_whole() {
        let strategy = CheckoutStrategy::HostedPaymentPage;
        let method = PaymentMethod::new("Stripe", "Stripe", "https://app.example", strategy);
        insta::assert_snapshot!(pretty(&method), @r#"
        {
          "name": "Stripe",
          "providerName": "Stripe",
          "paymentAuthorizationEndpoint": "https://app.example/private/initialize-payment",
          "paymentMethodAppConfiguration": {
            "baseUrl": "https://app.example",
            "endpoints": [
              {
                "name": "authorization",
                "path": "/private/initialize-payment"
              },
              {
                "name": "pre-order-payment",
                "path": "/private/pre-order-payment"
              },
              {
                "name": "pre-order-confirmation",
                "path": "/private/confirm-pre-order-payment"
              },
              {
                "name": "pre-order-cancellation",
                "path": "/private/cancel-pre-order-payment"
              },
              {
                "name": "transfer",
                "path": "/private/payments/transfers"
              },
              {
                "name": "customer",
                "path": "/private/customer"
              }
            ],
            "checkoutConfiguration": {
              "strategy": "hosted-payment-page",
              "scripts": [],
              "paymentServiceProviderData": {}
            }
          }
        }
        "#);
    }

    #[test]
    fn a_method_that_goes_is_its_name() {
        let gone =
            DeletePaymentMethod { name: "Stripe".to_owned(), provider_name: "Stripe".to_owned() };
        insta::assert_snapshot!(body(&gone).unwrap(), @r#"{"name":"Stripe","providerName":"Stripe"}"#);
    }

    #[test]
    fn a_result_names_order_items_and_money() {
        let result = PaymentResult {
            order_reference: "DE--1".to_owned(),
            order_item_ids: vec![1, 2],
            amount: 9990,
            currency_iso_code: "EUR".to_owned(),
        };
        insta::assert_snapshot!(body(&result).unwrap(), @r#"{"orderReference":"DE--1","orderItemIds":[1,2],"amount":9990,"currencyIsoCode":"EUR"}"#);
    }

    #[test]
    fn details_are_a_string_that_holds_json() {
        let mut details = Details::default();
        details.set("method", "card visa 4242");
        details.set("sourceStatus", "new");
        details.set("sourceStatus", "authorized");
        details.set("note", "\"quoted\" <tag>");
        let updated = PaymentUpdated::new("DE--1", "pi_1", details).unwrap();
        insta::assert_snapshot!(body(&updated).unwrap(), @r#"{"entityReference":"DE--1","paymentReference":"pi_1","details":"{\"method\":\"card visa 4242\",\"sourceStatus\":\"authorized\",\"note\":\"\\\"quoted\\\" <tag>\"}"}"#);
    }

    #[test]
    fn a_pre_order_is_created_without_an_order() {
        let created = PaymentCreated::new(None, "pi_1", Details::default()).unwrap();
        insta::assert_snapshot!(body(&created).unwrap(), @r#"{"paymentReference":"pi_1","details":"{}"}"#);
    }

    #[test]
    fn references_longer_than_the_shops_columns_are_refused() {
        let details = Details::default;
        let order = "ü".repeat(ENTITY_REFERENCE_MAX);
        let payment = "p".repeat(PAYMENT_REFERENCE_MAX);
        assert!(PaymentUpdated::new(&order, &payment, details()).is_ok());

        let error = PaymentUpdated::new(&format!("{order}x"), &payment, details()).unwrap_err();
        insta::assert_snapshot!(error, @"entityReference is longer than the 45 characters the shop stores");
        let error = PaymentUpdated::new(&order, &format!("{payment}x"), details()).unwrap_err();
        insta::assert_snapshot!(error, @"paymentReference is longer than the 128 characters the shop stores");
        let long_name = "a".repeat(APP_IDENTIFIER_MAX + 1);
        let error = AppConfigUpdated::new(&long_name, "CONNECTED", true, &[]).unwrap_err();
        insta::assert_snapshot!(error, @"appIdentifier is longer than the 36 characters the shop stores");
    }

    #[test]
    fn the_app_config_is_an_empty_object() {
        let channels = [Channel::PaymentEvents, Channel::PaymentCommands];
        let config = AppConfigUpdated::new("paybridge", "CONNECTED", true, &channels).unwrap();
        insta::assert_snapshot!(body(&config).unwrap(), @r#"{"appIdentifier":"paybridge","status":"CONNECTED","isActive":true,"config":{},"messageChannels":["payment-events","payment-commands"]}"#);
    }

    fn command(text: &str) -> PaymentCommand {
        crate::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_command_reads_the_same_however_php_wrote_it() {
        let plain = command(
            r#"{"orderReference":"DE--1","orderItemIds":[1,3],"currencyIsoCode":"EUR","amount":9990}"#,
        );
        assert_eq!(plain.order_item_ids, [1, 3]);
        let others = [
            r#"{"orderReference":"DE--1","orderItemIds":{"0":1,"2":3},"currencyIsoCode":"EUR","amount":"9990"}"#,
            r#"{"orderReference":"DE--1","orderItemIds":[1,null,3],"currencyIsoCode":"EUR","amount":9990,"x":{}}"#,
            r#"{"orderReference":"DE--1","orderItemIds":["1","3"],"currencyIsoCode":"EUR","amount":9990.0,"y":null}"#,
            r#"{"orderReference":"DE-\u002d1","orderItemIds":{"1":"1","10":"3","2":null},"currencyIsoCode":"EUR","amount":9990}"#,
        ];
        for other in others {
            assert_eq!(command(other), plain, "{other}");
        }
    }

    #[test]
    fn the_sign_of_an_amount_says_nothing() {
        assert_eq!(command(r#"{"amount":-9990}"#).amount_minor(), Some(9990));
        assert_eq!(command(r#"{"amount":"-9990"}"#).amount_minor(), Some(9990));
        assert_eq!(command(r#"{"amount":0}"#).amount_minor(), Some(0));
        assert_eq!(command(r#"{"amount":null}"#).amount_minor(), None);
        assert_eq!(command(r#"{"amount":-9223372036854775808}"#).amount_minor(), None);
    }

    #[test]
    fn nulls_are_nothing_wherever_they_are() {
        let text = r#"{"orderReference":null,"orderItemIds":null,"currencyIsoCode":null,"amount":null,"orderItems":null}"#;
        assert_eq!(command(text), PaymentCommand::default());
        assert_eq!(command("{}"), PaymentCommand::default());
    }
}
