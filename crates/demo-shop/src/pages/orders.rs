//! `/orders`: all orders, and how the shop hears of results.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::money::Money;
use crate::order::Order;
use crate::pages::fields::Fields;
use crate::pages::view::{Chip, Time};
use crate::pages::visit::{Frame, Section, Visit, lead_to, page};
use crate::process::Trigger;
use crate::shop::Shop;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    frame: Frame,
    orders: Vec<Row>,
    trigger: &'static str,
}

struct Row {
    reference: String,
    customer: String,
    time: Time,
    total: Money,
    chips: Vec<Chip>,
}

impl Row {
    fn of(order: &Order) -> Self {
        let customer = &order.placed.customer;
        Self {
            reference: order.reference.clone(),
            customer: format!("{} {}", customer.first_name, customer.last_name),
            time: Time::of(order.placed.at),
            total: order.total(),
            chips: Chip::of_order(order),
        }
    }
}

pub(crate) async fn show(visit: Visit) -> Response {
    let (orders, trigger) = visit
        .shop
        .read(|state| (state.orders.iter().rev().map(Row::of).collect(), state.trigger.name()));
    page(&OrdersPage { frame: visit.frame(Section::Orders, "Orders", "/orders"), orders, trigger })
}

/// Switches the order process between the two ways of hearing.
pub(crate) async fn trigger(State(shop): State<Shop>, fields: Fields) -> Response {
    let wanted = [Trigger::Events, Trigger::Conditions]
        .into_iter()
        .find(|trigger| trigger.name() == fields.text("trigger"));
    let done = match wanted {
        Some(trigger) => {
            shop.change(|state, _| state.trigger = trigger);
            Ok(match trigger {
                Trigger::Events => "Orders now move by the messages themselves.",
                Trigger::Conditions => "Orders now move by the payment status of the whole order.",
            }
            .to_owned())
        }
        None => Err("Choose one of the two ways.".to_owned()),
    };
    lead_to(&shop, "/orders", done)
}
