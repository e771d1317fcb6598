//! `GET /app-payment`: the page on which a shopper pays.

use app::payment_page::{PageError, PageState, PaymentPage};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::page::address::Address;
use crate::page::policy;
use crate::page::view::{Notice, View};
use crate::page::visit::Visit;
use crate::state::WebState;

pub(crate) async fn handle(
    State(state): State<WebState>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let visit = Visit::new(&state, &headers);
    let Address { transaction: Some(transaction), tenant: Some(tenant) } =
        Address::read(query.as_deref())
    else {
        return visit.notice(StatusCode::BAD_REQUEST, Notice::Unknown);
    };
    // It holds a whole order: on the heap, so that not every request's future is as large.
    match Box::pin(state.context.payment_page(&tenant, &transaction)).await {
        Ok(page) => answer(&visit, &page),
        Err(error) => refuse(&visit, &error),
    }
}

fn answer(visit: &Visit<'_>, page: &PaymentPage) -> Response {
    let redirects = &page.payment.checkout.redirects;
    match &page.state {
        PageState::Payable(opened) => {
            visit.show(StatusCode::OK, Some(page), &View::form(visit, page, opened))
        }
        PageState::Processing(opened) => {
            visit.show(StatusCode::OK, Some(page), &View::processing(visit, page, opened))
        }
        PageState::Paid => match &redirects.success {
            Some(target) => visit.leave(page, target, Notice::Paid),
            None => notice(visit, page, Notice::Paid),
        },
        PageState::Superseded(target) => policy::onward(target)
            .unwrap_or_else(|| visit.notice(StatusCode::NOT_FOUND, Notice::Unknown)),
        PageState::Canceled => notice(visit, page, Notice::Canceled),
        PageState::Disconnected => notice(visit, page, Notice::Disconnected),
        PageState::Unreachable => notice(visit, page, Notice::Unreachable),
    }
}

/// A page that says one thing about a payment.
pub(crate) fn notice(visit: &Visit<'_>, page: &PaymentPage, notice: Notice) -> Response {
    visit.show(notice.status(), Some(page), &View::notice(visit, page, notice))
}

/// There is no payment to show.
pub(crate) fn refuse(visit: &Visit<'_>, error: &PageError) -> Response {
    match error {
        PageError::Unknown => visit.notice(StatusCode::NOT_FOUND, Notice::Unknown),
        PageError::Store(error) => {
            error.tell("the payment page cannot reach the store");
            visit.notice(StatusCode::SERVICE_UNAVAILABLE, Notice::Broken)
        }
    }
}
