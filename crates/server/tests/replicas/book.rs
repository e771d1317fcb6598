//! What a shop has read, each message once, in the order in which it was read first.

use std::collections::BTreeMap;

use serde_json::Value;

/// A message of an order that tells the result of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub name: String,
    pub items: Vec<i64>,
}

#[derive(Default)]
pub struct Book {
    bodies: BTreeMap<String, String>,
    orders: BTreeMap<String, Entry>,
    /// How often a message came that was known already.
    pub again: usize,
}

/// What was told of one order.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub results: Vec<Told>,
    /// The statuses it went through, each with the one before.
    statuses: Vec<(String, String)>,
    created: usize,
}

impl Book {
    /// Takes a message in.
    pub fn take(&mut self, id: &str, name: &str, text: &str) {
        if let Some(known) = self.bodies.insert(id.to_owned(), text.to_owned()) {
            assert_eq!(known, text, "one id, one message");
            self.again += 1;
            return;
        }
        let body: Value = serde_json::from_str(text).unwrap();
        let order = body["orderReference"].as_str().or(body["entityReference"].as_str());
        let entry = self.orders.entry(order.unwrap_or_default().to_owned()).or_default();
        match name {
            "PaymentCreated" => entry.created += 1,
            "PaymentUpdated" => entry.statuses.extend(change(&body)),
            _ => {
                let items = body["orderItemIds"].as_array().into_iter().flatten();
                let items = items.filter_map(Value::as_i64).collect();
                entry.results.push(Told { name: name.to_owned(), items });
            }
        }
    }

    pub fn of(&self, order: &str) -> Entry {
        self.orders.get(order).cloned().unwrap_or_default()
    }

    pub fn messages(&self) -> usize {
        self.bodies.len()
    }
}

impl Entry {
    /// The news are whole: it was made once, and each status follows the one before.
    pub fn check_news(&self, order: &str) {
        assert_eq!(self.created, 1, "{order}: PaymentCreated");
        let mut last = "new";
        for (from, to) in &self.statuses {
            assert_eq!(from, last, "{order}: {:?}", self.statuses);
            last = to;
        }
    }
}

fn change(news: &Value) -> Option<(String, String)> {
    let details: Value = serde_json::from_str(news["details"].as_str()?).ok()?;
    let text = |field: &str| Some(details[field].as_str()?.to_owned());
    Some((text("sourceStatus")?, text("targetStatus")?))
}
