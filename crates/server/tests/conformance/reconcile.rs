//! The books compared with Stripe: what differs is told, and mended where that is safe.

use std::time::Duration;

use app::limits::COMPARE_RECENT;
use app::ports::{Commit, Expected, PaymentChange};
use app::reconcile::{Compared, Scope};
use http::Method;
use jiff::SignedDuration;
use payment::{Money, Payment, Status, TenantId};
use stripe_sandbox::{Fault, FaultKind, WebhookSettings};

use crate::support::*;
use crate::webhooks::{by_hand, paid_in_silence};

async fn compare(app: &TestApp, repair: bool) -> Compared {
    let since = app.now() - COMPARE_RECENT;
    let scope = Scope { tenant: TenantId::new(TENANT), since, repair };
    app.app.consumer.context.compare_next(&scope, None).await.unwrap()
}

/// What differs, as `DE--1 field: ours / theirs`; `*` where it was mended.
fn lines(compared: &Compared) -> Vec<String> {
    let line = |found: &app::reconcile::Difference| {
        let mended = if found.mended { "*" } else { "" };
        let (order, field) = (&found.order, found.field.name());
        format!("{order} {field}: {} / {}{mended}", found.ours, found.theirs)
    };
    compared.differences.iter().map(line).collect()
}

/// Everything that moves money.
fn moves(app: &TestApp) -> usize {
    app.sandbox.calls().iter().filter(|call| call.method == "POST").count()
}

/// Writes something else into the books than has happened.
async fn falsify(app: &TestApp, order: &Order, change: impl FnOnce(&mut payment::PaymentRecord)) {
    let store: &dyn app::Store = app.store.as_ref();
    let (tenant, reference) =
        (TenantId::new(TENANT), payment::OrderReference::new(&order.reference));
    let stored = store.latest_payment_of_order(&tenant, &reference).await.unwrap().unwrap();
    let mut record = stored.value.into_record();
    change(&mut record);
    let change = PaymentChange {
        payment: Payment::restore(record),
        expected: Expected::Version(stored.version),
        settled: None,
        history: Vec::new(),
    };
    let (now, payment) = (app.now(), Some(change));
    let commit = Commit { tenant, now, payment, messages: Vec::new(), inbox: None, ends: None };
    store.commit(commit).await.unwrap();
}

fn eur(minor: i64) -> Money {
    Money::new(minor, payment::Currency::parse("EUR").unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn books_that_agree_differ_in_nothing() {
    let app = TestApp::configured().await;
    let [unpaid, held, captured, part, refunded, canceled] =
        ["DE--1", "DE--2", "DE--3", "DE--4", "DE--5", "DE--6"].map(Order::new);
    app.initialize(&unpaid).await;
    app.held(&held).await;
    app.captured(&captured).await;
    app.held(&part).await;
    app.results_of("CapturePayment", &capture(&part, &[1001], 9_999)).await;
    app.captured(&refunded).await;
    app.results_of("RefundPayment", &refund(&refunded, &[1001], 9_999)).await;
    app.held(&canceled).await;
    app.results_of("CancelPayment", &cancel(&canceled, &canceled.items)).await;
    let compared = compare(&app, true).await;
    assert_eq!(lines(&compared), [""; 0]);
    assert_eq!((compared.payments, compared.next, compared.stopped), (6, None, None));
    assert_eq!(app.results().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_heard_of_is_told_and_mended_on_request() {
    let app = TestApp::configured().await;
    let (order, transaction) = paid_in_silence(&app).await;
    let expected = ["DE--1 status: new / authorized", "DE--1 held: 0.00 EUR / 189.79 EUR"];
    let compared = compare(&app, false).await;
    assert_eq!(lines(&compared), expected);
    assert_eq!(
        compared.differences[0].next,
        "`paybridge reconcile --tenant tenant-test-0001 --repair` takes over what Stripe says"
    );
    assert_eq!(app.status(&order).await, "new", "nothing is changed unasked");
    assert_eq!(app.results().await, [""; 0]);

    let made = moves(&app);
    let mended: Vec<String> = expected.iter().map(|line| format!("{line}*")).collect();
    assert_eq!(lines(&compare(&app, true).await), mended);
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;
    let form = format!("payment_intent={transaction}");
    app.stripe(Method::POST, "/v1/refunds", &form).await;
    assert_eq!(
        lines(&compare(&app, true).await),
        [
            "DE--1 status: authorized / captured*",
            "DE--1 held: 189.79 EUR / 0.00 EUR*",
            "DE--1 captured: 0.00 EUR / 189.79 EUR*",
            "DE--1 refund: not known / 189.79 EUR succeeded*",
        ]
    );
    let told = ["PaymentCaptured[1001,1002] 18979", "PaymentRefunded[1001,1002] 18979"];
    assert_eq!(app.results().await, told);
    assert_eq!(lines(&compare(&app, true).await), [""; 0], "once");
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(moves(&app), made + 2, "those of the dashboard alone");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn books_that_claim_more_than_stripe_has_are_left_to_a_person() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    falsify(&app, &order, |record| {
        record.status = Status::Captured;
        record.capturable = eur(0);
        record.captured = eur(18_979);
    })
    .await;
    let expected = ["DE--1 held: 0.00 EUR / 189.79 EUR", "DE--1 captured: 189.79 EUR / 0.00 EUR"];
    let compared = compare(&app, true).await;
    assert_eq!(lines(&compared), expected);
    let next = &compared.differences[0].next;
    assert!(next.starts_with("the books cannot take this over: compare `paybridge payment show"));
    assert_eq!(app.results().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_amount_that_somebody_changed_at_stripe_is_told() {
    let app = TestApp::configured().await;
    let transaction = app.initialize(&Order::new("DE--1")).await;
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}"), "amount=100").await;
    let other = Order::new("DE--2");
    app.captured(&other).await;
    falsify(&app, &other, |record| {
        let usd = payment::Currency::parse("USD").unwrap();
        record.checkout.total = Money::new(18_979, usd).unwrap();
    })
    .await;
    assert_eq!(
        lines(&compare(&app, true).await),
        ["DE--1 amount: 189.79 EUR / 1.00 EUR", "DE--2 currency: USD / EUR"]
    );
}

#[tokio::test(start_paused = true)]
async fn r09_money_after_a_cancel_is_not_given_back_by_a_comparison() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    app.command("CancelPayment", &cancel(&order, &order.items)).await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "cancel_requested");
    by_hand(&app);
    app.advance(SignedDuration::from_mins(5)).await;
    let made = moves(&app);
    let compared = compare(&app, true).await;
    assert_eq!(lines(&compared), ["DE--1 captured: 0.00 EUR / 189.79 EUR"]);
    assert!(compared.differences[0].next.contains("canceled before the money came in"));
    assert_eq!((moves(&app), app.status(&order).await), (made, "cancel_requested".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_was_taken_back_by_hand_is_told() {
    let app = TestApp::with_merchants().await;
    app.sold("DE--11", 8_499).await;
    app.pay_out("DE--11", &[("MER000001", "i1", 4_000)]).await;
    assert_eq!(lines(&compare(&app, true).await), [""; 0]);
    let transfer = app.sandbox.transfers()[0].id.clone();
    app.stripe(Method::POST, &format!("/v1/transfers/{transfer}/reversals"), "amount=1500").await;
    assert_eq!(lines(&compare(&app, true).await), ["DE--11 reversed: 0.00 EUR / 15.00 EUR"]);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_on_its_way_is_no_difference() {
    let app = TestApp::configured().await;
    app.hold_webhooks();
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_visa").await;
    let arrives = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        app.release_webhooks();
        app.settle().await;
    };
    let (compared, ()) = tokio::join!(compare(&app, false), arrives);
    assert_eq!(lines(&compared), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_had_to_stop_goes_on_where_it_was() {
    let app = TestApp::configured().await;
    let mut payments = Vec::new();
    for number in 1..=60 {
        let order = Order::new(&format!("DE--{number}"));
        app.initialize(&order).await;
        payments.push(app.payment(&order).await.id);
    }
    let since = app.now() - COMPARE_RECENT;
    let scope = Scope { tenant: TenantId::new(TENANT), since, repair: false };
    let context = &app.app.consumer.context;
    let first = context.compare_next(&scope, None).await.unwrap();
    assert_eq!((first.payments, first.next), (50, Some(payments[49])));

    let gone = Fault { skip: 4, times: 100, ..Fault::new(FaultKind::LoseRequest) };
    app.sandbox.inject(gone.on("GET", "/v1/payment_intents/*")).unwrap();
    let stopped = context.compare_next(&scope, first.next).await.unwrap();
    assert_eq!((stopped.payments, stopped.next), (4, Some(payments[53])));
    assert!(stopped.stopped.unwrap().contains("the payment provider did not answer"));
    app.sandbox.clear_faults();
    let rest = context.compare_next(&scope, stopped.next).await.unwrap();
    assert_eq!((rest.payments, rest.next, rest.stopped), (6, None, None));
}

#[tokio::test(start_paused = true)]
async fn each_night_the_worker_compares_and_changes_nothing() {
    let app = TestApp::configured().await;
    let (order, _) = paid_in_silence(&app).await;
    let heard = Order::new("DE--2");
    app.sandbox.set_webhooks(WebhookSettings::default()).unwrap();
    app.held(&heard).await;
    // The keys may not list events: only comparing finds what is missing.
    let forbidden = Fault { status: Some(403), times: 1_000, ..Fault::new(FaultKind::Status) };
    app.sandbox.inject(forbidden.on("GET", "/v1/events")).unwrap();
    app.entropy.advance(SignedDuration::from_hours(24));
    let context = &app.app.consumer.context;
    let logs = Logs::record();
    let differ = || {
        let all = logs.of_level("WARN").into_iter();
        all.filter(|line| line.contains("provider differ")).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        context.look_after_accounts("worker-1", Some(3)).await.unwrap();
        app.settle().await;
        app.advance(SignedDuration::from_mins(16)).await;
    }
    let told = differ();
    assert_eq!(told.len(), 2, "once a night: {told:?}");
    let named = ["order=\"DE--1\"", "field=\"status\"", "theirs=\"authorized\"", "--repair"];
    assert!(named.iter().all(|part| told[0].contains(part)), "{told:?}");
    assert_eq!(app.status(&order).await, "new");
    app.advance(SignedDuration::from_hours(24)).await;
    context.look_after_accounts("worker-1", Some(3)).await.unwrap();
    assert_eq!(differ().len(), 4, "and the next night again");
    app.advance(SignedDuration::from_hours(24)).await;
    context.look_after_accounts("worker-1", None).await.unwrap();
    assert_eq!(differ().len(), 4, "not where it is switched off");
}
