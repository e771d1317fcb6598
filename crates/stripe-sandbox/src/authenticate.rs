//! The page a shopper is sent to for 3-D Secure or to her bank: two buttons, and back to the shop.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::amounts;
use crate::api::intents::{Action, BANK_TRANSFER_IBAN, Intent, Stage, Visit};
use crate::api::next_actions::{self, Outcome};
use crate::desk::Desk;
use crate::language::Language;
use crate::page::Page;
use crate::sandbox::Sandbox;
use crate::stripe_js::DONE_PATH;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/_sandbox/authenticate/{id}", get(show).post(decide))
}

async fn show(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(query.as_deref(), &headers);
    let Ok(intent) = sandbox.with_intent(&id, |desk| find(desk, &id)) else {
        return unknown(language).into_response();
    };
    match &intent.stage {
        Stage::RequiresAction(Action::Authenticate { visit, .. }) => {
            question(language, &intent, visit, &AUTHENTICATION)
        }
        Stage::RequiresAction(Action::Redirect { visit }) => {
            question(language, &intent, visit, &AUTHORIZATION)
        }
        Stage::RequiresAction(Action::BankTransfer { funded, .. }) => {
            instructions(language, &intent, intent.amount - funded)
        }
        Stage::RequiresPaymentMethod
        | Stage::RequiresConfirmation
        | Stage::Processing
        | Stage::RequiresCapture
        | Stage::Succeeded
        | Stage::Canceled { .. } => waits_for_nothing(language),
    }
    .into_response()
}

/// What a page asks, in both languages.
struct Question {
    title: (&'static str, &'static str),
    text: (&'static str, &'static str),
    yes: (&'static str, &'static str),
    no: (&'static str, &'static str),
}

const AUTHENTICATION: Question = Question {
    title: ("3-D Secure", "3-D Secure"),
    text: (
        "Your bank wants to know whether it is you who pays.",
        "Ihre Bank möchte wissen, ob Sie es sind, die oder der bezahlt.",
    ),
    yes: ("Complete", "Bestätigen"),
    no: ("Fail", "Fehlschlagen lassen"),
};

const AUTHORIZATION: Question = Question {
    title: ("Test bank", "Testbank"),
    text: (
        "A shop asks for a payment from your account.",
        "Ein Shop bittet um eine Zahlung von Ihrem Konto.",
    ),
    yes: ("Authorize", "Freigeben"),
    no: ("Fail", "Fehlschlagen lassen"),
};

fn question(language: Language, intent: &Intent, visit: &Visit, question: &Question) -> Page {
    let say = |(english, german)| language.pick(english, german);
    let amount = amounts::in_words(intent.amount, &intent.currency, language.decimal_point());
    let body = format!(
        "<h1>{}</h1>\n<p class=\"figure\">{amount}</p>\n<p>{}</p>\n<form method=\"post\">\n\
         <button id=\"complete\" class=\"primary\" name=\"outcome\" value=\"succeed\">{}</button>\n\
         <button id=\"fail\" name=\"outcome\" value=\"fail\">{}</button>\n</form>",
        say(question.title),
        say(question.text),
        say(question.yes),
        say(question.no),
    );
    let back = visit.return_url.as_deref().and_then(|url| Url::parse(url).ok());
    Page::new(language, say(question.title), body).forms_lead_to(back.map(|url| source_of(&url)))
}

/// Where to send the money, and a button that sends it.
fn instructions(language: Language, intent: &Intent, remaining: i64) -> Page {
    let title = language.pick("Bank transfer", "Überweisung");
    let amount = amounts::in_words(remaining, &intent.currency, language.decimal_point());
    let body = format!(
        "<h1>{title}</h1>\n<p class=\"figure\">{amount}</p>\n<p>{text}</p>\n\
         <dl><dt>IBAN</dt><dd>{BANK_TRANSFER_IBAN}</dd><dt>{reference}</dt><dd>{id}</dd></dl>\n\
         <form method=\"post\">\n\
         <button id=\"complete\" class=\"primary\" name=\"outcome\" value=\"succeed\">{send}</button>\n\
         </form>",
        text = language.pick(
            "Transfer this amount, with this reference.",
            "Überweisen Sie diesen Betrag mit diesem Verwendungszweck.",
        ),
        reference = language.pick("Reference", "Verwendungszweck"),
        id = intent.id,
        send = language.pick("Send the test money", "Testgeld senden"),
    );
    Page::new(language, title, body)
}

/// The way back as a source of a content security policy. Browsers hold every redirect after a form to it, and the
/// address a shop is returned to may lead on to any other of its hosts: only the scheme is known.
fn source_of(url: &Url) -> String {
    if url.origin().is_tuple() { "*".to_owned() } else { format!("{}:", url.scheme()) }
}

async fn decide(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = Language::of(query.as_deref(), &headers);
    let outcome = match body.as_ref() {
        b"outcome=succeed" => Outcome::Succeed,
        b"outcome=fail" => Outcome::Fail,
        _ => return neither(language).into_response(),
    };
    let result = sandbox.with_intent(&id, |desk| {
        let visit = finish(desk, &id, outcome)?;
        Ok((visit, find(desk, &id)?))
    });
    match result {
        Ok((visit, intent)) => go_back(language, &visit, &intent),
        // A second click, or an old page.
        Err(_) => waits_for_nothing(language).into_response(),
    }
}

fn finish(desk: &mut Desk<'_>, id: &str, outcome: Outcome) -> Result<Visit, String> {
    let intent = find(desk, id)?;
    match (intent.stage, outcome) {
        (Stage::RequiresAction(Action::BankTransfer { funded, visit }), Outcome::Succeed) => {
            next_actions::fund(desk, id, intent.amount - funded)?;
            Ok(visit)
        }
        (_, outcome) => next_actions::finish_action(desk, id, outcome),
    }
}

fn find(desk: &Desk<'_>, id: &str) -> Result<Intent, String> {
    desk.objects.intents.get(id).cloned().ok_or_else(|| format!("There is no payment intent {id}"))
}

/// Back to the shop, with what Stripe adds to the address; or, inside the shop's page, a word to Stripe.js.
fn go_back(language: Language, visit: &Visit, intent: &Intent) -> Response {
    let target = visit.return_url.as_deref().and_then(|url| Url::parse(url).ok());
    let Some(mut url) = target.filter(|_| !visit.in_page) else {
        return done(language).into_response();
    };
    let status = match intent.stage {
        Stage::Succeeded | Stage::RequiresCapture => "succeeded",
        Stage::Processing => "pending",
        Stage::RequiresPaymentMethod
        | Stage::RequiresConfirmation
        | Stage::RequiresAction(_)
        | Stage::Canceled { .. } => "failed",
    };
    url.query_pairs_mut()
        .append_pair("payment_intent", &intent.id)
        .append_pair("payment_intent_client_secret", &intent.client_secret)
        .append_pair("redirect_status", status);
    Redirect::to(url.as_str()).into_response()
}

fn done(language: Language) -> Page {
    let title = language.pick("Done", "Erledigt");
    let text = language.pick("You can go back to the shop.", "Sie können zum Shop zurückgehen.");
    Page::new(language, title, format!("<h1>{title}</h1>\n<p>{text}</p>")).script(DONE_PATH)
}

fn waits_for_nothing(language: Language) -> Page {
    let title = language.pick("Nothing to do here", "Hier ist nichts zu tun");
    let text = language.pick(
        "This payment does not wait for you any more. You can go back to the shop.",
        "Diese Zahlung wartet nicht mehr auf Sie. Sie können zum Shop zurückgehen.",
    );
    Page::new(language, title, format!("<h1>{title}</h1>\n<p>{text}</p>"))
        .status(StatusCode::CONFLICT)
        .script(DONE_PATH)
}

fn neither(language: Language) -> Page {
    let title = language.pick("Choose one", "Bitte wählen");
    let text =
        language.pick("Choose one of the two buttons.", "Wählen Sie einen der beiden Knöpfe.");
    Page::new(language, title, format!("<h1>{title}</h1>\n<p>{text}</p>"))
        .status(StatusCode::BAD_REQUEST)
}

fn unknown(language: Language) -> Page {
    let title = language.pick("Unknown payment", "Unbekannte Zahlung");
    let text = language.pick("There is no such payment here.", "Diese Zahlung gibt es hier nicht.");
    Page::new(language, title, format!("<h1>{title}</h1>\n<p>{text}</p>"))
        .status(StatusCode::NOT_FOUND)
}
