//! The page a shopper is sent to for 3-D Secure or to her bank: two buttons.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::StatusCode;
use url::Url;

use crate::api::intents::{Intent, Stage, Visit};
use crate::api::next_actions::{self, Outcome};
use crate::sandbox::Sandbox;

/// Readable in light and dark, and large enough for a finger.
const STYLE: &str = ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
    main{max-width:28rem;margin:12vh auto;padding:0 1rem}h1{font-size:1.25rem}\
    button{font:inherit;min-height:44px;padding:0 1.25rem;margin-right:.5rem}";

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/_sandbox/authenticate/{id}", get(show).post(decide))
}

async fn show(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    match sandbox.with_intent(&id, |desk| find(desk, &id)) {
        Ok(intent) => Html(document(&format!(
            "<h1>Test bank</h1>\
             <p>A payment of {} {} (in the smallest unit) waits for you.</p>\
             <form method=\"post\">\
             <button name=\"outcome\" value=\"succeed\">Complete</button> \
             <button name=\"outcome\" value=\"fail\">Fail</button>\
             </form>",
            intent.amount,
            intent.currency.to_uppercase(),
        )))
        .into_response(),
        Err(_) => not_found(),
    }
}

async fn decide(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Response {
    let outcome = match body.as_ref() {
        b"outcome=succeed" => Outcome::Succeed,
        b"outcome=fail" => Outcome::Fail,
        _ => {
            let message = "<p>Choose one of the two buttons.</p>";
            return (StatusCode::BAD_REQUEST, Html(document(message))).into_response();
        }
    };
    let result = sandbox.with_intent(&id, |desk| {
        let visit = next_actions::finish_action(desk, &id, outcome)?;
        Ok((visit, find(desk, &id)?))
    });
    match result {
        Ok((visit, intent)) => go_back(&visit, &intent),
        // A second click, or an old page.
        Err(_) => (
            StatusCode::CONFLICT,
            Html(document("<p>This payment waits for nothing any more.</p>")),
        )
            .into_response(),
    }
}

fn find(desk: &crate::desk::Desk<'_>, id: &str) -> Result<Intent, String> {
    desk.objects.intents.get(id).cloned().ok_or_else(|| format!("There is no payment intent {id}"))
}

/// Back to the shop, with what Stripe adds to the address.
fn go_back(visit: &Visit, intent: &Intent) -> Response {
    let status = match intent.stage {
        Stage::Succeeded | Stage::RequiresCapture => "succeeded",
        Stage::Processing => "pending",
        Stage::RequiresPaymentMethod
        | Stage::RequiresConfirmation
        | Stage::RequiresAction(_)
        | Stage::Canceled { .. } => "failed",
    };
    let target = visit.return_url.as_deref().and_then(|url| Url::parse(url).ok());
    let Some(mut url) = target else {
        return Html(document(&format!("<p>Done: {status}. There is no return_url.</p>")))
            .into_response();
    };
    url.query_pairs_mut()
        .append_pair("payment_intent", &intent.id)
        .append_pair("payment_intent_client_secret", &intent.client_secret)
        .append_pair("redirect_status", status);
    Redirect::to(url.as_str()).into_response()
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Html(document("<p>There is no such payment.</p>"))).into_response()
}

fn document(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Test bank</title>\
         <style>{STYLE}</style><main>{body}</main></html>\n"
    )
}
