//! What a shop's own code put on the wire decodes to what it meant.

#![expect(clippy::unwrap_used, reason = "a recording that does not read is a failed test")]

use protocol::channel::DeleteMessages;
use protocol::customer::CustomerRequest;
use protocol::merchant::OnboardingRequest;
use protocol::message::PaymentCommand;
use protocol::order::{InitializePaymentRequest, OrderDataExpense, OrderDataItem};
use protocol::pre_order::{CancelPreOrderRequest, ConfirmPreOrderRequest};
use protocol::transfers::TransfersRequest;
use protocol::{Attributes, Dialect, MessageName};
use serde_json::Value;

struct Recorded {
    headers: Vec<(String, String)>,
    body: String,
}

fn recorded(file: &str) -> Recorded {
    let path = format!("{}/tests/data/shop/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let headers = value["headers"].as_object().unwrap().iter();
    Recorded {
        headers: headers.map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect(),
        body: value["body"].as_str().unwrap().to_owned(),
    }
}

fn json(file: &str) -> InitializePaymentRequest {
    protocol::from_json(recorded(file).body.as_bytes()).unwrap()
}

fn form(file: &str) -> InitializePaymentRequest {
    let tree = protocol::form::parse(recorded(file).body.as_bytes()).unwrap();
    protocol::from_value(tree).unwrap()
}

#[test]
fn a_guests_order_is_read() {
    let InitializePaymentRequest { order_data: order, redirect_cancel_url, .. } =
        json("requests/initialize_payment_guest");
    assert_eq!(order.order_reference.as_deref(), Some("DE--1"));
    assert_eq!(order.customer_reference, None);
    assert_eq!(order.phone.as_deref(), Some("+49 30 0000000"));
    assert_eq!((order.grand_total, order.currency_code.as_deref()), (Some(18979), Some("EUR")));
    assert_eq!(order.payment_method_key().as_deref(), Some("stripe"));
    assert_eq!(order.additional_payment_data, []);
    assert_eq!(
        redirect_cancel_url.as_deref(),
        Some("https://shop.example.test/de/payment/order-cancel?orderReference=DE--1")
    );
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        order.items[1],
        OrderDataItem {
            id_sales_order_item: Some(1002),
            name: text("Sony Cyber-shot"),
            sku: text("033_32125568"),
            quantity: Some(2),
            unit_price: Some(4245),
        }
    );
    assert_eq!(
        order.expenses,
        [OrderDataExpense {
            kind: text("SHIPMENT_EXPENSE_TYPE"),
            name: text("Standard"),
            quantity: Some(1),
            unit_price: Some(490),
        }]
    );
}

#[test]
fn the_old_endpoint_is_sent_the_same() {
    let new = json("requests/initialize_payment_guest");
    assert_eq!(json("requests/initialize_payment_old_endpoint"), new);
}

#[test]
fn both_encodings_say_the_same() {
    let form = form("requests/initialize_payment_guest_legacy");
    assert_eq!(form, json("requests/initialize_payment_guest"));
}

#[test]
fn odd_characters_gaps_and_big_numbers_survive_a_form() {
    let order = form("requests/initialize_payment_odd_characters_legacy").order_data;
    assert_eq!(order.customer_email.as_deref(), Some("o'brien+\"q\"@example.test"));
    assert_eq!(order.customer_last_name.as_deref(), Some("O'Müller-Łódź <b>"));
    assert_eq!(order.address1.as_deref(), Some("Straße / Weg\t5"));
    assert_eq!(order.address2.as_deref(), Some(""));
    assert_eq!(order.zip.as_deref(), Some("01067"));
    assert_eq!(order.grand_total, Some(1500));
    assert_eq!(order.payment_method_key().as_deref(), Some("stripe"));
    assert_eq!(order.items[0].name.as_deref(), Some("Schöne Größe „XL“ & Co. 🎁"));
    assert_eq!((order.items[1].id_sales_order_item, order.items[1].unit_price), (None, None));

    let additional: Vec<_> = order
        .additional_payment_data
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    insta::assert_snapshot!(additional.join("\n"), @r#"
    big = 9007199254740993
    nested = {"list":{"0":"1","1":"2.5","3":"1"}}
    note = Grüße 🎉 & "Zitat" 'x' <tag> /slash\back
    "#);
}

#[test]
fn a_pre_order_names_no_order_at_first_and_its_payment_afterwards() {
    let first = json("requests/pre_order_payment_first");
    assert_eq!(first.order_data.order_reference, None);
    assert_eq!(first.order_data.items, []);
    assert_eq!(first.pre_order_payment_data, None);
    assert_eq!(first.locale(), Some("de_DE"));

    let repeated = json("requests/pre_order_payment_repeated");
    let payment = repeated.pre_order_payment_data.unwrap();
    assert_eq!(payment.transaction_id.as_deref(), Some("pi_test_1"));
    assert_eq!(repeated.order_data, first.order_data);
}

#[test]
fn a_confirmation_names_the_order_and_its_payment() {
    let body = recorded("requests/confirm_pre_order_payment").body;
    let confirm: ConfirmPreOrderRequest = protocol::from_json(body.as_bytes()).unwrap();
    assert_eq!(confirm.order_reference.as_deref(), Some("DE--3"));
    assert_eq!(confirm.transaction(), Some("pi_test_1"));
    assert_eq!(confirm.locale_name.as_deref(), Some("de_DE"));
    assert_eq!(confirm.order_data.order_reference.as_deref(), Some("DE--3"));
    let ids: Vec<_> =
        confirm.order_data.items.iter().map(|item| item.id_sales_order_item).collect();
    assert_eq!(ids, [Some(1001), Some(1002)]);
}

#[test]
fn a_cancel_names_its_payment() {
    let body = recorded("requests/cancel_pre_order_payment").body;
    let cancel: CancelPreOrderRequest = protocol::from_json(body.as_bytes()).unwrap();
    assert_eq!(cancel.transaction(), Some("pi_test_1"));
}

#[test]
fn a_customer_is_asked_for_by_what_the_provider_said() {
    let body = recorded("requests/customer").body;
    let request: CustomerRequest = protocol::from_json(body.as_bytes()).unwrap();
    let data = request.customer_payment_service_provider_data.unwrap();
    assert_eq!(data.transaction_id.as_deref(), Some("pi_test_1"));
    assert_eq!(request.customer, None);
}

fn command(file: &str, dialect: Dialect) -> String {
    let Recorded { headers, body } = recorded(file);
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let attributes = Attributes::from_headers(dialect, headers);
    let command: PaymentCommand = protocol::from_json(body.as_bytes()).unwrap();
    assert_eq!(attributes.tenant(), Some("tenant-test-0001"), "{file}");
    assert!(attributes.correlation_id().is_some(), "{file}");
    assert!(attributes.timestamp().is_some(), "{file}");
    format!(
        "{:?} {} {:?} {} {}",
        MessageName::from_name(attributes.message_name().unwrap()).unwrap(),
        command.order_reference.as_deref().unwrap(),
        command.order_item_ids,
        command.amount_minor().unwrap(),
        command.currency_iso_code.as_deref().unwrap(),
    )
}

#[test]
fn commands_are_read_in_both_dialects() {
    let channel = [
        "cancel_payment_http_channel",
        "capture_payment_full_http_channel",
        "capture_payment_partial_first_http_channel",
        "capture_payment_partial_second_http_channel",
        "refund_payment_partial_http_channel",
    ];
    let push = ["capture_payment_full_plain_http", "refund_payment_partial_plain_http"];
    let mut read = Vec::new();
    read.extend(channel.map(|file| command(&format!("messages_in/{file}"), Dialect::HttpChannel)));
    read.extend(push.map(|file| command(&format!("messages_in/{file}"), Dialect::PlainHttp)));
    insta::assert_snapshot!(read.join("\n"), @"
    CancelPayment DE--1 [1001, 1002] 0 EUR
    CapturePayment DE--1 [1001, 1002] 18979 EUR
    CapturePayment DE--1 [1001] 10489 EUR
    CapturePayment DE--2 [2002] 8490 EUR
    RefundPayment DE--1 [1001] 9999 EUR
    CapturePayment DE--1 [1001, 1002] 18979 EUR
    RefundPayment DE--1 [1001] 9999 EUR
    ");
}

#[test]
fn read_messages_are_deleted_by_their_ids() {
    let body = recorded("requests/channel_ack_delete").body;
    let ids: DeleteMessages = protocol::from_json(body.as_bytes()).unwrap();
    assert_eq!(ids.message_ids, ["m-1"]);
}

/// One line for each item of a recorded transfers call: whose, of which order, how much, and of
/// which transfer it is taken back.
fn transmissions(file: &str) -> Vec<String> {
    let body = recorded(file).body;
    let request: TransfersRequest = protocol::from_json(body.as_bytes()).unwrap();
    let line = |item: protocol::transfers::TransmissionItem| {
        let of = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let item_reference = of(item.item_reference);
        format!(
            "{} {} {} {} {}",
            of(item.merchant_reference),
            of(item.order_reference),
            item_reference.split("-0000").next().unwrap(),
            of(item.amount),
            of(item.transfer_id)
        )
    };
    request.into_items().into_iter().map(line).collect()
}

#[test]
fn payouts_and_reversals_are_read_once_although_they_come_twice() {
    assert_eq!(
        transmissions("requests/transfers_payout_order_11"),
        [
            "MER000001 DE--11 item-11-1 4000 -",
            "MER000001 DE--11 item-11-2 2500 -",
            "MER000002 DE--11 item-11-3 1999 -",
        ]
    );
    assert_eq!(
        transmissions("requests/transfers_reversal_with_expenses"),
        [
            "MER000001 DE--11 item-11-1 -4000 tr_test_11_1",
            "MER000001 DE--11 item-11-2 -2500 tr_test_11_1",
        ]
    );
    for file in [
        "transfers_payout_order_12",
        "transfers_payout_with_expenses",
        "transfers_reversal_with_expenses_2",
    ] {
        assert!(!transmissions(&format!("requests/{file}")).is_empty(), "{file}");
    }
    assert_eq!(transmissions("requests/transfers_payout_two_orders_synthetic").len(), 6);
}

#[test]
fn a_merchants_portal_asks_for_an_onboarding() {
    for file in ["merchants_onboarding", "merchants_onboarding_no_merchant_user"] {
        let body = recorded(&format!("requests/{file}")).body;
        let request: OnboardingRequest = protocol::from_json(body.as_bytes()).unwrap();
        let merchant = request.merchant.unwrap();
        assert_eq!(merchant.merchant_reference.as_deref(), Some("MER000001"));
        assert_eq!(merchant.name.as_deref(), Some("Spryker & Söhne"));
        let address = "https://mp.example.test/merchant-app-merchant-portal-gui/success";
        assert_eq!(request.success_url.as_deref(), Some(address));
    }
}
