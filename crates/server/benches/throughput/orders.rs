//! Whole orders: from initialize-payment until the shop has read PaymentCaptured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::fill;
use crate::measure::{median, rate, ratio};
use crate::place::Place;
use crate::shop::Shop;

/// So many orders are under way at once.
const SHOPPERS: usize = 16;
const WORKERS: [usize; 3] = [1, 2, 4];
/// Before a side is measured: connections are opened, caches filled.
const WARM_UP: Duration = Duration::from_secs(2);

/// With one process that answers and several that work, in turns.
pub async fn by_workers(arguments: &Arguments) {
    let mut rates = Vec::new();
    for workers in WORKERS {
        let place = Place::with_workers(testkit::postgres::database().await, workers).await;
        let numbers = AtomicU64::new(0).into();
        turn(&place, WARM_UP, &numbers).await;
        let mut turns = Vec::new();
        for _ in 0..arguments.turns {
            turns.push(turn(&place, arguments.turn, &numbers).await);
        }
        rates.push(median(&turns));
        println!(
            "{workers} workers: {:.0} orders a second, {:.2} times as many as with one",
            median(&turns),
            median(&turns) / rates[0]
        );
    }
}

/// In a database with many payments, in turns with an empty one.
pub async fn among_many(arguments: &Arguments) {
    let empty = Side::new(None).await;
    let full = Side::new(Some(arguments.payments)).await;
    let (mut among_many, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..arguments.turns {
        alone.push(empty.turn(arguments.turn).await);
        among_many.push(full.turn(arguments.turn).await);
    }
    println!(
        "{:.0} orders a second among {} payments, {:.0} in an empty database; ratio {}",
        median(&among_many),
        arguments.payments,
        median(&alone),
        ratio(&among_many, &alone)
    );
}

struct Side {
    place: Place,
    numbers: Arc<AtomicU64>,
}

impl Side {
    async fn new(payments: Option<u64>) -> Self {
        let database = testkit::postgres::database().await;
        let place = Place::with_workers(database.clone(), 1).await;
        let numbers = Arc::default();
        turn(&place, WARM_UP, &numbers).await;
        if let Some(payments) = payments {
            fill::with_payments(&database, payments).await;
            turn(&place, WARM_UP, &numbers).await;
        }
        Self { place, numbers }
    }

    async fn turn(&self, time: Duration) -> f64 {
        turn(&self.place, time, &self.numbers).await
    }
}

/// Orders for so long, each shopper one after the other. Returns how many a second were finished.
async fn turn(place: &Place, time: Duration, numbers: &Arc<AtomicU64>) -> f64 {
    let shop = Arc::new(Shop::new(&place.installation));
    let reading = {
        let shop = shop.clone();
        tokio::spawn(async move { shop.read_forever().await })
    };
    let over = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let shoppers: Vec<_> = (0..SHOPPERS)
        .map(|_| {
            let (shop, numbers, over) = (shop.clone(), numbers.clone(), over.clone());
            tokio::spawn(async move {
                let mut finished = 0;
                while !over.load(Ordering::Relaxed) {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    shop.whole_order(&format!("DE--{number}")).await;
                    finished += 1;
                }
                finished
            })
        })
        .collect();
    tokio::time::sleep(time).await;
    over.store(true, Ordering::Relaxed);
    let mut finished = 0;
    for shopper in shoppers {
        finished += shopper.await.unwrap();
    }
    let rate = rate(finished, begun.elapsed());
    // A poll that is under way hides what it has read for a while: it is let end.
    tokio::time::sleep(Duration::from_millis(100)).await;
    reading.abort();
    rate
}
