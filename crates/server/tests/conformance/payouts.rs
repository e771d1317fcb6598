//! Merchants paid out and payouts taken back: cases 20 to 28, rules R18 and R19.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::*;

const TWO_OF_ONE: [Wanted<'_>; 2] = [("MER000001", "i1", 4_000), ("MER000001", "i2", 2_500)];

#[tokio::test(start_paused = true)]
async fn c20_two_items_of_one_merchant_are_one_transfer() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;

    let paid = app.pay_out("DE--11", &TWO_OF_ONE).await;
    assert_eq!(lines(&paid), ["MER000001 6500 [i1,i2] ok"]);

    let transfers = app.sandbox.transfers();
    let [transfer] = transfers.as_slice() else { panic!("{transfers:?}") };
    assert_eq!(transfer.id, transfer_id(&paid[0]));
    assert_eq!((transfer.amount, transfer.currency.as_str()), (6_500, "eur"));
    assert_eq!(transfer.destination, app.account("MER000001").await);
    assert_eq!(transfer.transfer_group.as_deref(), Some("DE--11"));
    let charge = app.payment(&order).await.attempt().charge.clone();
    assert_eq!(transfer.source_transaction.as_deref(), charge.as_ref().map(|id| id.as_str()));
    assert_eq!(app.balance_of(&transfer.destination), 6_500);
    assert_eq!(app.paid_out(&order).await, 6_500);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c21_negative_amounts_are_taken_back_by_transfer() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let both = [TWO_OF_ONE[0], TWO_OF_ONE[1], ("MER000002", "i3", 1_999)];
    let paid = app.pay_out("DE--11", &both).await;
    let (first, second) = (transfer_id(&paid[0]), transfer_id(&paid[1]));

    let taken = app
        .transfers(vec![
            wanted("DE--11", Some(&first), ("MER000001", "i1", -4_000)),
            wanted("DE--11", Some(&second), ("MER000002", "i3", -1_999)),
            wanted("DE--11", Some(&first), ("MER000001", "i2", -2_500)),
        ])
        .await;
    assert_eq!(lines(&taken), ["MER000001 -6500 [i1,i2] ok", "MER000002 -1999 [i3] ok"]);
    assert_eq!((transfer_id(&taken[0]), transfer_id(&taken[1])), (first, second));
    assert_eq!(app.stripe_calls("POST", "/reversals"), 2);
    assert_eq!(app.paid_out(&order).await, 0);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c22_an_unknown_transfer_is_a_failed_entry() {
    let app = TestApp::with_merchants().await;
    app.sold("DE--11", 8_499).await;
    let taken = app.take_back("DE--11", "tr_nobodys", &[("MER000001", "i1", 1)]).await;
    assert_eq!(lines(&taken), ["MER000001 -1 [i1] the transfer tr_nobodys is not known"]);
}

#[tokio::test(start_paused = true)]
async fn c23_a_merchant_who_is_not_onboarded_holds_nobody_up() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    app.click("MER000003").await;

    let items = [("MER9", "i1", 100), ("MER000003", "i2", 200), ("MER000001", "i3", 300)];
    let paid = app.pay_out("DE--11", &items).await;

    let told = lines(&paid);
    assert_eq!(
        told[0],
        "MER9 100 [i1] the merchant MER9 is not onboarded; onboard it in the merchant portal"
    );
    assert!(told[1].contains("transfers is not active. Next: the merchant has to"), "{told:?}");
    assert_eq!(told[2], "MER000001 300 [i3] ok");
    assert_eq!(app.paid_out(&order).await, 300);

    // Once the onboarding is complete, asking again pays out.
    app.onboarding_ends(&app.account("MER000003").await, "complete").await;
    let paid = app.pay_out("DE--11", &items[1..2]).await;
    assert_eq!(lines(&paid), ["MER000003 200 [i2] ok"]);
    assert_eq!(app.paid_out(&order).await, 500);
}

#[tokio::test(start_paused = true)]
async fn c24_each_merchant_and_each_order_has_a_transfer() {
    let app = TestApp::with_merchants().await;
    let orders = [app.sold("DE--11", 8_499).await, app.sold("DE--12", 8_499).await];
    let request = Recorded::read("requests/transfers_payout_two_orders_synthetic").request("");
    let (status, answer) = app.send(request).await;
    readable(status, &answer);
    assert_eq!(
        lines(answer["transfers"].as_array().unwrap()),
        [
            "MER000001 6500 [item-11-1-0000-4000-8000-000000000001,item-11-2-0000-4000-8000-000000000002] ok",
            "MER000002 1999 [item-11-3-0000-4000-8000-000000000003] ok",
            "MER000001 6500 [item-12-1-0000-4000-8000-000000000001,item-12-2-0000-4000-8000-000000000002] ok",
            "MER000002 1999 [item-12-3-0000-4000-8000-000000000003] ok",
        ]
    );
    for order in &orders {
        assert_eq!(app.paid_out(order).await, 8_499);
    }
}

#[tokio::test(start_paused = true)]
async fn c25_an_order_or_a_transfer_of_another_tenant_is_not_known() {
    let app = TestApp::with_merchants().await;
    app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &[("MER000001", "i1", 100)]).await;
    let other = json!({"businessModel": "marketplace", "secretKey": "sk_test_other",
        "publishableKey": "pk_test_other"});
    assert_eq!(app.configure_tenant("other", other).await.0, StatusCode::OK);

    let transfer = transfer_id(&paid[0]);
    let items = json!([
        wanted("DE--11", None, ("MER000001", "i2", 100)),
        wanted("DE--11", Some(&transfer), ("MER000001", "i1", -100)),
    ]);
    let body = json!({"orderItems": items, "paymentTransmissionItems": items});
    let (status, answer) = app.call_as("other", "/payments/transfers", &body).await;
    readable(status, &answer);
    assert_eq!(
        lines(answer["transfers"].as_array().unwrap()),
        [
            "MER000001 100 [i2] the order is not known".to_owned(),
            format!("MER000001 -100 [i1] the transfer {transfer} is not known"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn c26_stripes_no_is_a_failed_entry() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    app.answer_next(400, TRANSFER, 1);
    let paid = app.pay_out("DE--11", &TWO_OF_ONE).await;
    assert!(!paid[0]["isSuccessful"].as_bool().unwrap());
    assert_eq!(app.paid_out(&order).await, 0);
    // The next request is a new attempt under a new key.
    let paid = app.pay_out("DE--11", &TWO_OF_ONE).await;
    assert_eq!(lines(&paid), ["MER000001 6500 [i1,i2] ok"]);
    let keys = app.keys_used("/v1/transfers");
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c27_the_same_request_again_is_the_same_transfers() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let replay = || async {
        let request = Recorded::read("requests/transfers_payout_order_11").request("");
        let (status, answer) = app.send(request).await;
        readable(status, &answer);
        answer
    };
    let first = replay().await;
    assert_eq!(replay().await, first);
    assert_eq!(app.stripe_calls("POST", "/v1/transfers"), 2);
    assert_eq!(app.paid_out(&order).await, 8_499);
}

#[tokio::test(start_paused = true)]
async fn c28_more_than_was_captured_is_a_failed_entry_without_a_call() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let items = [("MER000001", "i1", 8_000), ("MER000002", "i2", 500)];
    let paid = app.pay_out("DE--11", &items).await;
    assert_eq!(line(&paid[0]), "MER000001 8000 [i1] ok");
    let first = transfer_id(&paid[0]);
    assert_eq!(
        line(&paid[1]),
        format!(
            "MER000002 500 [i2] 5.00 EUR cannot be paid out: 4.99 EUR of the order's money is left \
             (84.99 EUR captured, 0.00 EUR given back or disputed, 80.00 EUR paid out); reverse \
             {first} first"
        )
    );
    assert_eq!(app.calls_made("POST", "/v1/transfers"), 1);
    assert_eq!(app.paid_out(&order).await, 8_000);

    // Nothing was captured yet of this one.
    app.held(&Order::new("DE--12")).await;
    let paid = app.pay_out("DE--12", &[("MER000001", "i1", 1)]).await;
    assert!(line(&paid[0]).contains("0.01 EUR cannot be paid out: 0.00 EUR"), "{paid:?}");
}

#[tokio::test(start_paused = true)]
async fn r18_what_is_paid_already_is_answered_and_only_the_rest_is_paid() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let first = app.pay_out("DE--11", &TWO_OF_ONE[..1]).await;
    let both = app.pay_out("DE--11", &TWO_OF_ONE).await;
    assert_eq!(lines(&both), ["MER000001 4000 [i1] ok", "MER000001 2500 [i2] ok"]);
    assert_eq!(transfer_id(&both[0]), transfer_id(&first[0]));
    assert_ne!(transfer_id(&both[1]), transfer_id(&first[0]));
    assert_eq!(app.paid_out(&order).await, 6_500);
}

#[tokio::test(start_paused = true)]
async fn r18_an_item_taken_back_in_whole_is_paid_out_anew_and_one_in_part_is_not() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let (i1, i2) = (TWO_OF_ONE[0], TWO_OF_ONE[1]);
    let paid = app.pay_out("DE--11", &[i1, i2]).await;
    let first = transfer_id(&paid[0]);
    app.take_back("DE--11", &first, &[i1, ("MER000001", "i2", 500)]).await;
    assert_eq!(app.paid_out(&order).await, 2_000);

    let again = app.pay_out("DE--11", &[i1, i2]).await;
    let mut told = lines(&again);
    told.sort();
    assert_eq!(told, ["MER000001 2500 [i2] ok", "MER000001 4000 [i1] ok"]);
    assert_eq!(transfer_id(&again[0]), first, "what is left of it stands");
    let second = transfer_id(&again[1]);
    assert_ne!(second, first);
    assert_eq!(app.paid_out(&order).await, 6_000);

    // And once more, from the second one.
    app.take_back("DE--11", &second, &[i1]).await;
    let third = app.pay_out("DE--11", &[i1]).await;
    assert_eq!(lines(&third), ["MER000001 4000 [i1] ok"]);
    assert_eq!(app.paid_out(&order).await, 6_000);
}

#[tokio::test(start_paused = true)]
async fn r18_a_reversal_may_be_partial_and_repeated_but_never_beyond_the_share() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &TWO_OF_ONE).await;
    let transfer = transfer_id(&paid[0]);
    let take = |amount| {
        let (app, transfer) = (&app, &transfer);
        async move { lines(&app.take_back("DE--11", transfer, &[("MER000001", "i2", amount)]).await) }
    };
    assert_eq!(take(1_000).await, ["MER000001 -1000 [i2] ok"]);
    assert_eq!(take(1_000).await, ["MER000001 -1000 [i2] ok"], "the same one again");
    assert_eq!(app.paid_out(&order).await, 5_500);
    assert_eq!(take(700).await, ["MER000001 -700 [i2] ok"]);
    assert_eq!(
        take(801).await,
        [format!("MER000001 -801 [i2] no more than 8.00 EUR of {transfer} is left for this item")]
    );
    assert_eq!(take(800).await, ["MER000001 -800 [i2] ok"]);
    let beyond = [("MER000001", "i3", 1)];
    let taken = app.take_back("DE--11", &transfer, &beyond).await;
    assert!(line(&taken[0]).contains("no more than 0.00 EUR"), "{taken:?}");
    assert_eq!(app.paid_out(&order).await, 4_000);
    assert_eq!(app.stripe_calls("POST", "/reversals"), 3);
}

#[tokio::test(start_paused = true)]
async fn r18_another_amount_for_an_item_that_was_paid_is_refused() {
    let app = TestApp::with_merchants().await;
    app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &[("MER000001", "i1", 4_000)]).await;
    let transfer = transfer_id(&paid[0]);
    let other = app.pay_out("DE--11", &[("MER000001", "i1", 4_100)]).await;
    let why = format!(
        "the item was paid out already, with 40.00 EUR by {transfer}; take that back first"
    );
    assert_eq!(lines(&other), [format!("MER000001 4100 [i1] {why}")]);
}

#[tokio::test(start_paused = true)]
async fn r19_refunds_and_disputes_lower_what_can_be_paid_out() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &[("MER000001", "i1", 4_000)]).await;
    let transfer = transfer_id(&paid[0]);
    let refunded = app.results_of("RefundPayment", &refund(&order, &[1001], 4_000)).await;
    assert_eq!(refunded, ["PaymentRefunded[1001] 4000"]);

    let more = app.pay_out("DE--11", &[("MER000002", "i2", 500)]).await;
    let told = line(&more[0]);
    assert!(told.contains("4.99 EUR of the order's money is left"), "{told}");
    assert!(told.ends_with(&format!("reverse {transfer} first")), "{told}");
    // A refund takes nothing back by itself, and a reversal is never refused.
    assert_eq!(app.paid_out(&order).await, 4_000);
    let taken = app.take_back("DE--11", &transfer, &[("MER000001", "i1", 4_000)]).await;
    assert_eq!(lines(&taken), ["MER000001 -4000 [i1] ok"]);
    let more = app.pay_out("DE--11", &[("MER000002", "i2", 500)]).await;
    assert_eq!(lines(&more), ["MER000002 500 [i2] ok"]);
}

#[tokio::test(start_paused = true)]
async fn r19_disputed_money_is_not_paid_out() {
    let app = TestApp::with_merchants().await;
    let order = Order { total: 8_499, ..Order::new("DE--11") };
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_createDispute").await;
    app.settle().await;
    app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 8_499)).await;
    app.settle().await;
    let disputed = app.payment(&order).await.withdrawn().minor();
    assert_eq!(disputed, 8_499, "the bank has the money");
    let paid = app.pay_out("DE--11", &[("MER000001", "i1", 1)]).await;
    assert!(line(&paid[0]).contains("84.99 EUR given back or disputed"), "{paid:?}");
    assert_eq!(app.calls_made("POST", "/v1/transfers"), 0);
}

#[tokio::test(start_paused = true)]
async fn r19_money_that_was_settled_in_another_currency_is_not_paid_out() {
    let app = TestApp::with_merchants().await;
    let platform = app.platform().await;
    let settlement = json!({"settlement": {"currency": "usd", "rate_basis_points": 11_000}});
    app.change_account(&platform, settlement).await;
    app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &[("MER000001", "i1", 100)]).await;
    let told = line(&paid[0]);
    assert!(told.contains("the order is in EUR, but its money was settled in USD"), "{told}");
    assert_eq!(app.calls_made("POST", "/v1/transfers"), 0);
}

#[tokio::test(start_paused = true)]
async fn r19_a_marketplaces_payment_is_captured_once_and_carries_its_order() {
    let app = TestApp::with_merchants().await;
    let order = Order::new("DE--11");
    let transaction = app.authorized(&order).await;
    let intent = app.intent(&transaction).await;
    assert_eq!(intent["transfer_group"], "DE--11");
    let card = &intent["payment_method_options"]["card"];
    assert_ne!(card["request_multicapture"], "if_available", "{card}");
    app.results().await;

    // So the first capture releases the rest, and what was captured can be paid out.
    let told = app.results_of("CapturePayment", &capture(&order, &[1001], 10_000)).await;
    assert_eq!(told, ["PaymentCaptured[1001] 10000", "PaymentCaptureFailed[1002] 8979"]);
    let paid = app.pay_out("DE--11", &[("MER000001", "i1", 10_000)]).await;
    assert_eq!(lines(&paid), ["MER000001 10000 [i1] ok"]);
}

/// Its order is not known when it is made. Stripe takes a group once, so that an order whose first
/// confirmation got lost in between must not depend on it.
#[tokio::test(start_paused = true)]
async fn r19_a_payment_before_its_order_carries_it_from_the_confirmation_on() {
    let app = TestApp::with_merchants().await;
    for (reference, grouped_before) in [("DE--11", false), ("DE--12", true)] {
        let order = Order::new(reference);
        let (_, answer) = app.call(PRE_ORDER, &order.cart(None)).await;
        let transaction = answer["transactionId"].as_str().unwrap();
        assert_eq!(app.intent(transaction).await["transfer_group"], Value::Null);
        if grouped_before {
            let path = format!("/v1/payment_intents/{transaction}");
            app.stripe(Method::POST, &path, "transfer_group=DE--0").await;
        }
        app.confirmed(&order, transaction).await;
        let expected = if grouped_before { "DE--0" } else { reference };
        assert_eq!(app.intent(transaction).await["transfer_group"], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_payouts_and_reversals_are_taken_as_they_are() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let replay = |name: &'static str, known: Vec<(String, String)>| {
        let app = &app;
        async move {
            let mut recorded = Recorded::read(&format!("requests/{name}"));
            for (theirs, ours) in known {
                recorded.body = recorded.body.replace(&theirs, &ours);
            }
            let (status, answer) = app.send(recorded.request("")).await;
            readable(status, &answer);
            answer["transfers"].as_array().unwrap().clone()
        }
    };
    let paid = replay("transfers_payout_with_expenses", Vec::new()).await;
    assert!(paid.iter().all(|entry| entry["isSuccessful"] == json!(true)), "{paid:?}");
    assert_eq!(app.paid_out(&order).await, 8_499);
    // The shop sends the transfer ids it was given.
    let ids = vec![
        ("tr_test_11_1".to_owned(), transfer_id(&paid[0])),
        ("tr_test_11_2".to_owned(), transfer_id(&paid[1])),
    ];
    for name in ["transfers_reversal_with_expenses", "transfers_reversal_with_expenses_2"] {
        let taken = replay(name, ids.clone()).await;
        assert!(taken.iter().all(|entry| entry["isSuccessful"] == json!(true)), "{taken:?}");
    }
    assert_eq!(app.paid_out(&order).await, 0);
    let unpaid = replay("transfers_payout_order_12", Vec::new()).await;
    assert!(lines(&unpaid)[0].ends_with("the order is not known"));
}

#[tokio::test(start_paused = true)]
async fn items_that_cannot_be_are_failed_entries_and_those_of_nobody_are_ignored() {
    let app = TestApp::with_merchants().await;
    app.sold("DE--11", 8_499).await;
    let with = |change: Value| {
        let mut item = wanted("DE--11", None, ("MER000001", "i1", 100));
        item.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        item
    };
    let entries = app
        .transfers(vec![
            with(json!({"merchant_reference": null})),
            with(json!({"merchant_reference": ""})),
            with(json!({"amount": "9.99"})),
            with(json!({"amount": null, "item_reference": "i2"})),
            with(json!({"amount": "-1", "item_reference": "i3"})),
            with(json!({"item_reference": null})),
            with(json!({"order_reference": null})),
            with(json!({"amount": "0", "item_reference": "i4", "order_reference": "DE--11"})),
        ])
        .await;
    let told = lines(&entries);
    assert_eq!(
        told,
        [
            "MER000001 0 [i1,i2] amount: is no whole number of minor units",
            "MER000001 -1 [i3] transferId: is missing; a payout is taken back from its transfer",
            "MER000001 100 [] itemReference: is missing; send the item's reference",
            "MER000001 100 [i1] orderReference: is missing; send the order's reference",
            "MER000001 0 [i4] the amount is 0: there is nothing to pay out",
        ]
    );
    assert_eq!(app.transfers(Vec::new()).await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn c74_a_disconnected_tenant_is_told_in_the_only_form_its_shop_reads() {
    let app = TestApp::with_merchants().await;
    app.sold("DE--11", 8_499).await;
    assert_eq!(app.disconnect(Some("true,true")).await.0, StatusCode::NO_CONTENT);
    let paid = app.pay_out("DE--11", &TWO_OF_ONE).await;
    assert_eq!(lines(&paid), ["MER000001 6500 [i1,i2] Tenant is disconnected."]);
    assert_eq!(app.calls_made("POST", "/v1/transfers"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_refused_like_anywhere() {
    let app = TestApp::with_merchants().await;
    let (status, answer) = app.call("/private/payments/transfers", &json!("x")).await;
    assert_eq!(status, 400);
    assert!(answer[0]["message"].as_str().unwrap().starts_with("body: must be a JSON object"));
    let path = "/private/payments/transfers";
    let request = http::Request::builder().method(Method::POST).uri(path);
    let (status, _) = app.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(status, 401);
}
