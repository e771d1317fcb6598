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
use crate::pages::view::{
    Button, Chip, Line, Step, Time, buttons, payout_buttons, sentence, steps,
};
use crate::pages::visit::{Frame, Section, Visit, lead_to, page, say};
use crate::payout::{Share, Transmission};
use crate::process::{Action, ItemState};
use crate::shop::Shop;
use crate::transmission::Transmitted;

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
    /// Why merchants did not get their money, or did not give it back.
    troubles: Vec<(&'static str, String)>,
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
    share: Option<ShownShare>,
    /// Whether anything can be done with it now.
    can_be_chosen: bool,
}

/// What a merchant gets of an item.
struct ShownShare {
    name: &'static str,
    reference: &'static str,
    amount: Money,
    chip: Chip,
    transfer: Option<String>,
}

impl ShownShare {
    fn of(order: &Order, share: &Share) -> Self {
        Self {
            name: share.merchant.name,
            reference: share.merchant.reference,
            amount: Money { minor: share.amount, currency: order.currency() },
            chip: Chip::of_share(share),
            transfer: share.transfer().map(str::to_owned),
        }
    }
}

impl Row {
    fn of(order: &Order, item: &Item) -> Self {
        let acts = Action::ALL.iter().any(|action| item.state.on_action(*action).is_some());
        let moves = |share: &Share| {
            Transmission::ALL.iter().any(|transmission| share.allows(*transmission, item.state))
        };
        Self {
            id: item.id,
            name: item.product.name,
            sku: item.product.sku,
            quantity: item.quantity,
            one: item.product.price(order.currency()),
            chip: Chip::of(item.state),
            share: item.share.as_ref().map(|share| ShownShare::of(order, share)),
            can_be_chosen: acts || item.share.as_ref().is_some_and(moves),
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
        buttons: payout_buttons(&order).into_iter().chain(buttons(&order)).collect(),
        troubles: troubles(&order),
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

/// What the app answered for merchants' shares that it did not move, each once.
fn troubles(order: &Order) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    for share in order.items.iter().filter_map(|item| item.share.as_ref()) {
        let trouble = share.trouble.clone().map(|why| (share.merchant.name, why));
        if let Some(trouble) = trouble.filter(|trouble| !all.contains(trouble)) {
            all.push(trouble);
        }
    }
    all
}

/// What a button does.
#[derive(Clone, Copy)]
enum Pressed {
    Act(Action),
    Transmit(Transmission),
}

impl Pressed {
    fn from_name(name: &str) -> Option<Self> {
        let action = Action::ALL.into_iter().find(|it| it.name() == name).map(Self::Act);
        let transmission = || Transmission::ALL.into_iter().find(|it| it.name() == name);
        action.or_else(|| transmission().map(Self::Transmit))
    }
}

/// Somebody pressed one of the buttons.
pub(crate) async fn act(
    State(shop): State<Shop>,
    visit: Visit,
    Path((reference, action)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let known = shop.read(|state| state.order(&reference).is_some());
    let Some(pressed) = Pressed::from_name(&action).filter(|_| known) else {
        let text =
            "There is no such order, or nothing of this name can be done with it.".to_owned();
        return say(visit, Section::Orders, StatusCode::NOT_FOUND, "Nothing here", text);
    };
    let done = match fields.numbers("item") {
        chosen if chosen.is_empty() => Err("Choose at least one item first.".to_owned()),
        chosen => carry_out(&shop, &reference, pressed, &chosen).await,
    };
    lead_to(&shop, &format!("/orders/{reference}"), done)
}

async fn carry_out(
    shop: &Shop,
    reference: &str,
    pressed: Pressed,
    chosen: &[i64],
) -> Result<String, String> {
    let said = |error: NotDone| error.to_string();
    match pressed {
        Pressed::Act(action) => {
            let count = shop.act(reference, action, chosen).await.map_err(said)?;
            Ok(told(action, count))
        }
        Pressed::Transmit(transmission) => {
            let done = shop.transmit(reference, transmission, chosen).await.map_err(said)?;
            transmitted(transmission, done)
        }
    }
}

fn items(count: usize) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}

fn transmitted(transmission: Transmission, done: Transmitted) -> Result<String, String> {
    let Transmitted { done, failed } = done;
    let moved = match transmission {
        Transmission::PayOut => format!("Paid merchants out for {}.", items(done)),
        Transmission::TakeBack => format!("Took the payout of {} back.", items(done)),
    };
    match (done, failed) {
        (_, 0) => Ok(moved),
        (0, failed) => Err(format!("{} failed: see why below.", items(failed))),
        (_, failed) => Err(format!("{moved} {} failed: see why below.", items(failed))),
    }
}

fn told(action: Action, count: usize) -> String {
    let items = items(count);
    match action {
        Action::Ship => format!("Shipped {items}. CapturePayment is on its way."),
        Action::Cancel => format!("Canceling {items}. CancelPayment is on its way."),
        Action::Return => format!("Took {items} back. RefundPayment is on its way."),
        Action::Deliver => format!("Noted: {items} arrived."),
        Action::Close => format!("Closed {items}."),
    }
}
