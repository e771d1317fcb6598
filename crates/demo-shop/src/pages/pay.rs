//! The way to the payment page and back: on its own, or in a frame of the shop.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use crate::order::Order;
use crate::pages::view::Chip;
use crate::pages::visit::{Frame, Section, Visit, page, page_with, say};
use crate::process::ItemState;
use crate::shop::Shop;

#[derive(Template)]
#[template(path = "pay.html")]
struct FramedPage {
    frame: Frame,
    order: Order,
    payment_page: String,
}

#[derive(Template)]
#[template(path = "success.html")]
struct SuccessPage {
    frame: Frame,
    order: Order,
    chips: Vec<Chip>,
    /// Whether the shop has heard already that the order is paid.
    is_paid: bool,
}

#[derive(Template)]
#[template(path = "cancel.html")]
struct CancelPage {
    frame: Frame,
    order: Order,
    /// Why the payment page could not be reached, if that was it.
    problem: Option<String>,
}

/// What the app is told to send the browser back with.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(rename = "orderReference", default)]
    order_reference: String,
}

/// Initializes the payment and leads to the payment page.
pub(super) async fn send_to_payment(shop: &Shop, reference: &str) -> Response {
    match shop.initialize(reference).await {
        Ok(page) => {
            let framed =
                shop.read(|state| state.order(reference).is_some_and(|it| it.placed.framed));
            let own = format!("/pay/{reference}");
            Redirect::to(if framed { &own } else { &page }).into_response()
        }
        Err(error) => {
            let cancel = format!("/order-cancel?orderReference={reference}");
            super::visit::lead_to(shop, &cancel, Err(error.to_string()))
        }
    }
}

/// The payment page in a frame.
pub(crate) async fn framed(visit: Visit, Path(reference): Path<String>) -> Response {
    let Some(order) = find(&visit, &reference) else { return no_order(visit) };
    match &order.payment_page {
        Some(payment_page) if order.can_be_paid() => page(&FramedPage {
            frame: visit.frame(Section::Cart, "Payment", ""),
            payment_page: payment_page.clone(),
            order,
        }),
        Some(_) | None => {
            Redirect::to(&format!("/order-success?orderReference={reference}")).into_response()
        }
    }
}

/// The shopper tries again.
pub(crate) async fn again(State(shop): State<Shop>, Path(reference): Path<String>) -> Response {
    // The address is made of what the shop knows, never of what somebody sent.
    match shop.read(|state| state.order(&reference).map(|order| order.reference.clone())) {
        Some(reference) => send_to_payment(&shop, &reference).await,
        None => Redirect::to("/cart").into_response(),
    }
}

/// The app sends the shopper here after she has paid.
pub(crate) async fn success(visit: Visit, Query(back): Query<Back>) -> Response {
    let Some(order) = find(&visit, &back.order_reference) else { return no_order(visit) };
    let waits = |state| [ItemState::New, ItemState::PaymentPending].contains(&state);
    let is_paid = !order.items.iter().any(|item| waits(item.state));
    let address = format!("/order-success?orderReference={}", order.reference);
    page(&SuccessPage {
        frame: visit.frame(Section::Cart, "Thank you", address),
        chips: Chip::of_order(&order),
        is_paid,
        order,
    })
}

/// The app sends the shopper here when nothing was paid.
pub(crate) async fn cancel(visit: Visit, Query(back): Query<Back>) -> Response {
    let Some(order) = find(&visit, &back.order_reference) else { return no_order(visit) };
    let mut frame = visit.frame(Section::Cart, "Not paid", "");
    let problem = frame.notice.take().map(|notice| notice.text);
    let status = if problem.is_some() { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    page_with(status, &CancelPage { frame, order, problem })
}

fn find(visit: &Visit, reference: &str) -> Option<Order> {
    visit.shop.read(|state| state.order(reference).cloned())
}

fn no_order(visit: Visit) -> Response {
    let text = "The shop has no such order. It forgets its orders when it is started again.";
    say(visit, Section::Cart, StatusCode::NOT_FOUND, "No such order", text.to_owned())
}
