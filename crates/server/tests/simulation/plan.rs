//! What is drawn for a run before it begins: tenants, orders and what becomes of them, and the
//! weather. Shown first in a trace.

use stripe_sandbox::{Fault, FaultKind};

use crate::cart::Cart;
use crate::chance::Chance;

/// What happens in a run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub tenants: Vec<TenantPlan>,
    pub weather: Weather,
    /// How long things go on before everything is brought to an end, in seconds.
    pub lasts: u64,
}

/// A shop, and how it behaves.
#[derive(Clone, Debug)]
pub struct TenantPlan {
    pub id: String,
    /// The secret key of its account; tenants may share one.
    pub secret_key: String,
    /// Whether its order process looks at the status of the order again and again, beside the
    /// events.
    pub conditions: bool,
    /// How many of its workers read messages at once.
    pub readers: u64,
    /// How likely a worker dies between reading and deleting, in percent.
    pub crashes_percent: u64,
    /// How likely a command is sent again under its id, in percent.
    pub repeats_percent: u64,
    /// How likely a person does the same once more, in percent: another command, with another id.
    pub doubles_percent: u64,
    /// Whether it sends a command about an order that the app never heard of.
    pub strays: bool,
    /// Whether it shares its command channel with another payment app.
    pub shared_commands: bool,
    /// Whether it parts from the app and comes back.
    pub parting: Option<Parting>,
    pub orders: Vec<OrderPlan>,
}

/// Somebody disconnects the app in its catalog, and perhaps connects it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// After so many seconds.
    pub after: u64,
    /// Whether the person goes ahead although not everything is finished.
    pub insists: bool,
    /// Connects it again so many seconds later; not on this day where none.
    pub back_after: Option<u64>,
}

/// An order, and what becomes of it.
#[derive(Clone, Debug)]
pub struct OrderPlan {
    pub reference: String,
    pub currency: &'static str,
    /// Ids and prices of its items, in minor units.
    pub items: Vec<(i64, i64)>,
    /// What shipping costs.
    pub expense: i64,
    /// Checkout begins after so many seconds.
    pub starts_after: u64,
    /// The cart that is paid before the order is placed; where none, the order is placed first.
    pub cart: Option<Cart>,
    pub initialize: Initialize,
    pub pay: Pay,
    /// What the shopper does beside it that could pay the order once more.
    pub again: Again,
    /// What people of the shop do, in any order, each when its items are ready for it.
    pub steps: Vec<Step>,
    /// What somebody does in Stripe's dashboard, so many seconds after paying.
    pub dashboard: Option<(u64, Dashboard)>,
}

/// How the checkout asks for the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialize {
    Once,
    Twice,
    AtOnce,
    /// With another total at first.
    Changed,
    /// With another total after paying has begun.
    ChangedWhilePaying,
    /// With another total until a card was declined.
    ChangedAfterDecline,
}

/// What a shopper does who could pay an order once more by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Nothing,
    /// The payment page is open in two tabs, and both pay.
    TwoTabs,
    /// After paying back to the checkout, which asks for the payment anew, and paying there.
    GoesBack,
    /// The same, after the cart was changed.
    GoesBackChanged,
}

/// How the shopper pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pay {
    Never,
    /// A card, by Stripe's name of it.
    Card(&'static str),
    DeclinedThen(&'static str),
    /// With 3-D Secure; passed or not.
    Authenticated(bool),
    /// A bank debit, by the account that settles or does not.
    Debit(&'static str),
    /// The shopper is sent away, for a method that captures by itself.
    Redirect(&'static str),
    /// Money sent by bank, in parts of so many percent of the total.
    Transfer(&'static [i64]),
}

impl Pay {
    /// Whether the money is taken without a capture of ours.
    pub fn captures_by_itself(self) -> bool {
        match self {
            Self::Debit(_) | Self::Transfer(_) => true,
            Self::Redirect(method) => method == "ideal",
            Self::Never | Self::Card(_) | Self::DeclinedThen(_) | Self::Authenticated(_) => false,
        }
    }
}

/// What people of the shop do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: StepKind,
    pub items: Vec<i64>,
    /// Not before so many seconds after the order.
    pub after: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    Ship,
    Cancel,
    Return,
}

/// What somebody does in Stripe's dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dashboard {
    Capture,
    CapturePart,
    /// What is left of a payment captured in part is let go of, in the moment in which the shop
    /// ships another part.
    ReleaseRest,
    Cancel,
    Refund,
    RefundPart,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub struct Weather {
    pub workers: u64,
    /// A process dies after at most so many passes of its gate.
    pub dies_within: Option<u64>,
    pub stalls_per_mille: u64,
    pub faults: Vec<Fault>,
    /// How many of a thousand clients go away before they are answered.
    pub hang_ups_per_mille: u64,
    /// How many of a thousand uses of the database are lost, before or after what they do.
    pub database_troubles_per_mille: u64,
    /// How likely a change of how webhooks are treated is that they are lost, in percent.
    pub webhooks_lost_percent: u64,
    /// How often webhooks are treated in another way, in seconds; never where none.
    pub webhooks_change_every: Option<u64>,
    /// Steps of the clock: after how many seconds, by how many.
    pub clock_steps: Vec<(u64, i64)>,
}

impl Weather {
    /// Nothing goes wrong.
    pub fn calm() -> Self {
        Self {
            workers: 1,
            dies_within: None,
            stalls_per_mille: 0,
            faults: Vec::new(),
            hang_ups_per_mille: 0,
            database_troubles_per_mille: 0,
            webhooks_lost_percent: 0,
            webhooks_change_every: None,
            clock_steps: Vec::new(),
        }
    }

    fn draw(chance: &Chance, lasts: u64) -> Self {
        // Every fifth day is a good one: what goes wrong on it is nobody else's fault.
        if chance.percent(20) {
            return Self { workers: chance.between(1, 2), ..Self::calm() };
        }
        let steps = if chance.percent(40) { chance.between(1, 3) } else { 0 };
        Self {
            workers: chance.between(1, 2),
            dies_within: chance.percent(60).then(|| *chance.pick(&[15, 50, 150])),
            stalls_per_mille: *chance.pick(&[0, 0, 5, 20]),
            faults: if chance.percent(70) { draw_faults(chance) } else { Vec::new() },
            hang_ups_per_mille: *chance.pick(&[0, 0, 20, 100]),
            database_troubles_per_mille: *chance.pick(&[0, 0, 5, 30, 150]),
            webhooks_lost_percent: *chance.pick(&[0, 0, 30]),
            webhooks_change_every: chance.percent(60).then(|| chance.between(20, 300)),
            clock_steps: (0..steps)
                .map(|_| (chance.below(lasts), draw_clock_step(chance)))
                .collect(),
        }
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn draw_clock_step(chance: &Chance) -> i64 {
    *chance.pick(&[-20, -3, 5 * MINUTE, HOUR, 13 * HOUR, 25 * HOUR, 4 * DAY, 8 * DAY])
}

/// Calls that faults hit: the app's, not the shopper's.
const CALLS: [(&str, &str); 6] = [
    ("POST", "/v1/payment_intents"),
    ("POST", "/v1/payment_intents/*"),
    ("POST", "/v1/payment_intents/*/capture"),
    ("POST", "/v1/payment_intents/*/cancel"),
    ("POST", "/v1/refunds"),
    ("GET", "/v1/payment_intents/*"),
];

fn draw_faults(chance: &Chance) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..chance.between(1, 8) {
        let (method, path) = *chance.pick(&CALLS);
        let mut fault = match chance.below(8) {
            0 => Fault { status: Some(429), ..Fault::new(FaultKind::Status) },
            1 => Fault { status: Some(500), ..Fault::new(FaultKind::Status) },
            2 => Fault { status: Some(500), after_effect: true, ..Fault::new(FaultKind::Status) },
            3 => Fault { status: Some(409), ..Fault::new(FaultKind::Status) },
            4 => Fault::new(FaultKind::LoseRequest),
            5 | 6 => Fault::new(FaultKind::LoseAnswer),
            _ => {
                let delay_ms = *chance.pick(&[3_000, 21_000, 70_000]);
                Fault { delay_ms, ..Fault::new(FaultKind::Delay) }
            }
        };
        // Up to three tries of one call, or of several.
        fault.times = u32::try_from(chance.between(1, 4)).expect("a small number");
        fault.skip = u32::try_from(chance.below(3)).expect("a small number");
        faults.push(fault.on(method, path));
    }
    faults
}

impl Plan {
    /// Draws a run.
    pub fn draw(chance: &Chance) -> Self {
        let lasts = chance.between(300, 1_200);
        let tenants = chance.between(1, 2);
        let shared = chance.percent(30);
        Self {
            tenants: (1..=tenants).map(|number| TenantPlan::draw(chance, number, shared)).collect(),
            weather: Weather::draw(chance, lasts),
            lasts,
        }
    }
}

impl TenantPlan {
    fn draw(chance: &Chance, number: u64, shared: bool) -> Self {
        let account = if shared { 1 } else { number };
        let orders = chance.between(1, 2);
        Self {
            id: format!("tenant-{number}"),
            secret_key: format!("sk_test_account{account}"),
            conditions: chance.percent(50),
            readers: chance.between(1, 2),
            crashes_percent: *chance.pick(&[0, 5, 20]),
            repeats_percent: *chance.pick(&[0, 10, 40]),
            doubles_percent: *chance.pick(&[0, 30]),
            strays: chance.percent(10),
            shared_commands: chance.percent(20),
            parting: chance.percent(25).then(|| Parting::draw(chance)),
            // Both shops count their orders and items from 1: the tenant alone tells them apart.
            orders: (1..=orders).map(|number| OrderPlan::draw(chance, number)).collect(),
        }
    }
}

impl Parting {
    fn draw(chance: &Chance) -> Self {
        Self {
            after: chance.below(500),
            insists: chance.percent(75),
            back_after: chance.percent(75).then(|| chance.below(400)),
        }
    }
}

const CURRENCIES: [&str; 6] = ["EUR", "EUR", "USD", "JPY", "KWD", "ISK"];

impl OrderPlan {
    fn draw(chance: &Chance, number: u64) -> Self {
        let count = chance.between(1, 4);
        let first = i64::try_from(number * 1000).expect("a small number");
        let items: Vec<(i64, i64)> = (1..=count)
            .map(|item| (first + as_i64(item), as_i64(chance.between(1, 200)) * 100))
            .collect();
        let ids: Vec<i64> = items.iter().map(|(id, _)| *id).collect();
        let pay = draw_pay(chance);
        let currency = match pay {
            // These methods pay in euros only.
            Pay::Debit(_) | Pay::Redirect("ideal") => "EUR",
            Pay::Never
            | Pay::Card(_)
            | Pay::DeclinedThen(_)
            | Pay::Authenticated(_)
            | Pay::Redirect(_)
            | Pay::Transfer(_) => *chance.pick(&CURRENCIES),
        };
        Self {
            reference: format!("DE--{number}"),
            currency,
            items,
            expense: if chance.percent(60) { as_i64(chance.between(1, 20)) * 100 } else { 0 },
            starts_after: chance.below(120),
            cart: None,
            initialize: *chance.pick(&[
                Initialize::Once,
                Initialize::Once,
                Initialize::Twice,
                Initialize::AtOnce,
                Initialize::Changed,
                Initialize::ChangedWhilePaying,
                Initialize::ChangedAfterDecline,
            ]),
            pay,
            again: *chance.pick(&[
                Again::Nothing,
                Again::Nothing,
                Again::Nothing,
                Again::TwoTabs,
                Again::GoesBack,
                Again::GoesBackChanged,
            ]),
            steps: draw_steps(chance, &ids),
            dashboard: chance.percent(15).then(|| (chance.below(240), draw_dashboard(chance))),
        }
        .or_released(chance)
        .or_returned(chance)
        .or_as_cart(chance)
    }

    /// Some goods come back while their refund takes its time. What they cost is so little of the order
    /// that Stripe would give it back twice.
    fn or_returned(mut self, chance: &Chance) -> Self {
        if self.pay != Pay::Card("pm_card_pendingRefund") || !chance.percent(60) {
            return self;
        }
        let all: Vec<i64> = self.items.iter().map(|(id, _)| *id).collect();
        let cheapest = self.items.iter().min_by_key(|(_, price)| *price).map(|(id, _)| *id);
        let shipped = chance.below(60);
        let returned = shipped + chance.between(30, 120);
        self.steps = vec![
            Step { kind: StepKind::Ship, items: all, after: shipped },
            Step { kind: StepKind::Return, items: cheapest.into_iter().collect(), after: returned },
        ];
        self
    }

    /// Some are paid before they are placed.
    fn or_as_cart(mut self, chance: &Chance) -> Self {
        self.cart = chance.percent(30).then(|| Cart::draw(chance, &self));
        self
    }

    /// Some orders that are shipped item by item lose the rest of their authorization on the way.
    fn or_released(mut self, chance: &Chance) -> Self {
        if self.pay != Pay::Card("pm_card_visa") || self.items.len() < 3 || !chance.percent(25) {
            return self;
        }
        let mut after = 0;
        self.steps.clear();
        for (id, _) in &self.items {
            after += chance.between(10, 120);
            self.steps.push(Step { kind: StepKind::Ship, items: vec![*id], after });
        }
        self.dashboard = Some((0, Dashboard::ReleaseRest));
        self
    }

    /// The order's total, in minor units.
    pub fn total(&self) -> i64 {
        self.items.iter().map(|(_, price)| price).sum::<i64>() + self.expense
    }
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).expect("a small number")
}

fn draw_pay(chance: &Chance) -> Pay {
    const METHODS: [Pay; 23] = [
        Pay::Card("pm_card_visa"),
        Pay::Card("pm_card_visa"),
        Pay::Card("pm_card_visa"),
        Pay::Card("pm_card_visa"),
        Pay::Card("pm_card_mastercard"),
        Pay::Card("pm_card_mastercard"),
        Pay::Card("pm_card_refundFail"),
        Pay::Card("pm_card_refundFail"),
        Pay::Card("pm_card_pendingRefund"),
        Pay::Card("pm_card_pendingRefund"),
        Pay::DeclinedThen("pm_card_visa"),
        Pay::DeclinedThen("pm_card_mastercard"),
        Pay::Authenticated(true),
        Pay::Authenticated(false),
        Pay::Debit("DE89370400440532013000"),
        Pay::Debit("DE62370400440532013001"),
        Pay::Redirect("ideal"),
        Pay::Redirect("klarna"),
        Pay::Transfer(&[100]),
        Pay::Transfer(&[40, 60]),
        Pay::Transfer(&[40, 90]),
        Pay::Transfer(&[40]),
        Pay::Never,
    ];
    *chance.pick(&METHODS)
}

fn draw_dashboard(chance: &Chance) -> Dashboard {
    *chance.pick(&[
        Dashboard::Capture,
        Dashboard::CapturePart,
        Dashboard::Cancel,
        Dashboard::Refund,
        Dashboard::RefundPart,
    ])
}

/// Every item goes its own way: shipped or canceled, and shipped ones may come back.
fn draw_steps(chance: &Chance, items: &[i64]) -> Vec<Step> {
    let shipments = chance.between(1, 3);
    let mut groups: Vec<Vec<i64>> = vec![Vec::new(); 4];
    for item in items {
        let group = if chance.percent(20) { 3 } else { chance.below(shipments) };
        groups[usize::try_from(group).expect("below four")].push(*item);
    }
    let mut steps = Vec::new();
    for (number, group) in groups.into_iter().enumerate() {
        let kind = if number == 3 { StepKind::Cancel } else { StepKind::Ship };
        // Some goods are never shipped: their authorization ends by itself.
        if group.is_empty() || chance.percent(8) {
            continue;
        }
        let after = chance.below(200);
        let returned: Vec<i64> = group
            .iter()
            .copied()
            .filter(|_| kind == StepKind::Ship && chance.percent(50))
            .collect();
        steps.push(Step { kind, items: group, after });
        if returned.is_empty() {
            continue;
        }
        let parts: Vec<Vec<i64>> = if chance.percent(50) {
            vec![returned]
        } else {
            returned.into_iter().map(|item| vec![item]).collect()
        };
        for items in parts {
            let after = after + chance.below(300);
            steps.push(Step { kind: StepKind::Return, items, after });
        }
    }
    steps
}
