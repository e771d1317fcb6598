//! Webhooks delivered twice, in reverse order and late change nothing about the messages and their
//! order: each journey is gone once in calm weather and then in every other.

use http::Method;
use jiff::SignedDuration;
use stripe_sandbox::{WebhookMode, WebhookOrder, WebhookSettings};

use crate::support::*;

/// One step of a journey.
#[derive(Clone, Debug)]
enum Step {
    /// The shop asks for the payment, of this total.
    Initialize(i64),
    /// The shopper pays with this.
    Pay(&'static str),
    /// The shop captures these items.
    Capture(&'static [i64], i64),
    /// The shop cancels these items.
    Cancel(&'static [i64]),
    /// The shop gives the money for these items back.
    Refund(&'static [i64], i64),
    /// Somebody does this in Stripe's dashboard; `PI` stands for the intent.
    Dashboard(&'static str, &'static str),
    /// Stripe or the bank does this by itself.
    Outside(&'static str, &'static str),
    /// Some minutes pass.
    Wait,
}

use Step::{Cancel, Capture, Dashboard, Initialize, Outside, Pay, Refund, Wait};

const VISA: &str = "pm_card_visa";
const ALL: &[i64] = &[1001, 1002];
const TOTAL: i64 = 18_979;

/// How webhooks travel.
#[derive(Clone, Copy, Debug)]
enum Weather {
    Calm,
    /// Those of each step come twice and in reverse, before the next step.
    Doubled,
    /// Those of each step come hours after it, twice and in reverse, before the next step.
    LateAfterEachStep,
    /// All come at the very end, hours late, twice and in reverse.
    LateAtTheEnd,
}

async fn go(app: &TestApp, order: &mut Order, step: &Step) {
    match step {
        Initialize(total) => {
            order.total = *total;
            app.initialize(order).await;
        }
        Pay(method) => {
            app.pay(&intent(app, order).await, method).await;
        }
        Capture(items, amount) => {
            app.command("CapturePayment", &capture(order, items, *amount)).await;
        }
        Cancel(items) => app.command("CancelPayment", &cancel(order, items)).await,
        Refund(items, amount) => {
            app.command("RefundPayment", &refund(order, items, *amount)).await;
        }
        Dashboard(path, form) => {
            let id = intent(app, order).await;
            app.stripe(Method::POST, &path.replace("PI", &id), &form.replace("PI", &id)).await;
        }
        Outside(path, body) => {
            let path = path.replace("PI", &intent(app, order).await);
            app.control(&path, body).await;
        }
        Wait => app.advance(LONG_ENOUGH).await,
    }
}

async fn intent(app: &TestApp, order: &Order) -> String {
    app.payment(order).await.reference().expect("it was initialized").as_str().to_owned()
}

/// The messages that the shop was told, as lines to read.
async fn told(steps: &[Step], weather: Weather) -> Vec<String> {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let hours = SignedDuration::from_hours(5);
    if !matches!(weather, Weather::Calm) {
        let (mode, order) = (WebhookMode::Hold, WebhookOrder::Reverse);
        app.sandbox.set_webhooks(WebhookSettings { mode, copies: 2, order }).unwrap();
    }
    for step in steps {
        go(&app, &mut order, step).await;
        app.settle().await;
        match weather {
            Weather::Calm | Weather::LateAtTheEnd => {}
            Weather::Doubled => {
                app.sandbox.release_webhooks();
            }
            Weather::LateAfterEachStep => {
                app.advance(hours).await;
                app.sandbox.release_webhooks();
            }
        }
        app.settle().await;
    }
    app.advance(hours).await;
    app.sandbox.release_webhooks();
    app.settle().await;
    app.advance(LONG_ENOUGH).await;
    let lines = app.read("payment-events").await.iter().map(line).collect();
    app.assert_drained().await;
    lines
}

fn line(message: &Message) -> String {
    match message.name.as_str() {
        "PaymentCreated" => message.name.clone(),
        "PaymentUpdated" => {
            let details = message.details();
            let text = |name: &str| details[name].as_str().unwrap_or("-").to_owned();
            format!("PaymentUpdated {} → {}", text("sourceStatus"), text("targetStatus"))
        }
        _ => format!("{}{} {}", message.name, message.body["orderItemIds"], message.body["amount"]),
    }
}

/// The results alone: what moves the shop's order.
fn results(told: &[String]) -> Vec<&String> {
    told.iter().filter(|line| !line.starts_with("PaymentUpdated")).collect()
}

const ROUGH: [Weather; 3] = [Weather::Doubled, Weather::LateAfterEachStep, Weather::LateAtTheEnd];

/// Every message is the same in every weather.
async fn check(steps: &[Step], expected: &[&str]) {
    let calm = told(steps, Weather::Calm).await;
    assert_eq!(calm, expected, "calm: {steps:?}");
    for weather in ROUGH {
        assert_eq!(told(steps, weather).await, calm, "{weather:?}: {steps:?}");
    }
}

/// Every result is; news of something that is over by the time it is heard may be left out.
async fn check_results(steps: &[Step], expected: &[&str]) {
    let calm = told(steps, Weather::Calm).await;
    assert_eq!(results(&calm), expected, "calm: {steps:?}");
    for weather in ROUGH {
        let rough = told(steps, weather).await;
        assert_eq!(results(&rough), expected, "{weather:?}: {steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn c54_c55_captured_and_refunded_item_by_item() {
    let steps = [
        Initialize(TOTAL),
        Pay(VISA),
        Capture(ALL, TOTAL),
        Refund(&[1001], 9_999),
        Refund(&[1002], 8_980),
    ];
    check(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentUpdated new → authorized",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentUpdated authorized → captured",
            "PaymentRefunded[1001] 9999",
            "PaymentUpdated captured → partially_refunded",
            "PaymentRefunded[1002] 8980",
            "PaymentUpdated partially_refunded → refunded",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_captured_per_shipment() {
    let steps = [Initialize(TOTAL), Pay(VISA), Capture(&[1001], 10_489), Capture(&[1002], 8_490)];
    check_results(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001] 10489",
            "PaymentAuthorized[1002] 8490",
            "PaymentCaptured[1002] 8490",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_captured_and_refunded_in_the_dashboard() {
    let steps = [
        Initialize(TOTAL),
        Pay(VISA),
        Dashboard("/v1/payment_intents/PI/capture", ""),
        Dashboard("/v1/refunds", "payment_intent=PI"),
    ];
    check_results(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001,1002] 18979",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_declined_then_paid_then_captured() {
    let steps =
        [Initialize(TOTAL), Pay("pm_card_visa_chargeDeclined"), Pay(VISA), Capture(ALL, TOTAL)];
    check_results(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_authenticated_then_captured() {
    let steps = [
        Initialize(TOTAL),
        Pay("pm_card_threeDSecure2Required"),
        Outside("PI/next_action", r#"{"outcome":"succeed"}"#),
        Capture(ALL, TOTAL),
    ];
    check(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentUpdated new → authorized",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentUpdated authorized → captured",
        ],
    )
    .await;
}

/// The shop cancels what the app has not heard of at the end: then nobody hears of that
/// authorization, and all else is the same.
async fn check_canceled(steps: &[Step], heard: &[&str]) {
    for weather in [Weather::Calm, Weather::Doubled, Weather::LateAfterEachStep] {
        assert_eq!(results(&told(steps, weather).await), heard, "{weather:?}: {steps:?}");
    }
    let late = told(steps, Weather::LateAtTheEnd).await;
    let mut unheard = heard.to_vec();
    assert_eq!(unheard.remove(1), "PaymentAuthorized[1001,1002] 18979");
    assert_eq!(results(&late), unheard, "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn c54_canceled_and_begun_again() {
    let steps = [
        Initialize(TOTAL),
        Pay(VISA),
        Cancel(ALL),
        Initialize(TOTAL),
        Pay(VISA),
        Capture(ALL, TOTAL),
    ];
    check_canceled(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCanceled[1001,1002] 18979",
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_canceled_in_part_then_captured() {
    let steps = [Initialize(TOTAL), Pay(VISA), Cancel(&[1002]), Capture(&[1001], 10_489)];
    check_canceled(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCanceled[1002] 18979",
            "PaymentAuthorized[1001] 18979",
            "PaymentCaptured[1001] 10489",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_changed_before_it_is_paid() {
    let steps = [Initialize(TOTAL), Initialize(20_000), Pay(VISA), Capture(ALL, 20_000)];
    check(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 20000",
            "PaymentUpdated new → authorized",
            "PaymentCaptured[1001,1002] 20000",
            "PaymentUpdated authorized → captured",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_a_debit_that_settles_later() {
    let debit = "payment_method_data[type]=sepa_debit\
        &payment_method_data[sepa_debit][iban]=DE89370400440532013000\
        &return_url=https%3A%2F%2Fshop.test";
    let steps = [
        Initialize(TOTAL),
        Dashboard("/v1/payment_intents/PI/confirm", debit),
        Wait,
        Capture(ALL, TOTAL),
        Refund(&[1001], 9_999),
    ];
    check_results(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001] 9999",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_a_refund_that_fails_days_later() {
    let steps =
        [Initialize(TOTAL), Pay("pm_card_refundFail"), Capture(ALL, TOTAL), Refund(ALL, TOTAL)];
    check_results(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001,1002] 18979",
            "PaymentRefundFailed[1001,1002] 18979",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn c54_a_refund_that_is_pending_at_first() {
    let steps =
        [Initialize(TOTAL), Pay("pm_card_pendingRefund"), Capture(ALL, TOTAL), Refund(ALL, TOTAL)];
    check_results(
        &steps,
        &[
            "PaymentCreated",
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001,1002] 18979",
        ],
    )
    .await;
}
