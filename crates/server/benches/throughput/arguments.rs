//! What is measured, and for how long.

use std::time::Duration;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    WebhooksOnPostgres,
    WebhooksOnSqlite,
    Initialize,
    Orders,
    OrdersAmongMany,
}

impl Part {
    pub const ALL: [Self; 5] = [
        Self::WebhooksOnPostgres,
        Self::WebhooksOnSqlite,
        Self::Initialize,
        Self::Orders,
        Self::OrdersAmongMany,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::WebhooksOnPostgres => "webhooks-postgres",
            Self::WebhooksOnSqlite => "webhooks-sqlite",
            Self::Initialize => "initialize",
            Self::Orders => "orders",
            Self::OrdersAmongMany => "orders-among-many",
        }
    }

    pub fn heading(self) -> &'static str {
        match self {
            Self::WebhooksOnPostgres => {
                "Webhooks accepted on PostgreSQL, against one insert a transaction by pgbench"
            }
            Self::WebhooksOnSqlite => {
                "Webhooks accepted on SQLite, against a bare loop of insert and fsync"
            }
            Self::Initialize => "initialize-payment: the app's own time, without Stripe's",
            Self::Orders => "Whole orders on PostgreSQL, by workers",
            Self::OrdersAmongMany => "Whole orders among many payments, against an empty database",
        }
    }
}

/// The words of the command line.
pub struct Arguments {
    /// What is measured.
    pub parts: Vec<Part>,
    /// How long each turn takes.
    pub turn: Duration,
    /// How many turns each side has.
    pub turns: usize,
    /// How many payments are many.
    pub payments: u64,
}

impl Arguments {
    /// Reads `[PART…] [--seconds N] [--turns N] [--payments N]`.
    pub fn read() -> Self {
        let mut arguments =
            Self { parts: Vec::new(), turn: Duration::from_secs(4), turns: 5, payments: 1_000_000 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || -> u64 {
                let text = words.next().unwrap_or_else(|| panic!("{word} needs a number"));
                text.parse().unwrap_or_else(|_| panic!("{word} {text}: not a whole number"))
            };
            match word.as_str() {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--seconds" => arguments.turn = Duration::from_secs(number()),
                "--turns" => arguments.turns = usize::try_from(number()).unwrap(),
                "--payments" => arguments.payments = number(),
                _ => arguments.parts.push(part(&word)),
            }
        }
        if arguments.parts.is_empty() {
            arguments.parts = Part::ALL.to_vec();
        }
        arguments
    }
}

fn part(word: &str) -> Part {
    let names = Part::ALL.map(Part::name).join(", ");
    let found = Part::ALL.into_iter().find(|part| part.name() == word);
    found.unwrap_or_else(|| panic!("{word}: there is no such part; there are {names}"))
}
