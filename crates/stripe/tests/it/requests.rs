//! What is sent, as Stripe reads it.

use app::Psp;
use app::offered::{CaptureMode, Terms};
use app::ports::{CreatePayment, EndpointEvents, UpdatePayment};
use app::tenant::BusinessModel;
use insta::assert_snapshot;
use payment::{AttemptId, Checkout, PaymentId, RefundId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::script::{Script, Sent, answer, checkout, credentials, euros, intent, key, reference};

const TENANT: &str = "de";
/// Everything the account offers, captured on command.
const ANY: &Terms = &Terms { kinds: Vec::new(), capture: CaptureMode::Manual };

/// The request for a payment of this order in a shop without merchants.
pub fn create(checkout: &Checkout) -> CreatePayment<'_> {
    static SHOP: std::sync::LazyLock<TenantId> = std::sync::LazyLock::new(|| TenantId::new(TENANT));
    let id = |last: u128| Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + last);
    CreatePayment {
        tenant: &SHOP,
        installation: id(0xf),
        payment: PaymentId::new(id(1)),
        attempt: AttemptId::new(id(0xa)),
        business_model: BusinessModel::Direct,
        statement_descriptor_suffix: Some("MY*SHOP"),
        terms: ANY,
        checkout,
    }
}

async fn sent_at_creation(request: &CreatePayment<'_>) -> Sent {
    let script = Script::new([answer(200, intent("requires_payment_method"))]);
    script.psp().create_payment(&credentials(), request, &key()).await.unwrap();
    script.sent().remove(0)
}

#[tokio::test]
async fn a_payment_is_asked_for_with_everything_that_finds_it_again() {
    let order = checkout();
    let sent = sent_at_creation(&create(&order)).await;
    assert_eq!((sent.method.as_str(), sent.target.as_str()), ("POST", "/v1/payment_intents"));
    assert_snapshot!("create_payment", sent.parameters());
}

#[tokio::test]
async fn every_request_names_the_version_the_key_and_who_we_are() {
    let order = checkout();
    let sent = sent_at_creation(&create(&order)).await;
    assert_eq!(sent.header("stripe-version"), Some("2026-10-28.endive"));
    assert_eq!(sent.header("authorization"), Some("Bearer sk_test_shop"));
    assert_eq!(sent.header("idempotency-key"), Some(key().as_str()));
    assert_eq!(sent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(sent.header("user-agent"), Some(concat!("paybridge/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(sent.header("stripe-account"), None, "the keys are the tenant's own");
    assert!(format!("{:?}", sent.headers["authorization"]).contains("Sensitive"));
}

#[tokio::test]
async fn a_marketplace_asks_for_a_transfer_group_and_never_for_multicapture() {
    let order = checkout();
    let request = CreatePayment { business_model: BusinessModel::Marketplace, ..create(&order) };
    let parameters = sent_at_creation(&request).await.parameters();
    assert!(parameters.contains("transfer_group = DE--1\n"), "{parameters}");
    assert!(!parameters.contains("request_multicapture"), "{parameters}");
}

#[tokio::test]
async fn c03_additional_data_travels_as_metadata_and_never_crowds_out_ours() {
    let mut order = checkout();
    order.additional = (0..100).map(|n| (format!("note[{n}]"), "x".repeat(600))).collect();
    order.additional.push(("paymentId".to_owned(), "forged".to_owned()));
    let parameters = sent_at_creation(&create(&order)).await.parameters();
    let pairs: Vec<_> = parameters.lines().filter(|line| line.starts_with("metadata[")).collect();
    assert_eq!(pairs[0], "metadata[tenantIdentifier] = de");
    assert_eq!(pairs[2], "metadata[paymentId] = 0198c0de-0000-7000-8000-000000000001");
    assert_eq!(pairs[5], format!("metadata[note0] = {}", "x".repeat(500)));
    assert!(pairs.len() <= 50, "{}", pairs.len());
    assert!(!parameters.contains("forged"));
}

#[tokio::test]
async fn an_address_without_a_name_or_a_street_is_left_out() {
    for blank in ["name", "line1"] {
        let mut order = checkout();
        let address = order.shipping.as_mut().unwrap();
        if blank == "name" {
            address.name.clear()
        } else {
            address.line1 = " ".to_owned()
        }
        let parameters = sent_at_creation(&create(&order)).await.parameters();
        assert!(!parameters.contains("shipping"), "{parameters}");
    }
}

#[tokio::test]
async fn parts_of_an_address_that_stripe_would_refuse_are_left_out() {
    let mut order = checkout();
    let address = order.shipping.as_mut().unwrap();
    address.country = Some("Germany".to_owned());
    address.phone = Some("please ring twice, then 030 1234567".to_owned());
    let parameters = sent_at_creation(&create(&order)).await.parameters();
    assert!(parameters.contains("shipping[address][city] = Berlin"), "{parameters}");
    assert!(!parameters.contains("country") && !parameters.contains("phone"), "{parameters}");
}

#[tokio::test]
async fn an_amount_that_stripe_does_not_have_is_refused_before_any_call() {
    let mut order = checkout();
    order.total = payment::Money::new(5124, payment::Currency::parse("KWD").unwrap()).unwrap();
    let script = Script::default();
    let error =
        script.psp().create_payment(&credentials(), &create(&order), &key()).await.unwrap_err();
    assert!(error.to_string().starts_with("5.124 KWD cannot be charged"), "{error}");
    assert!(script.sent().is_empty());
    assert!(script.psp().check_amount(order.total).is_err());
    assert!(script.psp().check_amount(euros(49)).unwrap_err().contains("0.50 EUR"));
    assert_eq!(script.psp().check_amount(euros(50)), Ok(()));
}

#[tokio::test]
async fn a_method_with_kinds_of_its_own_keeps_out_all_others() {
    let order = checkout();
    let terms = Terms { kinds: vec!["card".into()], capture: CaptureMode::Automatic };
    let sent = sent_at_creation(&CreatePayment { terms: &terms, ..create(&order) }).await;
    let parameters = sent.parameters();
    assert!(parameters.contains("excluded_payment_method_types[] = paypal"), "{parameters}");
    assert!(!parameters.contains("excluded_payment_method_types[] = card\n"), "{parameters}");
    assert!(!parameters.contains("manual"), "it is captured at checkout: {parameters}");
    assert!(!parameters.contains("multicapture"), "{parameters}");

    let script = Script::new([answer(200, intent("requires_payment_method"))]);
    let change = UpdatePayment { terms: &terms, checkout: &order };
    script.psp().update_payment(&credentials(), &reference(), &change, &key()).await.unwrap();
    let parameters = script.sent().remove(0).parameters();
    assert!(parameters.contains("excluded_payment_method_types[] = paypal"), "{parameters}");
    assert!(
        parameters.contains("payment_method_options[card][capture_method] = \n"),
        "what was set before is taken back: {parameters}"
    );
}

#[tokio::test]
async fn an_update_changes_amount_description_metadata_and_address() {
    let script = Script::new([answer(200, intent("requires_payment_method"))]);
    let mut order = checkout();
    order.total = euros(20000);
    let change = UpdatePayment { terms: ANY, checkout: &order };
    script.psp().update_payment(&credentials(), &reference(), &change, &key()).await.unwrap();
    let sent = script.sent().remove(0);
    assert_eq!(sent.target, "/v1/payment_intents/pi_1");
    assert_snapshot!("update_payment", sent.parameters());
}

#[tokio::test]
async fn c10_a_cart_is_asked_for_without_an_order() {
    for business_model in [BusinessModel::Direct, BusinessModel::Marketplace] {
        let cart = checkout().as_cart();
        let request = CreatePayment { business_model, ..create(&cart) };
        let parameters = sent_at_creation(&request).await.parameters();
        for named in ["orderReference", "description", "transfer_group"] {
            assert!(!parameters.contains(named), "{parameters}");
        }
        assert!(parameters.contains("metadata[paymentId]"), "{parameters}");
    }
}

#[tokio::test]
async fn c13_what_was_paid_is_told_its_order_and_no_amount() {
    let script = Script::new([answer(200, intent("requires_capture"))]);
    let order = checkout();
    script.psp().describe_payment(&credentials(), &reference(), &order, &key()).await.unwrap();
    let sent = script.sent().remove(0);
    assert_eq!(sent.target, "/v1/payment_intents/pi_1");
    let parameters = sent.parameters();
    assert!(parameters.contains("metadata[orderReference] = DE--1"), "{parameters}");
    assert!(parameters.contains("description = Order DE--1"), "{parameters}");
    assert!(!parameters.contains("amount") && !parameters.contains("currency"), "{parameters}");
}

#[tokio::test]
async fn what_opens_a_payment_is_asked_for_and_shown_by_nothing() {
    let script = Script::new([answer(200, intent("requires_payment_method"))]);
    let shown = script.psp().retrieve_for_shopper(&credentials(), &reference()).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&shown.client_secret), "pi_1_secret_x");
    assert!(!format!("{shown:?}").contains("secret_x"));
    assert!(script.sent().remove(0).target.starts_with("/v1/payment_intents/pi_1?"));
}

#[tokio::test]
async fn c33_only_a_capture_that_is_not_the_last_keeps_the_rest() {
    let mut targets = Vec::new();
    let mut parameters = String::new();
    // A last capture of nothing lets go of what several captures left.
    for (amount, last) in [(10000, false), (10000, true), (0, true)] {
        let script = Script::new([answer(200, intent("requires_capture"))]);
        script
            .psp()
            .capture(&credentials(), &reference(), euros(amount), last, &key())
            .await
            .unwrap();
        let sent = script.sent().remove(0);
        targets.push(sent.target.clone());
        parameters.push_str(&format!("last: {last}\n{}\n", sent.parameters()));
    }
    assert_eq!(targets, ["/v1/payment_intents/pi_1/capture"; 3]);
    assert_snapshot!("capture", parameters);
}

#[tokio::test]
async fn a_refund_carries_our_id_of_it() {
    let refund = json!({
        "id": "re_1", "amount": 8489, "currency": "eur", "status": "succeeded", "metadata": {},
    });
    let script = Script::new([answer(200, refund)]);
    let id = RefundId::parse("0198c0de-0000-7000-8000-00000000000c").unwrap();
    script.psp().refund(&credentials(), &reference(), id, euros(8489), &key()).await.unwrap();
    let sent = script.sent().remove(0);
    assert_eq!(sent.target, "/v1/refunds");
    assert_snapshot!("refund", sent.parameters());
}

#[tokio::test]
async fn an_endpoint_is_made_for_the_events_we_need_in_our_version() {
    let endpoint = json!({ "id": "we_1", "url": "https://pay.test/webhooks", "secret": "whsec_1" });
    let script = Script::new([answer(200, endpoint)]);
    let made = script
        .psp()
        .create_endpoint(
            &credentials(),
            "https://pay.test/webhooks",
            EndpointEvents::Payments,
            &key(),
        )
        .await
        .unwrap();
    assert_eq!(made.id, "we_1");
    assert_eq!(secrecy::ExposeSecret::expose_secret(&made.secret), "whsec_1");
    let sent = script.sent().remove(0);
    assert_eq!((sent.method.as_str(), sent.target.as_str()), ("POST", "/v1/webhook_endpoints"));
    assert_snapshot!("create_endpoint", sent.parameters());
}
