//! The order as the page shows it: few lines, and they add up to the total.

use std::collections::BTreeMap;

use payment::{Checkout, Money};

use crate::page::amount::{amount, negative};
use crate::page::language::Language;
use crate::page::texts::{Texts, filled};

/// So many different items are shown; a longer list ends in one line for the rest.
const LINES_MAX: usize = 12;
/// A longer name of an item is cut, in characters.
const NAME_CHARS_MAX: usize = 80;

/// An order on the page.
pub(crate) struct Order {
    pub(crate) total: String,
    /// A cart has none yet.
    pub(crate) reference: Option<String>,
    /// A cart has none.
    pub(crate) lines: Vec<Line>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) count: Option<i64>,
    pub(crate) amount: String,
}

/// Items of one kind: shops list each piece by itself.
struct Item<'a> {
    name: &'a str,
    sku: &'a str,
    unit_price_minor: i64,
    quantity: i64,
}

impl Item<'_> {
    fn price_minor(&self) -> i64 {
        self.unit_price_minor.saturating_mul(self.quantity)
    }
}

impl Order {
    /// The order; `total` is what will be charged.
    pub(crate) fn of(checkout: &Checkout, total: Money, language: Language) -> Self {
        let texts = Texts::of(language);
        Self {
            total: amount(total, language),
            reference: checkout
                .order_reference
                .as_ref()
                .map(|reference| filled(texts.order, reference.as_str())),
            lines: if checkout.items.is_empty() {
                Vec::new()
            } else {
                lines(checkout, total, language)
            },
        }
    }
}

fn lines(checkout: &Checkout, total: Money, language: Language) -> Vec<Line> {
    let texts = Texts::of(language);
    let items = items(checkout);
    let price = |minor: i64| match Money::new(minor.saturating_abs(), total.currency()) {
        Ok(money) if minor < 0 => negative(money, language),
        Ok(money) => amount(money, language),
        Err(_) => String::new(),
    };
    let sum = |items: &[Item<'_>]| {
        items.iter().fold(0_i64, |sum, item| sum.saturating_add(item.price_minor()))
    };
    let (shown, more) = items.split_at(items.len().min(LINES_MAX));
    let mut lines: Vec<Line> = shown
        .iter()
        .map(|item| Line {
            name: name(item),
            count: (item.quantity != 1).then_some(item.quantity),
            amount: price(item.price_minor()),
        })
        .collect();
    if !more.is_empty() {
        let name = filled(texts.more_items, &more.len().to_string());
        lines.push(Line { name, count: None, amount: price(sum(more)) });
    }
    let rest = total.minor().saturating_sub(sum(&items));
    if rest != 0 {
        let name = texts.other_costs.to_owned();
        lines.push(Line { name, count: None, amount: price(rest) });
    }
    lines.push(Line { name: texts.total.to_owned(), count: None, amount: amount(total, language) });
    lines
}

fn items(checkout: &Checkout) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut known = BTreeMap::new();
    for item in &checkout.items {
        let kind = (item.name.as_str(), item.sku.as_str(), item.unit_price_minor);
        let at = *known.entry(kind).or_insert(items.len());
        match items.get_mut(at) {
            Some(same) => same.quantity = same.quantity.saturating_add(item.quantity),
            None => items.push(Item {
                name: &item.name,
                sku: &item.sku,
                unit_price_minor: item.unit_price_minor,
                quantity: item.quantity,
            }),
        }
    }
    items
}

fn name(item: &Item<'_>) -> String {
    let full = if item.name.is_empty() { item.sku } else { item.name };
    match full.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &full[..end]),
        None => full.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use payment::{Currency, Customer, OrderItem, OrderReference, Redirects};
    use proptest::prelude::*;

    use super::*;

    fn checkout(total_minor: i64, items: &[(&str, i64, i64)]) -> Checkout {
        let item = |&(name, quantity, unit_price_minor): &(&str, i64, i64)| OrderItem {
            id: None,
            sku: "sku".to_owned(),
            name: name.to_owned(),
            quantity,
            unit_price_minor,
        };
        Checkout {
            order_reference: Some(OrderReference::new("DE--1")),
            total: Money::new(total_minor, Currency::parse("EUR").unwrap()).unwrap(),
            items: items.iter().map(item).collect(),
            payment_method: None,
            locale: None,
            store: None,
            customer: Customer::default(),
            shipping: None,
            additional: Vec::new(),
            redirects: Redirects::default(),
        }
    }

    fn shown(checkout: &Checkout) -> Vec<String> {
        let order = Order::of(checkout, checkout.total, Language::En);
        let count = |line: &Line| line.count.map(|count| format!("{count} × ")).unwrap_or_default();
        order
            .lines
            .iter()
            .map(|line| format!("{}{}: {}", count(line), line.name, line.amount))
            .collect()
    }

    #[test]
    fn pieces_of_one_kind_are_one_line_and_the_rest_is_named() {
        let order =
            checkout(18_979, &[("Kettle", 1, 9_999), ("Sieve", 1, 4_245), ("Sieve", 1, 4_245)]);
        assert_eq!(
            shown(&order),
            [
                "Kettle: €99.99",
                "2 × Sieve: €84.90",
                "Shipping, taxes, discounts: €4.90",
                "Total: €189.79"
            ]
        );
        let less = checkout(9_000, &[("Kettle", 1, 9_999)]);
        assert_eq!(shown(&less)[1], "Shipping, taxes, discounts: −€9.99");
        let exact = checkout(9_999, &[("", 1, 9_999)]);
        assert_eq!(shown(&exact), ["sku: €99.99", "Total: €99.99"]);
    }

    #[test]
    fn a_long_list_ends_in_one_line_for_what_is_left_out() {
        let names: Vec<String> = (0..20).map(|number| format!("Item {number}")).collect();
        let items: Vec<(&str, i64, i64)> =
            names.iter().map(|name| (name.as_str(), 1, 100)).collect();
        let lines = shown(&checkout(2_000, &items));
        assert_eq!(lines.len(), LINES_MAX + 2);
        assert_eq!(lines[LINES_MAX], "8 more items: €8.00");
        let long = "ä".repeat(NAME_CHARS_MAX + 1);
        let line = &shown(&checkout(100, &[(&long, 1, 100)]))[0];
        assert_eq!(*line, format!("{}…: €1.00", "ä".repeat(NAME_CHARS_MAX)));
    }

    #[test]
    fn a_cart_has_a_total_and_nothing_else_to_show() {
        let cart = checkout(9_999, &[("Kettle", 1, 9_999)]).as_cart();
        let shown = Order::of(&cart, cart.total, Language::De);
        assert_eq!((shown.total.as_str(), shown.reference), ("99,99\u{a0}€", None));
        assert_eq!(shown.lines, []);
    }

    proptest! {
        #[test]
        fn no_order_is_too_odd_to_be_shown(total in 1..i64::MAX, items: Vec<(String, i64, i64)>) {
            let items: Vec<(&str, i64, i64)> =
                items.iter().map(|(name, quantity, price)| (name.as_str(), *quantity, *price)).collect();
            let order = checkout(total, &items);
            let lines = shown(&order);
            prop_assert!(lines.is_empty() == order.items.is_empty());
            prop_assert!(lines.len() <= LINES_MAX + 3);
        }
    }
}
