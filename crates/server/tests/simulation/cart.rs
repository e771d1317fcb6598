//! A cart that is paid before its order is placed, and what becomes of it: confirmed for its order
//! or for two at once, called off, or left (rules R9 and R17, conformance cases 8 to 18).

use http::StatusCode;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::checkout::{self, CHANGE};
use crate::desk::Desk;
use crate::ledger::Owner;
use crate::plan::OrderPlan;

/// How often somebody presses the button again.
const TRIES_MAX: u32 = 4;
/// What the ids of a rival's items differ by.
const RIVAL_IDS: i64 = 500;

/// What is drawn for a cart.
#[derive(Clone, Debug)]
pub struct Cart {
    /// The totals that its payment is asked for, one after the other.
    pub totals: Vec<i64>,
    pub pays: When,
    pub confirms: Confirms,
    /// When the shop calls it off, beside the confirmation; never where none.
    pub cancels: Option<When>,
    /// Whether an order that the cart is refused to is paid at the payment page instead.
    pub pays_anew: bool,
    /// Another order that the same cart is confirmed for.
    pub rival: Option<Box<OrderPlan>>,
}

/// When something happens, as seen from the confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    Meanwhile,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirms {
    Never,
    Once,
    Twice,
    AtOnce,
    ForTwoOrders,
}

impl Cart {
    /// Draws a cart for this order.
    pub fn draw(chance: &Chance, order: &OrderPlan) -> Self {
        let total = order.total();
        let mut totals = Vec::new();
        for _ in 0..chance.below(3) {
            totals.push(*chance.pick(&[total, total + CHANGE, total / 2]));
        }
        totals.push(*chance.pick(&[total, total, total, total + CHANGE, total / 2]));
        let confirms = *chance.pick(&[
            Confirms::Never,
            Confirms::Once,
            Confirms::Once,
            Confirms::Once,
            Confirms::Twice,
            Confirms::AtOnce,
            Confirms::ForTwoOrders,
        ]);
        Self {
            totals,
            pays: *chance.pick(&[When::Before, When::Before, When::Meanwhile, When::After]),
            confirms,
            cancels: chance
                .percent(30)
                .then(|| *chance.pick(&[When::Before, When::Meanwhile, When::After])),
            pays_anew: chance.percent(50),
            rival: (confirms == Confirms::ForTwoOrders).then(|| Box::new(rival_of(order))),
        }
    }
}

/// The same goods once more, under another reference.
fn rival_of(order: &OrderPlan) -> OrderPlan {
    let mut rival = order.clone();
    rival.reference = format!("{}-rival", order.reference);
    let items = rival.items.iter_mut().map(|(id, _)| id);
    let steps = rival.steps.iter_mut().flat_map(|step| &mut step.items);
    items.chain(steps).for_each(|id| *id += RIVAL_IDS);
    rival
}

/// Takes a cart from its payment to its end.
pub async fn order(desk: &Desk, plan: &OrderPlan, cart: &Cart) {
    let chance = &desk.world.chance;
    let mut transaction = None;
    for total in &cart.totals {
        transaction = prepare(desk, plan, *total, transaction.as_deref()).await;
        chance.pause(10, 5_000).await;
    }
    let Some(transaction) = transaction else { return };
    let paying = checkout::pay_and_meddle(desk, plan, &transaction);
    let confirmed = match cart.pays {
        When::Before => {
            paying.await;
            chance.pause(10, 60_000).await;
            end(desk, plan, cart, &transaction).await
        }
        When::Meanwhile => {
            let ending = async {
                chance.pause(1, 5_000).await;
                end(desk, plan, cart, &transaction).await
            };
            tokio::join!(paying, ending).1
        }
        When::After => {
            let confirmed = end(desk, plan, cart, &transaction).await;
            paying.await;
            confirmed
        }
    };
    let placed = cart.confirms != Confirms::Never;
    if placed && !confirmed && cart.pays_anew {
        chance.pause(10, 30_000).await;
        if let Some(transaction) = checkout::initialize(desk, plan, plan.total()).await {
            checkout::pay(desk, plan, &transaction).await;
        }
    }
}

/// Confirms and calls off, as drawn. Returns whether the cart is the order's.
async fn end(desk: &Desk, plan: &OrderPlan, cart: &Cart, transaction: &str) -> bool {
    let chance = &desk.world.chance;
    match cart.cancels {
        None => confirm_by_plan(desk, plan, cart, transaction).await,
        Some(When::Before) => {
            cancel(desk, transaction).await;
            confirm_by_plan(desk, plan, cart, transaction).await
        }
        Some(When::Meanwhile) => {
            let canceling = async {
                chance.pause(0, 1_000).await;
                cancel(desk, transaction).await;
            };
            tokio::join!(confirm_by_plan(desk, plan, cart, transaction), canceling).0
        }
        Some(When::After) => {
            let confirmed = confirm_by_plan(desk, plan, cart, transaction).await;
            chance.pause(10, 30_000).await;
            cancel(desk, transaction).await;
            confirmed
        }
    }
}

async fn confirm_by_plan(desk: &Desk, plan: &OrderPlan, cart: &Cart, transaction: &str) -> bool {
    let once = || confirm(desk, plan, transaction);
    match (cart.confirms, &cart.rival) {
        (Confirms::Never, _) => false,
        (Confirms::Once, _) | (Confirms::ForTwoOrders, None) => once().await,
        (Confirms::Twice, _) => {
            once().await;
            desk.world.chance.pause(10, 30_000).await;
            once().await
        }
        (Confirms::AtOnce, _) => {
            let (one, other) = tokio::join!(once(), once());
            one || other
        }
        (Confirms::ForTwoOrders, Some(rival)) => {
            let rivaling = async {
                desk.world.chance.pause(0, 2_000).await;
                confirm(desk, rival, transaction).await
            };
            tokio::join!(once(), rivaling).0
        }
    }
}

/// Asks for the payment of the cart, or for a change of it. Returns the transaction that counts.
async fn prepare(desk: &Desk, plan: &OrderPlan, total: i64, known: Option<&str>) -> Option<String> {
    let known_data = known.map_or_else(|| json!([]), |known| json!({ "transactionId": known }));
    let body = json!({
        "orderData": {
            "storeName": "DE", "customerEmail": "ada@example.test", "paymentMethod": "Stripe",
            "currencyCode": plan.currency, "grandTotal": total,
        },
        "preOrderPaymentData": known_data, "localeName": "de_DE",
    });
    for _ in 0..TRIES_MAX {
        let answer = desk.call("/private/pre-order-payment", &body).await;
        desk.world.trace.note(&desk.tenant, format!("cart {known:?} {total}: {answer:?}"));
        if let Ok((StatusCode::OK, answer)) = &answer {
            return answer["preOrderPaymentData"]["transactionId"].as_str().map(str::to_owned);
        }
        desk.world.chance.pause(1_000, 30_000).await;
    }
    known.map(str::to_owned)
}

/// The order is placed: confirms its cart until the app says yes, or the shopper gives up.
async fn confirm(desk: &Desk, plan: &OrderPlan, transaction: &str) -> bool {
    let world = &desk.world;
    desk.place(&plan.reference);
    let body = json!({
        "orderReference": plan.reference,
        "orderData": checkout::request(plan, plan.total())["orderData"],
        "preOrderPaymentData": { "transactionId": transaction }, "localeName": "de_DE",
    });
    for _ in 0..TRIES_MAX {
        let was_called_off = desk.shop().called_off.contains(transaction);
        let answer = desk.call("/private/confirm-pre-order-payment", &body).await;
        let what = format!("confirms {transaction} for {}: {answer:?}", plan.reference);
        world.trace.note(&desk.tenant, &what);
        if let Ok((StatusCode::OK, _)) = answer {
            let owner = world.ledger.owner(&desk.tenant, transaction);
            if owner != Some(Owner::Order(plan.reference.clone())) {
                world.violated(format!("{}: {what}, but it belongs to {owner:?}", desk.tenant));
            }
            if was_called_off {
                world.violated(format!("{}: {what}, but it was called off", desk.tenant));
            }
            return true;
        }
        world.chance.pause(1_000, 20_000).await;
    }
    false
}

/// There will be no order, or not with this cart.
async fn cancel(desk: &Desk, transaction: &str) {
    let body = json!({ "preOrderPaymentData": { "transactionId": transaction } });
    for _ in 0..TRIES_MAX {
        let answer: Result<(StatusCode, Value), _> =
            desk.call("/private/cancel-pre-order-payment", &body).await;
        desk.world.trace.note(&desk.tenant, format!("calls off {transaction}: {answer:?}"));
        if let Ok((StatusCode::OK, _)) = answer {
            desk.shop().called_off.insert(transaction.to_owned());
            return;
        }
        desk.world.chance.pause(1_000, 20_000).await;
    }
}
