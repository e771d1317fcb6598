//! `GET /app-payment/redirect`: Stripe has sent the shopper back; she goes on from here.
//!
//! What the browser says of the outcome is not believed: Stripe is asked.

use app::after_payment::Onward;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::page::address::Address;
use crate::page::pay::{notice, refuse};
use crate::page::policy;
use crate::page::view::Notice;
use crate::page::visit::Visit;
use crate::state::WebState;

pub(crate) async fn handle(
    State(state): State<WebState>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let visit = Visit::new(&state, &headers);
    let address = Address::read(query.as_deref());
    let Some(transaction) = address.transaction else {
        return visit.notice(StatusCode::BAD_REQUEST, Notice::Unknown);
    };
    let asked = Box::pin(state.context.after_payment(address.tenant, &transaction)).await;
    let (page, onward) = match asked {
        Ok(answer) => answer,
        Err(error) => return refuse(&visit, &error),
    };
    let why = Notice::of(&page.state);
    match onward {
        Onward::Success(Some(target)) | Onward::Cancel(Some(target)) => {
            visit.leave(&page, &target, why)
        }
        Onward::Success(None) | Onward::Cancel(None) => notice(&visit, &page, why),
        Onward::Page(target) => policy::onward(&target)
            .unwrap_or_else(|| visit.notice(StatusCode::NOT_FOUND, Notice::Unknown)),
    }
}
