//! `/merchants/{reference}`: what a merchant sees in the portal of the marketplace.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::catalog::PRODUCTS;
use crate::merchant::{COMMISSION_PERCENT, Merchant, Sums};
use crate::money::Money;
use crate::pages::view::{Standing, Time};
use crate::pages::visit::{Frame, Section, Visit, lead_to, page, say};
use crate::shop::Shop;
use crate::wire::merchant::{Link, StateTexts};

/// So many payments are shown.
const PAID_MAX: usize = 50;

#[derive(Template)]
#[template(path = "merchant.html")]
struct MerchantPage {
    frame: Frame,
    merchant: &'static Merchant,
    standing: Standing,
    /// What the app wants the merchant to read; it has said nothing if it is missing.
    words: Option<StateTexts>,
    links: Vec<Link>,
    sums: Vec<Sums>,
    paid: Vec<Row>,
    sells: String,
    commission: i64,
}

struct Row {
    order: String,
    product: &'static str,
    transfer: String,
    time: Time,
    amount: Money,
    taken_back: bool,
}

pub(crate) async fn show(visit: Visit, Path(reference): Path<String>) -> Response {
    let Some(merchant) = Merchant::find(&reference) else { return nobody(visit) };
    let address = format!("/merchants/{}", merchant.reference);
    let shop = visit.shop.clone();
    let frame = visit.frame(Section::Merchants, merchant.name, address);
    let sells = PRODUCTS.iter().filter(|product| product.seller() == Some(merchant));
    let sells: Vec<&str> = sells.map(|product| product.name).collect();
    let template = shop.read(|state| {
        let known = &state.merchants;
        let invitation = known.invitation.as_ref();
        MerchantPage {
            frame,
            merchant,
            standing: Standing::of(known, merchant),
            words: known.words(merchant).map(|state| state.attributes.clone()),
            links: invitation.map(|it| it.additional_links.clone()).unwrap_or_default(),
            sums: known.sums(merchant),
            paid: known.book_of(merchant).take(PAID_MAX).map(Row::of).collect(),
            sells: sells.join(", "),
            commission: COMMISSION_PERCENT,
        }
    });
    page(&template)
}

impl Row {
    fn of(paid: &crate::merchant::Paid) -> Self {
        Self {
            order: paid.order.clone(),
            product: paid.product,
            transfer: paid.transfer.clone(),
            time: Time::of(paid.at),
            amount: paid.amount,
            taken_back: paid.amount.minor < 0,
        }
    }
}

/// The merchant clicked the button: the app says where it leads.
pub(crate) async fn onboard(
    State(shop): State<Shop>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Response {
    let Some(merchant) = Merchant::find(&reference) else { return nobody(visit) };
    match shop.onboard(merchant).await {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(why) => lead_to(&shop, &format!("/merchants/{}", merchant.reference), Err(why)),
    }
}

/// The merchant comes back. Where the onboarding stands now is told in a message.
pub(crate) async fn back(
    State(shop): State<Shop>,
    visit: Visit,
    Path((reference, how)): Path<(String, String)>,
) -> Response {
    let Some(merchant) = Merchant::find(&reference) else { return nobody(visit) };
    let done = match how.as_str() {
        "success" => Ok("Back from Stripe. What came of it arrives in a message."),
        "cancel" => {
            Ok("Back from Stripe, and not everything is handed in. Go on whenever you like.")
        }
        "refresh" => Ok("The link was too old. Press the button for a new one."),
        "error" => Err("Nothing can be done at Stripe now."),
        _ => return nobody(visit),
    };
    let done = done.map(str::to_owned).map_err(str::to_owned);
    lead_to(&shop, &format!("/merchants/{}", merchant.reference), done)
}

fn nobody(visit: Visit) -> Response {
    let text = "The shop sells for no such merchant.".to_owned();
    say(visit, Section::Merchants, StatusCode::NOT_FOUND, "Nobody here", text)
}
