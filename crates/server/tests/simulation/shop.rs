//! A shop as the contract describes it: its order items move along the default process, by the
//! messages it reads and by the status of the order; its people ship, cancel and take back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::plan::{OrderPlan, StepKind, TenantPlan};

/// How often a person tries a capture again that failed.
const RETRIES_MAX: u32 = 1;
/// The order of a command that the app never heard of.
pub const UNKNOWN_ORDER: &str = "DE--404";

/// Where an order item stands in the order process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    Pending,
    Authorized,
    AuthorizationFailed,
    CapturePending,
    Captured,
    Failed,
    CancelPending,
    Canceled,
    CancellationFailed,
    RefundPending,
    Refunded,
    RefundFailed,
}

impl ItemState {
    /// Whether the shop takes the item for paid: it may be shipped.
    pub fn is_paid(self) -> bool {
        match self {
            Self::Captured | Self::RefundPending | Self::Refunded | Self::RefundFailed => true,
            Self::Pending
            | Self::Authorized
            | Self::AuthorizationFailed
            | Self::CapturePending
            | Self::Failed
            | Self::CancelPending
            | Self::Canceled
            | Self::CancellationFailed => false,
        }
    }
}

/// A message as the shop read it for the first time.
#[derive(Clone, Debug)]
pub struct Read {
    pub channel: &'static str,
    pub id: String,
    pub name: String,
    /// The payload as the shop was given it: a string of JSON.
    pub body: String,
    pub attributes: Value,
}

impl Read {
    pub fn of(channel: &'static str, entry: &Value) -> Option<Self> {
        Some(Self {
            channel,
            id: entry["MessageId"].as_str()?.to_owned(),
            name: entry["MessageAttributes"]["name"].as_str()?.to_owned(),
            body: entry["MessageBody"].as_str()?.to_owned(),
            attributes: entry["MessageAttributes"].clone(),
        })
    }

    pub fn payload(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Whether it moves order items.
    pub fn is_result(&self) -> bool {
        self.channel == "payment-events"
            && !matches!(self.name.as_str(), "PaymentCreated" | "PaymentUpdated")
    }

    /// Whether it says that the app is not active any more.
    pub fn is_inactive(&self) -> bool {
        self.name == "AppConfigUpdated" && self.payload()["isActive"] == json!(false)
    }

    /// As a report shows it.
    pub fn short(&self) -> String {
        format!("{} {} {}", self.name, self.id, self.body)
    }

    pub fn order(&self) -> String {
        self.payload()["orderReference"].as_str().unwrap_or_default().to_owned()
    }

    pub fn items(&self) -> BTreeSet<i64> {
        let payload = self.payload();
        payload["orderItemIds"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
    }

    pub fn amount(&self) -> i64 {
        self.payload()["amount"].as_i64().unwrap_or_default()
    }
}

/// A command of the shop.
#[derive(Clone, Debug)]
pub struct Command {
    pub kind: StepKind,
    pub correlation_id: String,
    pub order: String,
    pub items: BTreeSet<i64>,
    /// Absolute.
    pub amount: i64,
    pub currency: &'static str,
    /// Whether the app said that it has it.
    pub accepted: bool,
    /// How many requests the shop had made by then.
    pub accepted_at: u64,
    /// How many messages had been told when it was sent first.
    pub sent_at: usize,
    /// When it was sent first, at the earliest.
    pub decided_at: Timestamp,
    /// How often it is still to be sent again although the app has it.
    pub repeats: u32,
    /// Whether the shop gave it up, because the app told it to be inactive before it said to have
    /// the command.
    pub dropped: bool,
}

impl Command {
    pub fn name(&self) -> &'static str {
        match self.kind {
            StepKind::Ship => "CapturePayment",
            StepKind::Cancel => "CancelPayment",
            StepKind::Return => "RefundPayment",
        }
    }

    pub fn payload(&self) -> Value {
        let amount = match self.kind {
            StepKind::Ship => self.amount,
            StepKind::Cancel => 0,
            // A refund arrives negative.
            StepKind::Return => -self.amount,
        };
        json!({
            "orderReference": self.order, "orderItemIds": self.items,
            "currencyIsoCode": self.currency, "amount": amount,
        })
    }
}

/// An order in the shop.
#[derive(Clone, Debug)]
pub struct ShopOrder {
    pub plan: OrderPlan,
    pub items: BTreeMap<i64, ItemState>,
    /// The one status of the order: the last message wins.
    pub status: Option<&'static str>,
    /// When checkout began, in seconds since the run did; none before.
    pub placed_at: Option<u64>,
    last_handled: Option<String>,
    done: Vec<bool>,
    retries: u32,
    expense_charged: bool,
}

/// A shop.
#[derive(Clone, Debug)]
pub struct Shop {
    pub plan: TenantPlan,
    pub orders: BTreeMap<String, ShopOrder>,
    pub commands: Vec<Command>,
    pub reads: Vec<Read>,
    pub seen: BTreeMap<String, String>,
    /// How often each message was returned.
    pub returned: BTreeMap<String, u32>,
    /// Messages whose deletion was confirmed, and at which count of requests.
    pub deleted: BTreeMap<String, u64>,
    pub requests: u64,
    /// Whether the app told to be active: the shop reads messages and sends commands only then.
    pub active: bool,
    /// The place, among all that was told, of the message that said so.
    heard: usize,
    /// Whether the tenant is connected, as far as the person at the app catalog knows: not from
    /// when a disconnect was asked for.
    pub connected: bool,
    /// Carts that the app said to have called off, by their transaction.
    pub called_off: BTreeSet<String>,
}

impl Shop {
    pub fn new(plan: TenantPlan) -> Self {
        let order = |plan: &OrderPlan| ShopOrder {
            items: plan.items.iter().map(|(id, _)| (*id, ItemState::Pending)).collect(),
            status: None,
            placed_at: None,
            last_handled: None,
            done: vec![false; plan.steps.len()],
            retries: 0,
            expense_charged: false,
            plan: plan.clone(),
        };
        let rival = |plan: &OrderPlan| plan.cart.as_ref()?.rival.as_deref().cloned();
        let rivals: Vec<OrderPlan> = plan.orders.iter().filter_map(rival).collect();
        let orders = plan.orders.iter().chain(&rivals);
        let orders = orders.map(|plan| (plan.reference.clone(), order(plan)));
        Self {
            orders: orders.collect(),
            plan,
            commands: Vec::new(),
            reads: Vec::new(),
            seen: BTreeMap::new(),
            returned: BTreeMap::new(),
            deleted: BTreeMap::new(),
            requests: 0,
            active: true,
            heard: 0,
            connected: false,
            called_off: BTreeSet::new(),
        }
    }

    /// Hears whether the app is active. What is not sent by then is given up. Another reader may
    /// have heard a later message while its deletion was on its way: no channel can heal that.
    pub fn hear_of_app(&mut self, told: usize, is_active: bool) {
        if told < self.heard {
            return;
        }
        self.heard = told;
        self.active = is_active;
        if !is_active {
            for command in self.commands.iter_mut().filter(|command| !command.accepted) {
                command.dropped = true;
            }
        }
    }

    /// Deals with a message. Returns whether items became paid by it.
    pub fn handle(&mut self, read: &Read) -> bool {
        let items = read.items();
        let Some(order) = self.orders.get_mut(&read.order()) else { return false };
        let before = order.paid();
        order.last_handled = Some(read.id.clone());
        order.handle(&read.name, &items);
        order.paid() != before
    }

    /// Looks at the statuses of the orders that `is_ready` says are to be looked at, by the last
    /// message that was dealt with. Returns whether items became paid by it.
    pub fn check_conditions(&mut self, is_ready: impl Fn(&str) -> bool) -> bool {
        if !self.plan.conditions {
            return false;
        }
        let mut paid = false;
        for order in self.orders.values_mut() {
            if order.last_handled.as_deref().is_some_and(&is_ready) {
                let before = order.paid();
                order.check_conditions();
                paid |= order.paid() != before;
            }
        }
        paid
    }

    /// What people do now: the next step whose items are ready for it.
    pub fn next_step(&mut self, now: u64) -> Option<Command> {
        self.orders.values_mut().find_map(|order| order.next_step(now))
    }
}

impl ShopOrder {
    /// The items that the shop takes for paid.
    pub fn paid(&self) -> BTreeSet<i64> {
        let paid = self.items.iter().filter(|(_, state)| state.is_paid());
        paid.map(|(id, _)| *id).collect()
    }

    /// What items cost, without shipping.
    pub fn price(&self, items: &BTreeSet<i64>) -> i64 {
        let items = self.plan.items.iter().filter(|(id, _)| items.contains(id));
        items.map(|(_, price)| price).sum()
    }

    fn handle(&mut self, name: &str, items: &BTreeSet<i64>) {
        use ItemState as S;
        let (from, to, status): (&[S], S, Option<&'static str>) = match name {
            "PaymentAuthorized" => {
                (&[S::Pending, S::AuthorizationFailed], S::Authorized, Some("authorized"))
            }
            "PaymentAuthorizationFailed" => {
                (&[S::Pending], S::AuthorizationFailed, Some("authorization_failed"))
            }
            "PaymentCaptured" => (&[S::CapturePending], S::Captured, Some("captured")),
            "PaymentCaptureFailed" => (&[S::CapturePending], S::Failed, Some("capture_failed")),
            "PaymentRefunded" => (&[S::RefundPending, S::RefundFailed], S::Refunded, None),
            "PaymentRefundFailed" => (&[S::RefundPending, S::Refunded], S::RefundFailed, None),
            "PaymentCanceled" => (&[S::CancelPending], S::Canceled, Some("canceled")),
            "PaymentCancellationFailed" => {
                (&[S::CancelPending], S::CancellationFailed, Some("cancellation_failed"))
            }
            "PaymentOverpaid" => (&[], S::Captured, Some("overpaid")),
            "PaymentUnderpaid" => (&[S::CapturePending], S::Failed, Some("underpaid")),
            _ => return,
        };
        self.status = status.or(self.status);
        for (id, state) in &mut self.items {
            if items.contains(id) && from.contains(state) {
                *state = to;
            }
        }
    }

    fn check_conditions(&mut self) {
        use ItemState as S;
        let (from, to): (&[S], S) = match self.status {
            Some("captured" | "overpaid") => {
                (&[S::Pending, S::Authorized, S::CapturePending], S::Captured)
            }
            Some("capture_failed") => (&[S::Pending], S::Failed),
            Some("canceled") => (&[S::Pending], S::Canceled),
            Some("authorized") => (&[S::Pending, S::AuthorizationFailed], S::Authorized),
            Some(_) | None => return,
        };
        for state in self.items.values_mut() {
            if from.contains(state) {
                *state = to;
            }
        }
    }

    fn next_step(&mut self, now: u64) -> Option<Command> {
        let since = now.checked_sub(self.placed_at?)?;
        let ready = (0..self.plan.steps.len()).find(|index| self.is_ready(*index, since))?;
        let step = self.plan.steps[ready].clone();
        let again = self.done[ready];
        if again {
            self.retries += 1;
        }
        self.done[ready] = true;
        let items: BTreeSet<i64> = step.items.iter().copied().collect();
        let pending = match step.kind {
            StepKind::Ship => ItemState::CapturePending,
            StepKind::Cancel => ItemState::CancelPending,
            StepKind::Return => ItemState::RefundPending,
        };
        let amount = self.amount(step.kind, &items);
        for item in &items {
            self.items.insert(*item, pending);
        }
        Some(Command {
            kind: step.kind,
            correlation_id: String::new(),
            order: self.plan.reference.clone(),
            items,
            amount,
            currency: self.plan.currency,
            accepted: false,
            accepted_at: 0,
            sent_at: 0,
            decided_at: Timestamp::default(),
            repeats: 0,
            dropped: false,
        })
    }

    fn is_ready(&self, index: usize, since: u64) -> bool {
        use ItemState as S;
        let step = &self.plan.steps[index];
        let states: Vec<S> = step.items.iter().map(|item| self.items[item]).collect();
        let all = |allowed: &[S]| states.iter().all(|state| allowed.contains(state));
        if since < step.after {
            return false;
        }
        match (step.kind, self.done[index]) {
            (StepKind::Ship, false) => all(&[S::Authorized]),
            // A person tries a failed capture again.
            (StepKind::Ship, true) => self.retries < RETRIES_MAX && all(&[S::Failed]),
            (StepKind::Cancel, false) => all(&[S::Pending, S::Authorized, S::AuthorizationFailed]),
            (StepKind::Return, false) => all(&[S::Captured]),
            (StepKind::Cancel | StepKind::Return, true) => false,
        }
    }

    /// The first capture takes the expenses along, and so does the refund of the last items.
    fn amount(&mut self, kind: StepKind, items: &BTreeSet<i64>) -> i64 {
        let price = self.price(items);
        match kind {
            StepKind::Ship if !self.expense_charged => {
                self.expense_charged = true;
                price + self.plan.expense
            }
            StepKind::Ship | StepKind::Cancel => price,
            StepKind::Return => {
                let given_back = |id: &i64| {
                    items.contains(id)
                        || matches!(
                            self.items[id],
                            ItemState::Refunded | ItemState::Canceled | ItemState::RefundPending
                        )
                };
                let last = self.plan.items.iter().all(|(id, _)| given_back(id));
                if last { price + self.plan.expense } else { price }
            }
        }
    }
}
