//! What every page has: who asks, the frame around it, and where it leads after a form.

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;

use crate::cart::{self, Cart};
use crate::merchant::BusinessModel;
use crate::pages::guard::Nonce;
use crate::shop::Shop;
use crate::state::Notice;

/// A browser that asks for a page.
pub(crate) struct Visit {
    pub(crate) shop: Shop,
    pub(crate) cart: Cart,
    nonce: String,
    notice: Option<Notice>,
    // Of when the visit began: what the page shows is at least as new, so that nothing that
    // happens while the page is made is missed by whoever looks at it.
    version: u64,
}

/// The part of the shop that a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Shop,
    Cart,
    Orders,
    Merchants,
    Apps,
    Messages,
}

/// The frame around a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) nonce: String,
    pub(crate) section: Section,
    pub(crate) notice: Option<Notice>,
    pub(crate) cart_count: u32,
    /// What the page shows is of this version of the shop, or newer.
    pub(crate) version: u64,
    /// Where the live parts of the page are read anew.
    pub(crate) address: String,
    pub(crate) connected: bool,
    /// Whether the shop sells for merchants, too.
    pub(crate) marketplace: bool,
}

impl Visit {
    /// The frame of a page at `address`.
    pub(crate) fn frame(self, section: Section, title: &str, address: impl Into<String>) -> Frame {
        let (connected, model) =
            self.shop.read(|state| (!state.offers().is_empty(), state.merchants.model));
        Frame {
            title: title.to_owned(),
            nonce: self.nonce,
            section,
            notice: self.notice,
            cart_count: self.cart.count(),
            version: self.version,
            address: address.into(),
            connected,
            marketplace: model == BusinessModel::Marketplace,
        }
    }
}

impl Frame {
    /// Whether a page of this section is shown.
    pub(crate) fn is(&self, section: &str) -> bool {
        section
            == match self.section {
                Section::Shop => "shop",
                Section::Cart => "cart",
                Section::Orders => "orders",
                Section::Merchants => "merchants",
                Section::Apps => "apps",
                Section::Messages => "messages",
            }
    }
}

impl FromRequestParts<Shop> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Self::Rejection> {
        let nonce = parts.extensions.get::<Nonce>().map(|Nonce(nonce)| nonce.clone());
        let notice = query_value(parts, "notice").and_then(|number| number.parse().ok());
        let notice = notice.and_then(|number| shop.read(|state| state.notice(number)));
        Ok(Self {
            shop: shop.clone(),
            cart: cookie(parts).map(|value| Cart::from_cookie(&value)).unwrap_or_default(),
            nonce: nonce.unwrap_or_default(),
            notice,
            version: *shop.versions().borrow(),
        })
    }
}

fn query_value(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn cookie(parts: &Parts) -> Option<String> {
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split("; ")).filter_map(|it| it.split_once('='));
    pairs.find(|(name, _)| *name == cart::COOKIE).map(|(_, value)| value.to_owned())
}

/// Renders a page.
pub(crate) fn page<T: Template>(template: &T) -> Response {
    page_with(StatusCode::OK, template)
}

/// Renders a page that says that something was wrong.
pub(crate) fn page_with<T: Template>(status: StatusCode, template: &T) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered: this is a bug");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Leads to a page that says what was done, or why it was not.
pub(crate) fn lead_to(shop: &Shop, path: &str, done: Result<String, String>) -> Response {
    let notice = match done {
        Ok(text) => Notice { text, failed: false },
        Err(text) => Notice { text, failed: true },
    };
    let number = shop.leave_notice(notice);
    let sign = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{sign}notice={number}")).into_response()
}

/// Gives the browser its cart.
pub(crate) fn with_cart(cart: &Cart, mut response: Response) -> Response {
    let cookie = format!(
        "{}={}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax",
        cart::COOKIE,
        cart.to_cookie()
    );
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    text: String,
}

/// A page that only says something.
pub(crate) fn say(
    visit: Visit,
    section: Section,
    status: StatusCode,
    title: &str,
    text: String,
) -> Response {
    page_with(status, &MessagePage { frame: visit.frame(section, title, ""), text })
}

pub(crate) async fn not_found(State(_): State<Shop>, visit: Visit) -> Response {
    let text = "There is nothing at this address.".to_owned();
    say(visit, Section::Shop, StatusCode::NOT_FOUND, "Nothing here", text)
}
