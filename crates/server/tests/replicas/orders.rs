//! What becomes of an order, drawn from the seed, and what the shop has to hear of it.

use paybridge::demo::shop::TENANT;
use serde_json::{Value, json};

use crate::book::Told;
use crate::chance::Chance;
use crate::shop::{Shop, Way};
use crate::stripe::Stripe;

/// One thing that happens to an order.
#[derive(Clone, Copy, Debug)]
enum Step {
    Pay,
    Capture(Which),
    Refund(Which),
    Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    First,
    Second,
    Both,
}

use Step::{Cancel, Capture, Pay, Refund};
use Which::{Both, First, Second};

const PLANS: [&[Step]; 7] = [
    &[Pay, Capture(Both)],
    &[Pay, Capture(Both), Refund(First), Refund(Second)],
    &[Pay, Capture(Both), Refund(Both)],
    &[Pay, Capture(First), Capture(Second)],
    &[Pay, Capture(First), Capture(Second), Refund(Second)],
    &[Pay, Cancel],
    &[Cancel],
];

/// An order of two items and its fate.
#[derive(Clone, Debug)]
pub struct Order {
    pub reference: String,
    items: [i64; 2],
    prices: [i64; 2],
    plan: &'static [Step],
    /// How its commands are sent.
    way: Way,
}

/// What Stripe has to have of an order at its end, in minor units.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Money {
    pub status: String,
    pub captures: Vec<i64>,
    pub refunds: Vec<i64>,
}

impl Order {
    pub fn draw(seed: u64, shopper: u64, number: u64) -> Self {
        let chance = Chance::new(seed ^ (shopper << 32) ^ number);
        let first = i64::try_from((shopper * 100_000 + number) * 2 + 1).unwrap();
        let price = || i64::try_from(chance.between(1_000, 30_000)).unwrap();
        Self {
            reference: format!("DE--{shopper}-{number}"),
            items: [first, first + 1],
            prices: [price(), price()],
            plan: PLANS[chance.index(PLANS.len())],
            way: if chance.percent(50) { Way::Queued } else { Way::Posted },
        }
    }

    /// Lives through all of it. Returns its transaction.
    pub async fn live(&self, shop: &Shop, stripe: &Stripe) -> String {
        let transaction = shop.initialize(&self.checkout()).await;
        let mut heard = 0;
        for (number, step) in self.plan.iter().enumerate() {
            let id = format!("{}-{number}", self.reference);
            let mut command = None;
            match *step {
                Pay => stripe.pay(&transaction).await,
                Capture(which) => command = Some(("CapturePayment", which, 1)),
                Refund(which) => command = Some(("RefundPayment", which, -1)),
                Cancel => command = Some(("CancelPayment", Both, 1)),
            }
            if let Some((name, which, sign)) = command {
                shop.command(self.way, name, &id, &self.command(which, sign)).await;
            }
            heard += self.results_of(*step).len();
            shop.hears(&self.reference, heard).await;
        }
        transaction
    }

    /// All results that the shop has to hear, in this order.
    pub fn results(&self) -> Vec<Told> {
        self.plan.iter().flat_map(|step| self.results_of(*step)).collect()
    }

    /// The money that moved.
    pub fn money(&self) -> Money {
        let mut money = Money { status: "requires_capture".to_owned(), ..Money::default() };
        for step in self.plan {
            match *step {
                Pay => {}
                Capture(which) => {
                    money.captures.push(self.sum(which));
                    money.status = "succeeded".to_owned();
                }
                Refund(which) => money.refunds.push(self.sum(which)),
                Cancel => money.status = "canceled".to_owned(),
            }
        }
        money
    }

    fn results_of(&self, step: Step) -> Vec<Told> {
        let told = |name: &str, which| Told { name: name.to_owned(), items: self.ids(which) };
        match step {
            Pay => vec![told("PaymentAuthorized", Both)],
            // Rule R7: the rest can still be captured.
            Capture(First) => {
                vec![told("PaymentCaptured", First), told("PaymentAuthorized", Second)]
            }
            Capture(which) => vec![told("PaymentCaptured", which)],
            Refund(which) => vec![told("PaymentRefunded", which)],
            Cancel => vec![told("PaymentCanceled", Both)],
        }
    }

    fn ids(&self, which: Which) -> Vec<i64> {
        match which {
            First => vec![self.items[0]],
            Second => vec![self.items[1]],
            Both => self.items.to_vec(),
        }
    }

    fn sum(&self, which: Which) -> i64 {
        match which {
            First => self.prices[0],
            Second => self.prices[1],
            Both => self.prices.iter().sum(),
        }
    }

    fn command(&self, which: Which, sign: i64) -> Value {
        json!({
            "orderReference": self.reference, "orderItemIds": self.ids(which),
            "currencyIsoCode": "EUR", "amount": sign * self.sum(which),
        })
    }

    fn checkout(&self) -> Value {
        let item = |index: usize, name: &str| {
            json!({
                "idSalesOrderItem": self.items[index], "name": name, "sku": name, "quantity": 1,
                "unitPrice": self.prices[index],
            })
        };
        json!({
            "orderData": {
                "orderReference": self.reference, "priceMode": "GROSS_MODE", "storeName": "DE",
                "customerEmail": "ada@example.test", "localeName": "de_DE", "countryCode": "DE",
                "customerFirstName": "Ada", "customerLastName": "Example", "currencyCode": "EUR",
                "grandTotal": self.sum(Both), "paymentMethod": "Stripe",
                "additionalPaymentData": {"source": TENANT},
                "items": [item(0, "Camera"), item(1, "Lens")],
            },
            "redirectSuccessUrl": "https://shop.example.test/success",
            "redirectCancelUrl": "https://shop.example.test/cancel",
            "checkoutSummaryPageUrl": "https://shop.example.test/summary",
        })
    }
}
