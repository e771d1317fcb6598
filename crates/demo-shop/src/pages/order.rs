//! `/orders/{reference}`: one order, its items, and what can be done with them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use crate::desk::NotDone;
use crate::money::Money;
use crate::order::{Item, Order};
use crate::pages::dials::Panel;
use crate::pages::fields::Fields;
use crate::pages::view::{Button, Chip, Line, Step, Time, buttons, sentence, steps};
use crate::pages::visit::{Frame, Section, Visit, lead_to, page, say};
use crate::process::{Action, ItemState};
use crate::shop::Shop;

/// So many lines of the live list stand beside an order.
const LINES_MAX: usize = 30;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    order: Order,
    time: Time,
    status: &'static str,
    steps: Vec<Step>,
    sentences: Vec<&'static str>,
    items: Vec<Row>,
    buttons: Vec<Button>,
    shipping: Money,
    can_be_paid: bool,
    lines: Vec<Line>,
    panel: Panel,
}

struct Row {
    id: i64,
    name: &'static str,
    sku: &'static str,
    quantity: u32,
    one: Money,
    chip: Chip,
    /// Whether anything can be done with it now.
    can_be_chosen: bool,
}

impl Row {
    fn of(order: &Order, item: &Item) -> Self {
        let possible = Action::ALL.iter().any(|action| item.state.on_action(*action).is_some());
        Self {
            id: item.id,
            name: item.product.name,
            sku: item.product.sku,
            quantity: item.quantity,
            one: item.product.price(order.currency()),
            chip: Chip::of(item.state),
            can_be_chosen: possible,
        }
    }
}

pub(crate) async fn show(visit: Visit, Path(reference): Path<String>) -> Response {
    let found = visit.shop.read(|state| {
        let order = state.order(&reference)?.clone();
        let is_about =
            |entry: &&crate::journal::Entry| entry.note.order.as_ref() == Some(&reference);
        let entries = state.journal.newest_first().filter(is_about).take(LINES_MAX);
        Some((order, entries.map(Line::of).collect()))
    });
    let Some((order, lines)) = found else {
        let text = "The shop has no such order. It forgets its orders when it is started again.";
        return say(
            visit,
            Section::Orders,
            StatusCode::NOT_FOUND,
            "No such order",
            text.to_owned(),
        );
    };
    let address = format!("/orders/{}", order.reference);
    let panel = Panel::of(&visit.shop, &address).await;
    let title = format!("Order {}", order.reference);
    page(&OrderPage {
        frame: visit.frame(Section::Orders, &title, address),
        time: Time::of(order.placed.at),
        status: order.status.map_or("none yet", |status| status.name()),
        steps: steps(&order),
        sentences: sentences(&order),
        items: order.items.iter().map(|item| Row::of(&order, item)).collect(),
        buttons: buttons(&order),
        shipping: order.shipping(),
        can_be_paid: order.can_be_paid(),
        order,
        lines,
        panel,
    })
}

/// What there is to say about the states of the items, each once.
fn sentences(order: &Order) -> Vec<&'static str> {
    let mut states: Vec<ItemState> = Vec::new();
    for item in &order.items {
        if !states.contains(&item.state) {
            states.push(item.state);
        }
    }
    states.into_iter().map(sentence).collect()
}

/// Somebody pressed one of the buttons.
pub(crate) async fn act(
    State(shop): State<Shop>,
    visit: Visit,
    Path((reference, action)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let known = shop.read(|state| state.order(&reference).is_some());
    let Some(action) = Action::ALL.into_iter().find(|it| it.name() == action).filter(|_| known)
    else {
        let text =
            "There is no such order, or nothing of this name can be done with it.".to_owned();
        return say(visit, Section::Orders, StatusCode::NOT_FOUND, "Nothing here", text);
    };
    let done = match fields.numbers("item") {
        chosen if chosen.is_empty() => Err("Choose at least one item first.".to_owned()),
        chosen => shop
            .act(&reference, action, &chosen)
            .await
            .map(|count| told(action, count))
            .map_err(|error: NotDone| error.to_string()),
    };
    lead_to(&shop, &format!("/orders/{reference}"), done)
}

fn told(action: Action, count: usize) -> String {
    let items = if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    match action {
        Action::Ship => format!("Shipped {items}. CapturePayment is on its way."),
        Action::Cancel => format!("Canceling {items}. CancelPayment is on its way."),
        Action::Return => format!("Took {items} back. RefundPayment is on its way."),
        Action::Deliver => format!("Noted: {items} arrived."),
        Action::Close => format!("Closed {items}."),
    }
}
