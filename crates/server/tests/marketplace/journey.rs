//! One journey: orders are sold, merchants paid out and reversed, shoppers refunded, and the ways
//! between the three break.

use std::collections::BTreeSet;
use std::pin::Pin;

use jiff::SignedDuration;
use serde_json::Value;
use stripe_sandbox::{Fault, FaultKind, WebhookMode, WebhookOrder, WebhookSettings};

use crate::books;
use crate::chance::Chance;
use crate::support::*;

/// What came of the requests of a journey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries that paid out.
    pub paid: u64,
    /// Entries that took back.
    pub taken: u64,
    /// Entries that failed.
    pub failed: u64,
    /// Refunds that the shop heard of.
    pub refunded: u64,
}

impl Tally {
    pub fn and(self, other: Self) -> Self {
        Self {
            paid: self.paid + other.paid,
            taken: self.taken + other.taken,
            failed: self.failed + other.failed,
            refunded: self.refunded + other.refunded,
        }
    }

    fn count(&mut self, entries: &[Value]) {
        for entry in entries {
            let back = entry["amount"].as_str().unwrap().starts_with('-');
            match (entry["isSuccessful"].as_bool().unwrap(), back) {
                (true, false) => self.paid += 1,
                (true, true) => self.taken += 1,
                (false, _) => self.failed += 1,
            }
        }
    }
}

/// What an order is over, in euro cents.
const TOTAL: i64 = 20_000;
const MERCHANTS: [&str; 2] = ["MER000001", "MER000002"];
/// The items of an order that merchants are paid for: more than the order's money, so that the
/// guard has something to refuse.
const ITEMS: [(&str, i64); 5] =
    [("i1", 4_000), ("i2", 2_500), ("i3", 7_000), ("i4", 1), ("i5", 9_000)];
const STEPS: (u64, u64) = (8, 16);

struct Journey {
    app: TestApp,
    chance: Chance,
    orders: Vec<Order>,
    /// Transfers that the shop knows: of which order, and whose.
    known: BTreeSet<(String, String, String)>,
    tally: Tally,
}

type Answers<'a> = Pin<Box<dyn Future<Output = Vec<Value>> + 'a>>;

pub async fn run(seed: u64) -> Tally {
    let app = TestApp::with_merchants().await;
    let chance = Chance::new(seed);
    let mut orders = Vec::new();
    for number in 0..chance.between(1, 3) {
        orders.push(app.sold(&format!("DE--{number}"), TOTAL).await);
    }
    let mut journey =
        Journey { app, chance, orders, known: BTreeSet::new(), tally: Tally::default() };
    for _ in 0..journey.chance.between(STEPS.0, STEPS.1) {
        journey.step().await;
    }
    journey.calm_down().await;
    books::check(&journey.app, &journey.orders, &MERCHANTS).await;
    journey.tally
}

impl Journey {
    async fn step(&mut self) {
        self.weather();
        let nothing = || -> Answers<'_> { Box::pin(async { Vec::new() }) };
        let more = self.chance.below(3);
        let first = self.action();
        let second = if more >= 1 { self.action() } else { nothing() };
        let third = if more >= 2 { self.action() } else { nothing() };
        let answers: [Vec<Value>; 3] = tokio::join!(first, second, third).into();
        for entry in answers.iter().flatten() {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            if entry["isSuccessful"] == true {
                let known = (text("orderReference"), text("merchantReference"), text("transferId"));
                self.known.insert(known);
            }
        }
        answers.iter().for_each(|entries| self.tally.count(entries));
        let results = self.app.results().await;
        let refunds = results.iter().filter(|told| told.starts_with("PaymentRefunded"));
        self.tally.refunded += u64::try_from(refunds.count()).unwrap();
    }

    /// What goes wrong from now on.
    fn weather(&self) {
        let chance = &self.chance;
        let settings = WebhookSettings {
            mode: if chance.percent(20) { WebhookMode::Hold } else { WebhookMode::Deliver },
            copies: if chance.percent(30) { 2 } else { 1 },
            order: if chance.percent(50) { WebhookOrder::Shuffle } else { WebhookOrder::Fifo },
        };
        self.app.sandbox.set_webhooks(settings).unwrap();
        for path in [TRANSFER, REVERSE, REFUND] {
            if chance.percent(35) {
                self.app.sandbox.inject(self.fault(path)).unwrap();
            }
        }
        if chance.percent(10) {
            let list = Fault { status: Some(503), ..Fault::new(FaultKind::Status) };
            self.app.sandbox.inject(list.on("GET", TRANSFER)).unwrap();
        }
    }

    fn fault(&self, path: &str) -> Fault {
        let chance = &self.chance;
        let times = u32::try_from(chance.between(1, 4)).unwrap();
        let status = |status, after_effect| Fault {
            status: Some(status),
            after_effect,
            ..Fault::new(FaultKind::Status)
        };
        let fault = match chance.below(7) {
            0 | 1 => Fault::new(FaultKind::LoseAnswer),
            2 => Fault::new(FaultKind::LoseRequest),
            3 => status(500, false),
            4 => status(500, true),
            5 => status(429, false),
            _ => Fault { delay_ms: chance.between(10, 4_000), ..Fault::new(FaultKind::Delay) },
        };
        Fault { times, ..fault }.on("POST", path)
    }

    /// Something that the shop, or time, does.
    fn action(&self) -> Answers<'_> {
        match self.chance.below(10) {
            0..=4 => self.pay_out(),
            5 | 6 => self.take_back(),
            7 => self.refund(),
            8 => {
                let seconds = i64::try_from(self.chance.between(1, 300)).unwrap();
                Box::pin(async move {
                    self.app.advance(SignedDuration::from_secs(seconds)).await;
                    Vec::new()
                })
            }
            _ => Box::pin(async {
                self.app.sandbox.release_webhooks();
                self.app.settle().await;
                Vec::new()
            }),
        }
    }

    fn pay_out(&self) -> Answers<'_> {
        let order = self.chance.pick(&self.orders);
        let mut items = Vec::new();
        for (number, (item, amount)) in ITEMS.iter().enumerate() {
            if self.chance.percent(45) {
                items.push((MERCHANTS[number % MERCHANTS.len()], *item, *amount));
            }
        }
        Box::pin(async move { self.app.pay_out(&order.reference, &items).await })
    }

    fn take_back(&self) -> Answers<'_> {
        let known: Vec<_> = self.known.iter().collect();
        if known.is_empty() {
            return self.pay_out();
        }
        let (order, merchant, transfer) = known[self.chance.index(known.len())].clone();
        let mut items: Vec<(&'static str, i64)> = Vec::new();
        for (item, amount) in ITEMS {
            let whole = self.chance.percent(60);
            let part = i64::try_from(self.chance.between(1, 5_000)).unwrap();
            if self.chance.percent(50) {
                items.push((item, if whole { amount } else { part }));
            }
        }
        Box::pin(async move {
            let items: Vec<Wanted<'_>> =
                items.iter().map(|(item, amount)| (merchant.as_str(), *item, *amount)).collect();
            self.app.take_back(&order, &transfer, &items).await
        })
    }

    fn refund(&self) -> Answers<'_> {
        let order = self.chance.pick(&self.orders);
        let item = *self.chance.pick(&order.items);
        let amount = i64::try_from(self.chance.between(1, 8_000)).unwrap();
        Box::pin(async move {
            self.app.command("RefundPayment", &refund(order, &[item], amount)).await;
            self.app.settle().await;
            Vec::new()
        })
    }

    /// Everything works again, and what was left open comes to its end.
    async fn calm_down(&mut self) {
        for _ in 0..6 {
            self.app.stripe_is_back().await;
            self.app.release_webhooks();
            self.app.advance(SignedDuration::from_mins(6)).await;
            self.app.results().await;
        }
        for channel in ["payment-events", "merchant-app-events"] {
            self.app.read(channel).await;
        }
        self.app.assert_drained().await;
    }
}
