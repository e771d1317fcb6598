//! Sending a shopper to the payment page.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::client::{Answer, Request, Shown};
use crate::shop::Shop;
use crate::wire::incoming::Initialized;
use crate::wire::order_data::Initialize;
use crate::wire::php;

/// Why the shopper cannot pay now, as a sentence for her.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPayable {
    #[error("There is no order {0}.")]
    NoOrder(String),
    #[error("Order {0} is not waiting for a payment any more.")]
    Settled(String),
    #[error(
        "The payment method {0:?} is not offered any more. Ask the shop to connect its payment app."
    )]
    NoMethod(String),
    #[error("The payment could not be prepared: {0}")]
    Refused(String),
}

impl Shop {
    /// Initializes the payment of an order, for the first time or again: the same order gets the
    /// same payment back. Returns the address of the payment page.
    pub(crate) async fn initialize(&self, reference: &str) -> Result<String, NotPayable> {
        let (url, body) = self.read(|state| {
            let order =
                state.order(reference).ok_or_else(|| NotPayable::NoOrder(reference.to_owned()))?;
            if !order.can_be_paid() {
                return Err(NotPayable::Settled(reference.to_owned()));
            }
            let method = &order.placed.method;
            let url = state
                .offers()
                .into_iter()
                .find(|offer| offer.name == *method)
                .and_then(|offer| offer.authorization)
                .ok_or_else(|| NotPayable::NoMethod(method.clone()))?;
            Ok((url, php::call(&Initialize::of(order, &self.config().address))))
        })?;
        let path = Url::parse(&url).map_or_else(|_| url.clone(), |url| url.path().to_owned());
        let headers = self.private_headers().map_err(NotPayable::Refused)?;
        let request = Request { method: Method::POST, url, headers, body };
        let shown = Shown {
            title: format!("POST {path}"),
            summary: None,
            order: Some(reference.to_owned()),
        };
        let answer = self
            .call(request, shown)
            .await
            .map_err(|error| NotPayable::Refused(error.to_string()))?;
        let page = payment_page(&answer).map_err(NotPayable::Refused)?;
        self.change(|state, now| {
            if let Some(order) = state.order_mut(reference) {
                order.initialized(page.clone(), now);
            }
        });
        Ok(page)
    }

    /// The headers of a call to the app's private API.
    pub(crate) fn private_headers(&self) -> Result<HeaderMap, String> {
        let tenant = HeaderValue::from_str(&self.config().tenant)
            .map_err(|_| "the tenant identifier cannot stand in a header".to_owned())?;
        Ok(HeaderMap::from_iter([
            (http::header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (HeaderName::from_static("x-tenant-identifier"), tenant),
        ]))
    }
}

/// The payment page's address. Success is exactly 200, and an address that a browser can go to.
fn payment_page(answer: &Answer) -> Result<String, String> {
    if answer.status != StatusCode::OK {
        return Err(
            message(&answer.body).unwrap_or_else(|| format!("the app answered {}", answer.status))
        );
    }
    let read: Initialized =
        serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
    if !read.is_successful {
        return Err(message(&answer.body).unwrap_or_else(|| "the app did not say why".to_owned()));
    }
    let page = read.redirect_url.ok_or("the app named no payment page")?;
    let is_web = Url::parse(&page).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
    if is_web { Ok(page) } else { Err("the payment page's address is none".to_owned()) }
}

/// What the app says, in one of the forms that its errors have.
pub(crate) fn message(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let places = ["/0/message", "/message", "/errors/0/message", "/error"];
    let text = places.iter().find_map(|place| body.pointer(place)?.as_str())?;
    Some(text.to_owned())
}
