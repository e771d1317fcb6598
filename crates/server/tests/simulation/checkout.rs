//! The checkout of one order, the shopper who pays it, and whoever sits at Stripe's dashboard.

use http::StatusCode;
use serde_json::{Value, json};

use crate::cart;
use crate::desk::Desk;
use crate::plan::{Again, Dashboard, Initialize, OrderPlan, Pay, StepKind};
use crate::shop::Command;

/// How often a shopper presses the button again.
const TRIES_MAX: u32 = 12;
/// What the total differs by where it changes.
pub const CHANGE: i64 = 700;

/// Takes an order from checkout to payment.
pub async fn order(desk: Desk, plan: OrderPlan) {
    let chance = desk.world.chance.clone();
    tokio::time::sleep(std::time::Duration::from_secs(plan.starts_after)).await;
    if let Some(cart) = &plan.cart {
        return cart::order(&desk, &plan, cart).await;
    }
    desk.place(&plan.reference);
    let total = plan.total();
    let transaction = match plan.initialize {
        Initialize::Once => initialize(&desk, &plan, total).await,
        Initialize::Twice => {
            initialize(&desk, &plan, total).await;
            chance.pause(10, 20_000).await;
            initialize(&desk, &plan, total).await
        }
        Initialize::AtOnce => {
            let both =
                tokio::join!(initialize(&desk, &plan, total), initialize(&desk, &plan, total));
            both.1
        }
        Initialize::Changed => {
            initialize(&desk, &plan, total + CHANGE).await;
            initialize(&desk, &plan, total).await
        }
        Initialize::ChangedWhilePaying => initialize(&desk, &plan, total + CHANGE).await,
        Initialize::ChangedAfterDecline => {
            if let Some(declined) = initialize(&desk, &plan, total + CHANGE).await {
                confirm(&desk, &declined, "payment_method=pm_card_visa_chargeDeclined").await;
            }
            initialize(&desk, &plan, total).await
        }
    };
    let Some(transaction) = transaction else { return };
    if plan.initialize == Initialize::ChangedWhilePaying {
        let changing = async {
            chance.pause(1, 3_000).await;
            initialize(&desk, &plan, total).await;
        };
        tokio::join!(pay(&desk, &plan, &transaction), changing);
    } else {
        chance.pause(500, 60_000).await;
        pay_by_plan(&desk, &plan, &transaction).await;
    }
    meddle(&desk, &plan, &transaction).await;
}

/// Pays, and then whoever sits at the dashboard does what is drawn.
pub async fn pay_and_meddle(desk: &Desk, plan: &OrderPlan, transaction: &str) {
    pay(desk, plan, transaction).await;
    meddle(desk, plan, transaction).await;
}

async fn meddle(desk: &Desk, plan: &OrderPlan, transaction: &str) {
    if let Some((after, what)) = plan.dashboard {
        tokio::time::sleep(std::time::Duration::from_secs(after)).await;
        dashboard(desk, plan, transaction, what).await;
    }
}

/// Pays, and does what could pay the order once more.
async fn pay_by_plan(desk: &Desk, plan: &OrderPlan, transaction: &str) {
    let chance = &desk.world.chance;
    let total = plan.total();
    match plan.again {
        Again::Nothing => pay(desk, plan, transaction).await,
        Again::TwoTabs => {
            let other_tab = async {
                chance.pause(0, 20_000).await;
                confirm(desk, transaction, "payment_method=pm_card_visa").await;
            };
            tokio::join!(pay(desk, plan, transaction), other_tab);
        }
        Again::GoesBack | Again::GoesBackChanged => {
            pay(desk, plan, transaction).await;
            chance.pause(10, 60_000).await;
            if plan.again == Again::GoesBackChanged {
                initialize(desk, plan, total + CHANGE).await;
            }
            if let Some(again) = initialize(desk, plan, total).await {
                confirm(desk, &again, "payment_method=pm_card_visa").await;
            }
        }
    }
}

/// Asks for the payment until the app says yes, or the shopper gives up. Returns the transaction.
pub async fn initialize(desk: &Desk, plan: &OrderPlan, total: i64) -> Option<String> {
    for _ in 0..TRIES_MAX {
        let answer = desk.call("/private/initialize-payment", &request(plan, total)).await;
        match answer {
            Ok((StatusCode::OK, answer)) if answer["isSuccessful"] == json!(true) => {
                let transaction = answer["transactionId"].as_str().map(str::to_owned);
                desk.world.trace.note(&desk.tenant, format!("initialized {transaction:?} {total}"));
                return transaction;
            }
            Ok((status, answer)) => {
                desk.world.trace.note(&desk.tenant, format!("not initialized: {status} {answer}"));
                if answer.to_string().contains("cannot be changed") {
                    return None;
                }
            }
            Err(lost) => desk.world.trace.note(&desk.tenant, format!("not initialized: {lost:?}")),
        }
        desk.world.chance.pause(1_000, 30_000).await;
    }
    None
}

pub fn request(plan: &OrderPlan, total: i64) -> Value {
    let item = |(id, price): &(i64, i64)| json!({"idSalesOrderItem": id, "name": "Camera", "sku": "009", "quantity": 1, "unitPrice": price});
    let items: Vec<Value> = plan.items.iter().map(item).collect();
    json!({
        "orderData": {
            "orderReference": plan.reference, "storeName": "DE", "localeName": "de_DE",
            "customerEmail": "ada@example.test", "currencyCode": plan.currency,
            "grandTotal": total, "paymentMethod": "Stripe", "items": items,
            "expenses": [{"type": "SHIPMENT_EXPENSE_TYPE", "name": "", "quantity": 1, "unitPrice": plan.expense}],
            "additionalPaymentData": {"cart[note]": "a \"gift\"", "rows": [1, null, 3]},
        },
        "redirectSuccessUrl": "https://shop.example.test/success",
        "redirectCancelUrl": "https://shop.example.test/cancel",
        "checkoutSummaryPageUrl": "https://shop.example.test/summary",
    })
}

pub async fn pay(desk: &Desk, plan: &OrderPlan, transaction: &str) {
    let world = &desk.world;
    match plan.pay {
        Pay::Never => {}
        Pay::Card(card) => confirm(desk, transaction, &format!("payment_method={card}")).await,
        Pay::DeclinedThen(card) => {
            confirm(desk, transaction, "payment_method=pm_card_visa_chargeDeclined").await;
            world.chance.pause(100, 90_000).await;
            confirm(desk, transaction, &format!("payment_method={card}")).await;
        }
        Pay::Authenticated(passes) => {
            confirm(desk, transaction, "payment_method=pm_card_threeDSecure2Required").await;
            come_back(desk, transaction, passes).await;
        }
        Pay::Debit(iban) => {
            let method = format!(
                "payment_method_data[type]=sepa_debit&payment_method_data[sepa_debit][iban]={iban}"
            );
            confirm(desk, transaction, &method).await;
        }
        Pay::Redirect(method) => {
            confirm(desk, transaction, &format!("payment_method_data[type]={method}")).await;
            come_back(desk, transaction, true).await;
        }
        Pay::Transfer(parts) => transfer(desk, plan, transaction, parts).await,
    }
}

async fn confirm(desk: &Desk, transaction: &str, method: &str) {
    let path = format!("/v1/payment_intents/{transaction}/confirm");
    let form = format!("{method}&return_url=https%3A%2F%2Fshop.test");
    stripe(desk, &path, &form).await;
}

/// Back from the bank, or from 3-D Secure.
async fn come_back(desk: &Desk, transaction: &str, well: bool) {
    desk.world.chance.pause(1_000, 60_000).await;
    let path = format!("/_sandbox/payment_intents/{transaction}/next_action");
    let outcome = if well { "succeed" } else { "fail" };
    let (status, _) = desk.world.control(&path, &json!({ "outcome": outcome })).await;
    desk.world.trace.note("shopper", format!("{path} {outcome}: {status}"));
}

/// A bank transfer needs a customer; the app makes none, so that the dashboard does.
async fn transfer(desk: &Desk, plan: &OrderPlan, transaction: &str, parts: &[i64]) {
    let (_, customer) = stripe(desk, "/v1/customers", "email=ada%40example.test").await;
    let customer = customer["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/v1/payment_intents/{transaction}");
    for _ in 0..TRIES_MAX {
        let (status, _) = stripe(desk, &path, &format!("customer={customer}")).await;
        if status.is_success() {
            break;
        }
    }
    let method = "payment_method_data[type]=customer_balance";
    confirm(desk, transaction, method).await;
    for percent in parts {
        desk.world.chance.pause(1_000, 120_000).await;
        let amount = plan.total() * stripe_factor(plan.currency) * percent / 100;
        let path = format!("/_sandbox/payment_intents/{transaction}/fund");
        let (status, _) = desk.world.control(&path, &json!({ "amount": amount })).await;
        desk.world.trace.note("shopper", format!("sends {amount}: {status}"));
    }
}

async fn dashboard(desk: &Desk, plan: &OrderPlan, transaction: &str, what: Dashboard) {
    let part = plan.total() * stripe_factor(plan.currency) / 4 / 100 * 100;
    let intent = format!("/v1/payment_intents/{transaction}");
    match what {
        Dashboard::Capture => stripe(desk, &format!("{intent}/capture"), "").await,
        Dashboard::CapturePart => {
            stripe(desk, &format!("{intent}/capture"), &format!("amount_to_capture={part}")).await
        }
        Dashboard::ReleaseRest => {
            second_shipment(desk, plan).await;
            let form = "amount_to_capture=0&final_capture=true";
            stripe(desk, &format!("{intent}/capture"), form).await
        }
        Dashboard::Cancel => stripe(desk, &format!("{intent}/cancel"), "").await,
        Dashboard::Refund => {
            stripe(desk, "/v1/refunds", &format!("payment_intent={transaction}")).await
        }
        Dashboard::RefundPart => {
            let form = format!("payment_intent={transaction}&amount={part}");
            stripe(desk, "/v1/refunds", &form).await
        }
    };
}

/// Waits until the shop ships a second part of the order, for ever where it does not.
async fn second_shipment(desk: &Desk, plan: &OrderPlan) {
    let is_shipment =
        |command: &&Command| command.order == plan.reference && command.kind == StepKind::Ship;
    while desk.shop().commands.iter().filter(is_shipment).count() < 2 {
        desk.world.chance.pause(5, 50).await;
    }
}

async fn stripe(desk: &Desk, path: &str, form: &str) -> (StatusCode, Value) {
    let key = desk.shop().plan.secret_key.clone();
    let (status, answer) = desk.world.stripe(&key, path, form).await;
    let state = answer["status"].as_str().or(answer["error"]["message"].as_str());
    desk.world.trace.note("at Stripe", format!("{path} {form}: {status} {state:?}"));
    (status, answer)
}

/// How many of Stripe's smallest units are one of the shop's: ISK has no decimals in ISO 4217 and
/// two at Stripe.
pub fn stripe_factor(currency: &str) -> i64 {
    if currency == "ISK" { 100 } else { 1 }
}
