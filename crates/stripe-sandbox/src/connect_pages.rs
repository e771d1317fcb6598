//! The pages a merchant of a marketplace is sent to: onboarding, and her dashboard.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::api::account_links::{self, Followed};
use crate::api::accounts::Account;
use crate::api::balance::{self, Funds};
use crate::api::destination_payments::DestinationPayment;
use crate::api::requirements::Outcome;
use crate::desk::Desk;
use crate::sandbox::Sandbox;

/// How many of the last payments the dashboard shows.
const PAYMENTS_SHOWN_MAX: usize = 10;

/// Readable in light and dark, from 320 pixels on, and large enough for a finger.
const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;\
--ink:#1b1f24;--soft:#57606a;--paper:#fff;--ground:#f4f5f7;--line:#8c959f;--deep:#4b3fc4;--note:#fff3cd}\
@media(prefers-color-scheme:dark){:root{\
--ink:#eceff3;--soft:#a9b2bd;--paper:#1c2128;--ground:#12161b;--line:#6e7781;--deep:#b3abff;--note:#4a3c0a}}\
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink)}\
aside{background:var(--note);padding:.5rem 1rem;text-align:center;font-size:.875rem}\
main{max-width:36rem;margin:1.5rem auto;padding:1.25rem;background:var(--paper)}\
h1{font-size:1.375rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}h2{font-size:1rem;margin:1.5rem 0 .25rem}\
p{margin:.25rem 0 1rem}code{overflow-wrap:anywhere}ul{padding-left:1.25rem;margin:.25rem 0 1rem}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.125rem 1rem;margin:0 0 1rem}dt{color:var(--soft)}\
dd{margin:0;overflow-wrap:anywhere}fieldset{border:0;margin:1.5rem 0 0;padding:0}legend{font-weight:600;padding:0}\
button{display:block;width:100%;min-height:44px;margin-top:.75rem;padding:.5rem .75rem;text-align:left;font:inherit;\
color:inherit;background:none;border:1px solid var(--line);border-radius:.375rem;cursor:pointer}\
button b{display:block}button span{color:var(--soft);font-size:.875rem}\
button:first-of-type{border:2px solid var(--deep)}button:hover{border-color:var(--deep)}\
button:focus-visible{outline:3px solid var(--deep);outline-offset:2px}\
@media(max-width:24rem){dl{display:block}dd{margin-bottom:.5rem}main{margin-top:0}}";

/// What each outcome is called on the page, and what it means.
fn words(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Complete => {
            ("Complete", "All is told and believed: charges, payouts and transfers work.")
        }
        Outcome::Verify => {
            ("Hand in, and be checked", "It is looked at for a minute; transfers wait until then.")
        }
        Outcome::AskLater => {
            ("Complete, with more to come", "All works; one day something else will be asked for.")
        }
        Outcome::AskForMore => {
            ("Be asked for more", "All works for 14 days, by which a document has to come.")
        }
        Outcome::Restrict => {
            ("Miss a deadline", "A document is past due: charges, payouts and transfers are off.")
        }
        Outcome::Reject => ("Be rejected", "The account is refused for good."),
        Outcome::Leave => ("Leave", "Go back without an answer; nothing changes."),
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/_sandbox/onboarding/{token}", get(onboarding).post(answer))
        .route("/_sandbox/dashboard/{token}", get(dashboard))
}

async fn onboarding(State(sandbox): State<Sandbox>, Path(token): Path<String>) -> Response {
    let followed = sandbox.with_space(
        |objects| objects.account_links.contains_key(&token),
        |desk| {
            let followed = account_links::follow(desk, &token);
            followed.zip(desk.objects.profile.clone())
        },
    );
    match followed.flatten() {
        Some((Followed::Page { visit }, account)) => {
            page(StatusCode::OK, "Onboarding", &onboarding_body(&account, &visit))
        }
        Some((Followed::Away(url), _)) => Redirect::to(url.as_str()).into_response(),
        None => no_such_link(),
    }
}

fn onboarding_body(account: &Account, visit: &str) -> String {
    let mut body = format!(
        "<h1>Onboarding of {}</h1><dl><dt>Account</dt><dd><code>{}</code></dd>\
         <dt>Type</dt><dd>{}</dd></dl>",
        escape(account.display_name()),
        escape(&account.id),
        escape(account.controller.kind()),
    );
    if account.requirements.currently_due.is_empty() {
        body.push_str("<p>Nothing is due at the moment.</p>");
    } else {
        body.push_str("<h2>What is due</h2><ul>");
        for due in &account.requirements.currently_due {
            append(&mut body, format_args!("<li><code>{}</code></li>", escape(due)));
        }
        body.push_str("</ul>");
    }
    append(
        &mut body,
        format_args!(
            "<form method=\"post\"><input type=\"hidden\" name=\"visit\" value=\"{}\">\
             <fieldset><legend>How does it end?</legend>",
            escape(visit)
        ),
    );
    for (outcome, name) in Outcome::ALL {
        let (title, meaning) = words(outcome);
        append(
            &mut body,
            format_args!(
                "<button name=\"outcome\" value=\"{name}\"><b>{title}</b><span>{meaning}</span></button>"
            ),
        );
    }
    body.push_str("</fieldset></form>");
    body
}

async fn answer(
    State(sandbox): State<Sandbox>,
    Path(token): Path<String>,
    body: Bytes,
) -> Response {
    let field = |name: &str| {
        url::form_urlencoded::parse(&body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let visit = field("visit").unwrap_or_default();
    let Some(outcome) = field("outcome").and_then(|name| Outcome::named(&name)) else {
        return page(
            StatusCode::BAD_REQUEST,
            "Onboarding",
            "<h1>Choose one of the buttons</h1><p>Go back, and say how it ends.</p>",
        );
    };
    let url = sandbox.with_space(
        |objects| objects.account_links.contains_key(&token),
        |desk| account_links::answer(desk, &token, &visit, outcome),
    );
    match url.flatten() {
        Some(url) => Redirect::to(url.as_str()).into_response(),
        None => no_such_link(),
    }
}

async fn dashboard(State(sandbox): State<Sandbox>, Path(token): Path<String>) -> Response {
    let body = sandbox.with_space(
        |objects| objects.login_links.contains(&token),
        |desk| {
            desk.objects.login_links.remove(&token);
            dashboard_body(desk)
        },
    );
    match body.flatten() {
        Some(body) => page(StatusCode::OK, "Dashboard", &body),
        None => no_such_link(),
    }
}

fn dashboard_body(desk: &Desk<'_>) -> Option<String> {
    let account = desk.objects.profile.as_ref()?;
    let mut body = format!(
        "<h1>Dashboard of {}</h1><dl><dt>Account</dt><dd><code>{}</code></dd>",
        escape(account.display_name()),
        escape(&account.id),
    );
    for (name, enabled) in
        [("Charges", account.charges_enabled), ("Payouts", account.payouts_enabled)]
    {
        let state = if enabled { "enabled" } else { "disabled" };
        append(&mut body, format_args!("<dt>{name}</dt><dd>{state}</dd>"));
    }
    body.push_str("</dl>");
    let balances =
        balance::funds(desk.objects, desk.second()).into_iter().map(|(currency, funds)| {
            let Funds { available, pending } = funds;
            format!("{available} {}, and {pending} pending", currency.to_uppercase())
        });
    append_list(&mut body, "Balance, in the smallest unit", balances);
    let payments = desk.objects.payments.newest_first().take(PAYMENTS_SHOWN_MAX);
    append_list(&mut body, "Last payments", payments.map(DestinationPayment::summary));
    Some(body)
}

fn append_list(body: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let items: String = lines.map(|line| format!("<li>{}</li>", escape(&line))).collect();
    if items.is_empty() {
        append(body, format_args!("<h2>{title}</h2><p>Nothing yet.</p>"));
    } else {
        append(body, format_args!("<h2>{title}</h2><ul>{items}</ul>"));
    }
}

fn no_such_link() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "No such link",
        "<h1>This link does not work</h1><p>It is unknown here, or was followed before. Ask for a new one where you \
         found it.</p>",
    )
}

/// A whole page. It loads nothing, runs nothing and can be framed by nobody. `form-action` stays open: the form ends
/// in a redirect to an address only the platform knows, which a browser would hold back.
fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
    );
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} – stand-in for Stripe</title><style>{STYLE}</style></head><body>\
         <aside>A stand-in for Stripe, for development and tests. Nothing here is real.</aside>\
         <main>{body}</main></body></html>\n"
    );
    let mut response = (status, Html(document)).into_response();
    let headers = response.headers_mut();
    // A hash is letters, digits and signs that a header can hold.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Writing to a `String` does not fail.
fn append(body: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = body.write_fmt(text);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
