//! A tenant, an order, a payment and a message with sensible defaults. Tests change what they
//! are about and leave the rest.

use std::collections::BTreeMap;

use app::Entropy;
use app::merchant::{Merchant, Visit};
use app::offered::OfferedMethod;
use app::ports::{After, InboxItem, InboxKind, MessageId, NewMessage};
use app::tenant::{
    Access, Credentials, KeyPair, PaymentMethod, Settings, Tenant, TenantStatus, WebhookEndpoint,
};
use jiff::Timestamp;
use payment::{
    Account, Address, AttemptId, Call, CallId, Checkout, CommandId, Currency, Customer,
    IdempotencyKey, Items, MerchantId, MerchantReference, Mode, Money, OrderItem, OrderItemId,
    OrderReference, Payment, PaymentId, PspAccountId, Purpose, Redirects, TenantId,
};

/// The tenant that tests are about.
pub fn tenant_id() -> TenantId {
    TenantId::new("tenant-test-0001")
}

/// Another tenant, that must not notice.
pub fn other_tenant_id() -> TenantId {
    TenantId::new("tenant-test-0002")
}

/// The test account that payments go to.
pub fn account() -> Account {
    account_named("acct_test_1", Mode::Test)
}

/// An account at the PSP.
pub fn account_named(id: &str, mode: Mode) -> Account {
    Account { id: PspAccountId::new(id), mode }
}

/// The order that tests are about.
pub fn order() -> OrderReference {
    OrderReference::new("DE--1")
}

/// An amount in euro cents.
pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

/// A set of order items.
pub fn items(ids: &[i64]) -> Items {
    ids.iter().copied().map(OrderItemId).collect()
}

/// A connected tenant with one payment method, `Stripe`.
pub fn tenant(id: TenantId, entropy: &dyn Entropy) -> Tenant {
    let told = r#"{"name":"Stripe"}"#.to_owned();
    let method = PaymentMethod { told, told_at: entropy.now(), active: true };
    Tenant {
        id,
        status: TenantStatus::Connected,
        account: account(),
        settings: Settings {
            payment_page_title: Some("Müller & Söhne".into()),
            payment_methods: vec![OfferedMethod::named("Stripe")],
            shop_origins: vec!["https://shop.example".into()],
            customer_token_keys: Vec::new(),
            shared_command_channel: false,
            ..Settings::default()
        },
        methods: BTreeMap::from([("Stripe".to_owned(), method)]),
    }
}

/// Credentials with a webhook endpoint of ours and a secret of an endpoint made by hand. Every
/// secret in them contains the account's id.
pub fn credentials(account: Account) -> Credentials {
    let id = account.id.as_str().to_owned();
    Credentials {
        access: Access::Own(KeyPair {
            secret: format!("sk_test_of_{id}").into(),
            publishable: format!("pk_test_of_{id}"),
        }),
        access_since: Timestamp::UNIX_EPOCH,
        endpoint: Some(WebhookEndpoint {
            id: format!("we_of_{id}"),
            url: "https://pay.example/webhooks/test?tenantIdentifier=tenant-test-0001".into(),
            secret: format!("whsec_ours_of_{id}").into(),
            given_up: false,
        }),
        merchant_endpoint: None,
        webhook_secrets: vec![format!("whsec_theirs_of_{id}").into()],
        account,
    }
}

/// Credentials that are the operator's platform alone.
pub fn platform_credentials(account: Account) -> Credentials {
    Credentials {
        account,
        access: Access::Platform,
        access_since: Timestamp::UNIX_EPOCH,
        endpoint: None,
        merchant_endpoint: None,
        webhook_secrets: Vec::new(),
    }
}

/// Order `DE--1` over 189.79 EUR: items 1001 and 1002, and 4.90 EUR of expenses.
pub fn checkout() -> Checkout {
    checkout_of(order())
}

/// The order of [`checkout`] under another reference.
pub fn checkout_of(order_reference: OrderReference) -> Checkout {
    let item = |id, sku: &str, name: &str, unit_price_minor| OrderItem {
        id: Some(OrderItemId(id)),
        sku: sku.into(),
        name: name.into(),
        quantity: 1,
        unit_price_minor,
    };
    Checkout {
        order_reference: Some(order_reference),
        total: eur(18_979),
        items: vec![item(1001, "SKU-1", "Camera", 9_999), item(1002, "SKU-2", "Lens", 8_490)],
        payment_method: Some("credit-card".into()),
        locale: Some("de_DE".into()),
        store: Some("DE".into()),
        customer: Customer {
            reference: Some("DE--21".into()),
            email: Some("sonia@shop.example".into()),
        },
        shipping: Some(Address {
            name: "Sonia Wagner".into(),
            line1: "Julie-Wolfthorn-Straße 1".into(),
            zip: Some("10115".into()),
            city: Some("Berlin".into()),
            country: Some("DE".into()),
            ..Address::default()
        }),
        additional: vec![("channel".into(), "web".into())],
        redirects: Redirects {
            success: Some("https://shop.example/success".into()),
            cancel: Some("https://shop.example/cancel".into()),
            summary: None,
        },
    }
}

/// A new payment of order `DE--1`.
pub fn payment(entropy: &dyn Entropy) -> Payment {
    payment_of(entropy, tenant_id(), order())
}

/// A new payment of an order of a tenant.
pub fn payment_of(entropy: &dyn Entropy, tenant: TenantId, order: OrderReference) -> Payment {
    let (id, attempt) = (PaymentId::new(entropy.new_id()), AttemptId::new(entropy.new_id()));
    Payment::new(id, tenant, account(), checkout_of(order), attempt, entropy.now())
}

/// A call under a key of its own, planned now.
pub fn call(entropy: &dyn Entropy, purpose: Purpose) -> Call {
    let id = CallId::new(entropy.new_id());
    let key = IdempotencyKey::new(format!("key-{id}"));
    Call { id, key, purpose, command: None, planned_at: entropy.now() }
}

/// A message to `payment-events` about order `DE--1`, that blocks its order when it is parked.
pub fn message(entropy: &dyn Entropy, name: &'static str) -> NewMessage {
    NewMessage {
        id: MessageId(entropy.new_id()),
        channel: "payment-events",
        order_key: order().as_str().to_owned(),
        name,
        attributes: vec![("name", name.to_owned()), ("timestamp", entropy.now().to_string())],
        body: format!(r#"{{"message":"{name}"}}"#),
        blocks: true,
        after: After::Nothing,
    }
}

/// A webhook event of the tenant that tests are about.
pub fn event(entropy: &dyn Entropy, external_id: &str) -> InboxItem {
    inbox_item(entropy, InboxKind::Event, external_id, None)
}

/// A command of the tenant that tests are about, for order `DE--1`.
pub fn command(entropy: &dyn Entropy, external_id: &str) -> InboxItem {
    inbox_item(entropy, InboxKind::Command, external_id, Some(order().as_str().to_owned()))
}

fn inbox_item(
    entropy: &dyn Entropy,
    kind: InboxKind,
    external_id: &str,
    order_key: Option<String>,
) -> InboxItem {
    InboxItem {
        id: CommandId::new(entropy.new_id()),
        tenant: tenant_id(),
        kind,
        external_id: external_id.into(),
        name: kind.name().into(),
        order_key,
        body: format!("body of {external_id}").into_bytes(),
        attributes: r#"{"name":"x"}"#.into(),
        received_at: entropy.now(),
    }
}

/// A merchant who has just clicked the onboarding button for the first time.
pub fn merchant(entropy: &dyn Entropy, reference: &str) -> Merchant {
    let id = entropy.new_id();
    Merchant {
        id: MerchantId::new(id),
        tenant: tenant_id(),
        platform: account(),
        reference: MerchantReference::new(reference),
        name: Some("Müller & Söhne".into()),
        account: None,
        key: IdempotencyKey::new(id.to_string()),
        key_since: entropy.now(),
        status: None,
        visit: Visit {
            token: entropy.new_secret().to_string(),
            at: entropy.now(),
            success: "https://portal.example/success".into(),
            refresh: Some("https://portal.example/refresh".into()),
            cancel: Some("https://portal.example/cancel".into()),
            error: None,
        },
        created_at: entropy.now(),
    }
}
