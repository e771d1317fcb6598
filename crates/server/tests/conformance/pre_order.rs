//! Payments before their order: cases 8 to 10 and 13 to 18.

use http::StatusCode;
use serde_json::{Value, json};

use crate::initialize::message;
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn c10_a_payment_before_its_order_is_told_without_one() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let (status, answer) = app.call(PRE_ORDER, &order.cart(None)).await;

    assert_eq!(status, 200, "{answer}");
    let data = &answer["preOrderPaymentData"];
    let transaction = data["transactionId"].as_str().unwrap();
    let intent = app.intent(transaction).await;
    assert_eq!(
        answer,
        json!({
            "isSuccessful": true,
            "redirectUrl": null,
            "transactionId": transaction,
            "message": null,
            "preOrderPaymentData": {
                "transactionId": transaction,
                "clientSecret": intent["client_secret"],
                "publishableKey": PUBLISHABLE_KEY,
            },
        })
    );
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(18_979), &json!("eur")));
    assert_eq!(intent["description"], Value::Null);
    assert_eq!(intent["metadata"]["orderReference"], Value::Null);
    assert_eq!(intent["metadata"]["tenantIdentifier"], TENANT);

    let told = app.read("payment-events").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].name, "PaymentCreated");
    assert_eq!(told[0].body["paymentReference"], transaction);
    assert_eq!(told[0].body.get("entityReference"), None);
    app.settle().await;
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c10_initialize_without_an_order_is_a_pre_order_in_both_encodings() {
    let app = TestApp::configured().await;
    let cart = Order::new("DE--3").cart(None);
    for path in ["/initialize-payment", "/private/initialize-payment", "/pre-order-payment"] {
        let (status, answer) = app.call(path, &cart).await;
        assert_eq!(status, 200, "{path}: {answer}");
        assert!(answer["preOrderPaymentData"]["clientSecret"].is_string(), "{path}: {answer}");
    }
    let form = "orderData[currencyCode]=EUR&orderData[grandTotal]=18979&orderData[orderReference]=";
    let mut request = request(http::Method::POST, PRE_ORDER, form.to_owned());
    let headers = request.headers_mut();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    headers.insert("x-tenant-identifier", TENANT.parse().unwrap());
    let (status, answer) = app.send(request).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(app.sandbox.audit().len(), 4, "each cart has its own payment");
}

#[tokio::test(start_paused = true)]
async fn c08_a_known_transaction_is_the_same_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let (_, first) = app.call(PRE_ORDER, &order.cart(None)).await;
    let transaction = first["transactionId"].as_str().unwrap();
    let (status, again) = app.call(PRE_ORDER, &order.cart(Some(transaction))).await;
    assert_eq!((status, &again), (StatusCode::OK, &first));
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(app.calls_made("POST", transaction), 0, "nothing has changed");

    // Paid, it is the same still.
    app.pay(transaction, "pm_card_visa").await;
    app.settle().await;
    let (status, again) = app.call(PRE_ORDER, &order.cart(Some(transaction))).await;
    assert_eq!((status, &again), (StatusCode::OK, &first));
}

#[tokio::test(start_paused = true)]
async fn c08_what_an_old_session_remembers_keeps_nobody_from_paying() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let linked = app.paid_cart(&order, "pm_card_visa").await;
    app.confirmed(&order, &linked).await;
    for old in ["pi_never_was", "../v1/refunds", linked.as_str()] {
        let (status, answer) = app.call(PRE_ORDER, &order.cart(Some(old))).await;
        assert_eq!(status, 200, "{old}: {answer}");
        assert_ne!(answer["transactionId"], old);
    }
}

#[tokio::test(start_paused = true)]
async fn c09_a_changed_total_updates_the_same_intent() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    for total in [20_000, 5_000] {
        order.total = total;
        let (status, answer) = app.call(PRE_ORDER, &order.cart(Some(&transaction))).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["transactionId"], transaction);
        assert_eq!(app.money(&transaction).amount, total);
        assert_eq!(app.payment_with(&transaction).await.checkout.total.minor(), total);
    }
    order.currency = "USD";
    let (status, _) = app.call(PRE_ORDER, &order.cart(Some(&transaction))).await;
    assert_eq!((status, app.money(&transaction).currency.as_str()), (StatusCode::OK, "usd"));
    assert_eq!(app.sandbox.audit().len(), 1, "there is one payment");
}

#[tokio::test(start_paused = true)]
async fn c09_a_total_that_changes_after_the_payment_is_refused() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    order.total = 20_000;
    let (status, answer) = app.call(PRE_ORDER, &order.cart(Some(&transaction))).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("authorized over 189.79 EUR"), "{answer}");
    assert_eq!(app.sandbox.audit().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c12_a_cart_needs_a_total_and_a_currency() {
    let app = TestApp::configured().await;
    let mut cart = Order::new("DE--3").cart(None);
    cart["orderData"]["grandTotal"] = json!(10);
    let (status, answer) = app.call(PRE_ORDER, &cart).await;
    assert_eq!(status, 400);
    assert!(message(&answer).starts_with("orderData.grandTotal"), "{answer}");
    cart["orderData"]["currencyCode"] = Value::Null;
    let (status, answer) = app.call(PRE_ORDER, &cart).await;
    assert_eq!(status, 400);
    assert!(message(&answer).starts_with("orderData.currencyCode"), "{answer}");
    assert_eq!(app.sandbox.audit(), []);
}

#[tokio::test(start_paused = true)]
async fn c13_confirming_links_the_order_and_the_payment_is_told_once_it_is_authorized() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    let (status, answer) = app.confirm(&order, &transaction).await;
    assert_eq!((status, answer["isSuccessful"].as_bool()), (StatusCode::OK, Some(true)));

    let told = app.read("payment-events").await;
    let names: Vec<&str> = told.iter().map(|message| message.name.as_str()).collect();
    assert_eq!(names, ["PaymentCreated", "PaymentUpdated"]);
    assert_eq!(told[1].body["entityReference"], "DE--3");
    assert_eq!(told[1].body["paymentReference"], transaction);
    let intent = app.intent(&transaction).await;
    assert_eq!(intent["metadata"]["orderReference"], "DE--3");
    assert_eq!(intent["description"], "Order DE--3");

    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    let all = capture(&order, &order.items, order.total);
    assert_eq!(
        app.results_of("CapturePayment", &all).await,
        ["PaymentCaptured[1001,1002] 18979"],
        "from then on it is a payment like any other"
    );
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c14_what_came_before_the_confirmation_is_told_at_it_in_order() {
    for (card, expected) in [
        ("pm_card_visa", vec!["PaymentAuthorized[1001,1002] 18979"]),
        (
            "pm_ideal",
            vec!["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"],
        ),
    ] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--3");
        let transaction = app.pre_order(&order).await;
        if card == "pm_ideal" {
            app.pay_by_debit(&transaction, "DE89370400440532013000").await;
            app.advance(LONG_ENOUGH).await;
        } else {
            app.pay(&transaction, card).await;
        }
        app.settle().await;
        let before = app.read("payment-events").await;
        let names: Vec<&str> = before.iter().map(|message| message.name.as_str()).collect();
        assert_eq!(names, ["PaymentCreated"], "{card}: an order that is not there hears nothing");

        app.confirmed(&order, &transaction).await;
        let told = app.read("payment-events").await;
        assert_eq!(told[0].name, "PaymentUpdated", "{card}");
        let results: Vec<String> =
            told.iter().filter(|told| told.is_result()).map(Message::result).collect();
        assert_eq!(results, expected, "{card}");
        let intent = app.intent(&transaction).await;
        assert_eq!(intent["metadata"]["orderReference"], "DE--3", "{card}: also of a paid one");
        app.assert_drained().await;
    }
}

/// The shopper has paid, and the shop places the order before Stripe has told of it.
#[tokio::test(start_paused = true)]
async fn c14_a_confirmation_before_the_webhooks_asks_stripe() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.hold_webhooks();
    app.pay(&transaction, "pm_card_visa").await;
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0], "and the late ones say nothing new");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c15_a_confirmation_that_fails_leaves_the_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    let mut wrong = order.confirmation(&transaction);
    wrong["orderData"]["items"] = json!([]);
    let mut unnamed = order.confirmation(&transaction);
    unnamed["orderReference"] = Value::Null;
    unnamed["orderData"]["orderReference"] = Value::Null;
    let mut other = order.confirmation(&transaction);
    other["orderReference"] = json!("DE--4");
    for (body, field) in [
        (wrong, "orderData.items"),
        (unnamed, "orderData.orderReference"),
        (other, "orderReference"),
        (order.confirmation("pi_unknown"), "preOrderPaymentData.transactionId"),
        (order.confirmation(""), "preOrderPaymentData.transactionId"),
    ] {
        let (status, answer) = app.call(CONFIRM, &body).await;
        assert_eq!(status, 400, "{field}: {answer}");
        assert!(message(&answer).starts_with(field), "{field}: {answer}");
    }
    // Stripe says no.
    app.answer_next(402, UPDATE, 1);
    let (status, answer) = app.confirm(&order, &transaction).await;
    assert_eq!(status, 400, "{answer}");
    assert!(app.payment_with(&transaction).await.is_pre_order());
    app.confirmed(&order, &transaction).await;
}

#[tokio::test(start_paused = true)]
async fn c16_canceling_voids_the_intent_and_drops_what_comes_after() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.hold_webhooks();
    app.pay(&transaction, "pm_card_visa").await;
    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert_eq!((status, answer["isSuccessful"].as_bool()), (StatusCode::OK, Some(true)));
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
    let told = app.read("payment-events").await;
    let names: Vec<&str> = told.iter().map(|message| message.name.as_str()).collect();
    assert_eq!(names, ["PaymentCreated"]);
    app.assert_drained().await;

    let (status, _) = app.cancel_pre_order(&transaction).await;
    assert_eq!(status, 200, "canceled again, nothing happens");
    assert_eq!(app.calls_made("POST", "/cancel"), 1);
    let (status, answer) = app.confirm(&order, &transaction).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("canceled"), "{answer}");
}

/// A cart whose payment was canceled is paid by a new attempt of the same payment.
#[tokio::test(start_paused = true)]
async fn c16_after_a_cancel_the_cart_can_be_paid_anew() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let first = app.pre_order(&order).await;
    app.cancel_pre_order(&first).await;
    let (status, answer) = app.call(PRE_ORDER, &order.cart(Some(&first))).await;
    assert_eq!(status, 200, "{answer}");
    let second = answer["transactionId"].as_str().unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(app.payment_with(&first).await.id, app.payment_with(&second).await.id);

    let (status, answer) = app.confirm(&order, &first).await;
    assert_eq!(status, 400, "the attempt that was replaced stands for nothing: {answer}");
    let (status, _) = app.cancel_pre_order(&first).await;
    assert_eq!(status, 200, "it is canceled");
    assert_eq!(app.money(&second).status, "requires_payment_method", "and the new one is not");
    app.pay(&second, "pm_card_visa").await;
    app.confirmed(&order, &second).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c17_a_cancel_that_fails_leaves_the_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    app.answer_next(402, CANCEL, 1);
    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert!([400, 422].contains(&status.as_u16()), "{answer}");
    assert!(!message(&answer).is_empty());
    assert_eq!(app.money(&transaction).status, "requires_capture");
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c17_the_payment_of_an_order_is_not_canceled_as_a_cart() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    app.confirmed(&order, &transaction).await;
    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("order DE--3"), "{answer}");
    assert_eq!(app.money(&transaction).status, "requires_capture");
}

#[tokio::test(start_paused = true)]
async fn c18_confirmed_twice_has_one_effect_and_another_order_none() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.read("payment-events").await, []);

    let (status, answer) = app.confirm(&Order::new("DE--4"), &transaction).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("belongs to order DE--3"), "{answer}");
    assert_eq!(app.read("payment-events").await, []);
}

/// Two payments for one order: the second one is refused, whichever way it came.
#[tokio::test(start_paused = true)]
async fn r01_an_order_that_has_a_payment_gets_no_other() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    app.initialize(&order).await;
    for paid in [false, true] {
        let cart = app.pre_order(&order).await;
        if paid {
            app.pay(&cart, "pm_card_visa").await;
        }
        app.settle().await;
        let (status, answer) = app.confirm(&order, &cart).await;
        assert_eq!(status, 400);
        assert!(message(&answer).starts_with("orderData.orderReference"), "{answer}");
        assert!(app.payment_with(&cart).await.is_pre_order());
    }
}

fn other_account() -> Value {
    json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"})
}

#[tokio::test(start_paused = true)]
async fn r01_a_payment_of_an_account_that_was_left_stands_for_no_order() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let cart = app.paid_cart(&order, "pm_card_visa").await;
    let (status, answer) = app.configure(other_account()).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = app.confirm(&order, &cart).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("account that the tenant has left"), "{answer}");
    let (status, again) = app.call(PRE_ORDER, &order.cart(Some(&cart))).await;
    assert_eq!(status, 200, "{again}");
    assert_ne!(again["transactionId"], cart.as_str());
    let (status, answer) = app.cancel_pre_order(&cart).await;
    assert_eq!(status, 200, "it is given back with the keys of its account: {answer}");
    app.settle().await;
}

#[tokio::test(start_paused = true)]
async fn r05_another_tenants_transaction_is_nobodys() {
    let app = TestApp::configured().await;
    app.configure_tenant("tenant-b", json!({"secretKey": "sk_test_b"})).await;
    let order = Order::new("DE--3");
    let cart = app.paid_cart(&order, "pm_card_visa").await;
    for (path, body) in [
        (CONFIRM, order.confirmation(&cart)),
        (CANCEL_PRE_ORDER, json!({"preOrderPaymentData": {"transactionId": cart}})),
        ("/customer", json!({"customerPaymentServiceProviderData": {"transactionId": cart}})),
    ] {
        let (status, answer) = app.call_as("tenant-b", path, &body).await;
        assert_eq!(status, 400, "{path}: {answer}");
        assert!(message(&answer).contains("is not known"), "{path}: {answer}");
    }
    let (_, made) = app.call_as("tenant-b", PRE_ORDER, &order.cart(Some(&cart))).await;
    assert_ne!(made["transactionId"], cart.as_str());
    assert_eq!(app.money(&cart).status, "requires_capture");
}

#[tokio::test(start_paused = true)]
async fn c74_a_disconnected_tenant_has_no_carts() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let cart = app.pre_order(&order).await;
    app.settle().await;
    app.read("payment-events").await;
    assert_eq!(app.disconnect(None).await.0, 409, "a cart that is being paid is open");
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    for (path, body) in [
        (PRE_ORDER, order.cart(None)),
        (CONFIRM, order.confirmation(&cart)),
        (CANCEL_PRE_ORDER, json!({"preOrderPaymentData": {"transactionId": cart}})),
        ("/private/customer", json!({"customer": {"email": "a@b.test"}})),
    ] {
        let (status, answer) = app.call(path, &body).await;
        assert_eq!((status.as_u16(), message(&answer)), (403, "Tenant is disconnected."), "{path}");
    }
}

/// Whoever has a client secret can pay in the shopper's place: it is in the answers, and nowhere else.
#[tokio::test]
async fn r05_what_opens_a_payment_is_in_its_answer_alone() {
    let logs = Logs::record();
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::on_threads(folder.path());
    assert_eq!(app.configure(json!({})).await.0, 200);
    let order = Order::new("DE--3");
    let (_, answer) = app.call(PRE_ORDER, &order.cart(None)).await;
    let data = &answer["preOrderPaymentData"];
    let secret = data["clientSecret"].as_str().unwrap().to_owned();
    let transaction = data["transactionId"].as_str().unwrap().to_owned();
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    app.confirmed(&order, &transaction).await;
    let (_, refused) = app.confirm(&Order::new("DE--4"), &transaction).await;
    assert!(!refused.to_string().contains(&secret), "{refused}");
    let told = format!("{:?}", app.read("payment-events").await);
    assert!(told.contains(&transaction) && !told.contains(&secret), "{told}");
    for level in ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"] {
        assert!(!logs.of_level(level).concat().contains(&secret), "in the log");
    }
    drop(app);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "in {}", path.display());
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_reads_that_a_cart_waits_for_its_order() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    let advice = |payment| {
        let now = app.now();
        let case = app::ports::PaymentCase {
            payment,
            updated_at: now,
            inbox: Vec::new(),
            outbox: Vec::new(),
        };
        app::operate::advice::of_payment(&case, now)
    };
    let before = advice(app.payment_with(&transaction).await);
    assert!(before.contains("its order is not placed yet"), "{before}");
    assert!(before.contains("for 24 hours"), "{before}");
    app.confirmed(&order, &transaction).await;
    let after = advice(app.payment_with(&transaction).await);
    assert!(after.contains("captures or cancels"), "{after}");
}
